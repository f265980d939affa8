"""What the words of cases mean: schedules of tasks, answers of a mail server, what is compared with what was sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from circulation.notices.types import EMAIL, Accepted, Lost, Message, Outcome, Refused
from tests.cases import schedules
from tests.cases.answering import server
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
        ("weekly (Monday) 07:00", ["07:00"], [1], None),
        ("weekly:Mon 07:00", ["07:00"], [1], None),
        ("weekly/Monday 06:30", ["06:30"], [1], None),
        ("weekdays (Mon-Fri) 07:00", ["07:00"], [1, 2, 3, 4, 5], None),
        ("daily 07:00 Europe/Berlin", ["07:00"], WEEK, None),
    ],
)
def test_a_schedule_in_words(said: object, times: list[str], weekdays: list[int], hours: int | None) -> None:
    assert schedules.read("M", said).plain() == {"times": times, "weekdays": weekdays, "every_hours": hours}


@pytest.mark.parametrize(
    "said", ["fortnightly 07:00", "daily 25:00", "Someday 07:00", "every 40 hours", "weekly 07:00"]
)
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
        ({"temporarily_refuses": ["p1"], "accepts": "all others"}, [LATER, TAKEN, TAKEN, TAKEN]),
        ({"behaviour": "accept", "exceptions": {"p1": "permanent refusal"}}, [NEVER, TAKEN, NEVER, TAKEN]),
        ({"first_attempt": {"p1@example.org": 451, "p2": 451}}, [LATER, LATER, TAKEN, TAKEN]),
        ({"recipients": [{"email": "p1@example.org", "reply": 550, "attempts": 1}]}, [NEVER, TAKEN, TAKEN, TAKEN]),
        ({"permanent_refusal": {"patron": "p1", "first_attempt_only": True}}, [NEVER, TAKEN, TAKEN, TAKEN]),
        ([{"at": datetime(2026, 6, 15, 12, 2), "answer": "451"}], [TAKEN, TAKEN, LATER, TAKEN]),  # noqa: DTZ001 the same
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
