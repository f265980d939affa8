"""A library with very many loans, in SQLite, written by the driver alone: what the benchmarks of notices look at.

Four loans a patron. Every tenth loan is due soon: both that one patron in five took together on one day. Nothing lies
beside what belongs to it: a patron's loans are spread over the table, and ids of patrons are in no order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from circulation.notices.content import DUE_WARNING
from circulation.notices.lines import Asked
from circulation.notices.types import EMAIL
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store import house
from circulation.store.engine import Database
from circulation.store.folding import sought
from rules.values import Days
from tests.circulation.world import fill_house, rule

FILE = "circulation.db"
NOW = datetime(2026, 6, 15, 5, 0, tzinfo=UTC)
TODAY, OUT = NOW.date(), "2026-05-18 08:00:00.000000"
DAYS = 3  # before the due date
SOON, LAST, LATER = (TODAY + timedelta(days=days) for days in (2, DAYS, 13))
LOANS_EACH, DUE_EACH, ONE_IN = 4, 2, 5
WARNINGS = Asked(DUE_WARNING, frozenset({EMAIL}))
TOGETHER = 10_000
_APART, _IDS = 611_953, 10**8  # a prime, so that no two come to lie at the same place
_PATRON = "id category first_name last_name blocked card_lost pin_hash email sought"
_ITEM = "id title author media_type branch parts state title_id sought"
_LOAN = "item_id patron_id branch out_at due renewals rule_set rules period"


def opened(folder: Path) -> Service:
    """The library in a folder, at seven in the morning of one day; the caller closes its database."""
    secrets = Secrets(folder / "secrets", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    return Service(Database(f"sqlite:///{folder}/{FILE}"), secrets, lambda: NOW)


def patron(number: int) -> str:
    """The id of a patron."""
    return f"{number * _APART % _IDS:08}-0000-4000-8000-000000000000"


def build(folder: Path, loans: int) -> None:
    """Fill an empty folder with a library that has so many open loans, a tenth of them due soon."""
    service = opened(folder)
    try:
        service.database.migrate()
        fill_house(service.database)
        with service.database.writing() as db:
            warned = rule("w", "circulation.enable_due_warning", True)
            house.publish(db, (warned, rule("d", "periods.due_warning", Days(DAYS))), NOW)
    finally:
        service.database.close()
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF").close()
        db.execute("BEGIN IMMEDIATE")
        _insert(db, "patron", _PATRON, (_patron(number) for number in range(loans // LOANS_EACH)))
        _insert(db, "item", _ITEM, (_item(number) for number in range(loans)))
        _insert(db, "loan", _LOAN, (_loan(number * _APART % loans) for number in range(loans)))
        db.execute("COMMIT")


def _insert(db: sqlite3.Connection, table: str, columns: str, rows: Iterator[tuple[Any, ...]]) -> None:
    names = columns.split()
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    while some := list(islice(rows, TOGETHER)):
        db.executemany(statement, some)


def _patron(number: int) -> tuple[Any, ...]:
    names = ("Mira", f"Vogel {number}")
    return (patron(number), "normal", *names, 0, 0, "none", f"mira.{number}@example.org", sought(*names[::-1]))


def _item(number: int) -> tuple[Any, ...]:
    id_, title, author = f"3{number:013}", f"Das {number % 977}. Buch vom Wald", f"Autorin, {number % 5003}"
    return id_, title, author, "BOOK", "N1", 1, "available", id_, sought(title, author)


def _loan(number: int) -> tuple[Any, ...]:
    borrower, which = divmod(number, LOANS_EACH)
    due = SOON if borrower % ONE_IN == 0 and which < DUE_EACH else LATER
    return f"3{number:013}", patron(borrower), "N1", OUT, due.isoformat(), 0, 1, "{}", 28
