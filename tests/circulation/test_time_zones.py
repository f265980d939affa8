"""Calendar days are those of the branch: a house may have branches in several time zones."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from circulation import desk, machines, operations, organising, reserving
from circulation.notices.content import DUE_WARNING, OVERDUE
from circulation.service import Service
from circulation.staffing import StaffSession
from circulation.store import tables as t
from rules.values import Days
from tests.circulation.posting import Post, lend, rows, set_clock
from tests.circulation.world import World, rule

FAR = "Pacific/Auckland"  # ten or eleven hours before Berlin
EVENING = datetime(2026, 6, 15, 20, tzinfo=UTC)  # 22:00 on 15 June in Berlin, 8:00 on 16 June in Auckland


@pytest.fixture
def far(service: Service, world: World) -> str:
    """N2 lies on the other side of the world."""
    enabled = rule("e1", "circulation.enable_overdue_reminder", True, level="1")
    world.rules(enabled, rule("p1", "periods.overdue_reminder", Days(1), level="1"))
    organising.set_settings(service, "anna", "N2", {"time_zone": FAR})
    set_clock(service, EVENING)
    return "N2"


def do(service: Service, branch: str, action: str, item: str, patron: str | None = None) -> Any:
    at = desk.workplace(service, StaffSession("anna", frozenset({"desk"}), may_override=False, branch=branch))
    line = operations.run(service, at, operations.Asked(f"{action} {item}", action, item, patron))
    assert line["outcome"] == "done", line
    return line


def reader(world: World) -> str:
    return world.patron_id(world.patron(email="mira@example.org"))


def test_a_loan_begins_on_the_day_of_its_branch(service: Service, world: World, far: str) -> None:
    patron = reader(world)
    dues = {branch: do(service, branch, "checkout", world.item(), patron)["due"] for branch in ("N1", far)}
    assert dues == {"N1": "2026-07-13", far: "2026-07-14"}


def test_a_machine_learns_the_time_of_its_branch(service: Service, far: str) -> None:
    told = {branch: machines.enrol(service, machines.new_code(service, branch), branch, "1") for branch in ("N1", far)}
    assert {branch: one["timezone"] for branch, one in told.items()} == {"N1": "Europe/Berlin", far: FAR}


@pytest.mark.requirement("R66")
def test_a_loan_is_warned_of_by_the_day_of_its_branch(service: Service, world: World, far: str) -> None:
    """Three days before 18 June it is the 15th: here now, there no more, and there it was so before it was here."""
    post = Post(service)
    task = post.task(DUE_WARNING, days=3)
    loans = {
        (branch, due): lend(service, world.item(), reader(world), due, branch=branch)
        for branch in ("N1", far)
        for due in ("2026-06-15", "2026-06-18", "2026-06-19")
    }
    post.run(task)
    told = {int(one) for message in post.boxes["email"].taken for one in message.text.split(",")}
    assert told == {loans[which] for which in (("N1", "2026-06-15"), ("N1", "2026-06-18"), (far, "2026-06-18"))} | {
        loans[(far, "2026-06-19")]
    }


@pytest.mark.requirement("R46")
def test_a_loan_is_overdue_by_the_day_of_its_branch(service: Service, world: World, far: str) -> None:
    post = Post(service)
    task = post.task(OVERDUE)
    here, there = (lend(service, world.item(), reader(world), "2026-06-15", branch=branch) for branch in ("N1", far))
    post.run(task)
    assert [one.text for one in post.boxes["email"].taken] == [str(there)]
    set_clock(service, datetime(2026, 6, 15, 22, tzinfo=UTC))
    post.run(task)
    assert [one.text for one in post.boxes["email"].taken] == [str(there), str(here)]


def test_a_reservation_waits_until_the_end_of_the_day_at_its_pick_up_branch(
    service: Service, world: World, far: str
) -> None:
    more = {"state": "waiting", "suspended": False, "rule_set": 1, "rules": {}, "expires": date(2026, 6, 15)}
    for branch in ("N1", far):
        made = {"title_id": world.item(), "patron_id": reader(world), "pickup": branch, "made_at": EVENING}
        with service.database.writing() as db:
            db.execute(t.reservation.insert().values(id=branch, channel="desk", **made, **more))
    assert reserving.expire(service) == 1
    ended = rows(service, select(t.reservation.c.id).where(t.reservation.c.ended_at.is_not(None)))
    assert [row.id for row in ended] == [far]
