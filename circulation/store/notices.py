"""Notices, their messages and what they are about: statements. Which are sent is decided elsewhere (notices.selecting).

Candidates are read by pages of patrons, so that a million loans need no more memory than a thousand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Executable, Row, bindparam, delete, exists, func, insert, or_, select, update

from circulation.store import circulating, debts
from circulation.store import tables as t
from circulation.store.job_tables import task, task_run
from circulation.store.jobs import DONE, RUNNING
from circulation.store.notice_tables import WAITS, backlog, bad_address, message, notice

PLANNED, SENDING, SENT, FAILED = "planned", "sending", "sent", "failed"
UNCERTAIN, CANCELLED, SKIPPED = "uncertain", "cancelled", "skipped"
FINAL = (SENT, FAILED, UNCERTAIN, CANCELLED, SKIPPED)
OPEN_LOAN = t.loan.c.returned_at.is_(None)
ON_SHELF = (t.reservation.c.ended_at.is_(None), t.reservation.c.state == "on_shelf")
Values = Mapping[str, Any]

# What is asked for every page and every message is built once, above its function (circulating).
_IDS: Any = bindparam("ids", expanding=True)

# --- candidates -------------------------------------------------------------------------------------------------------


# The day as no index is looked up by: pages go by patron; by the index of due days every page would read them all.
_DUE = func.coalesce(t.loan.c.due, t.loan.c.due)


def borrowers(db: Connection, first: date, last: date, after: str, most: int) -> list[str]:
    """Patrons with open loans that are due from a day to another, by id, after an id."""
    due = (OPEN_LOAN, _DUE.between(first, last), t.loan.c.patron_id > after)
    query = select(t.loan.c.patron_id).where(*due).group_by(t.loan.c.patron_id)
    return list(db.execute(query.order_by(t.loan.c.patron_id).limit(most)).scalars())


LOAN_COLUMNS = (
    t.loan.c.id.label("loan"),
    *(t.loan.c.patron_id, t.loan.c.branch.label("lent_at"), t.loan.c.due, t.loan.c.out_at, t.loan.c.renewed_at),
    *(t.loan.c.renewals, t.loan.c.reminded, t.item.c.price, t.item.c.title.label("called")),
    *(circulating.FIRST_PERIOD.label("period"), debts.EARLIER_LATE.label("earlier")),
)


_LOANS_DUE: Executable = (
    select(*circulating.ITEM_COLUMNS, *LOAN_COLUMNS)
    .join(t.loan, t.loan.c.item_id == t.item.c.id)
    .where(OPEN_LOAN, t.loan.c.patron_id.in_(_IDS), t.loan.c.due.between(bindparam("first"), bindparam("last")))
    .order_by(t.loan.c.patron_id, t.loan.c.due, t.loan.c.id)
)


def loans_due(db: Connection, patrons: Collection[str], first: date, last: date) -> Sequence[Row[Any]]:
    """Open loans of patrons that are due between two days, with their items; next due first."""
    return db.execute(_LOANS_DUE, {"ids": list(patrons), "first": first, "last": last}).all()


def debtors(db: Connection, least: int, after: str, most: int) -> list[str]:
    """Patrons who owe so much in all, by id, after an id."""
    owed = func.sum(t.fee.c.amount - t.fee.c.paid)
    query = select(t.fee.c.patron_id).where(t.fee.c.open, t.fee.c.patron_id > after).group_by(t.fee.c.patron_id)
    return list(db.execute(query.having(owed >= least).order_by(t.fee.c.patron_id).limit(most)).scalars())


def series(db: Connection, patron: str) -> dict[str, Row[Any]]:
    """The running payment reminder series of a patron, by organisation."""
    query = select(t.debt_series).where(t.debt_series.c.patron_id == patron)
    return {row.organisation: row for row in db.execute(query)}


def reservers(db: Connection, after: str, most: int) -> list[str]:
    """Patrons for whom something stands on a hold shelf, by id, after an id."""
    query = select(t.reservation.c.patron_id).where(*ON_SHELF, t.reservation.c.patron_id > after)
    query = query.group_by(t.reservation.c.patron_id).order_by(t.reservation.c.patron_id)
    return list(db.execute(query.limit(most)).scalars())


SHELF_COLUMNS = (
    t.reservation.c.id.label("reservation"),
    *(t.reservation.c.patron_id, t.reservation.c.pickup, t.reservation.c.collect_by.label("until")),
    t.item.c.title.label("called"),
)


def on_shelf(db: Connection, patrons: Collection[str]) -> list[Row[Any]]:
    """Reservations of patrons on the hold shelf, with the copies."""
    query = select(*circulating.ITEM_COLUMNS, *SHELF_COLUMNS).join(t.item, t.item.c.id == t.reservation.c.copy_id)
    query = query.where(*ON_SHELF, t.reservation.c.patron_id.in_(patrons))
    return list(db.execute(query.order_by(t.reservation.c.patron_id, t.reservation.c.id)))


_ADDRESSED = (
    *(t.patron.c.id, t.patron.c.category, t.patron.c.born, t.patron.c.first_name, t.patron.c.last_name),
    *(t.patron.c.language, t.patron.c.home, t.patron.c.email, t.patron.c.phone, t.patron.c.postal, t.patron.c.prefers),
)


_REFUSED = exists().where(bad_address.c.patron_id == t.patron.c.id).label("refused")
_PATRONS = select(*_ADDRESSED, _REFUSED).where(t.patron.c.id.in_(_IDS)).order_by(t.patron.c.id)
_LOCKED_PATRONS: Executable = _PATRONS.with_for_update(key_share=True, of=t.patron)


def patrons(db: Connection, ids: Collection[str], *, locked: bool = False) -> Sequence[Row[Any]]:
    """Patrons with their addresses; ``refused``: one of them was refused for good."""
    return db.execute(_LOCKED_PATRONS if locked else _PATRONS, {"ids": list(ids)}).all()


# --- what was written down --------------------------------------------------------------------------------------------


_ABOUT = (
    select(notice, message.c.channel, message.c.ended_at)
    .outerjoin(message, message.c.id == notice.c.message)
    .outerjoin(t.loan, t.loan.c.id == notice.c.loan_id)
    .where(notice.c.kind == bindparam("kind"), notice.c.patron_id.in_(_IDS))
    .where(or_(notice.c.loan_id.is_(None), OPEN_LOAN))
)


def about(db: Connection, kind: str, patrons_: Collection[str]) -> Sequence[Row[Any]]:
    """Notices of a kind about loans, debts and reservations of patrons that are still open, with how they were sent."""
    return db.execute(_ABOUT, {"kind": kind, "ids": list(patrons_)}).all()


def of_kind(db: Connection, kind: str, loans: Collection[int]) -> list[Row[Any]]:
    """Notices of a kind about loans, open or not, that count: neither skipped nor cancelled."""
    of = (notice.c.kind == kind, notice.c.loan_id.in_(loans), notice.c.state.not_in((SKIPPED, CANCELLED)))
    return list(db.execute(select(notice).where(*of)))


def add_message(db: Connection, values: Values) -> int:
    """A new message: its id."""
    return int(db.execute(insert(message).values(**values).returning(message.c.id)).scalar_one())


def add_notices(db: Connection, rows: Sequence[Values]) -> None:
    """New notices.

    Raises:
        IntegrityError: one of them is there already, and counts.
    """
    if rows:
        db.execute(insert(notice), list(rows))


def hand_on(db: Connection, notices: Collection[int], message_id: int) -> int:
    """Let failed notices be told by another message; how many still had failed."""
    of = (notice.c.id.in_(notices), notice.c.state == FAILED)
    return db.execute(update(notice).where(*of).values(message=message_id, state=PLANNED, reason=None)).rowcount


def waiting(db: Connection, kind: str, run: int, now: datetime, after: int, most: int) -> Sequence[int]:
    """The next messages of a kind that this run may send: its own, and those of runs that have ended."""
    alive = exists().where(task_run.c.id == message.c.run, task_run.c.state == RUNNING)
    of = (WAITS, message.c.kind == kind, message.c.state == PLANNED, message.c.id > after)
    mine = or_(message.c.run == run, ~alive)
    query = select(message.c.id).where(*of, mine, or_(message.c.try_at.is_(None), message.c.try_at <= now))
    return db.execute(query.order_by(message.c.id).limit(most)).scalars().all()


def next_try(db: Connection, kind: str, now: datetime) -> datetime | None:
    """When, after now, the next message of a kind is to be tried again."""
    of = (WAITS, message.c.kind == kind, message.c.state == PLANNED, message.c.try_at > now)
    found: datetime | None = db.execute(select(func.min(message.c.try_at)).where(*of)).scalar_one()
    return found


def cut_off(db: Connection, kind: str) -> list[int]:
    """Messages of a kind that were being sent by a run that is no longer alive."""
    alive = exists().where(task_run.c.id == message.c.run, task_run.c.state == RUNNING)
    query = select(message.c.id).where(WAITS, message.c.kind == kind, message.c.state == SENDING, ~alive)
    return list(db.execute(query.order_by(message.c.id)).scalars())


_ONE = select(message).where(message.c.id == bindparam("message"))
_LOCKED_ONE = _ONE.with_for_update()


def one(db: Connection, message_id: int, *, locked: bool = False) -> Row[Any] | None:
    """A message."""
    return db.execute(_LOCKED_ONE if locked else _ONE, {"message": message_id}).one_or_none()


_PLANNED = (
    select(message)
    .where(message.c.id.in_(_IDS), message.c.state == PLANNED)
    .where(or_(message.c.try_at.is_(None), message.c.try_at <= bindparam("now")))
)


def planned(db: Connection, ids: Collection[int], now: datetime) -> Sequence[Row[Any]]:
    """Those of some messages that wait and are to be tried by now."""
    return db.execute(_PLANNED, {"ids": list(ids), "now": now}).all()


def has_key(db: Connection, key: str) -> bool:
    """Whether there is a message of this key."""
    return db.execute(select(message.c.id).where(message.c.key == key)).first() is not None


_CLAIM = (
    update(message)
    .where(message.c.id == bindparam("of"), message.c.state == PLANNED, message.c.tries == bindparam("tried"))
    .values(state=SENDING, tries=message.c.tries + 1, try_at=None)
)


def claim(db: Connection, planned: Row[Any], values: Values) -> bool:
    """Begin to send a planned message that is still as it was read; False if another run was first."""
    return db.execute(_CLAIM, {"of": planned.id, "tried": planned.tries, **values}).rowcount == 1


_NOTICES_OF = (
    select(notice)
    .where(notice.c.message == bindparam("message"), notice.c.state.in_(bindparam("states", expanding=True)))
    .order_by(notice.c.due, notice.c.id)
)


def notices_of(db: Connection, message_id: int, states: Collection[str] = (PLANNED, SENDING)) -> Sequence[Row[Any]]:
    """The notices a message tells, next due first."""
    return db.execute(_NOTICES_OF, {"message": message_id, "states": list(states)}).all()


_NOTICES_OF_EACH = (
    select(notice)
    .where(notice.c.message.in_(_IDS), notice.c.state.in_((PLANNED, SENDING)))
    .order_by(notice.c.due, notice.c.id)
)


def notices_of_each(db: Connection, messages: Collection[int]) -> dict[int, list[Row[Any]]]:
    """The notices that several messages are to tell, by message, next due first."""
    found: dict[int, list[Row[Any]]] = {id_: [] for id_ in messages}
    for row in db.execute(_NOTICES_OF_EACH, {"ids": list(messages)}):
        found[row.message].append(row)
    return found


_WAS: Any = bindparam("was", expanding=True)
_SET_MESSAGE = update(message).where(message.c.id == bindparam("of"), message.c.state.in_(_WAS))
_SET_NOTICES = update(notice).where(notice.c.id.in_(_IDS))


def set_message(db: Connection, message_id: int, values: Values, *was: str) -> bool:
    """Change a message that is in one of these states; whether it was."""
    return db.execute(_SET_MESSAGE, {**values, "of": message_id, "was": list(was)}).rowcount == 1


def set_notices(db: Connection, ids: Collection[int], values: Values) -> None:
    """Change notices."""
    db.execute(_SET_NOTICES, {**values, "ids": list(ids)})


# --- what they are about, as it is now --------------------------------------------------------------------------------

_NOW = (
    select(*circulating.ITEM_COLUMNS, *LOAN_COLUMNS, t.item.c.author, t.loan.c.returned_at)
    .join(t.loan, t.loan.c.item_id == t.item.c.id)
    .where(t.loan.c.id.in_(_IDS))
    .order_by(t.loan.c.id)
)
_LOCKED_NOW: Executable = _NOW.with_for_update(of=t.loan)


def loans_now(db: Connection, loans: Collection[int], *, locked: bool = False) -> dict[int, Row[Any]]:
    """Loans, open or not, with their items."""
    rows = db.execute(_LOCKED_NOW if locked else _NOW, {"ids": list(loans)})
    return {row.loan: row for row in rows}


def reservations_now(db: Connection, ids: Collection[str]) -> dict[str, Row[Any]]:
    """Reservations that are on the hold shelf, of those, with their copies."""
    query = select(*SHELF_COLUMNS, t.item.c.author, t.item.c.shelf)
    query = query.join(t.item, t.item.c.id == t.reservation.c.copy_id)
    rows: list[Row[Any]] = list(db.execute(query.where(*ON_SHELF, t.reservation.c.id.in_(ids))))
    return {row.reservation: row for row in rows}


def organisation_name(db: Connection, id_: str) -> str:
    """What an organisation is called."""
    return str(db.execute(select(t.organisation.c.name).where(t.organisation.c.id == id_)).scalar_one())


def remind(db: Connection, loan: int, period: int, level: int) -> None:
    """Note the reminder level a loan has reached, unless it was renewed meanwhile."""
    of = (t.loan.c.id == loan, t.loan.c.renewals == period - 1, t.loan.c.reminded < level)
    db.execute(update(t.loan).where(*of).values(reminded=level))


def raise_series(db: Connection, patron: str, organisation: str, since: date, level: int) -> None:
    """Note the level of a payment reminder series, which begins with its first."""
    of = (t.debt_series.c.patron_id == patron, t.debt_series.c.organisation == organisation)
    if not db.execute(update(t.debt_series).where(*of).values(level=level)).rowcount:
        values = {"patron_id": patron, "organisation": organisation, "reached_on": since, "level": level}
        db.execute(insert(t.debt_series).values(**values))


# --- addresses that do not work ---------------------------------------------------------------------------------------


_BAD = select(bad_address.c.patron_id, bad_address.c.channel, bad_address.c.address).where(
    bad_address.c.patron_id.in_(_IDS)
)


def bad_addresses(db: Connection, ids: Collection[str]) -> set[tuple[str, str, str]]:
    """Patron, channel and address of addresses that were refused for good."""
    return {(row[0], row[1], row[2]) for row in db.execute(_BAD, {"ids": list(ids)})}


def flag(db: Connection, patron: str, channel: str, values: Values) -> None:
    """Note that an address of a patron does not work."""
    of = (bad_address.c.patron_id == patron, bad_address.c.channel == channel)
    db.execute(delete(bad_address).where(*of))
    db.execute(insert(bad_address).values(patron_id=patron, channel=channel, **values))


def unflag(db: Connection, patron: str, channel: str) -> None:
    """An address works again."""
    db.execute(delete(bad_address).where(bad_address.c.patron_id == patron, bad_address.c.channel == channel))


def forget_addresses(db: Connection, before: datetime) -> int:
    """Forget to where messages went that were made before an instant, but for those under way (R89); how many."""
    old = (message.c.created_at < before, message.c.address.is_not(None), message.c.state.in_(FINAL))
    return db.execute(update(message).where(*old).values(address=None)).rowcount


def forget_patrons(db: Connection, before: datetime) -> None:
    """Take patrons off notices made before an instant whose loan names nobody any longer, and off their messages."""
    unnamed = exists().where(t.loan.c.id == notice.c.loan_id, t.loan.c.patron_id.is_(None))
    old = (notice.c.at < before, notice.c.patron_id.is_not(None))
    over = or_(unnamed, notice.c.loan_id.is_(None) & notice.c.state.in_(FINAL))
    db.execute(update(notice).where(*old, over).values(patron_id=None))
    named = exists().where(notice.c.message == message.c.id, notice.c.patron_id.is_not(None))
    ended = (message.c.created_at < before, message.c.state.in_(FINAL), message.c.patron_id.is_not(None))
    db.execute(update(message).where(*ended, ~named).values(patron_id=None, address=None))


# --- runs -------------------------------------------------------------------------------------------------------------


def first_run(db: Connection, task_id: int) -> datetime | None:
    """When a task ran for the first time."""
    query = select(func.min(task_run.c.started)).where(task_run.c.task == task_id)
    found: datetime | None = db.execute(query).scalar_one()
    return found


def last_counts(db: Connection, type_: str, most: int) -> list[Mapping[str, int]]:
    """What the last runs of a type of task counted, newest first."""
    query = select(task_run.c.counts).join(task, task.c.id == task_run.c.task)
    query = query.where(task.c.type == type_, task_run.c.state == DONE).order_by(task_run.c.id.desc())
    return list(db.execute(query.limit(most)).scalars())


def backlog_of(db: Connection, task_id: int) -> Row[Any] | None:
    """What a task waits with until somebody confirms it."""
    return db.execute(select(backlog).where(backlog.c.task == task_id)).one_or_none()


def set_backlog(db: Connection, task_id: int, values: Values | None) -> None:
    """Note what a task waits with; None = with nothing."""
    db.execute(delete(backlog).where(backlog.c.task == task_id))
    if values is not None:
        db.execute(insert(backlog).values(task=task_id, **values))


def confirm_backlog(db: Connection, task_id: int, by: str, now: datetime) -> bool:
    """Confirm what a task waits with; False if it does not."""
    of = (backlog.c.task == task_id, backlog.c.confirmed_at.is_(None))
    return db.execute(update(backlog).where(*of).values(confirmed_by=by, confirmed_at=now)).rowcount == 1
