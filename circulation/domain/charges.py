"""What is charged, and why: overdue fees, uncollected reservations (R28, R32, R33, R45). Not how it is booked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from circulation.domain.deciding import Deciding
from circulation.domain.records import NOTHING, Item, Loan, Place, item_facts, person_facts
from rules.overdue import OverdueFee, days_late, overdue_fee
from rules.trace import Step
from rules.values import Amount, Days, Fee


@dataclass(frozen=True, slots=True)
class Person:
    """As much of somebody as a charge depends on."""

    id: str
    category: str
    born: date | None


@dataclass(frozen=True, slots=True)
class Charge:
    """One fee decided.

    Attributes:
        kind: the rule kind it is charged by.
        branch: whose rules decided it.
        amount: never 0.
        winners, steps: the kinds decided for it.
        overdue: how an overdue fee came about.
        invoiced: of that fee, what an invoice asks for already (R48); not in the amount.
        earlier: overdue fees of the loan before its last renewal, which leave so much less of the cap (R28).
    """

    kind: str
    patron: str
    branch: str
    amount: Amount
    winners: Mapping[str, str | None]
    steps: tuple[Step, ...]
    overdue: OverdueFee | None = None
    invoiced: Amount = NOTHING
    earlier: Amount = NOTHING


def overdue(
    place: Place, item: Item, loan: Loan, borrower: Person
) -> tuple[OverdueFee, tuple[Step, ...], Charge | None]:
    """The overdue fee of a loan that ends or is renewed today.

    The branch of the first checkout decides, by the rules valid today; age is that of the due date, so that a birthday
    does not change a running fee (R28). The cap holds for all loan periods of a loan together. What an invoice has
    asked for already is not charged again (R48).

    Returns:
        How the fee came about, the kinds decided, and the charge unless there is nothing to charge.
    """
    facts = item_facts(item, person_facts(borrower.category, borrower.born, loan.due, place.house.age_groups))
    counts_closed = place.settings(loan.branch).overdue_counts_closed_days
    late = days_late(loan.due, place.today, None if counts_closed else place.calendar(loan.branch))
    if not late:
        return OverdueFee(0, 0, Amount(0), Amount(0)), (), None
    deciding = Deciding(place, facts)
    grace, fee, most = (
        deciding.decide(kind, loan.branch).value for kind in ("periods.grace", "fees.overdue", "fees.overdue_max")
    )
    left_of_cap = Amount(max(most.minor - loan.earlier.minor, 0)) if isinstance(most, Amount) else None
    found = overdue_fee(
        late,
        grace if isinstance(grace, Days) else Days(0),
        fee if isinstance(fee, Fee) else None,
        left_of_cap,
    )
    decided = deciding.verdict()
    invoiced = min(loan.invoiced, found.amount)
    left = Amount(found.amount.minor - invoiced.minor)
    if not left.minor:
        return found, decided.steps, None
    about = (decided.winners, decided.steps, found, invoiced, loan.earlier if left_of_cap is not None else NOTHING)
    charge = Charge("fees.overdue", borrower.id, loan.branch, left, *about)
    return found, decided.steps, charge


def uncollected(place: Place, item: Item, pickup: str, reserver: Person) -> Charge | None:
    """The fee for a reservation that stood on the hold shelf and is cancelled, by the pick-up branch's rules (R32)."""
    facts = item_facts(item, person_facts(reserver.category, reserver.born, place.today, place.house.age_groups))
    deciding = Deciding(place, facts)
    amount = deciding.decide("fees.uncollected_reservation", pickup).value
    if not isinstance(amount, Amount) or not amount.minor:
        return None
    decided = deciding.verdict()
    return Charge("fees.uncollected_reservation", reserver.id, pickup, amount, decided.winners, decided.steps)
