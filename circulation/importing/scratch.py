"""What a check has to remember of a long file: which ids it has seen, and the rows that may be written.

Kept in a SQLite file in a temporary folder, so that memory does not grow with the file. Rows are sealed and ids keyed
with keys that are nowhere but in memory: a file left behind by a computer that stopped says nothing about anybody.
"""

from __future__ import annotations

import hashlib
import pickle
import secrets
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacl.secret import SecretBox

CACHE_KIB = 8192
DIGEST = 16  # bytes
_TABLES = (
    "CREATE TABLE seen (key BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE good (id INTEGER PRIMARY KEY, content BLOB NOT NULL)",
)
# Whatever happens to this file, it is thrown away.
_SETTINGS = ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", f"cache_size=-{CACHE_KIB}")


@dataclass(frozen=True, slots=True)
class Checked:
    """A row that may be written.

    Attributes:
        number: its line or record.
        values: our field -> value, for the fields the file has.
        id: of the row in the database; of a new patron the one made for it.
        known: what the database has of it already, None if it is new.
    """

    number: int
    values: dict[str, Any]
    id: Any = None
    known: dict[str, Any] | None = None


class Scratch:
    """The memory of one check."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._key = secrets.token_bytes(32)
        self._box = SecretBox(secrets.token_bytes(SecretBox.KEY_SIZE))

    def first_seen(self, key: str, number: int) -> int | None:
        """The line on which a key was seen before; None, and remembered, if it was not."""
        digest = hashlib.blake2b(key.encode(), digest_size=DIGEST, key=self._key).digest()
        if self._db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (digest, number)).rowcount:
            return None
        return int(self._db.execute("SELECT number FROM seen WHERE key = ?", (digest,)).fetchone()[0])

    def keep(self, rows: Sequence[Checked]) -> None:
        """Keep rows in their order."""
        self._db.execute("INSERT INTO good (content) VALUES (?)", (self._sealed(rows),))

    def change(self, place: int, rows: Sequence[Checked]) -> None:
        """Keep other rows in the place of some."""
        self._db.execute("UPDATE good SET content = ? WHERE id = ?", (self._sealed(rows), place))

    def kept(self) -> Iterator[tuple[int, list[Checked]]]:
        """The rows as they were kept together, each with its place."""
        place = 0
        query = "SELECT id, content FROM good WHERE id > ? ORDER BY id LIMIT 1"
        while (found := self._db.execute(query, (place,)).fetchone()) is not None:
            place = found[0]
            # Nobody else has the key, so this is what was sealed here.
            yield place, pickle.loads(self._box.decrypt(found[1]))

    def _sealed(self, rows: Sequence[Checked]) -> bytes:
        return bytes(self._box.encrypt(pickle.dumps(list(rows), pickle.HIGHEST_PROTOCOL)))


@contextmanager
def scratch() -> Iterator[Scratch]:
    """A memory that is gone after the block."""
    with (
        tempfile.TemporaryDirectory(prefix="circulation-import-") as folder,
        closing(sqlite3.connect(Path(folder) / "scratch.db", isolation_level=None)) as db,
    ):
        for setting in _SETTINGS:
            db.execute(f"PRAGMA {setting}").close()
        for table in _TABLES:
            db.execute(table)
        db.execute("BEGIN")
        yield Scratch(db)
