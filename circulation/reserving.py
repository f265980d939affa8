"""Making and cancelling reservations, each in one transaction (R23, R32, R50-R52). Not what is decided (domain)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from circulation import shelf
from circulation.clock import local_day
from circulation.domain import charges
from circulation.domain.records import Place, Reservation, Verdict
from circulation.domain.reservation import Wish, decide_reservation
from circulation.errors import CirculationError
from circulation.service import Service, Workplace
from circulation.store import circulating as store
from circulation.store import debts, house, reservations
from rules.refusals import Reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be reserved. ``item``: the one copy wanted, None = any copy of the title."""

    patron: str
    title: str
    pickup: str
    item: str | None = None
    expires: date | None = None


def reserve(service: Service, workplace: Workplace, wanted: Wanted) -> tuple[str | None, Verdict]:
    """Make a reservation: its id, None if it was refused; and why.

    Raises:
        CirculationError: no such branch, or a copy of another title.
    """
    with service.database.writing() as db:
        place = service.place(db, workplace)
        if wanted.pickup not in place.rules.organisations.nodes:
            raise CirculationError("branch_unknown", f"there is no branch {wanted.pickup!r}")
        return make(db, place, wanted, service.clock())


def make(db: Connection, place: Place, wanted: Wanted, now: datetime) -> tuple[str | None, Verdict]:
    """Decide and, if nothing is against it, write."""
    verdict = decide(db, place, wanted)
    if verdict.reasons:
        return None, verdict
    number = str(uuid4())
    values = {
        "id": number,
        "title_id": wanted.title,
        "item_id": wanted.item,
        "patron_id": wanted.patron,
        "pickup": wanted.pickup,
        "made_at": now,
        "channel": place.channel,
        "expires": wanted.expires,
        "rule_set": place.rules.number,
        "rules": dict(verdict.winners),
    }
    reservations.add(db, values)
    return number, verdict


def decide(db: Connection, place: Place, wanted: Wanted, *, locked: bool = True) -> Verdict:
    """Decide a reservation; nothing is written."""
    patron = store.patron(db, wanted.patron, locked=locked)
    if patron is None:
        return Verdict((Reason("permission"),))
    copies = reservations.copies(db, wanted.title, locked=locked)
    if wanted.item is not None:
        if copies and wanted.item not in {copy.item.id for copy in copies}:
            raise CirculationError("item_unknown", "this item is no copy of this title")
        copies = tuple(copy for copy in copies if copy.item.id == wanted.item)
    queue = reservations.queue(db, wanted.title)
    wish = Wish(copies, wanted.pickup)
    return decide_reservation(place, wish, patron, queue, lambda level: debts.count_reminded(db, patron.id, level))


def cancel(service: Service, workplace: Workplace, reservation: str, by: str, patron: str | None) -> dict[str, Any]:
    """Cancel an open reservation; what was charged for it.

    Args:
        service: the service.
        workplace: where.
        reservation: its id.
        by: who does it: a name of staff, or "patron".
        patron: whose it must be; None = anybody's.

    Raises:
        CirculationError: there is no such open reservation.
    """
    now = service.clock()
    with service.database.writing() as db:
        place = service.place(db, workplace)
        one = _locked(db, reservation)
        if patron is not None and one.patron != patron:
            raise _unknown()
        item = store.item(db, one.copy) if one.copy is not None else None
        told = shelf.cancel(db, place, one, item, now, by)
        if item is not None and one.state in ("on_shelf", "on_its_way"):
            told |= shelf.release(db, place, item, now)
        return told


def cost_of_cancelling(db: Connection, place: Place, reservation: str) -> int:
    """What cancelling an open reservation would cost today, in minor units: only one on the hold shelf does (R32)."""
    one = reservations.by_id(db, reservation)
    if one is None or one.state != "on_shelf" or one.copy is None or one.patron is None:
        return 0
    item = store.item(db, one.copy, locked=False)
    reserver = store.person(db, one.patron)
    if item is None or reserver is None:
        return 0
    charge = charges.uncollected(place, item, one.pickup, reserver)
    return charge.amount.minor if charge is not None else 0


def expire(service: Service) -> int:
    """End reservations whose last day is over: how many; whoever waits behind them has moved up already."""
    now = service.clock()
    with service.database.writing() as db:
        branches: dict[date, list[str]] = defaultdict(list)  # by the day it is there
        for branch, zone in house.zones(db).items():
            branches[local_day(now, zone)].append(branch)
        return sum(reservations.expire(db, there, today, now) for today, there in branches.items())


def suspend(service: Service, reservation: str, suspended: bool) -> None:
    """Let a reservation rest, or take part again.

    Raises:
        CirculationError: there is no such open reservation, or it has been given a copy.
    """
    with service.database.writing() as db:
        one = _locked(db, reservation)
        if one.state != "waiting":
            raise CirculationError("reservation_state", "a copy was set aside for this reservation already", 409)
        reservations.suspend(db, one, suspended)


