"""Which notices a loan gets next and when, why it got none, and what the next runs would send (R47, R75).

Decided by the same functions as a run, with nothing written down. Questions 9 and 10 of those staff must get answered.
Not responsible for what was sent (looking) or for sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from sqlalchemy import Connection, Row

from circulation.domain import noticing
from circulation.domain.noticing import Noticed
from circulation.domain.records import Place
from circulation.errors import CirculationError
from circulation.jobs import options, tasks
from circulation.jobs.running import Preview
from circulation.jobs.tasks import TaskShown
from circulation.jobs.types import TYPES
from circulation.notices import addressees, runs, selecting, task_types
from circulation.notices.content import DUE_WARNING, OVERDUE
from circulation.notices.due import loans
from circulation.notices.due.telling import is_retried
from circulation.notices.lines import NO_ADDRESS, Asked
from circulation.service import Service
from circulation.store import notice_lists as lists
from circulation.store import notices as store

# Why a loan gets no notice, or not by itself; codes beside those of noticing.
NO_TASK, PAUSED, IS_RETURNED, BEFORE_TASK = "no_task", "paused", "is_returned", "before_task"
TOLD, TRIED = "told", "tried"  # it stands in the ledger; it failed, and is tried again on a later day
KINDS: Mapping[str, str] = {code: kind for kind, code in task_types.CODES.items()}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a task would do about a loan today.

    Attributes:
        kind: "due_warning" or "overdue".
        task: None = there is no task that sends this kind.
        why: code why it sends nothing; None = its next run sends it.
        noticed: what was decided; None where nothing had to be.
        told: the notice that stands in the ledger already.
    """

    kind: str
    task: TaskShown | None
    why: str | None
    noticed: Noticed | None = None
    told: Row[Any] | None = None

    @property
    def refusing(self) -> str | None:
        """The rule that says no."""
        return self.noticed.refusing if self.noticed is not None and self.why == noticing.OFF else None


@dataclass(frozen=True, slots=True)
class OfLoan:
    """A loan and its notices.

    Attributes:
        loan: with its item (store.notices.loans_now).
        past: every notice there has been, newest first.
        next: what each task would do today.
        ways: addresses its patron can be written to, by channel; none where nobody has it.
        refused: channels whose address was refused for good.
    """

    loan: Row[Any]
    past: tuple[Row[Any], ...]
    next: tuple[Answer, ...]
    ways: tuple[str, ...]
    refused: tuple[str, ...]


def of_loan(service: Service, loan: int) -> OfLoan:
    """What there has been and what comes next.

    Raises:
        CirculationError: there is no such loan.
    """
    with service.database.reading() as db:
        row = store.loans_now(db, [loan]).get(loan)
        if row is None:
            raise CirculationError("loan_unknown", "there is no such loan", 404)
        past = tuple(lists.of_loan(db, loan))
        if row.returned_at is not None or row.patron_id is None:
            ended = tuple(Answer(kind, None, IS_RETURNED) for kind in (DUE_WARNING, OVERDUE))
            return OfLoan(row, past, ended, (), ())
        refused = tuple(one.channel for one in lists.refused_ways(db, row.patron_id))
    asked = _asked(service)
    with service.database.reading() as db:
        ways, answers = _answers(service, db, row, past, asked)
    return OfLoan(row, past, answers, ways, refused)


_Asked = list[tuple[str, TaskShown | None, Asked]]


def _asked(service: Service) -> _Asked:
    """What is asked of every task about loans; where none sends a kind, what holds by the rules alone."""
    known = [one for one in sending_tasks(service) if one.kind in (DUE_WARNING, OVERDUE)]
    found: _Asked = [(one.kind, one.task, one.asked) for one in known if one.asked is not None]
    there = {kind for kind, _, _ in found}
    without: _Asked = [(kind, None, Asked(kind, frozenset())) for kind in (DUE_WARNING, OVERDUE) if kind not in there]
    return [*found, *without]


