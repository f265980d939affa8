"""Notices as staff look at them, on both databases: the log, a message, months, and what comes next (R73, R74)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from circulation.errors import CirculationError
from circulation.notices import asking, looking, settling
from circulation.notices.content import DUE_WARNING, OVERDUE
from circulation.notices.types import Accepted, Lost, Message, Outcome
from circulation.service import Service
from tests.circulation.nightly import ON, THREE, Nights
from tests.circulation.posting import at_seven, change_loan, lend
from tests.circulation.world import Days, World, rule

OFF = rule("off", "circulation.enable_due_warning", False, media_type="CD", name="never for music")
REMIND = rule("remind", "circulation.enable_overdue_reminder", True, level="1")
FIVE = rule("five", "periods.overdue_reminder", Days(5), level="1")


def answer(given: Message) -> Outcome:
    return Lost("reset") if given.to.startswith("lost") else Accepted("250 taken")


@pytest.fixture
def nights(service: Service, world: World) -> Nights:
    """Every kind of loan there is for a warning, and tasks that send warnings and reminders."""
    world.rules(OFF, ON, THREE, REMIND, FIVE)
    made = Nights(service, answer)
    for name in ("mira", "lost", "silent"):
        email = None if name == "silent" else f"{name}@example.org"
        patron = world.patron_id(world.patron(email=email, last_name=name))
        lend(service, world.item(), patron, "2026-06-18")
        lend(service, world.item("CD"), patron, "2026-06-18")
        lend(service, world.item("DVD"), patron, "2026-06-19", period=7)
        lend(service, world.item(), patron, "2026-06-10")
        lend(service, world.item(), patron, "2026-06-17", out_at=datetime(2026, 6, 16, 8, tzinfo=UTC))
    made.task(DUE_WARNING, "all")
    made.task(DUE_WARNING, "films", days=6, media_types=["DVD"])
    made.task(OVERDUE, "late")
    return made


LOANS = range(1, 16)


def would(service: Service) -> dict[int, set[int]]:
    """Task -> loans its dry run would tell."""
    found = {}
    for one in asking.tonight(service):
        assert one.preview is not None
        found[one.task.id] = {int(line["loan"]) for line in one.preview.lines if line["channel"]}
    return found


def answers(service: Service) -> dict[int, set[int]]:
    """Task -> loans of which it is answered that the next run tells them."""
    found: dict[int, set[int]] = {one.task.id: set() for one in asking.tonight(service)}
    for loan in LOANS:
        for one in asking.of_loan(service, loan).next:
            if one.why is None and one.task is not None:
                found[one.task.id].add(loan)
    return found


@pytest.mark.requirement("R66", "R75")
def test_what_is_answered_of_a_loan_is_what_a_run_would_do(service: Service, nights: Nights) -> None:
    seen = set()
    for day in range(8, 26):
        at_seven(service, f"2026-06-{day:02}")
        assert answers(service) == would(service), day
        seen |= {(task, loan) for task, loans in would(service).items() for loan in loans}
        if day == 16:
            change_loan(service, 1, due=date(2026, 7, 14), renewals=1, renewed_at=service.clock())
        for task in (1, 2, 3):
            nights.run(task)
        assert answers(service) == would(service), day
    assert len(seen) > len(LOANS) / 2


@pytest.mark.requirement("R74")
def test_a_rule_that_says_no_is_named(service: Service, nights: Nights) -> None:
    at_seven(service, "2026-06-16")
    first = asking.of_loan(service, 2).next[0]
    assert (first.why, first.refusing) == ("off", "off")
    nights.run(1)
    (skipped,) = asking.of_loan(service, 2).past
    assert (skipped.state, skipped.reason, skipped.rule) == ("skipped", "off", "off")


def test_the_log_has_every_line_once_whatever_its_pages(service: Service, nights: Nights) -> None:
    nights.run(1, "2026-06-16")
    whole = looking.log(service, looking.search(service)).lines
    assert {line.row.state for line in whole} == {"sent", "uncertain", "skipped"}
    seen: list[looking.Entry] = []
    after: str | None = None
    while after is not None or not seen:
        page = looking.log(service, looking.search(service), after, rows=2)
        seen, after = [*seen, *page.lines], page.next
    assert [(one.number, one.row.id) for one in seen] == [(one.number, one.row.id) for one in whole]
    assert [one.at for one in whole] == sorted((one.at for one in whole), reverse=True)


def test_the_log_is_searched(service: Service, nights: Nights) -> None:
    nights.run(1, "2026-06-16")
    item = asking.of_loan(service, 1).loan.id
    for wanted in ({"loan": 1}, {"item": item}, {"loan": 1, "kind": DUE_WARNING, "day": date(2026, 6, 16)}):
        (line,) = looking.log(service, looking.search(service, **wanted)).lines
        assert line.row.state == "sent"
        assert 1 in {one.loan_id for one in line.notices}
    assert looking.log(service, looking.search(service, day=date(2026, 6, 15))).lines == ()
    for wrong in (
        "x",
        "2026-06-01~message~1",
        "2026-06-01T00:00:00+00:00~other~1",
        "2026-06-01T00:00:00+00:00~skipped~-1",
    ):
        with pytest.raises(CirculationError):
            looking.log(service, looking.search(service), wrong)
    with pytest.raises(CirculationError):
        looking.search(service, item="a\nb")


@pytest.mark.requirement("R74")
def test_a_message_is_composed_again_as_it_was(service: Service, nights: Nights) -> None:
    nights.run(1, "2026-06-16")
    (uncertain,) = looking.log(service, looking.search(service, state="uncertain")).lines
    assert uncertain.number is not None
    at_seven(service, "2026-06-25")
    seen = looking.message(service, uncertain.number)
    again = looking.again(service, seen)
    assert again is not None
    tried = next(one for one in nights.box.tried if one.to.startswith("lost"))
    assert (again.subject, again.text, again.html) == (tried.subject, tried.text, tried.html)
    assert seen.winners["circulation.enable_due_warning"] == "warn"
    settling.settle(service, "anna", uncertain.number, left=False)
    assert looking.message(service, uncertain.number).row.state == "cancelled"
    with pytest.raises(CirculationError):
        looking.message(service, 999)


@pytest.mark.requirement("R73")
def test_months_are_those_of_the_library(service: Service, nights: Nights) -> None:
    nights.run(1, "2026-06-16")
    nights.run(3, "2026-06-30")
    nights.run(3, "2026-07-01")
    june = looking.effect(service, date(2026, 6, 30), date(2026, 7, 1))
    assert [one.first for one in june] == [date(2026, 6, 1), date(2026, 7, 1)]
    assert (june[0].warnings, june[0].reminders > 0, june[1].reminders) == (2, True, 0)
    for first, last in ((date(2026, 7, 1), date(2026, 6, 1)), (date(1900, 1, 1), date(2026, 6, 1))):
        with pytest.raises(CirculationError):
            looking.effect(service, first, last)
