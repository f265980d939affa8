"""Who says what holds at an organisation: opening days and settings, its own and those it inherits.

Responsible for naming the organisation a value comes from. Not responsible for what the values mean (calendars,
domain.settings) or for changing them (organising).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from circulation.calendars import Day, days_of
from circulation.domain.settings import DEFAULTS
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import house
from circulation.store import organising as store

OPENING_DAYS = ("weekly_closed", "holidays", "tours")
NO_OPENING_DAYS: Mapping[str, Any] = {"weekly_closed": [], "holidays": "", "tours": None}


@dataclass(frozen=True, slots=True)
class Said:
    """One thing an organisation may say.

    Attributes:
        own: what it says itself, None = nothing.
        above: what holds if it says nothing.
        by: id of the organisation that says ``above``, None = nobody does, and it is the default.
    """

    own: Any
    above: Any
    by: str | None

    @property
    def holds(self) -> Any:
        """What holds."""
        return self.above if self.own is None else self.own


@dataclass(frozen=True, slots=True)
class Year:
    """The opening days of a year, with what they come from.

    Attributes:
        region: of the public holidays that hold; "" = none.
        said: "weekly_closed", "holidays" and "tours".
        closings: exceptional closings and openings, first day first, each with "organisation", whose they are.
    """

    year: int
    days: tuple[Day, ...]
    region: str
    said: Mapping[str, Said]
    closings: Sequence[Mapping[str, Any]]


def settings(service: Service, id_: str) -> dict[str, Said]:
    """Every setting of an organisation, in the order they are declared.

    Raises:
        CirculationError: there is no such organisation.
    """
    with service.database.reading() as db:
        chain = _chain(db, id_)
        own = [(at, _row(db, at).settings or {}) for at in chain]
    return {name: _said(own, name, default) for name, default in DEFAULTS.items()}


def year(service: Service, id_: str, number: int) -> Year:
    """The days of a year at an organisation (R38-R40).

    Raises:
        CirculationError: there is no such organisation.
    """
    with service.database.reading() as db:
        chain = _chain(db, id_)
        own = [(at, {name: getattr(_row(db, at), name) for name in OPENING_DAYS}) for at in chain]
        openings = house.openings(db)
        closings = [one for at in chain for one in _closings(db, at)]
    said = {name: _said(own, name, default) for name, default in NO_OPENING_DAYS.items()}
    days = days_of([openings[at] for at in chain], number)
    closings.sort(key=lambda one: (one["first"], one["id"]))
    return Year(number, days, said["holidays"].holds, said, closings)


def _said(own: Sequence[tuple[str, Mapping[str, Any]]], name: str, default: Any) -> Said:
    """What is said of one name along a chain, deepest first."""
    above = next(((values[name], at) for at, values in own[1:] if values.get(name) is not None), (default, None))
    return Said(own[0][1].get(name), *above)


def _chain(db: Connection, id_: str) -> tuple[str, ...]:
    tree = house.organisations(db)
    if id_ not in tree.nodes:
        raise CirculationError("not_found", "there is no such organisation", 404)
    return tree.chain(id_)


def _row(db: Connection, id_: str) -> Any:
    return store.organisation(db, id_)


def _closings(db: Connection, id_: str) -> list[dict[str, Any]]:
    keys = ("id", "organisation", "first", "last", "open", "note")
    return [{key: getattr(row, key) for key in keys} for row in store.closings(db, id_)]
