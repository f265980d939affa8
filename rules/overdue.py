"""The overdue fee of one loan, and where it jumps (R28, R33, R45). Not responsible for rules or for booking."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

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


@dataclass(frozen=True, slots=True)
class FeeJump:
    """Where a day more costs more, or less, than one day: the whole delay is charged at another amount (R33).

    Attributes:
        days: last day of a period.
        amount: what a delay of so many days costs, minor units.
        later_days, later_amount: the same a day later.
    """

    days: int
    amount: int
    later_days: int
    later_amount: int


def fee_jumps(fee: Fee) -> tuple[FeeJump, ...]:
    """The jumps of a fee per day, which staff are shown (R33); a fixed fee is a staircase as it is written."""
    if fee.basis is not FeeBasis.PER_DAY:
        return ()
    found = []
    for step, following in pairwise(fee.steps):
        days = step.up_to_days
        if days is not None and step.amount != following.amount:
            later = days + 1
            found.append(FeeJump(days, step.amount.minor * days, later, following.amount.minor * later))
    return tuple(found)


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
