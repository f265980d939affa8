"""Patron states: each refuses borrowing and renewing before any rule, none ever stops a return (R85)."""

from __future__ import annotations

from datetime import date

from circulation.domain.records import Patron
from rules.refusals import Reason


def against(patron: Patron, today: date) -> tuple[Reason, ...]:
    """Every state that stops this patron from borrowing today."""
    found = []
    if patron.card_lost:
        found.append(Reason("patron_state.card_lost"))
    if patron.valid_from is not None and today < patron.valid_from:
        found.append(Reason("patron_state.not_yet_valid", {"from": patron.valid_from.isoformat()}))
    if patron.valid_until is not None and today > patron.valid_until:
        found.append(Reason("patron_state.expired", {"until": patron.valid_until.isoformat()}))
    if patron.blocked:
        found.append(Reason("patron_state.blocked"))
    return tuple(found)
