"""Reservations: the queue of a title and what stands on the hold shelf."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, exists, func, insert, or_, select, update

from circulation.domain.records import Item, Queue, Reservation
from circulation.domain.reservation import Copy
from circulation.store import circulating as store
from circulation.store import tables as t

COLUMNS = (
    t.reservation.c.id,
    t.reservation.c.title_id,
    t.reservation.c.item_id,
    t.reservation.c.patron_id,
    t.reservation.c.pickup,
    t.reservation.c.state,
    t.reservation.c.suspended,
    t.reservation.c.expires,
    t.reservation.c.copy_id,
    t.reservation.c.collect_by,
)
OPEN = t.reservation.c.ended_at.is_(None)
NOT_SET_ASIDE = {"set_aside_for": None, "collect_by": None, "shelf": None}


FIRST_COME = (t.reservation.c.made_at, t.reservation.c.id)
_QUEUE = select(*COLUMNS).where(t.reservation.c.title_id == bindparam("title"), OPEN).order_by(*FIRST_COME)
_LOCKED_QUEUE = _QUEUE.with_for_update()


def queue(db: Connection, title: str, *, locked: bool = False) -> Queue:
    """Open reservations of a title, first come first; locked where one of them is to be given a copy."""
    return tuple(_one(row) for row in db.execute(_LOCKED_QUEUE if locked else _QUEUE, {"title": title}))


def _one(row: Sequence[Any]) -> Reservation:
    return Reservation(*row)


def by_id(db: Connection, reservation: str) -> Reservation | None:
    """An open reservation as it is seen now; not locked."""
    row = db.execute(select(*COLUMNS).where(t.reservation.c.id == reservation, OPEN)).one_or_none()
    return _one(row) if row is not None else None


def own(db: Connection, title: str, patron_id: str) -> Queue:
    """A patron's open reservations of a title, first come first; locked, so that none is given a copy meanwhile."""
    of = (t.reservation.c.title_id == title, t.reservation.c.patron_id == patron_id, OPEN)
    query = select(*COLUMNS).where(*of).order_by(*FIRST_COME)
    return tuple(_one(row) for row in db.execute(query.with_for_update()))


def copies(db: Connection, title: str, *, locked: bool = True) -> tuple[Copy, ...]:
    """Every copy of a title; on PostgreSQL their rows are locked in this order, so that none is lent meanwhile."""
    query = select(*store.ITEM_COLUMNS).where(t.item.c.title_id == title).order_by(t.item.c.id)
    items = [Item(*row) for row in db.execute(query.with_for_update(key_share=True) if locked else query)]
    lent = select(t.loan.c.item_id, t.loan.c.patron_id).join(t.item, t.item.c.id == t.loan.c.item_id)
    lent_to = {
        row.item_id: row.patron_id or "" for row in db.execute(lent.where(t.item.c.title_id == title, store.OPEN))
    }
    return tuple(Copy(item, lent_to.get(item.id)) for item in items)


def waiting_for(db: Connection, items: Collection[str], patron_id: str, today: date) -> dict[str, int]:
    """How many reservations of others wait for the titles of some items; items for which none does are left out."""
    waits = and_(
        t.reservation.c.title_id == t.item.c.title_id,
        OPEN,
        t.reservation.c.state == "waiting",
        t.reservation.c.suspended.is_(False),
        or_(t.reservation.c.expires.is_(None), t.reservation.c.expires >= today),
        t.reservation.c.patron_id != patron_id,
    )
    query = select(t.item.c.id, func.count().label("waiting")).join(t.reservation, waits)
    query = query.where(t.item.c.id.in_(items)).group_by(t.item.c.id)
    return {row.id: row.waiting for row in db.execute(query)}


def titles(db: Connection, wanted: Collection[str]) -> dict[str, str]:
    """What some titles are called, as far as there is a copy of them."""
    query = select(t.item.c.title_id, func.min(t.item.c.title).label("called")).where(t.item.c.title_id.in_(wanted))
    return {row.title_id: row.called for row in db.execute(query.group_by(t.item.c.title_id))}


def add(db: Connection, values: Mapping[str, Any]) -> None:
    """A new reservation."""
    fresh = {"state": "waiting", "suspended": False}
    db.execute(insert(t.reservation).values(**{**fresh, **values}))


def give(db: Connection, one: Reservation, item: Item, here: str, today: date, until: date) -> None:
    """Set a copy aside for a reservation: on the shelf if it is to be collected here, else on its way there."""
    arrived = one.pickup == here
    of = t.reservation.c.id == one.id
    shelved: dict[str, Any] = {"shelved_on": today, "collect_by": until} if arrived else {}
    state = "on_shelf" if arrived else "on_its_way"
    db.execute(update(t.reservation).where(of).values(state=state, copy_id=item.id, **shelved))
    values = {
        "set_aside_for": one.patron,
        "collect_by": until if arrived else None,
        "state": "available" if arrived else "in_transit",
        "at": here,
    }
    db.execute(update(t.item).where(t.item.c.id == item.id).values(**values))


