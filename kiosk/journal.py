"""The machine's journal: what was begun, what is in doubt, made durable before anything depends on it (design 5).

SQLite, WAL, synchronous=FULL, one transaction (one fsync) for each ``write``. Holds item ids, UIDs and operation ids,
no card number; beside each operation the request, sealed for the central service, which this machine cannot read.
Not responsible for what is written when (session).
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.central.api import Doubt
from kiosk.effects import DoubtEnd, DoubtEntry, Entry, HealEntry, JournalEntry, Step
from kiosk.messages import JournalRead, OpenOperation

SCHEMA = 1
KEPT = timedelta(days=14)
TABLES = """
CREATE TABLE step (
  number INTEGER PRIMARY KEY, at TEXT NOT NULL, operation TEXT NOT NULL, step TEXT NOT NULL, action TEXT NOT NULL,
  item TEXT NOT NULL, tags TEXT NOT NULL, note TEXT NOT NULL
);
CREATE INDEX step_operation ON step (operation);
CREATE TABLE sealed (operation TEXT PRIMARY KEY, at TEXT NOT NULL, request BLOB NOT NULL);
CREATE TABLE doubt (item TEXT PRIMARY KEY, since TEXT NOT NULL, tags TEXT NOT NULL, wanted TEXT NOT NULL, last TEXT,
  why TEXT NOT NULL);
CREATE TABLE event (number INTEGER PRIMARY KEY, at TEXT NOT NULL, what TEXT NOT NULL, item TEXT NOT NULL,
  detail TEXT NOT NULL);
"""
OPEN_OPERATIONS = """
SELECT operation FROM step GROUP BY operation HAVING SUM(step = 'closed') = 0 ORDER BY MIN(number)
"""


class JournalError(Exception):
    """The journal cannot be opened or written; says where and why."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the journal, for staff."""

    at: str
    operation: str
    step: str
    action: str
    item: str
    note: str


