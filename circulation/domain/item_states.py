"""Item states and the one stated effect of each at checkout and at return (R84)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from circulation.domain.records import Item, Loan, Patron
from rules.refusals import Reason


@dataclass(frozen=True, slots=True)
class Effect:
    """What a state means. "On loan" and "set aside" are derived from the loan and the mark, not stored here.

    Attributes:
        lends: a checkout goes on.
        takes_back: a return goes on.
        found: the item is found by being lent or taken back: it becomes available, with a note for staff.
        reminds: who has it is warned and reminded; not while they say that it is back, and staff look for it.
    """

    lends: bool
    takes_back: bool = True
    found: bool = False
    reminds: bool = True


STATES: Mapping[str, Effect] = {
    "available": Effect(lends=True),
    "in_transit": Effect(lends=False),
    "lost": Effect(lends=True, found=True),
    "claimed_returned": Effect(lends=True, found=True, reminds=False),
    "missing": Effect(lends=True, found=True),
    "withdrawn": Effect(lends=False, takes_back=False),
    "not_ready": Effect(lends=False),
}


def shown_state(item: Item, on_loan: bool) -> str:
    """The state as machines and people are told."""
    if on_loan:
        return item.state if item.state in ("lost", "claimed_returned") else "on_loan"
    return "set_aside" if item.set_aside_for is not None and item.state == "available" else item.state


def against_checkout(item: Item, loan: Loan | None, patron: Patron) -> Reason | None:
    """The item's own reason against lending it to this patron, if there is one."""
    if loan is not None:
        if loan.patron == patron.id:
            return Reason(
                "item_state", {"state": "on_loan", "own": True, "due": loan.due.isoformat(), "action": "checkout"}
            )
        return Reason("item_state", {"state": "on_loan", "own": False, "action": "checkout"})
    if not STATES[item.state].lends:
        return Reason("item_state", {"state": item.state, "action": "checkout"})
    if item.set_aside_for is not None and item.set_aside_for != patron.id:
        return Reason("item_state", {"state": "set_aside", "action": "checkout"})
    return None


def against_return(item: Item) -> Reason | None:
    """The item's own reason against taking it back."""
    return None if STATES[item.state].takes_back else Reason("item_state", {"state": item.state, "action": "return"})
