"""Notices as staff look at them: the log, one message, how many there were each month (R73, R74).

Reads only. Not responsible for why a loan gets a notice or none (asking), for statements (store.notice_lists) or for
sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from circulation.clock import day_begins
from circulation.errors import CirculationError
from circulation.notices import contents, selecting, subjects
from circulation.notices.composing import Composing
from circulation.notices.content import DUE_WARNING, OVERDUE
from circulation.notices.types import Message
from circulation.service import Service
from circulation.store import circulating, debts, house
from circulation.store import notice_lists as store
from circulation.store import notices as ledger
from circulation.store.notice_lists import Wanted
from circulation.store.searching import Span

ROWS = 50
BETWEEN = "~"  # the keys of a place in the log
MOST_NUMBER = 2**31 - 1  # of a row
MOST_MONTHS = 60
STATES = (
    *(ledger.PLANNED, ledger.SENDING, ledger.SENT, ledger.FAILED),
    *(ledger.UNCERTAIN, ledger.CANCELLED, ledger.SKIPPED),
)
__all__ = (
    *("KINDS", "STATES", "Entry", "Log", "Month", "Seen"),
    *("again", "effect", "loan_meant", "log", "message", "search"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log.

    Attributes:
        number: of the message; None = the notice was skipped, so that there is none.
        row: the message, or the notice that was skipped.
        notices: what it tells, each with "item" and "title" where it is about one.
    """

    number: int | None
    at: datetime
    row: Row[Any]
    notices: tuple[Row[Any], ...]


@dataclass(frozen=True, slots=True)
class Log:
    """Some lines. ``next``: where the next page begins, None = there is none; it holds nothing of anybody."""

    lines: tuple[Entry, ...]
    next: str | None


def search(
    service: Service,
    *,
    patron: str | None = None,
    loan: int | None = None,
    item: str | None = None,
    kind: str | None = None,
    state: str | None = None,
    day: date | None = None,
) -> Wanted:
    """What is looked for; ``day``: on which it was written down.

    Raises:
        CirculationError: something that cannot be looked for.
    """
    if any(text is not None and not text.isprintable() for text in (patron, item, kind, state)):
        raise CirculationError("bad_request", "a filter holds characters that no code has")
    with service.database.reading() as db:
        made = _span(day, house.installation(db).time_zone) if day is not None else Span()
    return Wanted(patron, loan, item, kind, state, made)


def _span(first: date, zone: str, after: date | None = None) -> Span:
    try:
        return Span(day_begins(first, zone), day_begins(after or first + timedelta(days=1), zone))
    except OverflowError:
        raise CirculationError("bad_request", "a day lies outside of the calendar") from None


def log(service: Service, wanted: Wanted, after: str | None = None, rows: int = ROWS) -> Log:
    """Messages and skipped notices, newest first.

    Raises:
        CirculationError: there is no such page.
    """
    place = _read(after) if after is not None else None
    with service.database.reading() as db:
        found = store.log(db, wanted, place, rows + 1)
        lines = tuple(_entries(db, found[:rows]))
    more = len(found) > rows
    return Log(lines, _written(found[rows - 1]) if more else None)


def _entries(db: Connection, found: Sequence[store.Line]) -> Iterator[Entry]:
    ids = [row.id for row in found if row.what == store.MESSAGE]
    messages = store.messages(db, ids)
    alone = store.notices(db, [row.id for row in found if row.what == store.ALONE])
    told: dict[int, list[Row[Any]]] = {id_: [] for id_ in ids}
    for one in store.notices_of(db, ids):
        told[one.message].append(one)
    for row in found:
        if row.what == store.MESSAGE:
            yield Entry(row.id, row.at, messages[row.id], tuple(told[row.id]))
        else:
            yield Entry(None, row.at, alone[row.id], (alone[row.id],))


def _written(line: store.Line) -> str:
    return BETWEEN.join((line.at.isoformat(), line.what, str(line.id)))


