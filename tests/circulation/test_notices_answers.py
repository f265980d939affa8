"""A mail server that answers each reader differently: how each warning ends over days, and that none leaves twice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import select

from circulation.jobs import tasks
from circulation.notices import looking
from circulation.notices.ending import LOST
from circulation.notices.lines import ADDRESS_REFUSED, GAVE_UP, MESSAGE_REFUSED
from circulation.notices.looking import Entry
from circulation.service import Service
from circulation.store.notice_tables import bad_address
from circulation.store.notices import FAILED, SENT, UNCERTAIN
from tests.circulation.mail_server import DATA, DATA_BEGUN, HANG_UP, RCPT, WHOLE, MailServer, mail_server
from tests.circulation.mailed import Mailed
from tests.circulation.posting import at_seven, later, rows
from tests.circulation.scheduling import Process
from tests.circulation.world import World

Answers = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """What the server says to a reader's mails, and how that ends.

    Attributes:
        answers: by the command they answer; those of a list are used up.
        ends: state and reason it may end with.
        mails: how many the server has taken in the end.
        tries: how often one was handed over.
    """

    answers: Answers
    ends: tuple[tuple[str, str | None], ...]
    mails: int
    tries: range


ONCE, TWICE, THRICE = range(1, 2), range(2, 3), range(3, 4)
OFTEN = range(10, 100)  # ever less often, until the day it was due is over
CASES = {
    "taken": Case({}, ((SENT, None),), 1, ONCE),
    "greylisted": Case({RCPT: ["450 4.2.0 later", "451 4.7.1 later"]}, ((SENT, None),), 1, THRICE),
    "busy": Case({DATA: ["451 4.3.0 busy"], WHOLE: ["452 4.3.1 no room"]}, ((SENT, None),), 1, THRICE),
    "full": Case({RCPT: "452 4.2.2 mailbox full"}, ((FAILED, GAVE_UP),), 0, OFTEN),
    "unwelcome": Case({RCPT: "554 5.7.1 not from you"}, ((FAILED, GAVE_UP),), 0, OFTEN),
    "unknown": Case({RCPT: "550 5.1.1 no such user"}, ((FAILED, ADDRESS_REFUSED),), 0, ONCE),
    "late": Case({WHOLE: "451 4.3.0 try later"}, ((FAILED, GAVE_UP),), 0, OFTEN),
    "unknown-after-all": Case({WHOLE: "550 5.1.1 no such user"}, ((FAILED, ADDRESS_REFUSED),), 0, ONCE),
    "odd": Case({WHOLE: "554 5.6.0 odd content"}, ((FAILED, MESSAGE_REFUSED),), 0, ONCE),
    "cut-before": Case({RCPT: [HANG_UP]}, ((SENT, None),), 1, TWICE),
    # Whether a short message was on its way when the connection broke is a matter of luck.
    "cut-within": Case({DATA_BEGUN: HANG_UP}, ((FAILED, GAVE_UP), (UNCERTAIN, LOST)), 0, range(1, 100)),
    "cut-after": Case({WHOLE: HANG_UP}, ((UNCERTAIN, LOST),), 1, ONCE),
}
FLAGGED = {name for name, case in CASES.items() if (FAILED, ADDRESS_REFUSED) in case.ends}
DUE, FIRST, LAST = "2026-06-18", "2026-06-15", datetime.fromisoformat("2026-06-21T00:00:00+00:00")


@dataclass
class Moody(MailServer):
    """A server that answers by whom a mail is to. ``moods``: by the reader's name."""

    moods: Mapping[str, Answers] = field(default_factory=dict)

    def answer(self, when: str) -> str | None:
        return super().answer(when) if when != RCPT else None  # whom to is heard only then

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.answers = self.moods.get(address.partition("@")[0], {})
        refusal = super().answer(RCPT)
        return refusal or await super().handle_RCPT(server, session, envelope, address, options)


@pytest.fixture
def server() -> Iterator[Moody]:
    with mail_server(Moody()) as found:
        assert isinstance(found, Moody)
        yield found


@pytest.fixture
def mailed(service: Service, world: World, server: Moody) -> Mailed:
    world.rules()
    return Mailed(service, server)


def let_days_pass(service: Service) -> None:
    """Let a server do what is due, every twenty minutes, from a morning on."""
    process = Process(service)
    at_seven(service, FIRST)
    while service.clock() < LAST:
        process.wake()
        later(service, minutes=20)


def lines(service: Service, loan: int) -> tuple[Entry, ...]:
    """The lines of staff's log that tell of a loan."""
    return looking.log(service, looking.search(service, loan=loan)).lines


@pytest.mark.requirement("R62", "R67", "R74")
def test_whatever_a_server_answers_nobody_is_mailed_twice_and_nothing_is_lost(
    service: Service, mailed: Mailed, server: Moody
) -> None:
    server.moods = {name: deepcopy(case.answers) for name, case in CASES.items()}
    loans = dict(zip(CASES, mailed.lend(DUE, *CASES), strict=True))
    task = mailed.task(days=3)
    let_days_pass(service)
    told = mailed.told()
    assert {name: told[loan, 1] for name, loan in loans.items()} == {name: case.mails for name, case in CASES.items()}
    for name, loan in loans.items():
        (line,) = lines(service, loan)
        assert (line.row.state, line.row.reason) in CASES[name].ends, name
        assert line.row.tries in CASES[name].tries, name
        assert mailed.ends()[loan, 1] == (line.row.state, line.row.reason)
    assert {one.patron_id for one in rows(service, select(bad_address))} == FLAGGED
    assert {run.state for run in tasks.runs(service, task)} == {"done"}
