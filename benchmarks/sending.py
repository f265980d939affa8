"""How many mails a second a run of notices hands over, beside a loop that only sends the same ones by one connection.

All to the same mail server, in turn, so that what else the computer does falls on all. The run does all that it does in
a library: reads what a message is about, composes it, looks at everything once more under lock, notes it as being sent,
which is on the disk before it leaves, and as sent once the server has taken it. The loop has its messages ready and
knows nothing of a database. The limit is the same loop with one row on the disk before each message: who sends by one
connection, and leaves no more than one message in doubt whatever breaks, cannot do with less.
"""

from __future__ import annotations

import smtplib
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from threading import Event

from sqlalchemy import Connection

from benchmarks import big_library, direct, mail_server
from benchmarks.big_library import NOW, WARNINGS
from circulation.jobs.claiming import Claim
from circulation.jobs.running import Run
from circulation.notices import ledger, selecting, sending
from circulation.notices.addresses import MailAddress, mail_address
from circulation.notices.channels import mail_text
from circulation.notices.channels.pace import Pace, Times
from circulation.notices.channels.smtp import Smtp
from circulation.notices.channels.smtp_connecting import NONE, Server
from circulation.notices.composing import Composing
from circulation.notices.content import Content
from circulation.notices.sender import Sender
from circulation.notices.types import EMAIL, Message
from circulation.service import Service

ROUNDS, MAILS = 4, 250  # of each round
LOANS = 200_000
LEAST = 0.7  # of what the loop sends
AS_FAST_AS_IT_CAN = 10**9  # messages a minute
RUN = Claim(1, 1, "due_warnings", "warnings", {}, None, True, False, "benchmark")
FROM = mail_text.Sender("Stadtbibliothek", MailAddress("library", "library.example"))


class Failed(Exception):
    """There is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """All rounds together: how many mails each way has sent, and the seconds of each."""

    mails: int
    run: float
    loop: float
    limit: float

    @property
    def ratio(self) -> float:
        """Mails a second of the run, of those of the loop."""
        return self.loop / self.run

    @property
    def ratio_limit(self) -> float:
        """Mails a second of the run, of those of the limit."""
        return self.limit / self.run


@dataclass(slots=True)
class _Noted:
    """Composes as a run does, and remembers what came out."""

    composing: Composing = field(default_factory=Composing)
    messages: list[Message] = field(default_factory=list)

    def __call__(self, db: Connection) -> Callable[[Content], Message]:
        worded = self.composing(db)

        def noted(content: Content) -> Message:
            made = worded(content)
            self.messages.append(made)
            return made

        return noted


def by_run(service: Service, port: int, count: int) -> tuple[float, list[Message]]:
    """Send so many planned messages as a run does: seconds, and what was sent.

    Raises:
        Failed: not all of them were sent.
    """
    for found in islice((one for one in selecting.chosen(service, WARNINGS) if one.messages), count):
        ledger.write(service, WARNINGS, RUN.run, found.patron)
    times = Times(service.clock)
    way = Smtp(Server(mail_server.HOST, port, NONE), FROM, Pace(AS_FAST_AS_IT_CAN, times), times)
    composer = _Noted()
    sender = Sender(service, WARNINGS, Run(RUN, Event()), {EMAIL: way}, composer)
    began = time.perf_counter()
    sending.send_all(sender)
    seconds = time.perf_counter() - began
    if sender.counts != {"sent": count}:
        raise Failed(f"{sender.counts} of {count} messages were sent")
    return seconds, composer.messages


def by_loop(port: int, messages: Sequence[Message], before: Callable[[str], None] = lambda _: None) -> float:
    """Send the same by one connection: seconds. ``before``: done before each, with its key."""
    ready = [(one.key, to, mail_text.written(one, to, FROM, NOW)) for one in messages if (to := mail_address(one.to))]
    began = time.perf_counter()
    with smtplib.SMTP(mail_server.HOST, port) as smtp:
        for key, to, content in ready:
            before(key)
            smtp.sendmail(str(FROM.address), [str(to)], content)
    return time.perf_counter() - began


@contextmanager
def noting(file: Path) -> Iterator[Callable[[str], None]]:
    """Put a row on the disk, as the service does it."""
    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        for setting in direct.SQLITE_SETTINGS:
            db.execute(f"PRAGMA {setting}").close()
        db.execute("CREATE TABLE IF NOT EXISTS leaving (key TEXT PRIMARY KEY)")
        yield lambda key: db.execute("INSERT INTO leaving VALUES (?)", (key,)).close()


def measure(loans: int = LOANS, mails: int = MAILS, rounds: int = ROUNDS) -> Figure:
    """Both ways in turn."""
    with tempfile.TemporaryDirectory() as folder:
        big_library.build(Path(folder), loans)
        return _measured(Path(folder), mails, rounds)


def _measured(folder: Path, mails: int, rounds: int) -> Figure:
    service, box = big_library.opened(folder), folder / "box"
    spent = []
    try:
        with mail_server.running(box) as port, noting(folder / "leaving.db") as note:
            for _ in range(rounds):
                seconds, messages = by_run(service, port, mails)
                spent.append((seconds, by_loop(port, messages), by_loop(port, messages, note)))
    finally:
        service.database.close()
    arrived = mail_server.kept(box)
    if arrived != 3 * rounds * mails:
        raise Failed(f"{arrived} mails arrived, not {3 * rounds * mails}")
    return Figure(rounds * mails, *map(sum, zip(*spent, strict=True)))
