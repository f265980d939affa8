"""Answers about the rules themselves: their history, which of them decide, which begin or end soon."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, update

from benchmarks.direct import noted
from circulation import operations, people
from circulation.errors import CirculationError
from circulation.operations import Asked
from circulation.rulebook import drafts, history
from circulation.service import Service, Workplace
from circulation.store import house
from circulation.store import tables as t
from rules.rule import Rule
from tests.circulation.running import TestClock
from tests.circulation.world import Days, World, rule

AT = Workplace("m", "N1")
CDS = rule("cds", "counts.max_loans", 3, media_type="CD")


def publish(service: Service, *rules: Rule, by: str = "anna", note: str = "") -> int:
    """The next set."""
    with service.database.writing() as db:
        return house.publish(db, rules, service.clock(), by, note)


def machine(world: World) -> Workplace:
    """A machine at N1."""
    enrolled = {"name": "m", "branch": "N1", "key_hash": "h", "enrolled_at": world.service.clock()}
    with world.service.database.writing() as db:
        db.execute(insert(t.machine).values(id=AT.id, **enrolled))
    return AT


def do(world: World, action: str, item: str, patron: str | None = None) -> None:
    """An operation at the machine."""
    whom = world.patron_id(patron) if patron is not None else None
    operations.run(world.service, AT, Asked(str(uuid4()), action, item, whom))


# --- sets -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R78")
def test_the_history_of_a_rule_says_who_did_what_when_and_why(service: Service, clock: TestClock) -> None:
    other, five = rule("other", "periods.loan", Days(28)), replace(CDS, value=5)
    for rules, note in (
        ((other,), ""),
        ((other, CDS), "three CDs"),
        ((CDS, other), "only the order"),
        ((five,), "five CDs"),
        ((other,), "gone"),
        ((five,), "again"),
    ):
        publish(service, *rules, by="bea", note=note)
        clock.later(days=30)
    events = history.history(service, "cds")
    assert [(one.what, one.published.number, one.published.note, one.before, one.after) for one in events] == [
        ("added", 6, "again", None, five),
        ("removed", 5, "gone", five, None),
        ("changed", 4, "five CDs", CDS, five),
        ("added", 2, "three CDs", None, CDS),
    ]
    assert {one.published.by for one in events} == {"bea"}
    assert events[-1].published.published_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert history.history(service, "unheard of") == ()


@pytest.mark.requirement("R78")
def test_each_set_says_what_it_changed(service: Service) -> None:
    other = rule("other", "periods.loan", Days(28))
    publish(service, CDS)
    publish(service, replace(CDS, value=5), other)
    publish(service, other)
    found = history.sets(service)
    assert [(one.published.number, one.published.count, one.added, one.removed, one.changed) for one in found] == [
        (3, 1, 0, 1, 0),
        (2, 2, 1, 0, 1),
        (1, 1, 1, 0, 0),
    ]


def test_there_is_no_history_before_the_first_set(service: Service) -> None:
    assert history.sets(service) == ()
    assert history.history(service, "cds") == ()
    assert history.sets_on(service, date(2026, 6, 1)) == ()


@pytest.mark.requirement("R78")
@pytest.mark.parametrize(
    ("day", "numbers"),
    [
        (date(2026, 5, 31), []),
        (date(2026, 6, 1), [1]),
        (date(2026, 6, 2), [1, 2]),
        (date(2026, 6, 3), [2, 3, 4]),
        (date(2026, 6, 4), [4]),
        (date(2027, 1, 1), [4]),
    ],
)
def test_the_sets_of_a_day_are_all_that_were_live_on_it(
    service: Service, clock: TestClock, day: date, numbers: list[int]
) -> None:
    for instant in (
        datetime(2026, 6, 1, 10, tzinfo=UTC),
        datetime(2026, 6, 2, 21, 59, tzinfo=UTC),  # one minute to midnight at the library
        datetime(2026, 6, 2, 22, 1, tzinfo=UTC),
        datetime(2026, 6, 3, 12, tzinfo=UTC),
    ):
        clock.now = instant
        publish(service, CDS)
    assert [one.number for one in history.sets_on(service, day)] == numbers


@pytest.mark.parametrize("day", [date.min, date.max])
def test_a_day_outside_of_the_calendar_is_said_so(service: Service, day: date) -> None:
    with pytest.raises(CirculationError) as error:
        history.sets_on(service, day)
    assert error.value.code == "bad_request"


def test_any_two_sets_and_drafts_can_be_compared(service: Service) -> None:
    first, second = publish(service, CDS), publish(service, replace(CDS, value=5))
    draft = drafts.create(service, "anna", "summer", str(first))["id"]
    assert history.between(service, str(first), "live").changed == ((CDS, replace(CDS, value=5)),)
    assert history.between(service, str(second), draft).changed == ((replace(CDS, value=5), CDS),)
    assert history.between(service, draft, str(first)).changed == ()
    with pytest.raises(CirculationError) as error:
        history.between(service, "live", "77")
    assert error.value.status == 404


# --- usage ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R76")
def test_it_is_counted_how_often_a_rule_decided_and_said_why_one_never_did(world: World, clock: TestClock) -> None:
    world.rules(
        CDS,
        rule("dvds", "counts.max_loans", 2, media_type="DVD"),
        rule("off", "counts.max_loans", 9, media_type="GAME", active=False),
        rule("long ago", "counts.max_loans", 1, media_type="BOOK", valid_until=date(2026, 1, 31)),
        rule("not yet", "counts.max_loans", 1, media_type="BOOK", valid_from=date(2026, 12, 1)),
        rule("shelf", "periods.shelf_time", Days(5)),
        rule("later", "circulation.checkout", True, media_type="CD"),
        rule("first", "circulation.checkout", False, media_type="CD"),
    )
    machine(world)
    patron = world.patron()
    for item in world.items(4, "CD"):
        do(world, "checkout", item, patron)
    clock.later(hours=1)
    do(world, "checkout", world.item(), patron)
    found = history.usage(world.service)
    assert {use.rule.id: (use.state, use.times) for use in found.rules} == {
        "cds": ("decided", 4),
        "dvds": ("unused", 0),
        "off": ("inactive", 0),
        "long ago": ("not_valid", 0),
        "not yet": ("not_valid", 0),
        "shelf": ("not_recorded", 0),
        "first": ("decided", 4),
        "later": ("never_reached", 0),
        "periods.loan": ("decided", 1),
        "periods.renewal": ("not_recorded", 0),
    }
    assert (found.operations, found.ruleset, found.oldest) == (5, 1, datetime(2026, 6, 1, 10, tzinfo=UTC))
    assert [one.id for one in found.unused] == ["dvds"]
    last = {use.rule.id: use.last for use in found.rules}
    assert last["periods.loan"] == clock()
    assert last["cds"] == found.oldest
    assert last["dvds"] is None


def test_only_the_last_days_are_looked_at_and_only_what_is_still_there(world: World, clock: TestClock) -> None:
    world.rules(CDS)
    machine(world)
    do(world, "checkout", world.item("CD"), world.patron())
    clock.later(days=20)
    do(world, "checkout", world.item("CD"), world.patron())
    world.rules(replace(CDS, value=4))

    def times(days: int) -> int:
        return next(use.times for use in history.usage(world.service, days).rules if use.rule.id == "cds")

    assert [times(days) for days in (90, 21, 19, 1)] == [2, 2, 1, 1]
    clock.later(days=200)
    people.forget(world.service)
    with world.service.database.writing() as db:
        db.execute(update(t.operation).values(at=clock()))
    found = history.usage(world.service)
    assert (found.operations, found.oldest, times(1)) == (2, None, 0)


def test_a_year_of_operations_takes_as_many_statements_as_a_day(world: World) -> None:
    world.rules(CDS)
    machine(world)
    with noted(world.service) as few:
        history.usage(world.service)
    for item in world.items(10, "CD"):
        do(world, "checkout", item, world.patron())
    with noted(world.service) as many:
        history.usage(world.service)
    assert [text for text, _ in many] == [text for text, _ in few]


# --- what comes -------------------------------------------------------------------------------------------------------


def test_rules_that_begin_or_end_soon_are_told_in_their_order(world: World) -> None:
    today = date(2026, 6, 1)

    def dated(name: str, begins: int | None, ends: int | None, active: bool = True) -> Rule:
        days = [today + timedelta(days=number) if number is not None else None for number in (begins, ends)]
        return rule(name, "counts.max_loans", 3, valid_from=days[0], valid_until=days[1], active=active)

    world.rules(
        dated("summer", 10, 30),
        dated("runs out", -5, 0),
        dated("began today", 0, None),
        dated("over", -9, -1),
        dated("far", 31, 90),
        dated("off", 3, 4, active=False),
    )
    found = history.upcoming(world.service)
    assert [((one.day - today).days, one.what, one.rule.id) for one in found] == [
        (0, "ends", "runs out"),
        (10, "begins", "summer"),
        (30, "ends", "summer"),
    ]
    assert [one.rule.id for one in history.upcoming(world.service, 9)] == ["runs out"]


@pytest.mark.parametrize("days", [0, -1, 10**9])
def test_a_number_of_days_that_makes_no_sense_is_said_so(world: World, days: int) -> None:
    world.rules()
    for asked in (history.usage, history.upcoming):
        with pytest.raises(CirculationError) as error:
            asked(world.service, days)
        assert error.value.code == "bad_request"


def test_without_a_set_nothing_can_be_said_of_its_rules(service: Service) -> None:
    for asked in (history.usage, history.upcoming):
        with pytest.raises(CirculationError) as error:
            asked(service)
        assert error.value.status == 404
