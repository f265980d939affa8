"""Whom a message goes to and what it tells of, as they are now: read once for all who look at them.

Not responsible for whether it still holds (rechecking) or for what is said of it (contents).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from circulation.notices.content import PAYMENT, RESERVATION
from circulation.store import notices as store


@dataclass(frozen=True, slots=True)
class Subjects:
    """What was read.

    Attributes:
        patron: with addresses.
        loans: by their number; of messages about loans.
        reservations: those that stand on the hold shelf, by their id; of messages about them.
    """

    patron: Row[Any]
    loans: Mapping[int, Row[Any]]
    reservations: Mapping[str, Row[Any]]


def read(db: Connection, message: Row[Any], notices: Sequence[Row[Any]], *, locked: bool = False) -> Subjects | None:
    """Read them; None = there is no such patron any longer.

    Where ``locked``, nobody changes patron and loans until the end of the transaction.
    """
    patrons = store.patrons(db, [message.patron_id], locked=locked) if message.patron_id is not None else ()
    if not patrons:
        return None
    if message.kind == RESERVATION:
        return Subjects(patrons[0], {}, store.reservations_now(db, [row.reservation_id for row in notices]))
    if message.kind == PAYMENT:
        return Subjects(patrons[0], {}, {})
    return Subjects(patrons[0], store.loans_now(db, [row.loan_id for row in notices], locked=locked), {})
