"""Whether an item is lent, and until when (R11, R12, R20, R26, R34, R53, R57, R84, R85)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from circulation.domain import item_states, patron_states
from circulation.domain.deciding import Deciding
from circulation.domain.records import Item, Loan, Patron, Place, Verdict, facts_of
from rules import verdict
from rules.duedate import due_date
from rules.refusals import Reason
from rules.rule import Rule
from rules.values import Days

CountLoans = Callable[[Rule | None], int]


def decide_checkout(place: Place, item: Item, patron: Patron, loan: Loan | None, count: CountLoans) -> Verdict:
    """Decide one checkout.

    Args:
        place: where and when, and by which rules.
        item: what is to be lent.
        patron: to whom.
        loan: the item's open loan, if it has one.
        count: how many of the patron's current loans a rule covers (R20).

    Returns:
        Every reason against it; at a kiosk only the self-service reason where that rule says no (R57).
    """
    deciding = Deciding(place, facts_of(item, patron, place))
    if place.channel == "kiosk":
        refusal = verdict.permission(deciding.decide("self_service.checkout"))
        if refusal is not None:
            deciding.against(refusal)
            return deciding.verdict()
    deciding.against(*patron_states.against(patron, place.today))
    deciding.against(verdict.debt(deciding.decide("patron.debt_block"), patron.owes, place.currency))
    deciding.against(verdict.permission(deciding.decide("circulation.checkout")))
    deciding.against(item_states.against_checkout(item, loan, patron))
    limit = deciding.decide("counts.max_loans")
    if limit.value is not None and not _has_it(loan, patron):
        deciding.against(verdict.limit(limit, count(limit.rule)))
    return deciding.verdict(_due(deciding, place))


def _has_it(loan: Loan | None, patron: Patron) -> bool:
    """The item is on this patron's account already: it is one of the loans a limit counts, not one more (R86)."""
    return loan is not None and loan.patron == patron.id


def _due(deciding: Deciding, place: Place) -> date | None:
    days: Days | Reason = verdict.period(deciding.decide("periods.loan"), {"action": "checkout"})
    if isinstance(days, Reason):
        deciding.against(days)
        return None
    return due_date(place.today, days.days, place.calendar)
