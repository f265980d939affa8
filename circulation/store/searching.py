"""Lists as staff look through them, page by page: statements.

A page is found by the keys of the last row before it, so that it costs the same however far down it is, and what is
added meanwhile moves nothing. Not responsible for how keys travel (searching).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from circulation.domain.reservation import NOT_RESERVABLE
from circulation.store import tables as t
from circulation.store.debts import OWED
from circulation.store.folding import fold

MOST_TEXT = 200
MOST_WORDS = 10
ON_LOAN = and_(t.loan.c.item_id == t.item.c.id, t.loan.c.returned_at.is_(None))
_COPY, _OTHER = t.item.alias("copy"), t.item.alias("other")
WAITING = and_(t.reservation.c.ended_at.is_(None), t.reservation.c.state == "waiting")


@dataclass(frozen=True, slots=True)
class Patrons:
    """Which patrons. ``text``: a card, an id or words of the name. ``only``: a key of ``ONLY``."""

    text: str = ""
    category: str | None = None
    only: str | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """Which items. ``text``: a barcode or words of title and author."""

    text: str = ""
    branch: str | None = None
    media_type: str | None = None
    state: str | None = None
    on_loan: bool | None = None


@dataclass(frozen=True, slots=True)
class Loans:
    """Which open loans. ``branch``: of the checkout. ``due_from``, ``due_to``: both inclusive."""

    branch: str | None = None
    overdue: bool = False
    due_from: date | None = None
    due_to: date | None = None
    media_type: str | None = None
    channel: str | None = None
    patron: str | None = None


@dataclass(frozen=True, slots=True)
class Reservations:
    """Which reservations. ``state``: None = all that are open. ``text``: words of title and author."""

    pickup: str | None = None
    state: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Fees:
    """Which fees. ``open``: None = settled ones too. ``since``, ``until``: days they were booked on, both inclusive."""

    open: bool | None = None
    branch: str | None = None
    reason: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Titles:
    """Which titles that can be reserved. ``text``: an id, the barcode of a copy, or words of title and author."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Which recorded operations. ``machine``: or desk. ``since``, ``until``: days, both inclusive."""

    machine: str | None = None
    action: str | None = None
    allowed: bool | None = None
    item: str | None = None
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """Instants: from the first, up to but not including the second; None = open."""

    first: datetime | None = None
    before: datetime | None = None

    def of(self, column: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        """An instant lies in it."""
        since = [column >= self.first] if self.first is not None else []
        return since + ([column < self.before] if self.before is not None else [])


@dataclass(frozen=True, slots=True)
class Turn:
    """Which page: the rows after these keys, None = the first ones; and how many at most."""

    after: tuple[Any, ...] | None
    rows: int


@dataclass(frozen=True, slots=True)
class _Order:
    """How a list is sorted; together its columns tell all rows apart."""

    columns: tuple[ColumnElement[Any], ...]
    newest_first: bool = False

    def page(self, db: Connection, query: Select[Any], turn: Turn) -> list[Row[Any]]:
        """The rows of a page, and one more if there is another page."""
        if turn.after is not None:
            given = zip(turn.after, self.columns, strict=True)
            keys, last = tuple_(*self.columns), tuple_(*(literal(value, column.type) for value, column in given))
            query = query.where(keys < last if self.newest_first else keys > last)
        by = [column.desc() for column in self.columns] if self.newest_first else self.columns
        return list(db.execute(query.order_by(*by).limit(turn.rows + 1)))


BY_NAME = _Order((t.patron.c.sought, t.patron.c.id))
BY_TITLE = _Order((t.item.c.sought, t.item.c.id))
BY_DUE = _Order((t.loan.c.due, t.loan.c.id))
FIRST_COME = _Order((t.reservation.c.made_at, t.reservation.c.id))
NEWEST_FEES = _Order((t.fee.c.at, t.fee.c.id), newest_first=True)
NEWEST_OPERATIONS = _Order((t.operation.c.at, t.operation.c.machine_id, t.operation.c.id), newest_first=True)


def keys_of(db: Connection, table: Any, id_: str) -> tuple[str, str] | None:
    """Where a patron or an item stands in its list."""
    row = db.execute(select(table.c.sought, table.c.id).where(table.c.id == id_)).one_or_none()
    return (row.sought, row.id) if row is not None else None


# --- text -------------------------------------------------------------------------------------------------------------


def _words(column: ColumnElement[str], text: str) -> ColumnElement[bool] | None:
    """Each word of a text begins a word of a folded column; None if there is no word in it."""
    found = [_begins(column, word) for word in fold(text[:MOST_TEXT]).split()[:MOST_WORDS]]
    return and_(*found) if found else None


def _begins(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    return or_(column.startswith(word, autoescape=True), column.contains(f" {word}", autoescape=True))


def _found(
    text: str, column: ColumnElement[str], *by_code: Callable[[str], ColumnElement[bool]]
) -> list[ColumnElement[bool]]:
    """A text is a code as it stands, or its words are found; nothing is asked if it is blank."""
    code, words = text.strip(), _words(column, text)
    if not code:
        return []
    told = [asked(code) for asked in by_code] if code.isprintable() else []  # no database takes what is not
    return [or_(*told, words if words is not None else false())]


def _is(column: ColumnElement[Any]) -> Callable[[str], ColumnElement[bool]]:
    return lambda code: column == code


def _has_card(code: str) -> ColumnElement[bool]:
    return t.patron.c.id.in_(select(t.card.c.patron_id).where(t.card.c.value == code))


def _has_copy(code: str) -> ColumnElement[bool]:
    """The item belongs to a title of this id, or to that of a copy of this barcode."""
    of_copy = select(_COPY.c.title_id).where(_COPY.c.id == code)
    copies = select(_OTHER.c.id).where(or_(_OTHER.c.title_id == code, _OTHER.c.title_id.in_(of_copy)))
    return t.item.c.id.in_(copies)  # by id, so that the index by title is enough to look through


def _equal(pairs: Mapping[Any, Any]) -> list[ColumnElement[bool]]:
    return [column == value for column, value in pairs.items() if value is not None]


# --- lists ------------------------------------------------------------------------------------------------------------

_CARD = select(func.min(t.card.c.value)).where(t.card.c.patron_id == t.patron.c.id).scalar_subquery()
_LOANS = (
    select(func.count())
    .select_from(t.loan)
    .where(t.loan.c.patron_id == t.patron.c.id, t.loan.c.returned_at.is_(None))
    .scalar_subquery()
)
_DEBTS = (
    select(func.coalesce(func.sum(OWED), 0)).where(t.fee.c.patron_id == t.patron.c.id, t.fee.c.open).scalar_subquery()
)
PATRON_COLUMNS: tuple[Any, ...] = (
    t.patron.c.id,
    t.patron.c.last_name,
    t.patron.c.first_name,
    t.patron.c.category,
    t.patron.c.born,
    t.patron.c.valid_from,
    t.patron.c.valid_until,
    t.patron.c.blocked,
    t.patron.c.card_lost,
    t.patron.c.home,
    _CARD.label("card"),
    _LOANS.label("loans"),
    _DEBTS.label("owed"),
)
ONLY: Mapping[str, ColumnElement[bool]] = {
    "blocked": or_(t.patron.c.blocked, t.patron.c.card_lost),
    "expired": t.patron.c.valid_until.is_not(None),  # and before today: ``patrons`` knows the day
    "owing": exists().where(t.fee.c.patron_id == t.patron.c.id, t.fee.c.open),
}


def patrons(db: Connection, wanted: Patrons, turn: Turn, today: date) -> list[Row[Any]]:
    """Patrons by name, with how many loans they have and what they owe, in minor units."""
    query = select(*PATRON_COLUMNS).where(*_equal({t.patron.c.category: wanted.category}))
    query = query.where(*_found(wanted.text, t.patron.c.sought, _is(t.patron.c.id), _has_card))
    if wanted.only is not None:
        query = query.where(ONLY[wanted.only])
    if wanted.only == "expired":
        query = query.where(t.patron.c.valid_until < today)
    return BY_NAME.page(db, query, turn)


ITEM_COLUMNS: tuple[Any, ...] = (
    t.item.c.id,
    t.item.c.title,
    t.item.c.author,
    t.item.c.title_id,
    t.item.c.media_type,
    t.item.c.branch,
    t.item.c.at,
    t.item.c.state,
    t.item.c.set_aside_for.is_not(None).label("set_aside"),
    t.loan.c.id.label("loan"),
    t.loan.c.due,
)


def items(db: Connection, wanted: Items, turn: Turn) -> list[Row[Any]]:
    """Items by title, with their open loan."""
    query = (
        select(*ITEM_COLUMNS).outerjoin(t.loan, ON_LOAN).where(*_found(wanted.text, t.item.c.sought, _is(t.item.c.id)))
    )
    asked = {t.item.c.branch: wanted.branch, t.item.c.media_type: wanted.media_type, t.item.c.state: wanted.state}
    query = query.where(*_equal(asked))
    if wanted.on_loan is not None:
        query = query.where(t.loan.c.id.is_not(None) if wanted.on_loan else t.loan.c.id.is_(None))
    return BY_TITLE.page(db, query, turn)


LOAN_COLUMNS: tuple[Any, ...] = (
    t.loan.c.id,
    t.loan.c.item_id,
    t.item.c.title,
    t.item.c.author,
    t.item.c.media_type,
    t.loan.c.patron_id,
    t.patron.c.last_name,
    t.patron.c.first_name,
    t.loan.c.branch,
    t.loan.c.channel,
    t.loan.c.out_at,
    t.loan.c.due,
    t.loan.c.renewals,
    t.loan.c.reminded,
)


def loans(db: Connection, wanted: Loans, turn: Turn, today: date) -> list[Row[Any]]:
    """Open loans, the one due first at the top, with who has what."""
    asked = {
        t.loan.c.branch: wanted.branch,
        t.item.c.media_type: wanted.media_type,
        t.loan.c.channel: wanted.channel,
        t.loan.c.patron_id: wanted.patron,
    }
    query = select(*LOAN_COLUMNS).join(t.item, t.item.c.id == t.loan.c.item_id)
    query = query.outerjoin(t.patron, t.patron.c.id == t.loan.c.patron_id)
    query = query.where(t.loan.c.returned_at.is_(None), *_equal(asked))
    if wanted.overdue:
        query = query.where(t.loan.c.due < today)
    if wanted.due_from is not None:
        query = query.where(t.loan.c.due >= wanted.due_from)
    if wanted.due_to is not None:
        query = query.where(t.loan.c.due <= wanted.due_to)
    return BY_DUE.page(db, query, turn)


_TITLE_OF = select(func.min(t.item.c.title)).where(t.item.c.title_id == t.reservation.c.title_id).scalar_subquery()
_AHEAD = t.reservation.alias("ahead")
_NUMBER = (
    select(func.count() + 1)
    .select_from(_AHEAD)
    .where(
        _AHEAD.c.title_id == t.reservation.c.title_id,
        _AHEAD.c.ended_at.is_(None),
        _AHEAD.c.state == "waiting",
        tuple_(_AHEAD.c.made_at, _AHEAD.c.id) < tuple_(t.reservation.c.made_at, t.reservation.c.id),
    )
    .scalar_subquery()
)
RESERVATION_COLUMNS: tuple[Any, ...] = (
    t.reservation.c.id,
    t.reservation.c.title_id,
    _TITLE_OF.label("title"),
    t.reservation.c.item_id,
    t.reservation.c.patron_id,
    t.patron.c.last_name,
    t.patron.c.first_name,
    t.reservation.c.pickup,
    t.reservation.c.channel,
    t.reservation.c.made_at,
    t.reservation.c.state,
    t.reservation.c.suspended,
    t.reservation.c.expires,
    t.reservation.c.copy_id,
    t.reservation.c.shelved_on,
    t.reservation.c.collect_by,
    t.reservation.c.ended_at,
    case((WAITING, _NUMBER), else_=None).label("number"),
)


def reservations(db: Connection, wanted: Reservations, turn: Turn) -> list[Row[Any]]:
    """Reservations, first come first.

    ``number``: among those of the title that still wait, suspended ones too, which keep their place; None for the rest.
    """
    query = select(*RESERVATION_COLUMNS).outerjoin(t.patron, t.patron.c.id == t.reservation.c.patron_id)
    asked = {t.reservation.c.pickup: wanted.pickup, t.reservation.c.state: wanted.state}
    query = query.where(*_equal(asked))
    if wanted.state is None:
        query = query.where(t.reservation.c.ended_at.is_(None))
    found = _found(wanted.text, t.item.c.sought, _is(t.item.c.id), _is(t.item.c.title_id))
    if found:
        query = query.where(t.reservation.c.title_id.in_(select(t.item.c.title_id).where(*found)))
    return FIRST_COME.page(db, query, turn)


FEE_COLUMNS: tuple[Any, ...] = (
    t.fee.c.id,
    t.fee.c.patron_id,
    t.patron.c.last_name,
    t.patron.c.first_name,
    t.fee.c.reason,
    t.fee.c.title,
    t.fee.c.item_id,
    t.fee.c.branch,
    t.fee.c.at,
    t.fee.c.amount,
    t.fee.c.paid,
    case((t.fee.c.open, OWED), else_=0).label("owed"),
    t.fee.c.open,
    t.fee.c.invoice,
    t.fee.c.settled_at,
    t.fee.c.settled_by,
    t.fee.c.waived_for,
)


def fees(db: Connection, wanted: Fees, turn: Turn, booked: Span) -> list[Row[Any]]:
    """Fees, the newest first. Amounts are minor units."""
    query = select(*FEE_COLUMNS).outerjoin(t.patron, t.patron.c.id == t.fee.c.patron_id)
    return NEWEST_FEES.page(db, query.where(*_fees(wanted, booked)), turn)


def _fees(wanted: Fees, booked: Span) -> list[ColumnElement[bool]]:
    where = [*_equal({t.fee.c.branch: wanted.branch, t.fee.c.reason: wanted.reason}), *booked.of(t.fee.c.at)]
    if wanted.open is not None:
        where.append(t.fee.c.open if wanted.open else ~t.fee.c.open)
    return where


def fee_totals(db: Connection, wanted: Fees, booked: Span) -> Row[Any]:
    """How many fees these are, what is owed, paid and waived of them; minor units."""
    owed, waived = case((t.fee.c.open, OWED), else_=0), case((t.fee.c.open, 0), else_=OWED)
    sums = [func.coalesce(func.sum(column), 0) for column in (owed, t.fee.c.paid, waived)]
    return db.execute(select(func.count(), *sums).select_from(t.fee).where(*_fees(wanted, booked))).one()


_LENT = exists().where(t.loan.c.item_id == _COPY.c.id, t.loan.c.returned_at.is_(None))


def _copies(*where: ColumnElement[bool]) -> Any:
    of = (_COPY.c.title_id == t.item.c.title_id, _COPY.c.state.not_in(NOT_RESERVABLE), *where)
    return select(func.count()).select_from(_COPY).where(*of).scalar_subquery()


TITLE_COLUMNS: tuple[Any, ...] = (
    t.item.c.id.label("item"),
    t.item.c.title_id,
    t.item.c.title,
    t.item.c.author,
    t.item.c.media_type,
    _copies().label("copies"),
    _copies(_COPY.c.state == "available", _COPY.c.set_aside_for.is_(None), ~_LENT).label("available"),
    select(func.count())
    .select_from(t.reservation)
    .where(t.reservation.c.title_id == t.item.c.title_id, WAITING)
    .scalar_subquery()
    .label("queue"),
)


def titles(db: Connection, wanted: Titles, turn: Turn) -> list[Row[Any]]:
    """Titles of which a copy can be reserved, as the copy with the lowest id is called."""
    lower = (_COPY.c.title_id == t.item.c.title_id, _COPY.c.id < t.item.c.id, _COPY.c.state.not_in(NOT_RESERVABLE))
    query = select(*TITLE_COLUMNS).where(t.item.c.state.not_in(NOT_RESERVABLE), ~exists().where(*lower))
    found = _found(wanted.text, t.item.c.sought, _has_copy)
    return BY_TITLE.page(db, query.where(*found), turn)


_OUTCOME, _TRACE = t.operation.c.outcome, t.operation.c.trace
_ITEM, _DONE = _OUTCOME["item"].as_string(), _OUTCOME["outcome"].as_string() == "done"
DECISION_COLUMNS: tuple[Any, ...] = (
    t.operation.c.id.label("operation"),
    t.operation.c.at,
    _OUTCOME["action"].as_string().label("action"),
    _ITEM.label("item"),
    select(t.item.c.title).where(t.item.c.id == _ITEM).scalar_subquery().label("title"),
    _DONE.label("allowed"),
    _OUTCOME[("reason", "code")].as_string().label("code"),
    func.coalesce(_TRACE["channel"].as_string(), t.machine.c.channel).label("channel"),
    func.coalesce(_TRACE["branch"].as_string(), t.machine.c.branch).label("branch"),
    t.operation.c.machine_id.label("machine"),
    t.machine.c.name.label("machine_name"),
    t.operation.c.staff,
)


def decisions(db: Connection, wanted: Decisions, turn: Turn, taken: Span) -> list[Row[Any]]:
    """Recorded operations, the newest first, and nothing of for whom they were.

    ``code``: the reason that was told first, None where it was allowed. Channel and branch are those of then while the
    trace is kept, else those of the machine.
    """
    query = select(*DECISION_COLUMNS).join(t.machine, t.machine.c.id == t.operation.c.machine_id)
    asked = {
        t.operation.c.machine_id: wanted.machine,
        _OUTCOME["action"].as_string(): wanted.action,
        _ITEM: wanted.item,
    }
    query = query.where(*_equal(asked), *taken.of(t.operation.c.at))
    if wanted.allowed is not None:
        query = query.where(_DONE if wanted.allowed else ~_DONE)
    return NEWEST_OPERATIONS.page(db, query, turn)
