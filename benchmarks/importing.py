"""What importing items from CSV costs, beside the least that writes the same rows: ``executemany`` of the bare driver.

Each runs in a process of its own over a house of its own: its peak memory is its own too. The peer reads nothing and
checks nothing: its rows are made as it goes, as many together as the import writes together, in one transaction. Not
responsible for what an import must notice (tests).
"""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from circulation.importing.checking import TOGETHER
from circulation.importing.fields import KINDS
from circulation.importing.mapping import standard
from circulation.importing.report import Report
from circulation.importing.taking_in import Task, Wanted, take_in
from circulation.store.folding import sought
from tests.postgres.processes import filled

ROWS = 100_000
COLUMNS = ("id", "title", "author", "title_id", "media_type", "branch", "parts", "state", "sought")
IMPORT, PEER = "import", "executemany"
KIB = 1024


@dataclass(frozen=True, slots=True)
class Figure:
    """One way to get the rows into SQLite. ``memory``: growth of peak memory while it ran, in bytes."""

    way: str
    rows: int
    seconds: float
    memory: int

    @property
    def per_second(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Invented items, by ``COLUMNS`` without the last."""
    for number in range(count):
        title, author = f"The {number % 977}th book of {number}", f"Author, Number {number % 5003}"
        yield f"3{number:09}", title, author, f"t{number // 3}", "BOOK", "N1", "1", "available"


def write_csv(file: Path, count: int) -> None:
    """The items as a file that is imported."""
    with file.open("w", encoding="utf-8") as out:
        out.write(";".join(COLUMNS[:-1]) + "\n")
        out.writelines(";".join(row) + "\n" for row in rows(count))


def run_import(folder: Path, count: int) -> None:
    """Check and write the file."""
    service = filled(f"sqlite:///{folder}/circulation.db", folder)
    try:
        task = Task(
            service,
            KINDS["items"],
            folder / "items.csv",
            standard(KINDS["items"]),
            Wanted(),
            Report("items.csv", "en", 10, None),
            lambda doing, done, of: None,
        )
        print(*_timed(lambda: _imported(task, count)))
    finally:
        service.database.close()


def _imported(task: Task, count: int) -> None:
    outcome = take_in(task)
    if outcome.new != count:
        raise ValueError(f"{outcome.new} of {count} items were imported: {task.report.shown}")


def run_peer(folder: Path, count: int) -> None:
    """Write the rows by the driver alone."""
    filled(f"sqlite:///{folder}/circulation.db", folder).database.close()
    with closing(sqlite3.connect(folder / "circulation.db", isolation_level=None)) as db:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):  # as the service sets it
            db.execute(f"PRAGMA {pragma}").close()
        print(*_timed(lambda: _inserted(db, count)))


def _inserted(db: sqlite3.Connection, count: int) -> None:
    statement = f"INSERT INTO item ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"
    db.execute("BEGIN IMMEDIATE")
    made = ((*row, sought(row[1], row[2])) for row in rows(count))
    while some := list(islice(made, TOGETHER)):
        db.executemany(statement, some)
    db.execute("COMMIT")


def _timed(work: Callable[[], None]) -> tuple[float, int]:
    """Seconds, and growth of peak memory in bytes."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    work()
    return time.perf_counter() - began, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * KIB


WAYS: dict[str, Callable[[Path, int], None]] = {IMPORT: run_import, PEER: run_peer}


def measure(count: int = ROWS) -> Iterator[Figure]:
    """Both ways, one after the other."""
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            write_csv(Path(folder) / "items.csv", count)
            command = [sys.executable, "-m", "benchmarks.importing", way, folder, str(count)]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            yield Figure(way, count, float(said[0]), int(said[1]))


if __name__ == "__main__":
    WAYS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