def _answers(
    service: Service, db: Connection, row: Row[Any], past: Sequence[Row[Any]], asked: _Asked
) -> tuple[tuple[str, ...], tuple[Answer, ...]]:
    place = selecting.place_of(service, db)
    all_ways = frozenset(addressees.BY_DEFAULT)
    ways = tuple(addressees.of_patrons(db, place, all_ways, [row.patron_id])[row.patron_id].addresses)
    made = []
    for kind, task, one in asked:
        mine = [told for told in past if told.kind == kind]
        made.append(_answer(db, place, row, mine, task, one))
    return ways, tuple(made)


def _answer(
    db: Connection, place: Place, row: Row[Any], past: Sequence[Row[Any]], task: TaskShown | None, asked: Asked
) -> Answer:
    who = addressees.of_patrons(db, place, asked.usable, [row.patron_id])[row.patron_id]
    mine = loans.of_period(place, asked.kind, row, past)
    found = loans.decided(place, asked, row, who.person, mine)
    told = next((one for one in mine if one.level == found.level and _counts(one)), None)
    return Answer(asked.kind, task, _why(found, told, task, who.addresses, asked, row), found, told)


def _counts(notice: Row[Any]) -> bool:
    return notice.state not in (store.SKIPPED, store.CANCELLED)


def _why(
    found: Noticed,
    told: Row[Any] | None,
    task: TaskShown | None,
    addresses: Mapping[str, str],
    asked: Asked,
    row: Row[Any],
) -> str | None:
    if told is not None:
        return TRIED if found.due and is_retried(told) else TOLD
    if task is None:
        return found.why if found.why in _BY_RULES else NO_TASK
    if found.why == noticing.OVERDUE and (asked.missed_since is None or row.due < asked.missed_since):
        return BEFORE_TASK
    if found.why is not None:
        return found.why
    if not addresses:
        return NO_ADDRESS
    return PAUSED if task.paused else None


# What a task would not help against.
_BY_RULES = (noticing.OFF, noticing.NOT_ENABLED, noticing.NO_PERIOD, noticing.ALL_SENT)


# --- tasks ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sending:
    """A task that sends notices. ``asked``: None = its options cannot be so any more."""

    kind: str
    task: TaskShown
    asked: Asked | None


def sending_tasks(service: Service) -> tuple[Sending, ...]:
    """Every task that sends notices, by name."""
    return tuple(_sending(service))


def _sending(service: Service) -> Iterator[Sending]:
    for task in tasks.listed(service):
        kind = KINDS.get(task.type)
        if kind is None:
            continue
        wanted = options.read(TYPES[task.type].options, task.options)
        if isinstance(wanted, tuple):
            yield Sending(kind, task, None)
        else:
            yield Sending(kind, task, task_types.asked(service, kind, wanted, task.id))


@dataclass(frozen=True, slots=True)
class Tonight:
    """What the next run of a task would do.

    Attributes:
        preview: None = its options cannot be so any more.
        waits: how many reminders wait for somebody's word since ``waits_since`` (R47); 0 = none.
        usual: messages of the last runs, their median.
    """

    kind: str
    task: TaskShown
    preview: Preview | None
    waits: int = 0
    waits_since: datetime | None = None
    usual: float = 0


def tonight(service: Service) -> tuple[Tonight, ...]:
    """The dry run of every task that sends notices (R75)."""
    return tuple(_tonight(service, one) for one in sending_tasks(service))


def _tonight(service: Service, one: Sending) -> Tonight:
    preview = runs.dry_run(service, one.asked) if one.asked is not None else None
    with service.database.reading() as db:
        waits = lists.backlogs(db).get(one.task.id)
        last = [counts for counts in store.last_counts(db, one.task.type, runs.LAST_RUNS) if runs.WAITING not in counts]
    usual = median(counts.get("messages", 0) for counts in last) if last else 0
    if waits is None:
        return Tonight(one.kind, one.task, preview, usual=usual)
    return Tonight(one.kind, one.task, preview, waits.would_send, waits.found_at, usual)
