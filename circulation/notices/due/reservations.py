"""Reserved items on the hold shelf: reservation notices (R17)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from circulation.domain import noticing
from circulation.domain.records import Place
from circulation.notices.addressees import Addressee
from circulation.notices.due.telling import Sides, add, untold
from circulation.notices.lines import Asked, Line
from circulation.store import circulating
from circulation.store import notices as store


def patrons(db: Connection, _: Place, __: Asked, after: str, most: int) -> list[str]:
    """For whom an item is on the hold shelf, by id."""
    return store.reservers(db, after, most)


def found(db: Connection, place: Place, asked: Asked, people: Mapping[str, Addressee]) -> Sides:
    """What is due for each of their items on the hold shelf."""
    told: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in store.about(db, asked.kind, list(people)):
        told[row.reservation_id].append(row)
    sides: Sides = defaultdict(lambda: ([], []))
    for row in store.on_shelf(db, list(people)):
        who = people[row.patron_id]
        item = circulating.item_of(row)
        noticed = noticing.reservation_notice(place.at(row.pickup), item, row.pickup, row.until, who.person)
        about = {"reservation_id": row.reservation, "patron_id": who.person.id}
        line = untold(place, Line(row.pickup, noticed, about, row.called), told[row.reservation])
        if line is not None:
            add(sides[row.patron_id], line, who)
    return sides
