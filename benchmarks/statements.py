"""How many SQL statements a checkout, a renewal and a return send: as many for 400 loans and a long queue as for few.

Counted in one process, from the beginning of the transaction to its end; what is sent before it, to know who asks, is
the same for all. Not responsible for how long they take (throughput).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import insert

from benchmarks.direct import noted
from circulation import operations
from circulation.operations import ACTIONS, RETURN, Asked
from circulation.service import Workplace
from circulation.store import tables as t
from circulation.transactions import CHECKOUT
from tests.circulation.world import World, rule
from tests.postgres.cluster import Cluster, running
from tests.postgres.processes import filled

LOANS = (4, 400)
WAITING = (3, 40)
CASES = tuple(product(LOANS, WAITING))
AT = Workplace("m", "N1")


@dataclass(frozen=True, slots=True)
class Figure:
    """One action on one database. ``sent``: statements by loans of the patron and reservations of the title."""

    database: str
    action: str
    sent: Mapping[tuple[int, int], int]

    @property
    def same(self) -> bool:
        """As it must be (R81)."""
        return len(set(self.sent.values())) == 1


def prepare(world: World) -> None:
    """A limit that counts some loans only, a machine, and the rules read and compiled: not for each transaction."""
    dvds = rule("dvd", "counts.max_loans", 500, media_type="DVD")
    world.rules(dvds, rule("all", "counts.max_loans", 500), rule("reserved", "circulation.renewal_reserved", True))
    service = world.service
    with service.database.writing() as db:
        enrolled = {"name": "m", "branch": "N1", "key_hash": "h", "enrolled_at": service.clock()}
        db.execute(insert(t.machine).values(id=AT.id, **enrolled))
    with service.database.reading() as db:
        service.place(db, AT)


def sent(world: World, action: str, loans: int, waiting: int) -> list[str]:
    """The statements of one transaction of a patron with so many loans, with so many others waiting for the title."""
    patron, others = world.patron_id(world.patron()), world.patron_id(world.patron())
    title, *more = (f"{action}-{uuid4()}" for _ in range(loans + 1))
    _add_items(world, (title, *more), title)
    _add_loans(world, patron, more if action == CHECKOUT else (title, *more[1:]))
    _add_reservations(world, others, title, waiting)
    asked = Asked(str(uuid4()), action, title, None if action == RETURN else patron)
    with noted(world.service) as seen:
        line = operations.run(world.service, AT, asked)
    if line["outcome"] != "done":
        raise ValueError(f"a {action} came out as {line}")
    return [text for text, _ in seen]


def _add_items(world: World, items: tuple[str, ...], title: str) -> None:
    values = {"title": "T", "author": "", "media_type": "DVD", "branch": "N1", "parts": 1, "state": "available"}
    with world.service.database.writing() as db:
        db.execute(
            insert(t.item), [{"id": item, "title_id": title if item == title else item, **values} for item in items]
        )


def _add_loans(world: World, patron: str, items: Any) -> None:
    now = world.service.clock()
    values = {"branch": "N1", "out_at": now, "due": now.date() + timedelta(days=7), "renewals": 0}
    lent = [{"item_id": item, "patron_id": patron, "rule_set": 1, "rules": {}, **values} for item in items]
    with world.service.database.writing() as db:
        db.execute(insert(t.loan), lent)


def _add_reservations(world: World, patron: str, title: str, count: int) -> None:
    values = {"title_id": title, "patron_id": patron, "pickup": "N1", "made_at": world.service.clock()}
    values |= {"channel": "desk", "state": "waiting", "suspended": False, "rule_set": 1, "rules": {}}
    with world.service.database.writing() as db:
        db.execute(insert(t.reservation), [{"id": str(uuid4()), **values} for _ in range(count)])


def measure() -> Iterator[Figure]:
    """Every action on both databases."""
    with running() as cluster, tempfile.TemporaryDirectory() as folder:
        for name, address in _databases(cluster, Path(folder)).items():
            service = filled(address, Path(folder) / name)
            try:
                world = World(service)
                prepare(world)
                for action in ACTIONS:
                    yield Figure(name, action, {case: len(sent(world, action, *case)) for case in CASES})
            finally:
                service.database.close()


def _databases(cluster: Cluster, folder: Path) -> dict[str, str]:
    return {"SQLite": f"sqlite:///{folder}/circulation.db", "PostgreSQL": cluster.url(cluster.create())}
