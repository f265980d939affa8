"""Patrons who can be written to: where, by which way first, and in which language.

Not responsible for what an address is (addresses) or for why one was refused (ending).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row

from circulation.domain.charges import Person
from circulation.domain.records import Place
from circulation.notices.types import EMAIL, LETTER, SMS
from circulation.store import notices as store

BY_DEFAULT = (EMAIL, SMS, LETTER)


@dataclass(frozen=True, slots=True)
class Addressee:
    """Somebody who is written to. ``addresses``: by channel, in the order in which they are taken."""

    person: Person
    language: str
    addresses: Mapping[str, str] = field(repr=False)


def of_patrons(db: Connection, place: Place, usable: frozenset[str], ids: Sequence[str]) -> dict[str, Addressee]:
    """Patrons with those of their addresses that can be written to."""
    return of_rows(db, place, usable, store.patrons(db, ids))


def of_rows(db: Connection, place: Place, usable: frozenset[str], rows: Sequence[Row[Any]]) -> dict[str, Addressee]:
    """The same of patrons that were read already."""
    refused = [row.id for row in rows if row.refused]
    bad = store.bad_addresses(db, refused) if refused else set()
    return {row.id: _addressee(place, usable, row, bad) for row in rows}


def _addressee(place: Place, usable: frozenset[str], row: Row[Any], bad: set[tuple[str, str, str]]) -> Addressee:
    known = {EMAIL: row.email, SMS: row.phone, LETTER: row.postal}
    order = sorted(BY_DEFAULT, key=lambda channel: channel != row.prefers)
    good = {
        channel: known[channel].strip()
        for channel in order
        if channel in usable and (known[channel] or "").strip() and (row.id, channel, known[channel].strip()) not in bad
    }
    home = row.home if row.home in place.house.languages else place.branch
    return Addressee(Person(row.id, row.category, row.born), row.language or place.house.languages[home], good)