class Journal:
    """An open journal. Used by the core's thread; readers of other threads wait for it.

    Args:
        path: its file; made if it is not there.
        seal: seals a request for the central service.
        now: wall clock, UTC.

    Raises:
        JournalError: it cannot be opened, is damaged, or is not durable.
    """

    def __init__(
        self,
        path: Path,
        seal: Callable[[bytes], bytes],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.path = path
        self._seal = seal
        self._now = now
        self._lock = threading.Lock()
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        db = None
        try:
            db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=FULL")
            self._assert_durable(db)
            self._bring_up(db)
        except sqlite3.Error as error:
            if db is not None:
                db.close()
            raise JournalError(f"{self.path}: {error}") from None
        except JournalError:
            if db is not None:
                db.close()
            raise
        return db

    def _assert_durable(self, db: sqlite3.Connection) -> None:
        mode = db.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = db.execute("PRAGMA synchronous").fetchone()[0]
        if (mode, synchronous) != ("wal", 2):
            raise JournalError(f"{self.path}: not durable (journal_mode {mode}, synchronous {synchronous})")

    def _bring_up(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version == SCHEMA:
            if db.execute("PRAGMA quick_check").fetchone()[0] != "ok":
                raise JournalError(f"{self.path}: the file is damaged")
            return
        if version != 0:
            raise JournalError(f"{self.path}: written by another version of this program (schema {version})")
        db.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version={SCHEMA}; COMMIT;")

    @property
    def synchronous(self) -> int:
        """The live connection's setting; 2 = FULL."""
        with self._lock:
            return int(self._db.execute("PRAGMA synchronous").fetchone()[0])

    def write(self, entries: Iterable[Entry]) -> None:
        """Make entries durable, all or none.

        Raises:
            JournalError: none of them is.
        """
        at = self._now().isoformat()
        with self._transaction():
            for entry in entries:
                self._put(entry, at)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or none, and never left open: the next one must be able to begin."""
        try:
            with self._lock:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
        except sqlite3.Error as error:
            raise JournalError(f"{self.path}: {error}") from None

    def _put(self, entry: Entry, at: str) -> None:
        match entry:
            case JournalEntry():
                self._put_step(entry, at)
            case DoubtEntry(item, tags, wanted, last, why):
                values = (item, at, json.dumps(tags), wanted, last, why)
                self._db.execute(
                    "INSERT INTO doubt VALUES (?,?,?,?,?,?) ON CONFLICT (item) DO UPDATE SET"
                    " tags=excluded.tags, wanted=excluded.wanted, last=excluded.last, why=excluded.why",
                    values,
                )
                self._event(at, "doubt", item, why)
            case DoubtEnd(item, how):
                self._db.execute("DELETE FROM doubt WHERE item=?", (item,))
                self._event(at, "doubt_end", item, how)
            case HealEntry(item, to):
                self._event(at, "healed", item, to)

    def _event(self, at: str, what: str, item: str, detail: str) -> None:
        self._db.execute("INSERT INTO event (at, what, item, detail) VALUES (?,?,?,?)", (at, what, item, detail))

    def _put_step(self, entry: JournalEntry, at: str) -> None:
        tags = json.dumps(dict(entry.tags))
        values = (at, entry.operation, entry.step.value, entry.action, entry.item, tags, entry.note)
        self._db.execute("INSERT INTO step (at,operation,step,action,item,tags,note) VALUES (?,?,?,?,?,?,?)", values)
        if entry.request is not None:
            sealed = self._seal(json.dumps(dict(entry.request)).encode())
            self._db.execute("INSERT OR REPLACE INTO sealed VALUES (?,?,?)", (entry.operation, at, sealed))

    def _rows(self, query: str, *values: object) -> list[tuple[str, ...]]:
        try:
            with self._lock:
                return self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise JournalError(f"{self.path}: {error}") from None

    def read(self) -> JournalRead:
        """What was left open, and the staff list.

        Raises:
            JournalError: it cannot be read.
        """
        operations = []
        for (operation,) in self._rows(OPEN_OPERATIONS):
            steps = self._rows("SELECT action,item,step,tags FROM step WHERE operation=? ORDER BY number", operation)
            action, item, step, _ = steps[-1]
            try:
                found = OpenOperation(operation, action, item, Step(step).value, _former(steps[0][3]))
            except (ValueError, TypeError):
                raise JournalError(f"{self.path}: operation {operation} is damaged") from None
            operations.append(found)
        doubts = {row[0]: row[1] for row in self._rows("SELECT item, wanted FROM doubt")}
        return JournalRead(tuple(operations), doubts)

    def staff_list(self) -> tuple[Doubt, ...]:
        """Items in doubt, oldest first."""
        rows = self._rows("SELECT item, wanted, last, since FROM doubt ORDER BY since, item")
        try:
            return tuple(Doubt(item, wanted, last, datetime.fromisoformat(since)) for item, wanted, last, since in rows)
        except (ValueError, TypeError):
            raise JournalError(f"{self.path}: the list of doubts is damaged") from None

    def sealed(self, since: datetime) -> Mapping[str, bytes]:
        """Sealed requests since an instant, oldest first: what is handed back after a restore of the centre."""
        rows = self._rows("SELECT operation, request FROM sealed WHERE at >= ? ORDER BY at", since.isoformat())
        return {operation: bytes(request) for operation, request in rows}  # type: ignore[arg-type]  # a BLOB

    def history(self, most: int = 200) -> tuple[HistoryLine, ...]:
        """The newest lines, newest first."""
        rows = self._rows("SELECT at,operation,step,action,item,note FROM step ORDER BY number DESC LIMIT ?", most)
        return tuple(HistoryLine(*row) for row in rows)

    def healed(self) -> int:
        """How many bits were put right so far."""
        return int(self._rows("SELECT COUNT(*) FROM event WHERE what='healed'")[0][0])

    def prune(self) -> None:
        """Forget closed operations, sealed requests and events older than 14 days.

        Raises:
            JournalError: it cannot be written.
        """
        before = ((self._now() - KEPT).isoformat(),)
        with self._transaction():
            self._db.execute(
                "DELETE FROM step WHERE operation IN (SELECT operation FROM step GROUP BY operation"
                " HAVING MAX(at) < ? AND SUM(step = 'closed') > 0)",
                before,
            )
            self._db.execute("DELETE FROM sealed WHERE at < ?", before)
            self._db.execute("DELETE FROM event WHERE at < ?", before)

    def works(self) -> bool:
        """Whether something can be made durable now."""
        try:
            with self._transaction():
                self._db.execute("CREATE TABLE probe (filler BLOB)")
                self._db.execute("INSERT INTO probe VALUES (zeroblob(65536))")
                self._db.execute("DROP TABLE probe")
        except JournalError:
            return False
        return True

    def close(self) -> None:
        """Close it; nothing is lost."""
        with self._lock:
            self._db.close()


def _former(tags: str) -> Mapping[str, str | None]:
    found = json.loads(tags)
    if not isinstance(found, dict):
        raise TypeError("tags are an object")
    return found
