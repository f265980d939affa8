"""Runs of notices with ways that only keep what they are given: few words for tasks, messages and the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, insert, select, update

from circulation import desk, operations, organising
from circulation.domain.noticing import Wanted
from circulation.jobs import claiming, running, tasks
from circulation.jobs.options import NoOptions
from circulation.jobs.running import Counts, Run, TaskType, Types
from circulation.notices import receipts, runs
from circulation.notices.content import DUE_WARNING, RECEIPT, Content
from circulation.notices.lines import Asked
from circulation.notices.sender import nowhere
from circulation.notices.types import EMAIL, LETTER, SMS, Accepted, Message, Outcome, nothing
from circulation.service import Service
from circulation.staffing import StaffSession
from circulation.store import tables as t
from circulation.store.jobs import DONE
from circulation.store.notice_tables import message, notice

DAILY = {"times": ["07:00"]}
ALL_WAYS = frozenset({EMAIL, SMS, LETTER})


@dataclass
class Box:
    """A way that keeps what it is given; ``answer`` says what becomes of each."""

    answer: Callable[[Message], Outcome] = lambda _: Accepted("250 taken")
    taken: list[Message] = field(default_factory=list)
    tried: list[Message] = field(default_factory=list)
    wait: Callable[[], None] = lambda: None

    @contextmanager
    def opened(self) -> Iterator[Box]:
        yield self

    def hand_over(self, given: Message, meanwhile: Callable[[], None] = nothing) -> Outcome:
        self.tried.append(given)
        meanwhile()
        outcome = self.answer(given)
        if isinstance(outcome, Accepted):
            self.taken.append(given)
        return outcome


def in_few_words(content: Content) -> Message:
    """A message that says only which loans it is about."""
    about = [str(one.id) for one in content.loans] or [one.id for one in content.reservations]
    text = ",".join(about) if about else str(content.sums.owed)
    subject = f"{content.kind} {content.level} {content.sums.fee} {content.sums.invoiced}"
    return Message(content.key, content.channel, content.to, content.language, subject, text)


class Post:
    """Tasks that send notices, each run by hand."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.boxes: dict[str, Any] = {EMAIL: Box(), SMS: Box(), LETTER: Box()}
        self.contents: list[Content] = []
        self.at: Callable[[str], None] = nowhere
        self.types: dict[str, TaskType[Any]] = {}
        self.jobs: list[Run] = []
        self.asked: dict[str, Asked] = {}

    def task(
        self,
        kind: str = DUE_WARNING,
        ways: frozenset[str] = ALL_WAYS,
        times: Mapping[str, Any] = DAILY,
        **wanted: Any,
    ) -> int:
        """A task of a type of its own."""
        code = f"{kind}-{len(self.types)}"
        self.know(code, Asked(kind, ways, Wanted(**wanted)))
        return tasks.create(self.service, "anna", tasks.Wanted(code, code, {}, times), self.types)

    def know(self, code: str, asked: Asked) -> None:
        """A type of task, as another process has made one."""
        self.asked[code] = asked
        self.types[code] = TaskType(code, NoOptions, self._run)

    def asked_of(self, task: int) -> Asked:
        """What a run of a task is for."""
        asked = self.asked[tasks.one(self.service, task).type]
        since = runs.missed_since(self.service, task) if asked.kind == DUE_WARNING else None
        return replace(asked, missed_since=since)

    def _run(self, service: Service, _: NoOptions, job: Run) -> Counts:
        self.jobs.append(job)
        asked = self.asked_of(job.claim.task)
        there = {way: box for way, box in self.boxes.items() if way in asked.channels}
        return runs.run(service, asked, job, there, self._worded, self.at)

    def _worded(self, _: Connection) -> Callable[[Content], Message]:
        return self._say

    def _say(self, content: Content) -> Message:
        self.contents.append(content)
        return in_few_words(content)

    def run(self, task: int) -> Mapping[str, int]:
        """Run it now, to its end; what it counted."""
        types: Types = self.types
        process = claiming.process_name()
        state, run = running.carry_out_by_hand(self.service, types, process, task, "anna")
        assert state == DONE, state
        return run.counts

    def on(self, day: str, task: int) -> list[Message]:
        """Run a task at seven in the morning of a day; what was taken by e-mail in it."""
        at_seven(self.service, day)
        before = len(self.boxes[EMAIL].taken)
        self.run(task)
        found: list[Message] = self.boxes[EMAIL].taken[before:]
        return found

    def messages(self) -> list[Any]:
        """Every message of the ledger."""
        return rows(self.service, select(message).order_by(message.c.id))

    def notices(self) -> list[Any]:
        """Every notice of the ledger."""
        return rows(self.service, select(notice).order_by(notice.c.id))

    def states(self) -> list[tuple[str, str | None]]:
        """State and reason of every message."""
        return [(one.state, one.reason) for one in self.messages()]