def _read(text: str) -> store.Place:
    try:
        at, what, number = text.split(BETWEEN)
        instant, id_ = datetime.fromisoformat(at), int(number)
        if instant.tzinfo is None or what not in (store.MESSAGE, store.ALONE) or not 0 <= id_ <= MOST_NUMBER:
            raise ValueError(text)
        return instant.astimezone(UTC), what, id_
    except (ValueError, OverflowError):
        raise CirculationError("bad_request", "there is no such page of this list: begin at its first one") from None


# --- one message ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Seen:
    """One message and what it tells, each with what it is about."""

    row: Row[Any]
    notices: tuple[Row[Any], ...]

    @property
    def winners(self) -> dict[str, str | None]:
        """Every kind that was decided for it -> id of the deciding rule; None = the default."""
        return {kind: rule for one in self.notices for kind, rule in one.winners.items()}


def loan_meant(service: Service, given: str) -> int:
    """The loan staff mean: by the barcode of an item that is lent, or by the loan's own number.

    Raises:
        CirculationError: it can be neither; at "loan".
    """
    with service.database.reading() as db:
        lent = circulating.open_loan(db, given)
    if lent is not None:
        return lent.id
    if not (given.isascii() and given.isdigit() and len(given) <= len(str(MOST_NUMBER))):
        raise CirculationError("loan_not_meant", "neither an item that is lent nor a loan's number", 404, place="loan")
    return min(int(given), MOST_NUMBER)


def message(service: Service, number: int) -> Seen:
    """One message.

    Raises:
        CirculationError: there is no such message.
    """
    with service.database.reading() as db:
        row = store.messages(db, [number]).get(number) if 0 <= number <= MOST_NUMBER else None
        if row is None:
            raise CirculationError("not_found", "there is no such message", 404)
        return Seen(row, tuple(store.notices_of(db, [number])))


def again(service: Service, seen: Seen) -> Message | None:
    """What a message says, composed once more by the texts of today; None = what it was about is gone.

    The words that were sent are not kept: they name the patron and what they read.
    """
    if seen.row.patron_id is None or not seen.notices:
        return None
    with service.database.reading() as db:
        place = replace(selecting.place_of(service, db), now=seen.row.ended_at or service.clock())
        try:
            told = subjects.read(db, seen.row.kind, [seen.row], seen.notices)
            if seen.row.patron_id not in told.patrons:
                return None
            open_fees = debts.open_fees(db, seen.row.patron_id)
            content = contents.of(place, seen.row, seen.notices, told, open_fees, seen.row.fee)
            return Composing()(db)(replace(content, to=content.to or ""))
        except CirculationError:  # its text is wrong by now, or what it says has become too long
            return None


# --- months -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Month:
    """Notices sent in a month, counted by loans: due warnings, and overdue reminders of whatever level."""

    first: date
    warnings: int
    reminders: int


def effect(service: Service, first: date, last: date) -> tuple[Month, ...]:
    """Due warnings and overdue reminders sent in every month from that of one day to that of another (R73).

    Raises:
        CirculationError: too many months, or none.
    """
    months = tuple(_months(first, last))
    if not 0 < len(months) <= MOST_MONTHS:
        raise CirculationError("months", f"from 1 to {MOST_MONTHS} months can be looked at", place="until")
    with service.database.reading() as db:
        zone = house.installation(db).time_zone
        spans = [_span(month, zone, _next(month)) for month in months]
        found = store.sent_in(db, (DUE_WARNING, OVERDUE), spans)
    numbers = zip(months, found[DUE_WARNING], found[OVERDUE], strict=True)
    return tuple(Month(*one) for one in numbers)


def _months(first: date, last: date) -> Iterator[date]:
    month, count = first.replace(day=1), 0
    while month <= last and count <= MOST_MONTHS and month < date.max.replace(day=1):
        yield month
        month, count = _next(month), count + 1


def _next(month: date) -> date:
    """The first day of the month after."""
    return (month + timedelta(days=31)).replace(day=1)
