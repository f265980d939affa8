"""What it takes to find 100,000 loans that are due among a million and to compose what their patrons are told.

Beside it what nothing can do without: one SQL statement through the driver alone that reads the same loans with their
items and patrons, and composing as many messages of what is there already. Each in a process of its own, so that its
peak memory is its own too. Nothing is written down and nothing is sent (benchmarks.sending). Not responsible for which
loans are due (tests).
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks import big_library
from benchmarks.big_library import DUE_EACH, LAST, SOON, TODAY, WARNINGS
from circulation.notices import selecting, templates
from circulation.notices.composing import compose
from circulation.notices.content import DUE_WARNING, BranchSaid, Content, LoanSaid, Reader
from circulation.notices.letterhead import Letterhead
from circulation.notices.selecting import Planned
from circulation.notices.types import EMAIL, Message

LOANS = 1_000_000  # one of ten is due
MARKS = (10_000, 50_000, 100_000)  # due loans, at which seconds and memory are read
RUN, SELECTION, SQL, COMPOSING = "a run", "of it, finding", "SQL alone", "composing alone"
LANGUAGE, PARTS, KIB = "en", 1000, 1024
HEAD = Letterhead(contact="Tel. 0123 456", account="https://library.example/account")
_SQL = """
SELECT loan.id, loan.due, loan.renewals, loan.out_at, loan.period, item.id, item.title, item.media_type, item.branch,
       patron.id, patron.category, patron.born, patron.first_name, patron.last_name, patron.language, patron.email
FROM loan JOIN item ON item.id = loan.item_id JOIN patron ON patron.id = loan.patron_id
WHERE loan.returned_at IS NULL AND coalesce(loan.due, loan.due) BETWEEN ? AND ? ORDER BY loan.patron_id
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """How far one way was at a mark.

    Attributes:
        seconds: of the processor, so that what else the computer does changes nothing.
        memory: growth of peak memory since its first loans, in bytes.
    """

    way: str
    loans: int
    seconds: float
    memory: int

    @property
    def per_second(self) -> float:
        """Loans a second."""
        return self.loans / self.seconds


def by_run(folder: Path) -> Iterator[int]:
    """Find and compose: how many loans each message tells of."""
    words = templates.shipped(DUE_WARNING, "", EMAIL, LANGUAGE)
    for planned in _planned(folder):
        compose(_of(planned), words, HEAD, LANGUAGE)
        yield len(planned.lines)


def by_selection(folder: Path) -> Iterator[int]:
    """Only find."""
    return (len(planned.lines) for planned in _planned(folder))


def by_sql(folder: Path) -> Iterator[int]:
    """Only read, by the driver alone."""
    with closing(sqlite3.connect(folder / big_library.FILE)) as db:
        cursor = db.execute(_SQL, (TODAY.isoformat(), LAST.isoformat()))
        while some := cursor.fetchmany(PARTS):
            yield len(some)


def by_composing(folder: Path) -> Iterator[int]:
    """Only compose, as many as there are."""
    words = templates.shipped(DUE_WARNING, "", EMAIL, LANGUAGE)
    with closing(sqlite3.connect(folder / big_library.FILE)) as db:
        (due,) = db.execute("SELECT count(*) FROM loan WHERE due = ?", (SOON.isoformat(),)).fetchone()
    for number in range(due // DUE_EACH):
        _composed(number, words)
        yield DUE_EACH


def _planned(folder: Path) -> Iterator[Planned]:
    service = big_library.opened(folder)
    try:
        for found in selecting.chosen(service, WARNINGS):
            yield from found.messages
    finally:
        service.database.close()


def _of(planned: Planned) -> Content:
    about = ((line.about, line.shown) for line in planned.lines)
    return _content(
        planned.to.person.id,
        planned.address,
        tuple(LoanSaid(one["loan_id"], "", title, "", "BOOK", one["due"]) for one, title in about),
    )


def _composed(number: int, words: templates.Words) -> Message:
    loans = (LoanSaid(one, "", f"Das {number % 977}. Buch vom Wald", "", "BOOK", SOON) for one in range(DUE_EACH))
    content = _content(str(number), f"mira.{number}@example.org", tuple(loans))
    return compose(content, words, HEAD, LANGUAGE)


def _content(patron: str, to: str, loans: tuple[LoanSaid, ...]) -> Content:
    return Content(
        key=f"notice-{patron}",
        kind=DUE_WARNING,
        level="",
        language=LANGUAGE,
        channel=EMAIL,
        to=to,
        patron=Reader(patron, "Mira", "Vogel"),
        branch=BranchSaid("N1", "Zweigstelle Nord"),
        library="Stadtbibliothek",
        currency="EUR",
        today=TODAY,
        loans=loans,
    )


WAYS: dict[str, Callable[[Path], Iterator[int]]] = {
    RUN: by_run,
    SELECTION: by_selection,
    SQL: by_sql,
    COMPOSING: by_composing,
}


def marked(
    way: Callable[[Path], Iterator[int]], folder: Path, marks: Sequence[int]
) -> Iterator[tuple[int, float, int]]:
    """Loans, seconds and more memory whenever a way has passed a mark.

    Raises:
        ValueError: it has not passed all of them.
    """
    began, done, first, left = time.process_time(), 0, 0, list(marks)
    for loans in way(folder):
        first = first or _peak_from_now_on()
        done += loans
        while left and done >= left[0]:
            yield left.pop(0), time.process_time() - began, _peak() - first
    if left:
        raise ValueError(f"{done} loans were due, not {left[0]}")


def _peak_from_now_on() -> int:
    """Forget the peak of this process's memory so far, which may be that of the one it was made from; what it is."""
    Path("/proc/self/clear_refs").write_text("5")
    return _peak()


def _peak() -> int:
    """The peak of this process's memory, in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * KIB


def measure(loans: int = LOANS, marks: Sequence[int] = MARKS) -> Iterator[Figure]:
    """Every way, one after the other, over the same library."""
    with tempfile.TemporaryDirectory() as folder:
        big_library.build(Path(folder), loans)
        for way in WAYS:
            command = [sys.executable, "-m", "benchmarks.notices", way, folder, *map(str, marks)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            for line in said.splitlines():
                done, seconds, memory = line.split()
                yield Figure(way, int(done), float(seconds), int(memory))


def of_the_limit(figures: Sequence[Figure]) -> float:
    """Loans a second of a run, of those of reading and composing alone, one after the other, when all were done."""
    last = {figure.way: figure.seconds for figure in figures}
    return (last[SQL] + last[COMPOSING]) / last[RUN]


if __name__ == "__main__":
    for found in marked(WAYS[sys.argv[1]], Path(sys.argv[2]), [int(mark) for mark in sys.argv[3:]]):
        print(*found)
