"""Writing items, patrons and open loans as CSV that can be imported again: the same fields, every value as it is read.

Never written are PINs, nor their hashes; and what the house does itself, such as whom an item is set aside for. Rows
are read and written some at a time.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, select

from circulation.errors import CirculationError
from circulation.importing.checking import BARCODE, UID
from circulation.importing.fields import ITEMS, LOANS, PATRONS, Kind
from circulation.importing.readers import CARDS
from circulation.importing.report import BOM
from circulation.store import house
from circulation.store import tables as t
from circulation.store.engine import Database
from rules.csv import guarded
from rules.values import minor_to_text

AT_ONCE = 1000
NEVER = ("pin",)


def columns(kind: Kind) -> tuple[str, ...]:
    """The columns of an export."""
    return tuple(field.name for field in kind.fields if field.name not in NEVER)


def export(database: Database, kind: Kind, file: Path) -> tuple[int, int]:
    """Write everything of a kind into a new file only its owner reads.

    Returns:
        rows written, and rows left out because a patron has no barcode by which a file could name them.

    Raises:
        CirculationError: nothing was set up, or the file is there already or cannot be written.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CirculationError("export", f"{file} cannot be written: {error.strerror}") from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out, database.reading() as db:
            zone = ZoneInfo(house.installation(db).time_zone)
            out.write(BOM)
            table = csv.writer(out, delimiter=";")
            table.writerow(columns(kind))
            written = 0
            for row in _ROWS[kind.name](db):
                table.writerow([guarded(_cell(row[name], zone)) for name in columns(kind)])
                written += 1
            return written, _without_barcode(db, kind)
    except BaseException as error:
        file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CirculationError("export", f"{file} cannot be written: {error.strerror}") from None
        raise


def _cell(value: Any, zone: ZoneInfo) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(zone).isoformat()
        case date():
            return value.isoformat()
        case list():
            return CARDS.join(value)
        case _:
            return str(value)


Rows = Iterator[Mapping[str, Any]]


def _streamed(db: Connection, query: Select[Any]) -> Rows:
    found = db.execution_options(yield_per=AT_ONCE).execute(query)
    return (row._asdict() for row in found)


def _items(db: Connection) -> Rows:
    found = _streamed(db, select(*(t.item.c[name] for name in columns(ITEMS))).order_by(t.item.c.id))
    return ({**row, "price": None if row["price"] is None else minor_to_text(row["price"])} for row in found)


_FIRST = (
    select(func.min(t.card.c.value))
    .where(t.card.c.kind == BARCODE, t.card.c.patron_id == t.patron.c.id)
    .scalar_subquery()
)


def _patrons(db: Connection) -> Rows:
    own = [t.patron.c[name] for name in columns(PATRONS) if name in t.patron.c]
    query = select(t.patron.c.id, *own).where(_FIRST.is_not(None)).order_by(_FIRST)
    for some in db.execution_options(yield_per=AT_ONCE).execute(query).partitions():
        asked = select(t.card).where(t.card.c.patron_id.in_([row.id for row in some])).order_by(t.card.c.value)
        cards: dict[tuple[str, str], list[str]] = {}
        for card in db.execution_options(yield_per=None).execute(asked).all():
            cards.setdefault((card.patron_id, card.kind), []).append(card.value)
        for row in some:
            both = {"card": cards[row.id, BARCODE], "card_uid": cards.get((row.id, UID))}
            yield {**row._asdict(), **both}


def _loans(db: Connection) -> Rows:
    own = [t.loan.c[name] for name in columns(LOANS) if name in t.loan.c]
    query = select(t.loan.c.item_id.label("item"), _FIRST.label("card"), t.loan.c.out_at.label("out"), *own)
    query = query.join(t.patron, t.patron.c.id == t.loan.c.patron_id)
    return _streamed(db, query.where(t.loan.c.returned_at.is_(None), _FIRST.is_not(None)).order_by(t.loan.c.item_id))


_ROWS: Mapping[str, Callable[[Connection], Rows]] = {"items": _items, "patrons": _patrons, "loans": _loans}


def _without_barcode(db: Connection, kind: Kind) -> int:
    counted: Mapping[str, Select[Any]] = {
        "patrons": select(func.count()).select_from(t.patron).where(_FIRST.is_(None)),
        "loans": select(func.count())
        .select_from(t.loan.outerjoin(t.patron, t.patron.c.id == t.loan.c.patron_id))
        .where(t.loan.c.returned_at.is_(None), _FIRST.is_(None)),
    }
    return int(db.execute(counted[kind.name]).scalar_one()) if kind.name in counted else 0
