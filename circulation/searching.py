"""Lists as staff look through them, page by page: patrons, items, loans, reservations, fees, titles, decisions.

Responsible for which page is meant and for what cannot be asked. Not responsible for the statements (store.searching)
or for who may look (staff).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Table

from circulation.clock import day_begins, local_day
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import house
from circulation.store import searching as store
from circulation.store import tables as t
from circulation.store.searching import ONLY as ONLY
from circulation.store.searching import Decisions as Decisions
from circulation.store.searching import Fees as Fees
from circulation.store.searching import Items as Items
from circulation.store.searching import Loans as Loans
from circulation.store.searching import Patrons as Patrons
from circulation.store.searching import Reservations as Reservations
from circulation.store.searching import Span, Turn
from circulation.store.searching import Titles as Titles

ROWS = 50
MOST_ROWS = 500
BETWEEN = "~"  # the keys of a place in a list
MOST_KEY = 200
MOST_NUMBER = 2**31 - 1  # of a row
MOST_DIGITS = 10

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list.

    Attributes:
        rows: by column (``store.searching``).
        next: where the next page begins, to be passed as ``after``; None = there is none. It holds no name.
    """

    rows: tuple[Line, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class FeeTotals:
    """Of all fees that were asked for, on whatever page; sums are minor units."""

    count: int
    owed: int
    paid: int
    waived: int


# --- where a page begins ----------------------------------------------------------------------------------------------


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return found.astimezone(UTC)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS and int(text) <= MOST_NUMBER):
        raise ValueError("no number of a row")
    return int(text)


def _id(text: str) -> str:
    if not text.isprintable() or len(text) > MOST_KEY:
        raise ValueError("no id of a row")
    return text


DUE: tuple[Callable[[str], Any], ...] = (date.fromisoformat, _number)
NUMBERED: tuple[Callable[[str], Any], ...] = (_instant, _number)
NAMED: tuple[Callable[[str], Any], ...] = (_instant, _id)
RECORDED: tuple[Callable[[str], Any], ...] = (_instant, _id, _id)


def _turn(after: str | None, rows: int, keys: Sequence[Callable[[str], Any]]) -> Turn:
    if after is None:
        return Turn(None, _some(rows))
    try:
        texts = after.split(BETWEEN, len(keys) - 1)
        return Turn(tuple(read(text) for read, text in zip(keys, texts, strict=True)), _some(rows))
    except (ValueError, OverflowError):
        raise _no_page() from None


def _turn_of(db: Connection, table: Table, after: str | None, rows: int) -> Turn:
    """A place in a list by name or title is known by its row: names do not travel about in addresses."""
    if after is None:
        return Turn(None, _some(rows))
    keys = store.keys_of(db, table, after) if after.isprintable() and len(after) <= MOST_KEY else None
    if keys is None:
        raise _no_page()
    return Turn(keys, _some(rows))


def _some(rows: int) -> int:
    return max(1, min(rows, MOST_ROWS))


def _no_page() -> CirculationError:
    return CirculationError("bad_request", "there is no such page of this list: begin at its first one")


def _page(found: list[Row[Any]], turn: Turn, *keys: str) -> Page:
    rows = tuple(dict(row._mapping) for row in found[: turn.rows])  # noqa: SLF001
    if len(found) <= turn.rows:
        return Page(rows, None)
    return Page(rows, BETWEEN.join(_written(rows[-1][key]) for key in keys))


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


# --- what is asked for ------------------------------------------------------------------------------------------------


def _check(wanted: Any) -> None:
    """Codes that no database takes are nobody's; a text may be anything."""
    values = [(field.name, getattr(wanted, field.name)) for field in fields(wanted)]
    if any(isinstance(value, str) and name != "text" and not value.isprintable() for name, value in values):
        raise CirculationError("bad_request", "a filter holds characters that no code has")


