"""Nights of a library: tasks of the shipped kinds, run as they are, with ways that only keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from circulation.jobs import claiming, options, running, tasks
from circulation.jobs.running import Counts, Run, TaskType
from circulation.jobs.types import TYPES
from circulation.notices import accounts, kept, runs
from circulation.notices.accounts import Account
from circulation.notices.channels.smtp_connecting import STARTTLS
from circulation.notices.composing import Composing
from circulation.notices.kept import Tested
from circulation.notices.task_types import CODES, asked
from circulation.notices.types import EMAIL, Accepted, Lost, Message, Outcome, Refused
from circulation.service import Service
from circulation.store.mail_tables import mail_account
from tests.circulation.posting import DAILY, Box, at_seven, lend, set_up
from tests.circulation.world import Amount, Days, World, rule

ACCOUNT = "office"
# Rules that switch it on: a warning three days before and what it costs, a first reminder after ten.
ON = rule("warn", "circulation.enable_due_warning", True, name="warn everybody")
THREE = rule("three", "periods.due_warning", Days(3))
COSTS = rule("costs", "fees.due_warning", Amount(50), name="half a euro")
REMIND = (
    rule("remind", "circulation.enable_overdue_reminder", True, level="1"),
    rule("ten", "periods.overdue_reminder", Days(10), level="1"),
)


def answer(given: Message) -> Outcome:
    """As a server: one address does not exist, one line breaks."""
    if given.to.startswith("wrong"):
        return Refused("550 no such user", permanent=True)
    return Lost("connection reset") if given.to.startswith("lost") else Accepted("250 taken")


def borrower(world: World, name: str, **more: Any) -> str:
    """A patron with an e-mail address; the id."""
    return world.patron_id(world.patron(**{"last_name": name, "email": f"{name.lower()}@example.org", **more}))


class Nights:
    """Tasks that send by e-mail; ``box`` keeps what would have left."""

    def __init__(
        self, service: Service, answer: Callable[[Message], Outcome] = lambda _: Accepted("250 taken")
    ) -> None:
        self.service, self.box = service, Box(answer)
        office = Account("Office", "mail.example.org", 587, STARTTLS, "library@example.org", "Library", "library")
        accounts.create(service, "anna", ACCOUNT, office, "a password")
        with service.database.reading() as db:
            row = kept.present(db, mail_account, ACCOUNT)
        accounts.KEEPING.record_test(service, "anna", row, Tested(True, None, "250 taken"))

    def task(self, kind: str, name: str = "", **given: Any) -> int:
        """A task of a kind of notice."""
        wanted = {"account": ACCOUNT, **given}
        return tasks.create(self.service, "anna", tasks.Wanted(CODES[kind], name or f"task {kind}", wanted, DAILY))

    def run(self, task: int, day: str | None = None) -> Mapping[str, int]:
        """Run it, at seven in the morning of a day: what it counted."""
        if day is not None:
            at_seven(self.service, day)
        code = tasks.one(self.service, task).type
        kind = next(kind for kind, one in CODES.items() if one == code)

        def work(service: Service, wanted: Any, job: Run) -> Counts:
            return runs.run(service, asked(service, kind, wanted, job.claim.task), job, {EMAIL: self.box}, Composing())

        types = {code: TaskType(code, TYPES[code].options, work)}
        claim = claiming.claim_by_hand(self.service, claiming.process_name(), task, "anna")
        state, done = running.carry_out(self.service, types, claim)
        assert state == "done"
        assert not isinstance(options.read(TYPES[code].options, claim.options), tuple)
        return done.counts


def backlog(service: Service, world: World) -> Nights:
    """Two reminders that have been due since June, where a run may send one without asking."""
    set_up(service, backlog_limit=1)
    nights = Nights(service)
    for name in ("Mira", "Max"):
        lend(service, world.item(), borrower(world, name), "2026-06-01")
    return nights
