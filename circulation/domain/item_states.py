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
        lends: a checkout goes on; the item becomes available by it.
        takes_back: a return goes on.
        told_as: state named in the reason where it does not.
    """

    lends: bool
    takes_back: bool = True
    told_as: str = ""
    note: str = ""


STATES: Mapping[str, Effect] = {
    "available": Effect(lends=True),
    "in_transit": Effect(lends=False, told_as="in_transit"),
    "lost": Effect(lends=True, note="found: was marked lost"),
    "claimed_returned": Effect(lends=True, note="found: was claimed returned"),
    "missing": Effect(lends=True, note="found: was marked missing"),
    "withdrawn": Effect(lends=False, takes_back=False, told_as="withdrawn"),
    "not_ready": Effect(lends=False, told_as="not_ready"),
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
        return Reason("item_state", {"state": STATES[item.state].told_as, "action": "checkout"})
    if item.set_aside_for is not None and item.set_aside_for != patron.id:
        return Reason("item_state", {"state": "set_aside", "action": "checkout"})
    return None


def against_return(item: Item) -> Reason | None:
    """The item's own reason against taking it back."""
    effect = STATES[item.state]
    return None if effect.takes_back else Reason("item_state", {"state": effect.told_as, "action": "return"})
