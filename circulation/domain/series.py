"""The running series of payment reminders: since when the minimum total is reached (R27, R44). Not sending them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rules.organisation import OrganisationTree


@dataclass(frozen=True, slots=True)
class Change:
    """A debt has changed: a charge is positive, a payment or waiver negative; minor units."""

    on: date
    by: int


def reached_on(changes: Iterable[Change], minimum: int) -> date | None:
    """Day from which the debt has been at or above the minimum without a break, None if it is below now.

    Args:
        changes: in the order in which they happened.
        minimum: value of ``counts.payment_reminder_minimum``, minor units.
    """
    owed, since = 0, None
    for change in changes:
        owed += change.by
        if owed < minimum:
            since = None
        elif since is None:
            since = change.on
    return since


def authority(branch: str, tree: OrganisationTree) -> str:
    """The organisation a debt belongs to: the one above the branch where it was charged."""
    chain = tree.chain(branch)
    return chain[1] if len(chain) > 1 else chain[0]
