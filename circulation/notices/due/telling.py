"""Whether a notice that is due is sent, told to staff, or left as it stands in the ledger already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from circulation.domain import noticing
from circulation.domain.records import Place
from circulation.notices.addressees import Addressee
from circulation.notices.content import OVERDUE, PAYMENT
from circulation.notices.lines import ADDRESS_REFUSED, GAVE_UP, MISSED, NO_ADDRESS, NOT_COMPOSED, Line, Skipped
from circulation.notices.types import LETTER
from circulation.store import notices as store

Side = tuple[list[Line], list[Skipped]]  # what is sent to a patron, what is not
Sides = dict[str, Side]  # by patron
# What staff must know of what is not sent, and by which reason it is written down.
_TOLD_STAFF = {noticing.OFF: noticing.OFF, noticing.OVERDUE: MISSED}


def add(side: Side, line: Line, who: Addressee) -> None:
    """Put a line where it belongs; what is not due and nobody need know of belongs nowhere."""
    lines, skipped = side
    why = line.noticed.why
    if line.by_letter and LETTER not in who.addresses:
        return  # it stays as it is, on the list of what was refused
    if why is None and who.addresses:
        lines.append(line)
    elif why in _TOLD_STAFF or why is None:
        reason = _TOLD_STAFF.get(why or "", NO_ADDRESS)
        skipped.append(Skipped(line, reason, line.noticed.refusing))


def untold(place: Place, line: Line, told: Iterable[Row[Any]]) -> Line | None:
    """The line, unless its notice stands in the ledger; one that failed on an earlier day may be told once more."""
    mine = [row for row in told if row.level == line.noticed.level]
    noted = frozenset(row.reason for row in mine if row.state == store.SKIPPED)
    counting = next((row for row in mine if row.state not in (store.SKIPPED, store.CANCELLED)), None)
    if counting is None:
        return replace(line, noted=noted) if noted else line
    if not line.noticed.due or not _once_more(place.at(line.branch), counting):
        return None
    return replace(line, noted=noted, again=counting.id, by_letter=counting.reason == ADDRESS_REFUSED)


def _once_more(place: Place, row: Row[Any]) -> bool:
    """Whether what is known not to have left is sent again, from the next calendar day on."""
    if not is_retried(row) or row.ended_at is None:
        return False
    return place.day(row.ended_at) < place.today


def is_retried(row: Row[Any]) -> bool:
    """Whether a notice failed in a way that is tried again on a later day.

    A reminder whose address was refused goes by letter (section L on R49 and R74).
    """
    refused = row.reason == ADDRESS_REFUSED and row.channel != LETTER and row.kind in (OVERDUE, PAYMENT)
    return bool(row.state == store.FAILED and (refused or row.reason in (GAVE_UP, NOT_COMPOSED)))
