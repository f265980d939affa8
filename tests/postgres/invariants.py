"""What must be true of the circulation tables whenever nobody is writing: nothing is half done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, select

from circulation.service import Service
from circulation.store import tables as t

ENDED = ("fulfilled", "cancelled", "expired")
WITH_COPY = ("on_its_way", "on_shelf")
Rows = list[Any]


def broken(service: Service) -> list[str]:
    """Everything that is not as it must be, in words; nothing = all is well.

    Holds in a library in which staff set nothing aside by hand and override nothing.
    """
    with service.database.reading() as db:
        return [*_loans(db), *_reservations(db), *_set_aside(db), *_fees(db), *_operations(db)]


def _all(db: Connection, table: Table) -> Rows:
    return list(db.execute(select(table)))


def _open(rows: Rows) -> Rows:
    return [row for row in rows if row.ended_at is None]


def _twice(what: str, keys: Iterator[Any]) -> Iterator[str]:
    return (f"{what}: {key} {count} times" for key, count in Counter(keys).items() if count > 1)


def _loans(db: Connection) -> Iterator[str]:
    yield from _twice("an item on loan", (row.item_id for row in _all(db, t.loan) if row.returned_at is None))


def _reservations(db: Connection) -> Iterator[str]:
    """One state each, and a copy exactly while there is one for it; what was said of its end is how it ended."""
    found = {row.id: row for row in _all(db, t.reservation)}
    for row in found.values():
        if (row.ended_at is not None) != (row.state in ENDED):
            yield f"reservation {row.id} is {row.state} and ended at {row.ended_at}"
        if row.ended_at is None and (row.copy_id is not None) != (row.state in WITH_COPY):
            yield f"reservation {row.id} is {row.state} with the copy {row.copy_id}"
    told = list(_told(db))
    yield from _twice("a reservation that ended", iter(one for _, one in told))
    for state, one in told:
        if found[one].state != state:
            yield f"reservation {one} is {found[one].state}, and a transaction said {state}"


def _told(db: Connection) -> Iterator[tuple[str, str]]:
    for row in _all(db, t.operation):
        for state in ("fulfilled", "cancelled"):
            if row.trace is not None and state in row.trace:
                yield state, row.trace[state]


def _set_aside(db: Connection) -> Iterator[str]:
    """A copy is set aside for whoever's open reservation has it, for nobody else, and is on loan to nobody."""
    lent = {row.item_id for row in _all(db, t.loan) if row.returned_at is None}
    mine = {row.copy_id: row for row in _open(_all(db, t.reservation)) if row.copy_id is not None}
    for item in _all(db, t.item):
        taker = mine.get(item.id)
        expected = taker.patron_id if taker is not None else None
        if item.set_aside_for != expected:
            yield f"item {item.id} is set aside for {item.set_aside_for}, reserved by {expected}"
        if taker is not None and item.id in lent:
            yield f"item {item.id} is on loan, and set aside for reservation {taker.id}"


def _fees(db: Connection) -> Iterator[str]:
    """Each reason is charged once, each payment went to fees as a whole, and no fee was paid more than it was."""
    fees = _all(db, t.fee)
    yield from _twice("an overdue fee of a loan", (row.loan_id for row in fees if row.loan_id is not None))
    uncollected = ((row.patron_id, row.item_id) for row in fees if row.reason == "uncollected")
    yield from _twice("a fee for an uncollected copy", uncollected)
    paid: Counter[int] = Counter()
    for payment in _all(db, t.payment):
        paid.update(dict(payment.parts))
        if sum(part for _, part in payment.parts) != payment.amount:
            yield f"payment {payment.id} of {payment.amount} went to {payment.parts}"
    for row in fees:
        if row.paid != paid[row.id] or row.paid > row.amount:
            yield f"fee {row.id} of {row.amount}: {row.paid} is noted, {paid[row.id]} was paid"
        if row.open != (row.paid < row.amount and row.waived_for is None):
            yield f"fee {row.id} of {row.amount} is open: {row.open}, with {row.paid} paid"


def _operations(db: Connection) -> Iterator[str]:
    for row in _all(db, t.operation):
        if row.outcome is None:
            yield f"operation {row.id} has no outcome"
