"""What machines and desks did is counted day by day, stays when operations are forgotten, and names nobody."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select

from circulation import desk, machines, operations, people, tidying, usage
from circulation.errors import CirculationError
from circulation.jobs import claiming, running, system, tasks
from circulation.jobs.types import STATISTICS, TYPES
from circulation.service import Service, Workplace
from circulation.staffing import StaffSession
from circulation.store import tables as t
from tests.circulation.posting import rows, set_clock
from tests.circulation.world import World, rule

NIGHT_BEFORE = datetime(2026, 5, 31, 21, 59, tzinfo=UTC)  # in Berlin it is still 31 May
JUNE = (date(2026, 6, 1), date(2026, 6, 30))


@pytest.fixture
def machine(service: Service, world: World) -> Workplace:
    """A machine that lends no films."""
    world.rules(rule("no-films", "self_service.checkout", False, media_type="DVD"))
    enrolled = machines.enrol(service, machines.new_code(service, "N1", by="anna"), "Entrance", "1.0")
    return Workplace(enrolled["machine"], "N1")


def at_desk(service: Service) -> Workplace:
    return desk.workplace(service, StaffSession("anna", frozenset({"desk"}), may_override=False, branch="N2"))


def do(service: Service, at: Workplace, action: str, item: str, patron: str | None = None) -> None:
    operations.run(service, at, operations.Asked(str(uuid4()), action, item, patron))


def count(service: Service) -> dict[str, int]:
    """Let the task run; what it counted."""
    system.ensure(service)
    task = tasks.named(service, STATISTICS)
    state, run = running.carry_out_by_hand(service, TYPES, claiming.process_name(), task, "anna")
    assert state == "done"
    return run.counts


def a_day(service: Service, world: World, machine: Workplace) -> None:
    """A minute before midnight and the day after: two books and a refused film at the machine, a return at a desk."""
    reader = world.patron_id(world.patron())
    books = world.items(2)
    set_clock(service, NIGHT_BEFORE)
    do(service, machine, "checkout", books[0], reader)
    set_clock(service, NIGHT_BEFORE + timedelta(minutes=1))
    do(service, machine, "checkout", books[1], reader)
    do(service, machine, "checkout", world.item("DVD"), reader)
    do(service, machine, "checkout", "no such item", reader)
    do(service, at_desk(service), "return", books[0])


def test_each_day_is_counted_once_it_is_over(service: Service, world: World, machine: Workplace) -> None:
    assert count(service) == {"days": 0}
    a_day(service, world, machine)
    assert count(service) == {"days": 1}
    set_clock(service, NIGHT_BEFORE + timedelta(days=1, minutes=1))
    assert count(service) == {"days": 1}
    assert count(service) == {"days": 0}
    lines = [tuple(row) for row in rows(service, select(t.usage).order_by(*t.usage.primary_key.columns))]
    assert sorted(lines) == sorted(
        [
            (date(2026, 5, 31), "N1", "kiosk", "checkout", "BOOK", "", 1),
            (date(2026, 6, 1), "N1", "kiosk", "checkout", "", "item_unknown", 1),
            (date(2026, 6, 1), "N1", "kiosk", "checkout", "BOOK", "", 1),
            (date(2026, 6, 1), "N1", "kiosk", "checkout", "DVD", "self_service.checkout", 1),
            (date(2026, 6, 1), "N2", "desk", "return", "BOOK", "", 1),
        ]
    )


@pytest.mark.requirement("R89")
def test_numbers_stay_when_loans_and_operations_are_forgotten(
    service: Service, world: World, machine: Workplace
) -> None:
    a_day(service, world, machine)
    set_clock(service, NIGHT_BEFORE + timedelta(days=1, minutes=1))
    count(service)
    before = usage.looked_at(service, *JUNE)
    set_clock(service, NIGHT_BEFORE + timedelta(days=500))
    people.forget(service)
    assert tidying.forget(service)["operation"] == 5
    count(service)
    assert usage.looked_at(service, *JUNE) == before


def test_months_reasons_and_media_types_are_told(service: Service, world: World, machine: Workplace) -> None:
    a_day(service, world, machine)
    set_clock(service, NIGHT_BEFORE + timedelta(days=1, minutes=1))
    count(service)
    found = usage.looked_at(service, date(2026, 5, 1), date(2026, 6, 30))
    may, june = found.months
    assert (may.first, may.done, may.share, may.refused) == (
        date(2026, 5, 1),
        {"checkout": 1, "return": 0, "renewal": 0},
        100,
        0,
    )
    assert (june.done, june.at_machines, june.refused) == ({"checkout": 1, "return": 1, "renewal": 0}, 1, 2)
    assert dict(found.refused_at_machines) == {"self_service.checkout": 1, "item_unknown": 1}
    assert {code: numbers for code, *numbers in found.media_types} == {
        "BOOK": [2, 1, 0],
        "DVD": [0, 0, 1],
        "": [0, 0, 1],
    }
    only = usage.looked_at(service, *JUNE, "N2")
    assert (only.months[0].done["return"], only.months[0].share, only.refused_at_machines) == (1, None, ())
    (head, *lines) = csv.reader(usage.exported(service, *JUNE, "N2").splitlines())
    assert head == ["day", "branch", "channel", "action", "media_type", "reason", "number"]
    assert lines == [["2026-06-01", "N2", "desk", "return", "BOOK", "", "1"]]


@pytest.mark.parametrize("days", [-1, usage.MOST_DAYS + 1])
def test_too_many_days_or_none_cannot_be_looked_at(service: Service, days: int) -> None:
    for look in (usage.looked_at, usage.exported):
        with pytest.raises(CirculationError) as refused:
            look(service, JUNE[0], JUNE[0] + timedelta(days=days))
        assert (refused.value.code, refused.value.place) == ("span", "until")
