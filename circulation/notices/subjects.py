"""Whom messages go to and what they tell of, as they are now: read once for all who look at them.

Not responsible for whether it still holds (rechecking) or for what is said of it (contents).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from circulation.notices.content import PAYMENT, RESERVATION
from circulation.store import notices as store


@dataclass(frozen=True, slots=True)
class Subjects:
    """What was read.

    Attributes:
        patrons: with addresses, by id; those that are still there.
        loans: by their number; of messages about loans.
        reservations: those that stand on the hold shelf, by their id; of messages about them.
    """

    patrons: Mapping[str, Row[Any]]
    loans: Mapping[int, Row[Any]]
    reservations: Mapping[str, Row[Any]]


def read(
    db: Connection, kind: str, messages: Iterable[Row[Any]], notices: Sequence[Row[Any]], *, locked: bool = False
) -> Subjects:
    """Read them, for messages of one kind.

    Where ``locked``, nobody changes patrons and loans until the end of the transaction.
    """
    ids = {row.patron_id for row in messages if row.patron_id is not None}
    patrons = {row.id: row for row in store.patrons(db, ids, locked=locked)} if ids else {}
    if not patrons or kind == PAYMENT:
        return Subjects(patrons, {}, {})
    if kind == RESERVATION:
        return Subjects(patrons, {}, store.reservations_now(db, [row.reservation_id for row in notices]))
    return Subjects(patrons, store.loans_now(db, [row.loan_id for row in notices], locked=locked), {})
