"""How much more a patron may borrow: what is told is what the next checkouts then do."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import insert, update

from benchmarks.direct import noted
from circulation import operations
from circulation.errors import CirculationError
from circulation.operations import Asked
from circulation.remaining import Allowance, remaining
from circulation.service import Workplace
from circulation.store import house
from circulation.store import tables as t
from rules.rule import Rule
from tests.circulation.world import World, rule

AT = Workplace("m", "N1", "desk")
LIMITS: dict[str, tuple[Rule, ...]] = {
    "one type": (rule("cds", "counts.max_loans", 3, media_type="CD"),),
    "two types together": (rule("discs", "counts.max_loans", 3, media_type=("CD", "DVD")),),
    "all": (rule("all", "counts.max_loans", 4),),
    "all, and one type": (
        rule("all", "counts.max_loans", 4),
        rule("cds", "counts.max_loans", 2, media_type="CD"),
    ),
    "by who it is": (
        rule("children", "counts.max_loans", 1, age_group="child"),
        rule("adults", "counts.max_loans", 3, age_group="adult"),
    ),
    "within a type": (
        rule("music", "counts.max_loans", 2, media_type="CD", department="music"),
        rule("others", "counts.max_loans", 9, media_type="CD"),
    ),
    "none at all": (),
    "nothing": (rule("zero", "counts.max_loans", 0),),
}


@pytest.fixture
def world(world: World) -> World:
    """With a desk."""
    enrolled = {"name": "m", "branch": "N1", "key_hash": "h", "enrolled_at": world.service.clock(), "channel": "desk"}
    with world.service.database.writing() as db:
        db.execute(insert(t.machine).values(id=AT.id, **enrolled))
    return world


def set_for_all(world: World, **settings: object) -> None:
    """Settings of the whole account."""
    with world.service.database.writing() as db:
        db.execute(update(t.organisation).where(t.organisation.c.id == "A").values(settings=settings))
        house.changed(db)


def told(world: World, patron: str) -> dict[tuple[str, str | None], Allowance]:
    """By media type and rule."""
    found = remaining(world.service, AT, world.patron_id(patron))
    return {(one.media_type, one.rule.id if one.rule is not None else None): one for one in found}


def codes(world: World, patron: str, item: str) -> list[str]:
    """What a checkout is refused for."""
    line = operations.run(world.service, AT, Asked(str(uuid4()), "checkout", item, world.patron_id(patron)))
    return [reason["code"] for reason in line.get("all_reasons", [])]


@pytest.mark.requirement("R20")
@pytest.mark.parametrize("scope", ["account", "branch"])
@pytest.mark.parametrize("case", LIMITS)
def test_so_many_more_are_lent_and_not_one_more(world: World, case: str, scope: str) -> None:
    world.rules(*LIMITS[case])
    set_for_all(world, count_scope=scope)
    patron = world.patron()
    world.lent(patron, "CD", department="music")
    world.lent(patron, "BOOK")
    with world.service.database.writing() as db:  # one of them was lent elsewhere
        db.execute(update(t.loan).where(t.loan.c.id == 1).values(branch="N2"))
    found = told(world, patron)[("CD", _deciding(case))]
    if found.remaining is None:
        assert case == "none at all"
        assert found.loans == ()
        return
    for _ in range(found.remaining):
        assert codes(world, patron, world.item("CD", department="music")) == []
    assert codes(world, patron, world.item("CD", department="music")) == ["counts.max_loans"]
    assert told(world, patron)[("CD", _deciding(case))].remaining == 0


def _deciding(case: str) -> str | None:
    """The rule that decides for the CD of the test."""
    found = {"all, and one type": "cds", "by who it is": "adults", "none at all": None}
    return found.get(case, LIMITS[case][0].id if LIMITS[case] else None)


@pytest.mark.requirement("R20")
def test_it_is_said_which_loans_count(world: World) -> None:
    world.rules(*LIMITS["two types together"])
    patron = world.patron()
    second = world.lent(patron, "DVD", date(2026, 6, 20), title="Film")
    first = world.lent(patron, "CD", date(2026, 6, 10), title="Songs")
    world.lent(patron, "BOOK")
    world.lent(world.patron(), "CD")
    found = told(world, patron)
    for media_type in ("CD", "DVD"):
        one = found[(media_type, "discs")]
        assert (one.limit, one.remaining) == (3, 1)
        assert [(loan.item, loan.title, loan.media_type) for loan in one.loans] == [
            (first, "Songs", "CD"),
            (second, "Film", "DVD"),
        ]
    assert found[("BOOK", None)].remaining is None
    assert {media_type for media_type, _ in found} == {"BOOK", "CD", "DVD", "DVD18", "GAME"}


def test_a_media_type_with_several_limits_is_told_for_each(world: World) -> None:
    world.rules(*LIMITS["within a type"])
    for department in ("music", "language", "history"):
        world.item("CD", department=department)
    found = told(world, world.patron())
    assert [facts.department for facts in found[("CD", "music")].items] == ["music"]
    assert sorted(str(facts.department) for facts in found[("CD", "others")].items) == ["history", "language"]


def test_more_loans_than_a_new_limit_allows_leave_nothing(world: World) -> None:
    world.rules(rule("books", "counts.max_loans", 1, media_type="BOOK"))
    patron = world.patron()
    for _ in range(3):
        world.lent(patron)
    one = told(world, patron)[("BOOK", "books")]
    assert (len(one.loans), one.limit, one.remaining) == (3, 1, 0)


@pytest.mark.requirement("R81")
def test_many_loans_take_as_many_statements_as_few(world: World) -> None:
    world.rules(*LIMITS["within a type"])
    patron = world.patron_id(world.patron())
    remaining(world.service, AT, patron)
    with noted(world.service) as few:
        remaining(world.service, AT, patron)
    for number in range(10):
        world.lent(world.patron(), "CD", department=f"d{number}")
    with noted(world.service) as many:
        remaining(world.service, AT, patron)
    assert [text for text, _ in many] == [text for text, _ in few]


def test_nobody_may_borrow_nothing(world: World) -> None:
    world.rules()
    with pytest.raises(CirculationError) as error:
        remaining(world.service, AT, "nobody")
    assert error.value.status == 404
