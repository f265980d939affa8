"""The SQL statements of one operation, as the service sent them, sent again for others through the driver alone.

What they take is what the database takes: no HTTP, no rules, no SQLAlchemy. The same statements and parameters, the
same commit for each operation, and a connection set up as the service sets up its own.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg
from psycopg.types.json import Json
from sqlalchemy import URL, event

from circulation.service import Service
from circulation.store.engine import BUSY_SECONDS, Database

Statement = tuple[str, Any]  # its parameters are a tuple or a mapping, as the driver wants them
SQLITE_SETTINGS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}")


class Connection(Protocol):
    """What both drivers have in common."""

    def execute(self, statement: str, parameters: Any, /) -> Any:
        """Send a statement."""

    def commit(self) -> None:
        """End the transaction."""

    def close(self) -> None:
        """Hang up."""


@contextmanager
def noted(service: Service) -> Iterator[list[Statement]]:
    """Every statement this process sends in the block, with its parameters as the driver gets them."""
    seen: list[Statement] = []

    def note(*given: Any) -> None:
        seen.append((given[2], given[3]))

    event.listen(service.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(service.database.engine, "before_cursor_execute", note)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The statements of one operation, and what in their parameters is its own: item, patron, ... by name."""

    statements: tuple[Statement, ...]
    own: Mapping[str, str]

    def of(self, other: Mapping[str, str]) -> list[Statement]:
        """The same for another operation: what is its own, by the same names."""
        swap = [(mine, other[name]) for name, mine in self.own.items()]
        return [(text, _swapped(parameters, swap)) for text, parameters in self.statements]


def _swapped(value: Any, swap: Sequence[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        for mine, others in swap:
            value = value.replace(mine, others)
        return value
    if isinstance(value, Mapping):
        return {key: _swapped(inner, swap) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(_swapped(inner, swap) for inner in value)
    if isinstance(value, Json):
        return Json(json.loads(_swapped(json.dumps(value.obj), swap)))
    return value


def connect(database: Database) -> Connection:
    """A connection of the driver's own."""
    return _sqlite(database.url) if database.file is not None else _postgresql(database.url)


def _sqlite(url: URL) -> Connection:
    # Opened here, used by a thread of its own.
    found = sqlite3.connect(url.database or "", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    for setting in SQLITE_SETTINGS:
        found.execute(f"PRAGMA {setting}").close()
    return found


def _postgresql(url: URL) -> Connection:
    given: dict[str, Any] = {**url.translate_connect_args(username="user", database="dbname"), **url.query}
    found: Connection = psycopg.connect(**given)
    return found


def replay(connection: Connection, operations: Sequence[Sequence[Statement]], until: float) -> list[float]:
    """Send each operation's statements and commit, until it is late (``time.perf_counter``); the seconds of each."""
    spent = []
    for statements in operations:
        began = time.perf_counter()
        for text, parameters in statements:
            cursor = connection.execute(text, parameters)
            if cursor.description is not None:
                cursor.fetchall()
        connection.commit()
        ended = time.perf_counter()
        spent.append(ended - began)
        if ended > until:
            break
    return spent
