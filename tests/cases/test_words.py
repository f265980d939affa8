"""What the words of cases mean: schedules of tasks, answers of a mail server, what is compared with what was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from circulation.notices.types import EMAIL, Accepted, Lost, Message, Outcome, Refused
from tests.cases import schedules
from tests.cases.answering import server
from tests.cases.comparing import same
from tests.cases.reading import Case, CaseError

WEEK = [1, 2, 3, 4, 5, 6, 7]
NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)
TAKEN, LATER, NEVER, LOST = "taken", "later", "never", "lost"
PATRONS = [{"id": "p1", "email": "p1@example.org"}, {"id": "p2", "email": "p2@example.org"}, {"id": "none"}]


@pytest.mark.requirement("R65")
@pytest.mark.parametrize(
    ("said", "times", "weekdays", "hours"),
    [
        ("daily 07:00", ["07:00"], WEEK, None),
        ("daily at 3:00 and 15:00", ["03:00", "15:00"], WEEK, None),
        ("weekdays only 07:00", ["07:00"], [1, 2, 3, 4, 5], None),
        ("weekly on Mondays", ["07:00"], [1], None),
        ("Tue, Fri 06:30", ["06:30"], [2, 5], None),
        ("Mon-Wed 06:30", ["06:30"], [1, 2, 3], None),
        ("every 6 hours from 01:00", ["01:00"], WEEK, 6),
        ("hourly", ["00:00"], WEEK, 1),
        ({"every_hours": 4, "time": "02:00"}, ["02:00"], WEEK, 4),
    ],
)
def test_a_schedule_in_words(said: object, times: list[str], weekdays: list[int], hours: int | None) -> None:
    assert schedules.read("M", said).plain() == {"times": times, "weekdays": weekdays, "every_hours": hours}


@pytest.mark.parametrize("said", ["fortnightly 07:00", "daily 25:00", "Someday 07:00", "every 40 hours"])
def test_a_schedule_that_is_not_known_names_the_place(said: str) -> None:
    with pytest.raises(CaseError, match=f"M.tasks: the schedule .*{said}"):
        schedules.read("M.tasks", said)


def _tried(said: Any, *mails: tuple[str, int]) -> list[str]:
    """What becomes of mails to patrons, each so many minutes after noon."""
    now = NOON
    answer = server(Case("M", "", {}, {"patrons": PATRONS, "mail_server": said}, (), {}), "Europe/Berlin", lambda: now)
    found = []
    for patron, minutes in mails:
        now = NOON + timedelta(minutes=minutes)
        found.append(_named(answer(Message("k", EMAIL, f"{patron}@example.org", "en", "", ""))))
    return found


def _named(outcome: Outcome) -> str:
    match outcome:
        case Accepted():
            return TAKEN
        case Lost():
            return LOST
        case Refused():
            return NEVER if outcome.permanent else LATER


@pytest.mark.requirement("R74")
@pytest.mark.parametrize(
    ("said", "answers"),
    [
        ({}, [TAKEN, TAKEN, TAKEN, TAKEN]),
        ("down", [LATER, LATER, LATER, LATER]),
        ({"accepts": True}, [TAKEN, TAKEN, TAKEN, TAKEN]),
        ({"accepts": False}, [LATER, LATER, LATER, LATER]),
        ({"temporary": ["p1@example.org"]}, [LATER, TAKEN, TAKEN, TAKEN]),
        ({"refuses_temporarily": {"p1": 2}}, [LATER, TAKEN, LATER, TAKEN]),
        ({"temporary": "the 2nd mail", "lost_after_data": 4}, [TAKEN, LATER, TAKEN, LOST]),
        ({"p2": ["451 busy", "250 taken"], "p1": 550}, [NEVER, LATER, NEVER, TAKEN]),
        ([{"to": "p2", "answer": "no_answer"}], [TAKEN, LOST, TAKEN, LOST]),
        ({"rejects": [{"patron": "p1", "code": 550, "times": 1}]}, [NEVER, TAKEN, TAKEN, TAKEN]),
        ({"refuses": "p1", "how": "temporary", "always": True}, [LATER, TAKEN, LATER, TAKEN]),
        ({"down_until": datetime(2026, 6, 15, 12, 2)}, [LATER, LATER, TAKEN, TAKEN]),  # noqa: DTZ001 as in a case
        ({"temporary_until": {"p1": datetime(2026, 6, 15, 12, 2)}}, [LATER, TAKEN, TAKEN, TAKEN]),  # noqa: DTZ001 the same
        ({"p2": "451 4.7.1 come back"}, [TAKEN, LATER, TAKEN, TAKEN]),
        ({"accepts": True, "permanent": ["p2"]}, [TAKEN, NEVER, TAKEN, NEVER]),
        ({"state": "up", "temporary": {"nth": 2}}, [TAKEN, LATER, TAKEN, TAKEN]),
        ({"responses": [{"to": "p2", "code": 550}]}, [TAKEN, NEVER, TAKEN, NEVER]),
        ({"per_recipient": {"p1": "timeout"}}, [LOST, TAKEN, LOST, TAKEN]),
        ({"refuse": [{"patron": "p1", "permanent": True}]}, [NEVER, TAKEN, NEVER, TAKEN]),
        ({"process_killed_after_accepted": 2, "4": "temporary"}, [TAKEN, LOST, TAKEN, LATER]),
        ({"down": {"from": datetime(2026, 6, 15, 12, 1)}}, [TAKEN, LATER, LATER, LATER]),  # noqa: DTZ001 as in a case
    ],
)
def test_a_mail_server_in_words(said: object, answers: list[str]) -> None:
    assert _tried(said, ("p1", 0), ("p2", 1), ("p1", 2), ("p2", 3)) == answers


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"weather": 3}, "weather"),
        ({"permanent": ["nobody"]}, "nobody"),
        ({"permanent": ["none"]}, "none has no e-mail address"),
        ({"to": "p1", "answer": "perhaps"}, "perhaps"),
    ],
)
def test_what_is_not_known_of_a_mail_server_names_the_place(said: object, named: str) -> None:
    with pytest.raises(CaseError, match=f"M.mail_server: .*{named}"):
        _tried(said, ("p1", 0))


SENT = [{"patron": "p", "channel": "email", "kind": "overdue", "level": "invoice", "loans": ["B1"], "reason": None}]
SKIPPED = [{"patron": "q", "loan": "B2", "reason": "no_address"}, {"patron": "r", "loan": "B3", "reason": "missed"}]


@pytest.mark.parametrize(
    ("fact", "expected", "actual", "is_same"),
    [
        ("notices", [{"channel": "e-mail", "kind": "overdue_reminder", "loans": "B1"}], SENT, True),
        ("notices", [{"kind": "invoice"}], SENT, True),
        ("notices", [{"kind": "due_warning"}], SENT, False),
        ("notices", [{"channel": "post"}], SENT, False),
        ("would_send", [{"channel": "E-Mail"}], SENT, True),
        ("address_flagged", {"p1": True, "p2": False}, [{"patron": "p1"}], True),
        ("address_flagged", {"p1": True, "p2": True}, [{"patron": "p1"}], False),
        ("notices", 1, SENT, True),
        ("notices", [], SENT, False),
        ("not_warned", [{"loan": "B2", "reason": "no e-mail or SMS address"}, {"loan": "B3"}], SKIPPED, True),
        ("not_warned", [{"loan": "B2", "reason": "missed"}, {"loan": "B3"}], SKIPPED, False),
        ("not_warned", [{"loan": "B2"}], SKIPPED, False),
        ("not_warned", {"no_address": 1, "missed": 1}, SKIPPED, True),
        ("charged", 2, [{}, {}], True),
        ("charged", 1, [], False),
        ("refusals", "patron_state", ["patron_state.expired"], True),
        ("refusals", "item_state", [], False),
        ("default_used", "periods.grace", ["periods.grace", "fees.overdue"], True),
        ("not_consulted", "periods.grace", ["periods.grace"], False),
        ("not_warned", {"no_address": 1}, SKIPPED, False),
        ("not_warned", {"B2": "no address", "r": "missed, now overdue"}, SKIPPED, True),
        ("would_be_missed_due_weekdays", ["Fri", "Saturday", "sunday"], ["Friday", "Saturday", "Sunday"], True),
        ("would_be_missed_due_weekdays", [], ["Sunday"], False),
        ("overdue_reminders", {"2026-05": 120, "2026-06": 64}, {"2026-05": 120, "2026-06": 64}, True),
        ("overdue_reminders", [120, 63], {"2026-05": 120, "2026-06": 64}, False),
    ],
)
def test_what_was_sent_is_compared_in_the_words_of_cases(
    fact: str, expected: object, actual: object, is_same: bool
) -> None:
    assert same(fact, expected, {fact: actual}) == is_same


@pytest.mark.parametrize(("expected", "is_same"), [(2, True), (["B1", "B2"], True), (["B1"], False), (3, False)])
def test_a_number_may_be_expected_as_the_list_of_what_was_counted(expected: object, is_same: bool) -> None:
    assert same("loans", expected, {"loans": 2, "loans_listed": ["B1", "B2"]}) == is_same
