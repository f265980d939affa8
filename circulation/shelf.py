"""A copy that has come back: set aside for the next in the queue, sent home, or put back on the shelf (R24, R32, R84).

Not responsible for the loan it came back from (transactions).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from circulation.booking import book, charged_line
from circulation.domain import charges
from circulation.domain.item_states import STATES
from circulation.domain.records import Item, Place, Reservation
from circulation.domain.reservation import collect_by, next_in_queue
from circulation.store import circulating as store
from circulation.store import reservations


def arrive(db: Connection, place: Place, item: Item, now: datetime) -> dict[str, Any]:
    """Deal with a copy that is at the session's branch and on loan to nobody; what staff are told of it."""
    told: dict[str, Any] = {}
    queue = reservations.queue(db, item.title, locked=True)
    mine = next((one for one in queue if one.copy == item.id), None)
    if mine is not None and _over(mine, place):
        told = cancel(db, place, mine, item, now, "system")
        queue = tuple(one for one in queue if one.id != mine.id)
        mine = None
    if mine is None and (item.state == "not_ready" or (item.set_aside_for is not None and not told)):
        return {**told, "shelf": {"state": "kept"}}  # staff have put it aside by hand
    return {**told, "shelf": _place(db, place, item, mine or next_in_queue(queue, item, place.today))}


def _over(one: Reservation, place: Place) -> bool:
    return one.state == "on_shelf" and one.collect_by is not None and one.collect_by < place.today


def _place(db: Connection, place: Place, item: Item, taker: Reservation | None) -> dict[str, Any]:
    if taker is not None and taker.patron is not None:
        if taker.state == "on_shelf" and taker.pickup == place.branch:
            return _told("on_shelf", taker)
        who = store.person(db, taker.patron)
        until, _ = collect_by(place, taker.pickup, item, (who.category if who else "", who.born if who else None))
        reservations.give(db, taker, item, place.branch, place.today, until)
        return _told("on_shelf" if taker.pickup == place.branch else "send", taker)
    sent_home = item.branch != place.branch and not place.settings().floating
    if not STATES[item.state].takes_back:
        return {"state": "kept"}
    store.place_item(db, item, place.branch, "in_transit" if sent_home else "available")
    return {"state": "send", "to": item.branch} if sent_home else {"state": "available"}


def _told(state: str, taker: Reservation) -> dict[str, Any]:
    return {"state": state, "to": taker.pickup, "reservation": taker.id}


def cancel(db: Connection, place: Place, one: Reservation, item: Item | None, now: datetime, by: str) -> dict[str, Any]:
    """Cancel a reservation, whoever does it; one that stands on the hold shelf costs the fee of R32."""
    told: dict[str, Any] = {"cancelled": one.id, "charged": []}
    reserver = store.person(db, one.patron) if one.patron is not None else None
    if one.state == "on_shelf" and item is not None and reserver is not None:
        charge = charges.uncollected(place, item, one.pickup, reserver)
        if charge is not None:
            number = book(db, place, charge, now, item, None)
            told["charged"].append(charged_line(charge, number, item, None))
            told["fee_rules"] = dict(charge.winners)
    reservations.end(db, one, "cancelled", now, by)
    return told


def release(db: Connection, place: Place, item: Item, now: datetime) -> dict[str, Any]:
    """A copy whose reservation is over: for the next in the queue, or back to the shelf.

    One that is on its way stays so; it is dealt with where it arrives.
    """
    if item.state != "available":
        return {}
    free = replace(item, set_aside_for=None)
    queue = reservations.queue(db, item.title, locked=True)
    at = replace(place, branch=item.stands_at)  # the copy stands where it stood, whoever cancels and wherever
    return {"shelf": _place(db, at, free, next_in_queue(queue, free, place.today))}
