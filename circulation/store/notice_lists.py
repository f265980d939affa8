"""Notices as staff look through them: the log page by page, one message, the notices of a loan, months: statements.

The log has a line for each message and for each notice that was skipped, which has none. Not responsible for how a
place in the log travels (notices.looking) or for what is written down (store.notices).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from circulation.store import tables as t
from circulation.store.notice_tables import UNRESOLVED, backlog, bad_address, message, notice
from circulation.store.notices import SENT, SKIPPED
from circulation.store.searching import Span

MESSAGE, ALONE = "message", "skipped"  # what a line of the log is
Place = tuple[datetime, str, int]  # when, what and its number: the keys of a line
MOST_ID = 2**31 - 1


class Line(NamedTuple):
    """A line of the log. ``what``: MESSAGE or ALONE; ``id``: of the message, or of the notice that has none."""

    at: datetime
    what: str
    id: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines. ``item``: a barcode; ``state``: of the message, or "skipped"."""

    patron: str | None = None
    loan: int | None = None
    item: str | None = None
    kind: str | None = None
    state: str | None = None
    made: Span = field(default_factory=Span)


def log(db: Connection, wanted: Wanted, after: Place | None, most: int) -> list[Line]:
    """Lines, newest first, after the line with these keys. Each sort is read by itself, along its own index."""
    found = [*_lines(db, MESSAGE, _messages(wanted), after, most), *_lines(db, ALONE, _alone(wanted), after, most)]
    return sorted(found, reverse=True)[:most]


def _lines(db: Connection, what: str, sort: _Sort, after: Place | None, most: int) -> Iterator[Line]:
    at, id_ = sort.keys
    query = select(at, id_).where(*sort.where)
    if after is not None:
        last_at, last_what, last_id = after
        # Of an instant there may be lines of both sorts: which of them were told already?
        rest = literal(0 if what > last_what else last_id if what == last_what else MOST_ID, id_.type)
        query = query.where(tuple_(at, id_) < tuple_(literal(last_at, at.type), rest))
    rows = db.execute(query.order_by(at.desc(), id_.desc()).limit(most))
    return (Line(row[0], what, row[1]) for row in rows)


@dataclass(frozen=True, slots=True)
class _Sort:
    """Lines of one sort: when and the number, and which."""

    keys: tuple[ColumnElement[Any], ColumnElement[Any]]
    where: tuple[ColumnElement[bool], ...]


def _messages(wanted: Wanted) -> _Sort:
    where = [*_same(message, wanted), *wanted.made.of(message.c.created_at)]
    if wanted.loan is not None or wanted.item is not None:
        told = select(notice.c.id).where(notice.c.message == message.c.id, *_about(wanted))
        where.append(exists(told))
    return _Sort((message.c.created_at, message.c.id), tuple(where))


def _alone(wanted: Wanted) -> _Sort:
    where = [*_same(notice, wanted), *wanted.made.of(notice.c.at), *_about(wanted)]
    return _Sort((notice.c.at, notice.c.id), (notice.c.message.is_(None), notice.c.state == SKIPPED, *where))


def _same(table: Any, wanted: Wanted) -> list[ColumnElement[bool]]:
    pairs = ((table.c.patron_id, wanted.patron), (table.c.kind, wanted.kind), (table.c.state, wanted.state))
    return [column == value for column, value in pairs if value is not None]


def _about(wanted: Wanted) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if wanted.loan is not None:
        where.append(notice.c.loan_id == wanted.loan)
    if wanted.item is not None:
        lent = exists().where(t.loan.c.id == notice.c.loan_id, t.loan.c.item_id == wanted.item)
        kept = exists().where(t.reservation.c.id == notice.c.reservation_id, t.reservation.c.copy_id == wanted.item)
        where.append(or_(lent, kept))
    return where


_PATRON = (t.patron.c.first_name, t.patron.c.last_name)


def messages(db: Connection, ids: Collection[int]) -> dict[int, Row[Any]]:
    """Messages by id, with the names of their patrons."""
    query = select(message, *_PATRON).outerjoin(t.patron, t.patron.c.id == message.c.patron_id)
    return {row.id: row for row in db.execute(query.where(message.c.id.in_(ids)))}


_NOTICES = (
    select(notice, *_PATRON, t.item.c.id.label("item"), t.item.c.title, t.loan.c.returned_at)
    .outerjoin(t.loan, t.loan.c.id == notice.c.loan_id)
    .outerjoin(t.reservation, t.reservation.c.id == notice.c.reservation_id)
    .outerjoin(t.item, t.item.c.id == func.coalesce(t.loan.c.item_id, t.reservation.c.copy_id))
    .outerjoin(t.patron, t.patron.c.id == notice.c.patron_id)
)


