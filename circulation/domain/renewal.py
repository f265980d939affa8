"""Whether a loan is renewed, and until when: by the rules of the branch of its first checkout (R13, R18, R55)."""

from __future__ import annotations

from datetime import date

from circulation.domain import patron_states
from circulation.domain.deciding import Deciding
from circulation.domain.records import Item, Loan, Patron, Place, Verdict, facts_of
from rules import verdict
from rules.refusals import Reason


def decide_renewal(place: Place, item: Item, patron: Patron, loan: Loan | None) -> Verdict:
    """Decide one renewal. The self-service rule is the session branch's, all others are the first checkout's."""
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
    deciding.against(*patron_states.against(patron, place.today))
    deciding.against(verdict.debt(deciding.decide("patron.debt_block"), patron.owes, place.currency))
    deciding.against(verdict.permission(deciding.decide("circulation.renewal", loan.branch), due))
    return deciding.verdict(_due(deciding, place, loan))


def _due(deciding: Deciding, place: Place, loan: Loan) -> date | None:
    given = {"action": "renewal", "due": loan.due.isoformat()}
    days = verdict.period(deciding.decide("periods.renewal", loan.branch), given)
    if isinstance(days, Reason):
        deciding.against(days)
        return None
    new = verdict.later(loan.due, place.today, days, place.calendar)
    if isinstance(new, Reason):
        deciding.against(new)
        return None
    return new