def sends_receipts(service: Service) -> Post:
    """A task that sends receipts by e-mail."""
    post = Post(service)
    post.know(receipts.TASK, Asked(RECEIPT, frozenset({EMAIL})))
    tasks.create(service, "anna", tasks.Wanted(receipts.TASK, "receipts", {}, DAILY), post.types)
    return post


def at_seven(service: Service, day: str) -> None:
    """Seven in the morning in Berlin, in summer."""
    set_clock(service, datetime.fromisoformat(f"{day}T05:00:00").replace(tzinfo=UTC))


def set_clock(service: Service, now: datetime) -> None:
    """Let it be an instant."""
    clock: Any = service.clock
    clock.now = now


def later(service: Service, **by: float) -> None:
    """Let time pass."""
    set_clock(service, service.clock() + timedelta(**by))


def rows(service: Service, query: Any) -> list[Any]:
    """What a query finds."""
    with service.database.reading() as db:
        return list(db.execute(query))


def lend(service: Service, item: str, patron: str, due: str, **more: Any) -> int:
    """A loan since 18 May 2026, unless told otherwise; its id."""
    values = {
        "branch": "N1",
        "out_at": datetime(2026, 5, 18, 8, tzinfo=UTC),
        "renewals": 0,
        "period": 28,
        "rule_set": 1,
        "rules": {},
    }
    with service.database.writing() as db:
        made = {**values, "item_id": item, "patron_id": patron, "due": date.fromisoformat(due), **more}
        return int(db.execute(insert(t.loan).values(**made).returning(t.loan.c.id)).scalar_one())


def at_desk(service: Service, action: str, item: str, patron: str | None = None) -> None:
    """Do something at the desk of N1."""
    at = desk.workplace(service, StaffSession("anna", frozenset({"desk"}), may_override=False, branch="N1"))
    line = operations.run(service, at, operations.Asked(str(uuid4()), action, item, patron))
    assert line["outcome"] == "done", line


def change_loan(service: Service, loan: int, **values: Any) -> None:
    """Change a loan."""
    with service.database.writing() as db:
        db.execute(update(t.loan).where(t.loan.c.id == loan).values(**values))


def change_item(service: Service, item: str, **values: Any) -> None:
    """Change an item."""
    with service.database.writing() as db:
        db.execute(update(t.item).where(t.item.c.id == item).values(**values))


def set_up(service: Service, organisation: str = "A", **settings: Any) -> None:
    """Settings of an organisation."""
    organising.set_settings(service, "anna", organisation, settings)


def owed(service: Service, patron: str) -> int:
    """What a patron owes, minor units."""
    return sum(one.amount - one.paid for one in fees(service, patron))


def fees(service: Service, patron: str) -> list[Any]:
    """Fees of a patron, in the order in which they were booked."""
    return rows(service, select(t.fee).where(t.fee.c.patron_id == patron).order_by(t.fee.c.id))
