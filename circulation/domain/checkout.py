"""Whether an item is lent, and until when (R11, R12, R20, R26, R34-R40, R43, R53, R57, R84, R85)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from circulation.domain import blocks, item_states
from circulation.domain.deciding import Deciding
from circulation.domain.records import Item, Loan, Patron, Place, Queue, Verdict, active_for_others, facts_of
from rules import verdict
from rules.duedate import Due, due_date
from rules.refusals import Reason
from rules.rule import Rule
from rules.values import Days

LIMIT = "counts.max_loans"
CountLoans = Callable[[Rule | None, str | None], int]


@dataclass(frozen=True, slots=True)
class Counting:
    """What a decision lets count, once it knows what.

    Attributes:
        loans: the patron's open loans a rule covers, of one branch or of all (R20).
        reminded: the patron's open loans that have reached a reminder level (R37).
    """

    loans: CountLoans
    reminded: blocks.CountReminded


def decide_checkout(
    place: Place, item: Item, patron: Patron, loan: Loan | None, queue: Queue, counting: Counting
) -> Verdict:
    """Decide one checkout.

    Args:
        place: where and when, and by which rules.
        item: what is to be lent.
        patron: to whom.
        loan: the item's open loan, if it has one.
        queue: open reservations of its title.
        counting: what may be counted.

    Returns:
        Every reason against it; at a kiosk only the self-service reason where that rule says no (R57).
    """
    deciding = Deciding(place, facts_of(item, patron, place))
    if place.channel == "kiosk":
        refusal = verdict.permission(deciding.decide("self_service.checkout"))
        if refusal is not None:
            deciding.against(refusal)
            return deciding.verdict()
    if not blocks.check(deciding, patron, counting.reminded):
        return deciding.verdict()
    deciding.against(verdict.permission(deciding.decide("circulation.checkout")))
    deciding.against(item_states.against_checkout(item, loan, patron))
    limit = deciding.decide(LIMIT)
    if isinstance(limit.value, int) and not _has_it(loan, patron):
        have = counting.loans(limit.rule, counted_branch(place))
        deciding.numbers |= {"limit": limit.value, "counted": have}
        deciding.against(verdict.limit(limit, have))
    if deciding.reasons:
        return deciding.verdict()  # where nothing is lent there is no date to speak of
    period = _period(deciding, queue, patron)
    return deciding.verdict(_due(deciding, period), period)


def counted_branch(place: Place) -> str | None:
    """The branch whose loans a limit counts, None where it counts the whole account (R20)."""
    return place.branch if place.settings().count_scope == "branch" else None


def _has_it(loan: Loan | None, patron: Patron) -> bool:
    """The item is on this patron's account already: it is one of the loans a limit counts, not one more (R86)."""
    return loan is not None and loan.patron == patron.id


def _period(deciding: Deciding, queue: Queue, patron: Patron) -> int | None:
    """Days of the loan: those for reserved items once the queue is long enough (R26), else the normal ones."""
    waiting = active_for_others(queue, patron.id, deciding.place.today)
    deciding.numbers["active_reservations"] = waiting
    if waiting and verdict.queue_counts(deciding.decide("counts.queue_min_checkouts"), waiting):
        reserved = deciding.decide("periods.loan_reserved").value
        if isinstance(reserved, Days):
            return reserved.days
    found = verdict.period(deciding.decide("periods.loan"), {"action": "checkout"})
    if isinstance(found, Reason):
        deciding.against(found)
        return None
    return found.days


def _due(deciding: Deciding, period: int | None) -> Due | None:
    place = deciding.place
    if period is not None:
        adjustment = verdict.adjustment(deciding.decide("periods.closing_adjustment"))
        due = due_date(place.today, period, place.calendar(place.branch), adjustment)
        if due is not None:
            return due
        deciding.against(Reason("calendar"))
    by_hand = place.override.due if place.override is not None else None
    return Due(by_hand, by_hand) if by_hand is not None else None