def _locked(db: Connection, reservation: str) -> Reservation:
    """The reservation, its rows locked in the order patron, item, reservation (decision 0016).

    While it waits it may be given any copy of its title that comes back: then none may come back meanwhile. The whole
    queue is locked, in its order: who frees a copy gives it to another reservation, as does whoever takes one back.
    """
    seen = reservations.by_id(db, reservation)
    if seen is None:
        raise _unknown()
    if seen.patron is not None:
        store.patron(db, seen.patron)
    if seen.copy is not None:
        store.item(db, seen.copy)
    else:
        reservations.copies(db, seen.title)
    queue = reservations.queue(db, seen.title, locked=True)
    one = next((one for one in queue if one.id == reservation), None)
    if one is None:
        raise _unknown()
    return one


def _unknown() -> CirculationError:
    return CirculationError("reservation_unknown", "there is no such open reservation", 404)


def hold_shelf(service: Service, branch: str) -> list[dict[str, Any]]:
    """What stands on the hold shelf of a branch and what is on its way there, longest first.

    Raises:
        CirculationError: there is no such branch.
    """
    with service.database.reading() as db:
        if branch not in house.organisations(db).nodes:
            raise CirculationError("branch_unknown", f"there is no branch {branch!r}")
        return [reservation_line(row) for row in reservations.on_shelf(db, branch)]


@dataclass(frozen=True, slots=True)
class HoldShelf:
    """The hold shelf of a branch as staff walk along it (R32, R87). Every line is a dictionary of columns.

    Attributes:
        over: may go back: their last day has passed.
        ready: wait to be collected, what must go first at the top.
        coming: on their way here.
        to_fetch: copies that stand on the shelves here while somebody waits for them; one for each who waits.
    """

    over: tuple[dict[str, Any], ...]
    ready: tuple[dict[str, Any], ...]
    coming: tuple[dict[str, Any], ...]
    to_fetch: tuple[dict[str, Any], ...]


def walk_shelf(service: Service, branch: str) -> HoldShelf:
    """What stands on the hold shelf of a branch, what is on its way, and what is still to be fetched.

    Raises:
        CirculationError: there is no such branch.
    """
    with service.database.reading() as db:
        if branch not in house.organisations(db).nodes:
            raise CirculationError("branch_unknown", f"there is no branch {branch!r}")
        today = local_day(service.clock(), house.zones(db)[branch])
        rows = [dict(row._mapping) for row in reservations.shelved(db, branch)]  # noqa: SLF001
        wanted = [dict(row._mapping) for row in reservations.to_fetch(db, branch, today)]  # noqa: SLF001
    here = [row for row in rows if row["state"] == "on_shelf"]
    over = [row for row in here if row["collect_by"] is not None and row["collect_by"] < today]
    ready = [row for row in here if row not in over]
    coming = [row for row in rows if row["state"] != "on_shelf"]
    return HoldShelf(tuple(over), tuple(ready), tuple(coming), tuple(_once(wanted)))


def _once(wanted: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each copy for one reservation, and each reservation with one copy."""
    taken: set[str] = set()
    for row in wanted:
        if not taken & {row["id"], row["reservation"]}:
            taken |= {row["id"], row["reservation"]}
            yield row


def queue_of(service: Service, title: str) -> list[dict[str, Any]]:
    """Open reservations of a title with whose they are, first come first.

    "number" counts those that still wait, suspended ones too, which keep their place; None once a copy was set aside.
    """
    with service.database.reading() as db:
        rows = [dict(row._mapping) for row in reservations.queued(db, title)]  # noqa: SLF001
    numbers = count(1)
    return [{**row, "number": next(numbers) if row["state"] == "waiting" else None} for row in rows]


def open_of(service: Service, *, title: str | None = None, patron: str | None = None) -> list[dict[str, Any]]:
    """Open reservations of a title or a patron, first come first."""
    with service.database.reading() as db:
        return [reservation_line(row) for row in reservations.listed(db, title=title, patron=patron)]


def lines_of(db: Connection, patron: str) -> list[dict[str, Any]]:
    """Open reservations of a patron, in a transaction there is already."""
    return [reservation_line(row) for row in reservations.listed(db, patron=patron)]


def reservation_line(row: Any) -> dict[str, Any]:
    """A reservation as staff see it."""
    return {
        "id": row.id,
        "title": row.title_id,
        "item": row.item_id,
        "patron": row.patron_id,
        "pickup": row.pickup,
        "made_at": row.made_at,
        "state": row.state,
        "suspended": row.suspended,
        "expires": row.expires,
        "copy_id": row.copy_id,
        "collect_by": row.collect_by,
    }
