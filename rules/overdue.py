"""The overdue fee of one loan (R28, R33, R45). Not responsible for which rules decide it or for booking it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from rules.duedate import BranchCalendar
from rules.values import Amount, Days, Fee, FeeBasis


@dataclass(frozen=True, slots=True)
class OverdueFee:
    """What a late return or renewal costs.

    Attributes:
        days_late: days after the due date that count.
        charged_days: of them, those after the grace period.
        uncapped: the fee without the cap.
        amount: the fee.
    """

    days_late: int
    charged_days: int
    uncapped: Amount
    amount: Amount


def days_late(due: date, on: date, calendar: BranchCalendar | None = None) -> int:
    """Days after the due date up to and including ``on``; with a calendar only those on which the branch is open."""
    late = max((on - due).days, 0)
    if calendar is None:
        return late
    return sum(calendar.is_open(due + timedelta(days=n)) for n in range(1, late + 1))


def overdue_fee(late: int, grace: Days, fee: Fee | None, most: Amount | None) -> OverdueFee:
    """The fee for a delay.

    The days of grace stay free even if the item comes back after them (R45). The one period that covers the delay after
    grace decides, and periods are not added up (R33); a delay beyond the last period is charged by the last.

    Args:
        late: ``days_late``.
        grace: value of ``periods.grace``.
        fee: value of ``fees.overdue``; None = no fee.
        most: value of ``fees.overdue_max``; None = no cap.
    """
    charged = max(late - grace.days, 0)
    full = _full(charged, fee) if fee is not None and charged else Amount(0)
    return OverdueFee(late, charged, full, min(full, most) if most is not None else full)


def _full(days: int, fee: Fee) -> Amount:
    step = next((step for step in fee.steps if step.up_to_days is None or days <= step.up_to_days), fee.steps[-1])
    return Amount(step.amount.minor * days) if fee.basis is FeeBasis.PER_DAY else step.amount