def end(db: Connection, one: Reservation, state: str, now: datetime, by: str) -> None:
    """End a reservation: "fulfilled", "cancelled" or "expired". Its copy is no longer set aside."""
    of = t.reservation.c.id == one.id
    db.execute(update(t.reservation).where(of).values(state=state, ended_at=now, ended_by=by))
    if one.copy is not None:
        mine = and_(t.item.c.id == one.copy, t.item.c.set_aside_for == one.patron)
        db.execute(update(t.item).where(mine).values(**NOT_SET_ASIDE))


def expire(db: Connection, branches: Collection[str], today: date, now: datetime) -> int:
    """End the reservations for pick-up branches that have waited in vain until the day before; how many."""
    waiting = (OPEN, t.reservation.c.state == "waiting", t.reservation.c.pickup.in_(branches))
    ended = {"state": "expired", "ended_at": now, "ended_by": "system"}
    over = update(t.reservation).where(*waiting, t.reservation.c.expires < today)
    return db.execute(over.values(**ended)).rowcount


def suspend(db: Connection, one: Reservation, suspended: bool) -> None:
    """Let a reservation rest, or take part again."""
    db.execute(update(t.reservation).where(t.reservation.c.id == one.id).values(suspended=suspended))


def listed(db: Connection, *, title: str | None = None, patron: str | None = None) -> list[Row[Any]]:
    """Open reservations of a title or a patron, first come first."""
    query = select(t.reservation).where(OPEN)
    if title is not None:
        query = query.where(t.reservation.c.title_id == title)
    if patron is not None:
        query = query.where(t.reservation.c.patron_id == patron)
    return list(db.execute(query.order_by(*FIRST_COME)))


_TITLED = (
    t.reservation,
    t.item.c.title,
    t.item.c.author,
    t.item.c.media_type,
    t.item.c.shelf,
    t.item.c.at,
    t.item.c.branch,
    t.patron.c.last_name,
    t.patron.c.first_name,
)


def queued(db: Connection, title: str) -> list[Row[Any]]:
    """The open reservations of a title with whose they are, first come first."""
    query = select(t.reservation, t.patron.c.last_name, t.patron.c.first_name)
    query = query.outerjoin(t.patron, t.patron.c.id == t.reservation.c.patron_id)
    return list(db.execute(query.where(t.reservation.c.title_id == title, OPEN).order_by(*FIRST_COME)))


def shelved(db: Connection, branch: str) -> list[Row[Any]]:
    """As ``on_shelf``, with the copies and whose they are; what must be collected first is first."""
    query = select(*_TITLED).join(t.item, t.item.c.id == t.reservation.c.copy_id)
    query = query.outerjoin(t.patron, t.patron.c.id == t.reservation.c.patron_id)
    query = query.where(OPEN, t.reservation.c.pickup == branch)
    return list(db.execute(query.order_by(t.reservation.c.collect_by, t.item.c.title, t.reservation.c.id)))


def to_fetch(db: Connection, branch: str, today: date) -> list[Row[Any]]:
    """Copies that stand on the shelves of a branch while somebody waits for one of their title.

    One line for each reservation and copy that fit together, in the order of the queue.
    """
    lent = exists().where(t.loan.c.item_id == t.item.c.id, store.OPEN)
    waiting = and_(
        t.reservation.c.title_id == t.item.c.title_id,
        OPEN,
        t.reservation.c.state == "waiting",
        ~t.reservation.c.suspended,
        or_(t.reservation.c.expires.is_(None), t.reservation.c.expires >= today),
        or_(t.reservation.c.item_id.is_(None), t.reservation.c.item_id == t.item.c.id),
    )
    columns = (t.item.c.id, t.item.c.title, t.item.c.author, t.item.c.media_type, t.item.c.department)
    query = select(*columns, t.reservation.c.id.label("reservation"), t.reservation.c.pickup, t.reservation.c.made_at)
    query = query.select_from(t.item.join(t.reservation, waiting)).where(
        t.item.c.state == "available",
        t.item.c.set_aside_for.is_(None),
        func.coalesce(t.item.c.at, t.item.c.branch) == branch,
        ~lent,
    )
    return list(db.execute(query.order_by(t.item.c.title, t.item.c.title_id, *FIRST_COME, t.item.c.id)))


def on_shelf(db: Connection, branch: str) -> list[Row[Any]]:
    """Reservations with a copy on the hold shelf of a branch, or on its way there; longest on the shelf first."""
    query = select(t.reservation).where(OPEN, t.reservation.c.pickup == branch, t.reservation.c.copy_id.is_not(None))
    return list(db.execute(query.order_by(t.reservation.c.shelved_on, t.reservation.c.id)))
