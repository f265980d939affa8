"""The reservations of a world: in the queue, on the hold shelf, resting, or over."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import Connection, insert, select

from circulation.domain.records import Place
from circulation.domain.reservation import collect_by
from circulation.store import circulating, house
from circulation.store import tables as t
from tests.cases.reading import Case, CaseError
from tests.cases.taking import Taking, instant
from tests.cases.words import RESTING, SHELVED, WAITING, days, state

_OVER = ("cancelled", "expired", "fulfilled")
_MADE = (
    *("since", "made", "created", "reserved", "placed", "queued", "requested", "date", "day", "at"),
    *("made_on", "made_at", "created_on", "created_at", "reserved_on", "reserved_at", "placed_on", "placed_at"),
    *("queued_on", "queued_at", "queued_since", "waiting_since"),
)
_SHELVED_ON = (
    *("on_shelf_since", "on_hold_shelf_since", "shelf_since", "shelved", "shelved_on", "shelf_day", "shelf_date"),
    *("put_on_shelf", "put_on_hold_shelf", "on_shelf_from", "on_shelf", "on_hold_shelf", "ready_since", "set_aside_on"),
)
_UNTIL = (
    *("on_shelf_until", "on_hold_shelf_until", "shelf_until", "until", "last_day", "last_shelf_day", "hold_until"),
    *("collect_by", "collect_until", "pickup_until", "pick_up_by", "pickup_by", "ready_until"),
)
_COPY = ("item", "copy", "copy_id", "assigned_item", "assigned_copy")


def fill(db: Connection, case: Case, of: Taking, number: int, zone: str) -> tuple[str, str]:
    """Store a reservation; its name and id.

    Args:
        db: in which; its rules are live.
        case: the case.
        of: what the world says.
        number: its place among all, which orders those made on one day.
        zone: of the file.
    """
    name = of.get("id", default=f"reservation {number}")
    id_ = str(uuid5(NAMESPACE_OID, name))
    first, last = case.steps[0].at.date(), case.steps[-1].at.date()
    rests = _rests(of, first, last)
    told = _state(of)
    made = of.get(*_MADE, default=date(2020, 1, 1))
    since, until = _day(of.get(*_SHELVED_ON)), _day(of.get(*_UNTIL))
    here = told or (WAITING if since is None and until is None else SHELVED)
    shelved = here == SHELVED
    copy, title, pickup = of.get(*_COPY) or None, of.get("title"), of.get("pickup", "pickup_branch", "branch")
    item = _item(db, copy, title, pickup if shelved else None)
    if item is None and (shelved or title is None or pickup is None):
        raise of.wrong("item", copy or title)
    if here in (WAITING, RESTING) and until is not None:
        raise of.wrong("last day on the shelf while it waits:", until)
    pickup, patron = pickup or item.branch, of.get("patron")
    if shelved and until is None:
        since = since or first
        until = _last_day(db, item.id, pickup, patron, since)
    position = of.get("position", default=number)
    values = {
        "id": id_,
        "title_id": title if title is not None else item.title_id,
        "patron_id": patron,
        "pickup": pickup,
        "made_at": instant(made, zone) + timedelta(minutes=0 if isinstance(made, datetime) else position),
        "channel": of.get("channel", default="web"),
        "state": WAITING if here == RESTING else here,
        "suspended": rests or here == RESTING,
        "expires": of.get("expires", "expires_on", "valid_until"),
        "ended_at": instant(made, zone) if here in _OVER else None,
        "copy_id": item.id if shelved else None,
        "item_id": None if shelved else copy,
        "shelved_on": since,
        "collect_by": until,
        "rule_set": 1,
        "rules": {},
    }
    of.done()
    db.execute(insert(t.reservation).values(**values))
    if shelved:
        aside = {"set_aside_for": patron, "collect_by": until}
        db.execute(t.item.update().where(t.item.c.id == item.id).values(**aside))
    return str(name), id_


def _rests(of: Taking, first: date, last: date) -> bool:
    """Whether it is suspended, which may be told by the day until which it is."""
    until = of.get("suspended_until")
    if until is not None and first <= until <= last:
        raise of.wrong("suspended_until, within the case:", until)  # steps cannot let a day pass that ends it
    return bool(of.get("suspended", "resting", default=until is not None and last < until))


def _day(said: Any) -> date | None:
    return next(days(said), None)


def _state(of: Taking) -> str | None:
    """The state told, in a word or by a key that is true."""
    said = of.get("state", "status")
    flags = {key: value for key, value in of.left.items() if isinstance(value, bool)}
    for key in flags:
        del of.left[key]
    told = {_named(of, key, key): value for key, value in flags.items()}
    if said is not None:
        return _named(of, "state", said)
    if told.get(WAITING) is False:
        raise of.wrong("state, it is not", WAITING)
    return next((one for one, value in told.items() if value), None)


def _named(of: Taking, key: str, said: Any) -> str:
    found = state(said)
    if found is None:
        raise of.wrong(key, said)
    return found


def _item(db: Connection, copy: str | None, title: str | None, branch: str | None) -> Any:
    """The copy named, else one of the title that is free, at a branch if there is one there; None = none."""
    lent = select(t.loan.c.item_id).where(t.loan.c.returned_at.is_(None))
    elsewhere = (t.item.c.branch != branch,) if branch is not None else ()
    last = (*elsewhere, t.item.c.id.in_(lent), t.item.c.set_aside_for.is_not(None))
    of_title = select(t.item).where(t.item.c.title_id == title).order_by(*last, t.item.c.id)
    return db.execute(select(t.item).where(t.item.c.id == copy) if copy is not None else of_title).first()


def _last_day(db: Connection, item: str, pickup: str, patron: str, since: date) -> date:
    """Shelf time after the day it was put there, by the rules of the pick-up branch."""
    here = house.installation(db)
    copy = circulating.item(db, item, locked=False)
    if here.live is None or copy is None:
        raise CaseError(f"there is no shelf time for {item}")
    place = Place("desk", pickup, since, house.house_of(db, house.rule_set(db, here.live), here, since.year))
    who = db.execute(select(t.patron.c.category, t.patron.c.born).where(t.patron.c.id == patron)).one()
    return collect_by(place, pickup, copy, (who.category, who.born))[0]
