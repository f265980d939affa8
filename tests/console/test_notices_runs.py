"""Runs of notices in the console: tonight, a backlog, and months before and after (R47, R73, R75; question 12)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import insert

from circulation.notices.content import DUE_WARNING, OVERDUE
from circulation.service import Service
from circulation.staffing import ADMIN, DESK
from circulation.store import notices as store
from circulation.store.notice_tables import message, notice
from tests.circulation.nightly import COSTS, ON, REMIND, THREE, Nights, backlog, borrower
from tests.circulation.posting import at_seven, lend, rows
from tests.circulation.running import Central
from tests.circulation.world import World
from tests.console.looking import reader


@pytest.mark.requirement("R75")
def test_tonight_tells_what_would_be_sent_and_sends_nothing(world: World, service: Service, central: Central) -> None:
    """Question 12."""
    world.rules(ON, THREE, COSTS)
    nights = Nights(service)
    for name, email in (("Mira", "mira@example.org"), ("Silent", None)):
        lend(service, world.item(title=f"Book of {name}"), borrower(world, name, email=email), "2026-06-18")
    at_seven(service, "2026-06-15")
    task = nights.task(DUE_WARNING)
    with reader(central, DESK) as anna:
        told = anna.read("/notices/tonight")
        assert "messages 1 loans 1 estimated fees €0.50 without an address 1" in told
        assert "Book of Mira E-mail warn everybody" in told
        assert "Book of Silent not sent no address" in told
        assert rows(service, message.select()) == []
        nights.run(task)
        told = anna.read("/notices/tonight")
        assert "sent: 1" in told
        assert "messages 0 loans 0 estimated fees €0.00 without an address 1" in told


@pytest.mark.requirement("R47")
def test_a_backlog_waits_until_somebody_with_the_role_confirms_it(
    world: World, service: Service, central: Central
) -> None:
    world.rules(*REMIND)
    nights = backlog(service, world)
    task = nights.task(OVERDUE)
    assert "waits_for_confirmation" in nights.run(task, "2026-06-26")
    with reader(central, DESK) as bert:
        told = bert.read("/notices/tonight")
        assert "2 reminders wait since Fri 26 June 2026 07:00" in told
        assert "median of the last runs: 0" in told
        assert "Somebody with the role" in told
        assert "Let them be sent" not in told
    with reader(central, DESK, ADMIN, name="carla") as anna:
        assert "Let them be sent" in anna.read("/notices/tonight")
        anna.send("/notices/tonight", f"/tasks/{task}/confirm")
        assert "2 reminders wait" not in anna.read("/notices/tonight")
    nights.run(task)
    assert len(nights.box.taken) == 2


def test_without_a_task_the_page_says_what_to_do(world: World, central: Central) -> None:
    world.rules()
    with reader(central, DESK) as anna:
        assert "No task sends notices yet." in anna.read("/notices/tonight")


@pytest.mark.requirement("R73")
def test_months_before_and_after_due_warnings(world: World, service: Service, central: Central) -> None:
    """The example of R73: May 0 and 120, June 310 and 64."""
    world.rules()
    months = (("2026-05-10", OVERDUE, 120), ("2026-06-10", DUE_WARNING, 310), ("2026-06-30", OVERDUE, 64))
    for day, kind, count in months:
        write(service, kind, datetime.fromisoformat(f"{day}T21:30:00").replace(tzinfo=UTC), count)
    write(service, OVERDUE, datetime(2026, 6, 30, 22, 30, tzinfo=UTC), 7)  # in Berlin it is July
    with reader(central, DESK) as anna:
        told = anna.read("/notices/effect", since="2026-05-01", until="2026-06-30")
        assert "May 2026 0 0 120 120 June 2026 310 310 64 64 Together 310 184" in told
        page = anna.get("/notices/effect", since="2026-05-01", until="2026-06-30").text
        assert '<meter min="0" max="310" value="64"' in page
        assert "July 2026 0 0 7 7" in anna.read("/notices/effect", since="2026-07-01", until="2026-07-31")
        assert "June 2026" in anna.read("/notices/effect")
        for wrong in ({"since": "x"}, {"since": "2026-07-01", "until": "2026-06-01"}, {"since": "1900-01-01"}):
            assert anna.get("/notices/effect", **wrong).status_code in (400, 422), wrong
        assert anna.get("/notices/effect", since="9999-01-01", until="9999-12-31").status_code in (200, 400)


def write(service: Service, kind: str, at: datetime, count: int) -> None:
    """Notices of a kind that were sent at an instant, all in one message."""
    common = {"kind": kind, "level": "1" if kind == OVERDUE else "", "state": "sent", "fee": 0}
    said = {"key": f"{kind}{at}", "run": 1, "branch": "N1", "channel": "email", "language": "en", "tries": 1}
    with service.database.writing() as db:
        made = {**common, **said, "created_at": at, "ended_at": at, "fees": [], "rule_set": 1}
        id_ = store.add_message(db, made)
        one: dict[str, Any] = {**common, "message": id_, "invoiced": 0, "winners": {}, "at": at}
        db.execute(insert(notice), [one] * count)
