"""Patrons, items and loans as staff see and change them, and what is forgotten of them (R89): statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, exists, func, insert, select, update

from circulation.store import tables as t
from circulation.store.folding import sought
from circulation.store.notice_tables import bad_address, message, notice

SHOWN: tuple[Any, ...] = (
    t.patron.c.id,
    t.patron.c.category,
    t.patron.c.first_name,
    t.patron.c.last_name,
    t.patron.c.born,
    t.patron.c.valid_from,
    t.patron.c.valid_until,
    t.patron.c.blocked,
    t.patron.c.card_lost,
    t.patron.c.language,
    t.patron.c.home,
    t.patron.c.email,
    t.patron.c.phone,
    t.patron.c.postal,
    t.patron.c.prefers,
)
ITEM_SHOWN: tuple[Any, ...] = (
    *(column for column in t.item.c if column is not t.item.c.sought),
    t.loan.c.id.label("loan"),
    t.loan.c.due,
    t.loan.c.patron_id.label("borrower"),
)
SOUGHT_OF: Mapping[str, tuple[str, ...]] = {t.patron.name: t.NAMED, t.item.name: t.TITLED}
OPEN_LOAN = t.loan.c.returned_at.is_(None)


def patron(db: Connection, patron_id: str) -> Row[Any] | None:
    """A patron's record, without what proves who they are."""
    return db.execute(select(*SHOWN).where(t.patron.c.id == patron_id)).first()


def patron_of_card(db: Connection, value: str) -> str | None:
    """Whose card this is."""
    query = select(t.card.c.patron_id).where(t.card.c.value == value).order_by(t.card.c.kind).limit(1)
    found: str | None = db.execute(query).scalar_one_or_none()
    return found


def cards(db: Connection, patron_id: str) -> list[tuple[str, str]]:
    """The cards of a patron: kind and number."""
    query = select(t.card.c.kind, t.card.c.value).where(t.card.c.patron_id == patron_id)
    return [(row.kind, row.value) for row in db.execute(query.order_by(t.card.c.kind, t.card.c.value))]


def add_patron(db: Connection, values: Mapping[str, Any]) -> None:
    """A new patron."""
    db.execute(insert(t.patron).values(**values))


def add_card(db: Connection, kind: str, value: str, patron_id: str) -> None:
    """A new card."""
    db.execute(insert(t.card).values(kind=kind, value=value, patron_id=patron_id))


def drop_cards(db: Connection, kind: str, patron_id: str) -> None:
    """Forget the cards of a kind."""
    db.execute(delete(t.card).where(t.card.c.patron_id == patron_id, t.card.c.kind == kind))


def change_lost(db: Connection, patron_id: str) -> None:
    """No card of this patron is lost any longer."""
    db.execute(update(t.patron).where(t.patron.c.id == patron_id).values(card_lost=False))


def change_pin(db: Connection, patron_id: str, pin_hash: str) -> None:
    """A new PIN."""
    db.execute(update(t.patron).where(t.patron.c.id == patron_id).values(pin_hash=pin_hash))


def names(db: Connection, patrons: Collection[str]) -> dict[str, str]:
    """First and last name of some patrons."""
    query = select(t.patron.c.id, t.patron.c.first_name, t.patron.c.last_name).where(t.patron.c.id.in_(patrons))
    return {row.id: f"{row.first_name} {row.last_name}" for row in db.execute(query)}


def with_email(db: Connection) -> tuple[int, int]:
    """How many patrons have an e-mail address, and how many patrons there are."""
    have = func.count(func.nullif(t.patron.c.email, ""))
    there, all_ = db.execute(select(have, func.count()).select_from(t.patron)).one()
    return int(there), int(all_)


def change(db: Connection, table: Table, id_: str, values: Mapping[str, Any]) -> bool:
    """Change columns of a patron or an item, and what it is found by with them; False if there is none."""
    found = db.execute(update(table).where(table.c.id == id_).values(**values)).rowcount == 1
    parts = SOUGHT_OF[table.name]
    if found and not values.keys().isdisjoint(parts):
        row = db.execute(select(*(table.c[part] for part in parts)).where(table.c.id == id_)).one()
        db.execute(update(table).where(table.c.id == id_).values(sought=sought(*row)))
    return found


def item(db: Connection, item_id: str) -> Row[Any] | None:
    """An item with its open loan."""
    query = select(*ITEM_SHOWN).outerjoin(t.loan, (t.loan.c.item_id == t.item.c.id) & OPEN_LOAN)
    return db.execute(query.where(t.item.c.id == item_id)).first()


def loan(db: Connection, loan_id: int) -> Row[Any] | None:
    """A loan, open or not."""
    return db.execute(select(t.loan).where(t.loan.c.id == loan_id)).first()


def open_loans(db: Connection, patron_id: str) -> list[Row[Any]]:
    """A patron's open loans with their items, next due first."""
    query = select(t.loan, t.item.c.title, t.item.c.author, t.item.c.media_type)
    query = query.join(t.item, t.item.c.id == t.loan.c.item_id).where(t.loan.c.patron_id == patron_id, OPEN_LOAN)
    return list(db.execute(query.order_by(t.loan.c.due, t.item.c.id)))


# --- export and erasure -----------------------------------------------------------------------------------------------

# Tables that name a patron.
ABOUT = (t.card, t.loan, t.fee, t.payment, t.reservation, t.debt_series, message, notice, bad_address)


def everything(db: Connection, patron_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row that names a patron, by table."""
    return {
        table.name: [dict(row._mapping) for row in db.execute(select(table).where(table.c.patron_id == patron_id))]  # noqa: SLF001
        for table in ABOUT
    }


def forget_patron(db: Connection, patron_id: str) -> None:
    """Erase a patron who has no open loan and owes nothing; what remains for the statistics names nobody."""
    for table in (t.card, t.debt_series, t.patron_session, bad_address):
        db.execute(delete(table).where(table.c.patron_id == patron_id))
    for table in (t.loan, t.fee, t.payment, t.reservation, notice):
        db.execute(update(table).where(table.c.patron_id == patron_id).values(patron_id=None))
    db.execute(update(message).where(message.c.patron_id == patron_id).values(patron_id=None, address=None))
    db.execute(update(t.item).where(t.item.c.set_aside_for == patron_id).values(set_aside_for=None, collect_by=None))
    db.execute(delete(t.patron).where(t.patron.c.id == patron_id))


def forget_history(db: Connection, before: datetime) -> int:
    """Take the patron off loans returned before an instant with nothing owed for them; how many."""
    owed = exists().where(t.fee.c.loan_id == t.loan.c.id, t.fee.c.open)
    old = (t.loan.c.returned_at < before, t.loan.c.patron_id.is_not(None), ~owed)
    done = db.execute(update(t.loan).where(*old).values(patron_id=None)).rowcount
    # A settled fee and an ended reservation say as much about who had what as the loan did.
    settled = (t.fee.c.settled_at < before, ~t.fee.c.open, t.fee.c.patron_id.is_not(None))
    db.execute(update(t.fee).where(*settled).values(patron_id=None))
    ended = (t.reservation.c.ended_at < before, t.reservation.c.patron_id.is_not(None))
    db.execute(update(t.reservation).where(*ended).values(patron_id=None))
    return done


def forget_traces(db: Connection, before: datetime) -> int:
    """Forget how operations were decided; what came of them stays under their ids; how many."""
    old = (t.operation.c.at < before, t.operation.c.trace.is_not(None))
    return db.execute(update(t.operation).where(*old).values(trace=None)).rowcount
