"""Whether a loan is renewed, and until when, by the branch of its first checkout (R13, R18, R24, R55, R86)."""

from __future__ import annotations

from circulation.domain import blocks
from circulation.domain.deciding import Deciding
from circulation.domain.records import Item, Loan, Patron, Place, Queue, Verdict, active_for_others, facts_of
from rules import verdict
from rules.duedate import Due
from rules.refusals import Reason
from rules.values import Days


def decide_renewal(
    place: Place, item: Item, patron: Patron, loan: Loan | None, queue: Queue, count_reminded: blocks.CountReminded
) -> Verdict:
    """Decide one renewal. Self-service rule and blocks are the session branch's, all others the first checkout's."""
    deciding = Deciding(place, facts_of(item, patron, place))
    due = {"due": loan.due.isoformat()} if loan is not None else {}
    if place.channel == "kiosk":
        refusal = verdict.permission(deciding.decide("self_service.renewal"), due)
        if refusal is not None:
            deciding.against(refusal)
            return deciding.verdict()
    if loan is None or loan.patron != patron.id:
        state = "available" if loan is None else "on_loan"
        deciding.against(Reason("item_state", {"state": state, "own": False, "action": "renewal"}))
        return deciding.verdict()
    if not blocks.check(deciding, patron, count_reminded):
        return deciding.verdict()
    deciding.against(verdict.permission(deciding.decide("circulation.renewal", loan.branch), due))
    if item.set_aside_for not in (None, patron.id):
        deciding.against(Reason("item_state", {"state": "set_aside", "action": "renewal"}))
    most = deciding.decide("counts.max_renewals", loan.branch)
    if isinstance(most.value, int):
        deciding.numbers |= {"limit": most.value, "counted": loan.renewals}
        deciding.against(verdict.renewals(most, loan.renewals, due))
    reserved = _reserved(deciding, queue, patron, loan)
    if deciding.reasons:
        return deciding.verdict()
    period = _period(deciding, loan, reserved)
    return deciding.verdict(_due(deciding, loan, period), period)


def _reserved(deciding: Deciding, queue: Queue, patron: Patron, loan: Loan) -> bool:
    """Whether the rules for reserved items are in force; they may refuse the renewal (R19, R24, R25)."""
    waiting = active_for_others(queue, patron.id, deciding.place.today)
    deciding.numbers["active_reservations"] = waiting
    if not waiting or not verdict.queue_counts(deciding.decide("counts.queue_min_renewals", loan.branch), waiting):
        return False
    given = {"due": loan.due.isoformat()}
    deciding.against(verdict.permission(deciding.decide("circulation.renewal_reserved", loan.branch), given))
    return True


def _period(deciding: Deciding, loan: Loan, reserved: bool) -> int | None:
    if reserved:
        short = deciding.decide("periods.renewal_reserved", loan.branch).value
        if isinstance(short, Days):
            return short.days
    given = {"action": "renewal", "due": loan.due.isoformat()}
    found = verdict.period(deciding.decide("periods.renewal", loan.branch), given)
    if isinstance(found, Reason):
        deciding.against(found)
        return None
    return found.days


def _due(deciding: Deciding, loan: Loan, period: int | None) -> Due | None:
    place = deciding.place
    if period is not None:
        step = verdict.adjustment(deciding.decide("periods.closing_adjustment", loan.branch))
        from_due = place.settings(loan.branch).renewal_from == "due_date"
        new = verdict.later(loan.due, place.today, Days(period), place.calendar(loan.branch), step, from_due=from_due)
        if isinstance(new, Due):
            return new
        deciding.against(new)
    by_hand = place.override.due if place.override is not None else None
    return Due(by_hand, by_hand) if by_hand is not None else None
