"""What is to be sent to whom: candidates read by pages of patrons, and what is due for each (due) put into messages.

Reads only, so that a dry run is this and nothing more. Not responsible for writing it down (ledger) or for sending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from circulation.domain.records import Place
from circulation.notices import addressees
from circulation.notices.addressees import Addressee
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT, RECEIPT, RESERVATION
from circulation.notices.due import debts, loans, reservations
from circulation.notices.due.telling import Sides
from circulation.notices.lines import Asked, Line, Skipped
from circulation.notices.types import LETTER
from circulation.service import Service, Workplace

PAGE = 200  # patrons read at once
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Planned:
    """One message that is to be sent. ``fee``: minor units (R30, R31)."""

    kind: str
    level: str
    branch: str
    channel: str
    to: Addressee
    lines: tuple[Line, ...]
    fee: int

    @property
    def address(self) -> str:
        """Where it goes."""
        return self.to.addresses[self.channel]


@dataclass(frozen=True, slots=True)
class Chosen:
    """All that concerns one patron in a run."""

    kind: str
    patron: str
    messages: tuple[Planned, ...]
    skipped: tuple[Skipped, ...]


_Patrons = Callable[[Connection, Place, Asked, str, int], list[str]]
_Found = Callable[[Connection, Place, Asked, Mapping[str, Addressee]], Sides]


def place_of(service: Service, db: Connection) -> Place:
    """The installation today, at its top organisation.

    Raises:
        CirculationError: nothing was set up, or no rule set was published yet.
    """
    place = service.place(db, Workplace(SYSTEM, "", SYSTEM))
    top = next(node.id for node in place.rules.organisations.nodes.values() if node.parent is None)
    return replace(place, branch=top)


def chosen(service: Service, asked: Asked) -> Iterator[Chosen]:
    """All that is to be sent now and all that staff must know, patron by patron; memory for one page only."""
    patrons, _ = _SOURCES[asked.kind]
    after = ""
    while True:
        with service.database.reading() as db:
            ids = patrons(db, place_of(service, db), asked, after, PAGE)
            page = _page(service, db, asked, ids) if ids else ()
        yield from page
        if len(ids) < PAGE:
            return
        after = ids[-1]


def chosen_of(service: Service, db: Connection, asked: Asked, patron: str) -> Chosen | None:
    """The same for one patron, as it is in this transaction; None = nothing."""
    return next(iter(_page(service, db, asked, [patron])), None)


def _page(service: Service, db: Connection, asked: Asked, ids: Sequence[str]) -> tuple[Chosen, ...]:
    place = place_of(service, db)
    people = addressees.of_patrons(db, place, asked.usable, ids)
    _, found = _SOURCES[asked.kind]
    sides = found(db, place, asked, people)
    return tuple(_sorted_out(place, asked, people[patron], *sides[patron]) for patron in ids if patron in sides)


def _nobody(_: Connection, __: Place, ___: Asked, ____: str, _____: int) -> list[str]:
    """A receipt is asked for (receipts): a run finds none, it sends those that are written down."""
    return []


def _nothing(_: Connection, __: Place, ___: Asked, ____: Mapping[str, Addressee]) -> Sides:
    return {}


# Kind -> how candidates are read, and how what is due for them is found.
_SOURCES: Mapping[str, tuple[_Patrons, _Found]] = {
    DUE_WARNING: (loans.patrons, loans.found),
    OVERDUE: (loans.patrons, loans.found),
    PAYMENT: (debts.patrons, debts.found),
    RESERVATION: (reservations.patrons, reservations.found),
    RECEIPT: (_nobody, _nothing),
}


# --- messages ---------------------------------------------------------------------------------------------------------


def _sorted_out(place: Place, asked: Asked, who: Addressee, lines: list[Line], skipped: list[Skipped]) -> Chosen:
    """Lines of one patron as messages: by branch, level and way (R69)."""
    parts: dict[tuple[Any, ...], list[Line]] = defaultdict(list)
    for number, line in enumerate(lines):
        apart = asked.kind == DUE_WARNING and place.settings(line.branch).grouping == "loan"
        parts[(line.branch, line.noticed.level, line.by_letter, number if apart else -1)].append(line)
    messages = tuple(
        Planned(
            asked.kind,
            key[1],
            key[0],
            LETTER if key[2] else next(iter(who.addresses)),
            who,
            tuple(part),
            message_fee(place, key[0], [line.noticed.fee for line in part]),
        )
        for key, part in parts.items()
    )
    return Chosen(asked.kind, who.person.id, messages, tuple(skipped))


def message_fee(place: Place, branch: str, fees: Iterable[int]) -> int:
    """What a message costs whose loans would cost these: the highest, or all of them (R30, R31)."""
    costs = tuple(fees)
    return sum(costs) if place.settings(branch).fee_basis == "item" else max(costs, default=0)
