"""Why there was no notice: each reason in words, decided as a run decides it (R66, R74; question 10)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from circulation.jobs import tasks
from circulation.notices.content import DUE_WARNING, OVERDUE
from circulation.notices.types import Refused
from circulation.service import Service
from circulation.staffing import DESK
from tests.circulation.nightly import ON, REMIND, THREE, Nights, answer, borrower
from tests.circulation.posting import at_seven, change_loan, lend
from tests.circulation.running import Central
from tests.circulation.world import World, rule
from tests.console.looking import reader

CASES = {
    "off": "Off by a rule: nobody in June",
    "not_enabled": "No rule switches it on.",
    "no_period": "No rule says after how many days.",
    "too_early": "Too early until Mon 15 June 2026",
    "filtered": "The task leaves this loan out",
    "just_lent": "Not on the day it was lent or renewed; from Mon 15 June 2026 on",
    "one_day": "Lent or renewed too shortly before the due date",
    "missed": "Missed: no run sent it before the due date",
    "before_task": "When it would have been time, the task had not run yet.",
    "no_address": "No address by which this task could reach the patron.",
    "refused": "Refused for good, until it is changed: E-mail",
    "no_task": "No task sends this kind of notice.",
    "paused": "The task is paused.",
    "returned": "Nothing more: it was returned.",
    "renewed": "cancelled renewed before",
    "next": "The next run sends it: ",
    "tried": "From the following day on it is tried once more",
}


@pytest.mark.requirement("R66", "R74")
@pytest.mark.parametrize("case", CASES)
def test_why_there_was_no_warning(world: World, service: Service, central: Central, case: str) -> None:
    """Question 10: each reason in words, decided as a run decides it."""
    loan = CASE[case](world, service) if case in CASE else _usual(world, service, case)
    with reader(central, DESK) as anna:
        told = anna.read("/notices/why", loan=str(loan))
    assert CASES[case].lower() in told.lower()


def _usual(world: World, service: Service, case: str) -> int:
    """A loan due on 18 June, looked at on the 15th unless the case is about another day."""
    off = rule("off", "circulation.enable_due_warning", False, name="nobody in June")
    sets = {"off": (off, THREE), "not_enabled": (THREE,), "no_period": (ON,)}
    world.rules(*sets.get(case, (ON, THREE)))
    nights = Nights(service)
    patron = borrower(world, "Reader", **({"email": None} if case == "no_address" else {}))
    more: dict[str, object] = {}
    if case == "just_lent":
        more = {"out_at": datetime(2026, 6, 15, 4, tzinfo=UTC)}
    loan = lend(service, world.item(), patron, "2026-06-18", **more)
    at_seven(service, {"too_early": "2026-06-10", "before_task": "2026-06-19"}.get(case, "2026-06-15"))
    if case == "just_lent":
        change_loan(service, loan, due=date(2026, 6, 18), out_at=datetime(2026, 6, 14, 4, tzinfo=UTC))
        at_seven(service, "2026-06-14")
    if case != "no_task":
        filters: dict[str, Any] = {"media_types": ["DVD"]} if case == "filtered" else {}
        nights.task(DUE_WARNING, **filters)
    return loan


def _one_day(world: World, service: Service) -> int:
    world.rules(ON, THREE)
    Nights(service).task(DUE_WARNING)
    at_seven(service, "2026-06-18")
    return lend(service, world.item(), borrower(world, "Reader"), "2026-06-18", out_at=service.clock())


def _missed(world: World, service: Service) -> int:
    world.rules(ON, THREE)
    nights = Nights(service)
    task = nights.task(DUE_WARNING)
    nights.run(task, "2026-06-14")
    loan = lend(service, world.item(), borrower(world, "Reader"), "2026-06-18")
    at_seven(service, "2026-06-19")
    return loan


def _refused(world: World, service: Service) -> int:
    world.rules(ON, THREE)
    nights, loan = Nights(service, answer), lend(service, world.item(), borrower(world, "Wrong"), "2026-06-18")
    nights.run(nights.task(DUE_WARNING), "2026-06-15")
    return loan


def _paused(world: World, service: Service) -> int:
    loan = _usual(world, service, "next")
    tasks.pause(service, "anna", 1)
    return loan


def _returned(world: World, service: Service) -> int:
    loan = _usual(world, service, "next")
    change_loan(service, loan, returned_at=service.clock())
    return loan


def _renewed(world: World, service: Service) -> int:
    """Written down, then renewed before it left."""
    world.rules(ON, THREE)
    nights = Nights(service, lambda _: Refused("451 later", permanent=False))
    loan, task = lend(service, world.item(), borrower(world, "Reader"), "2026-06-18"), nights.task(DUE_WARNING)
    nights.run(task, "2026-06-15")
    change_loan(service, loan, due=date(2026, 7, 14), renewals=1, renewed_at=service.clock())
    nights.run(task, "2026-06-16")
    return loan


def _tried(world: World, service: Service) -> int:
    """Refused for good, a reminder: it goes by letter."""
    world.rules(*REMIND)
    nights, loan = Nights(service, answer), lend(service, world.item(), borrower(world, "Wrong"), "2026-06-01")
    nights.run(nights.task(OVERDUE), "2026-06-26")
    return loan


CASE = {
    "tried": _tried,
    "one_day": _one_day,
    "missed": _missed,
    "refused": _refused,
    "paused": _paused,
    "returned": _returned,
    "renewed": _renewed,
}


def test_why_is_asked_of_a_loan_there_is(world: World, central: Central) -> None:
    world.rules()
    with reader(central, DESK) as anna:
        assert "number of the loan" in anna.read("/notices/why")
        assert anna.get("/notices/why", loan="7").status_code == 404
        assert anna.get("/notices/why", loan="x").status_code == 404