def notices_of(db: Connection, messages_: Collection[int]) -> list[Row[Any]]:
    """Notices that messages tell, with what they are about; next due first."""
    query = _NOTICES.where(notice.c.message.in_(messages_))
    return list(db.execute(query.order_by(notice.c.due, notice.c.id)))


def notices(db: Connection, ids: Collection[int]) -> dict[int, Row[Any]]:
    """Notices by id, with what they are about."""
    return {row.id: row for row in db.execute(_NOTICES.where(notice.c.id.in_(ids)))}


def of_loan(db: Connection, loan: int) -> list[Row[Any]]:
    """Every notice of a loan, newest first, with how its message went."""
    columns = (notice, message.c.channel, message.c.address, message.c.ended_at, message.c.reply)
    query = select(*columns).outerjoin(message, message.c.id == notice.c.message).where(notice.c.loan_id == loan)
    return list(db.execute(query.order_by(notice.c.at.desc(), notice.c.id.desc())))


def first_of_loans(db: Connection, patron: str, kind: str, levels: Collection[str]) -> datetime | None:
    """When a reminder of one of these levels first left about what a patron still has, since the latest renewal."""
    had = (t.loan.c.returned_at.is_(None), t.loan.c.renewals == notice.c.loan_period - 1)
    return _first(db, notice.join(t.loan, t.loan.c.id == notice.c.loan_id), patron, kind, levels, *had)


def first_of_debts(db: Connection, patron: str, kind: str, levels: Collection[str]) -> datetime | None:
    """The same of the series of payment reminders that run."""
    series = t.debt_series.c
    same = (series.patron_id == notice.c.patron_id) & (series.organisation == notice.c.organisation)
    running = series.reached_on == notice.c.since
    return _first(db, notice.join(t.debt_series, same), patron, kind, levels, running)


def _first(
    db: Connection, told: Any, patron: str, kind: str, levels: Collection[str], *where: ColumnElement[bool]
) -> datetime | None:
    query = select(func.min(message.c.ended_at)).select_from(told.join(message, message.c.id == notice.c.message))
    of = (notice.c.patron_id == patron, notice.c.kind == kind, notice.c.level.in_(levels), notice.c.state == SENT)
    found: datetime | None = db.execute(query.where(*of, *where)).scalar_one()
    return found


def of_fee(db: Connection, patron: str, fee: int) -> Row[Any] | None:
    """The message that a fee was booked for; None = another thing was."""
    sent = select(message).where(message.c.patron_id == patron, message.c.state == SENT)
    return next((row for row in db.execute(sent.order_by(message.c.id.desc())) if fee in row.fees), None)


def count_uncertain(db: Connection) -> int:
    """How many messages wait for staff to say what became of them."""
    return db.execute(select(func.count()).select_from(message).where(UNRESOLVED)).scalar_one()


def refused_ways(db: Connection, patron: str) -> list[Row[Any]]:
    """Ways to a patron whose address was refused for good: "channel", "address" and "at"."""
    query = select(bad_address.c.channel, bad_address.c.address, bad_address.c.at)
    return list(db.execute(query.where(bad_address.c.patron_id == patron).order_by(bad_address.c.channel)))


def sent_in(db: Connection, kinds: Sequence[str], spans: Sequence[Span]) -> dict[str, tuple[int, ...]]:
    """How many notices of each kind were sent in each of some spans of time."""
    columns = [func.sum(case((_all(span), 1), else_=0)) for span in spans]
    query = select(notice.c.kind, *columns).join(message, message.c.id == notice.c.message)
    query = query.where(notice.c.kind.in_(kinds), notice.c.state == SENT, message.c.state == SENT)
    found = {row[0]: tuple(int(number) for number in row[1:]) for row in db.execute(query.group_by(notice.c.kind))}
    return {kind: found.get(kind, (0,) * len(spans)) for kind in kinds}


def _all(span: Span) -> ColumnElement[bool]:
    return (message.c.ended_at >= span.first) & (message.c.ended_at < span.before)


def backlogs(db: Connection) -> dict[int, Row[Any]]:
    """What tasks wait with until somebody confirms it, by task."""
    return {row.task: row for row in db.execute(select(backlog).where(backlog.c.confirmed_at.is_(None)))}