def _span(db: Connection, since: date | None, until: date | None) -> Span:
    zone = house.installation(db).time_zone
    try:
        first = day_begins(since, zone) if since is not None else None
        before = day_begins(until + timedelta(days=1), zone) if until is not None else None
    except OverflowError:
        raise CirculationError("bad_request", "a day lies outside of the calendar") from None
    return Span(first, before)


def _today(service: Service, db: Connection) -> date:
    return local_day(service.clock(), house.installation(db).time_zone)


# --- lists ------------------------------------------------------------------------------------------------------------


def patrons(service: Service, wanted: Patrons, after: str | None = None, rows: int = ROWS) -> Page:
    """Patrons by name: "loans" on their account, and what is "owed" in minor units.

    Args:
        service: the service.
        wanted: which.
        after: ``Page.next`` of the page before, None = the first page.
        rows: on a page, at most ``MOST_ROWS``.

    Raises:
        CirculationError: no such page or filter.
    """
    _check(wanted)
    if wanted.only is not None and wanted.only not in ONLY:
        raise CirculationError("bad_request", f"only: one of {', '.join(ONLY)}")
    with service.database.reading() as db:
        turn = _turn_of(db, t.patron, after, rows)
        return _page(store.patrons(db, wanted, turn, _today(service, db)), turn, "id")


def items(service: Service, wanted: Items, after: str | None = None, rows: int = ROWS) -> Page:
    """Items by title, with "loan" and "due" of the open loan (see ``patrons``)."""
    _check(wanted)
    with service.database.reading() as db:
        turn = _turn_of(db, t.item, after, rows)
        return _page(store.items(db, wanted, turn), turn, "id")


def loans(service: Service, wanted: Loans, after: str | None = None, rows: int = ROWS) -> Page:
    """Open loans, due first, with title and borrower (see ``patrons``)."""
    _check(wanted)
    turn = _turn(after, rows, DUE)
    with service.database.reading() as db:
        return _page(store.loans(db, wanted, turn, _today(service, db)), turn, "due", "id")


def reservations(service: Service, wanted: Reservations, after: str | None = None, rows: int = ROWS) -> Page:
    """Reservations, first come first, with title, patron and "number" in the queue (see ``patrons``)."""
    _check(wanted)
    turn = _turn(after, rows, NAMED)
    with service.database.reading() as db:
        return _page(store.reservations(db, wanted, turn), turn, "made_at", "id")


def fees(service: Service, wanted: Fees, after: str | None = None, rows: int = ROWS) -> Page:
    """Fees, the newest first, in minor units, with whose they are (see ``patrons``)."""
    _check(wanted)
    turn = _turn(after, rows, NUMBERED)
    with service.database.reading() as db:
        span = _span(db, wanted.since, wanted.until)
        return _page(store.fees(db, wanted, turn, span), turn, "at", "id")


def fee_totals(service: Service, wanted: Fees) -> FeeTotals:
    """Sums of all fees that are asked for.

    Raises:
        CirculationError: no such filter.
    """
    _check(wanted)
    with service.database.reading() as db:
        row = store.fee_totals(db, wanted, _span(db, wanted.since, wanted.until))
    return FeeTotals(*(int(value) for value in row))


def titles(service: Service, wanted: Titles, after: str | None = None, rows: int = ROWS) -> Page:
    """Titles that can be reserved: "copies", how many are "available" on the shelf, and the "queue" (see ``patrons``).

    ``item`` of a row is the copy after which the title is called.
    """
    with service.database.reading() as db:
        turn = _turn_of(db, t.item, after, rows)
        return _page(store.titles(db, wanted, turn), turn, "item")


def decisions(service: Service, wanted: Decisions, after: str | None = None, rows: int = ROWS) -> Page:
    """Recorded operations, the newest first; nothing of the patron (see ``patrons``)."""
    _check(wanted)
    turn = _turn(after, rows, RECORDED)
    with service.database.reading() as db:
        span = _span(db, wanted.since, wanted.until)
        return _page(store.decisions(db, wanted, turn, span), turn, "at", "machine", "operation")
