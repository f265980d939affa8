"""From a decided value to "allowed" or a reason: the same for display, machine and central service.

Responsible for what a value means for a transaction (R11, R20, R34, R53-R55). Not responsible for deciding (evaluate)
or for collecting reasons (circulation).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from rules.counting import coverage
from rules.duedate import BranchCalendar, Due, due_date, renewable_from
from rules.evaluate import Decision
from rules.refusals import Reason, Scalar
from rules.values import Amount, Days, MinAge


def _reason(decision: Decision, params: Mapping[str, Scalar]) -> Reason:
    message = dict(decision.rule.message) if decision.rule is not None else {}
    return Reason(decision.kind, {name: value for name, value in params.items() if value is not None}, message)


def permission(decision: Decision, params: Mapping[str, Scalar] | None = None) -> Reason | None:
    """None if a yes/no decision allows; a minimum age is compared with the age in the decision's facts (R11).

    Args:
        decision: of a kind whose value is yes, no or a minimum age.
        params: more for the reason, e.g. {"due": "2026-06-15"}.
    """
    given: Mapping[str, Scalar] = {"media_type": decision.facts.media_type, **(params or {})}
    match decision.value:
        case True:
            return None
        case MinAge(least):
            age = decision.facts.age
            if age is not None and age >= least:
                return None
            return _reason(decision, {**given, "min_age": least, "age_known": age is not None})
        case False:
            return _reason(decision, given)
        case _:
            raise TypeError(f"{decision.kind} is not a question of yes or no")


def limit(decision: Decision, have: int) -> Reason | None:
    """None unless the limit is reached (R20).

    Args:
        decision: of ``counts.max_loans``, for the item being borrowed.
        have: current loans that the deciding rule covers (``counting``).
    """
    most = decision.value
    if not isinstance(most, int) or have < most:
        return None
    covers = coverage(decision.rule)
    media_type = decision.facts.media_type if covers == "media_type" else None
    return _reason(decision, {"have": have, "max": most, "covers": covers, "media_type": media_type})


def debt(decision: Decision, owed: Amount, currency: str) -> Reason | None:
    """None unless the amount owed reaches the limit of ``patron.debt_block`` (R34)."""
    limit_value = decision.value
    if not isinstance(limit_value, Amount) or owed < limit_value:
        return None
    return _reason(decision, {"amount": owed.minor, "currency": currency, "limit": limit_value.minor})


def dunned(decision: Decision, level: int, owed: Amount, currency: str) -> Reason | None:
    """None unless the running series of payment reminders has reached the block's level (R36)."""
    least = decision.value
    if not isinstance(least, int) or not level or level < least:
        return None
    return _reason(decision, {"amount": owed.minor, "currency": currency, "level": level})


def reminded(decision: Decision, level: int, count: Callable[[int], int]) -> Reason | None:
    """None unless an open loan has reached the reminder level of ``patron.overdue_reminder_block`` (R37).

    Args:
        decision: of that kind.
        level: the highest of any open loan, 0 = none.
        count: how many open loans have reached a level; asked only where there is one.
    """
    least = decision.value
    if not isinstance(least, int) or not level or level < least:
        return None
    return _reason(decision, {"items": count(max(least, 1)), "level": level})


def queue_counts(decision: Decision, waiting: int) -> bool:
    """Whether the rules for reserved items are in force: 0, 1 or no minimum means from the first reservation (R25)."""
    least = decision.value
    return waiting >= max(least if isinstance(least, int) else 0, 1)


def renewals(decision: Decision, done: int, params: Mapping[str, Scalar]) -> Reason | None:
    """None unless the loan was renewed as often as ``counts.max_renewals`` allows (R86)."""
    most = decision.value
    if not isinstance(most, int) or done < most:
        return None
    return _reason(decision, {**params, "have": done, "max": most})


def adjustment(decision: Decision) -> int:
    """Days of ``periods.closing_adjustment``; 0 = to the next open day (R38)."""
    return decision.value.days if isinstance(decision.value, Days) else 0


def period(decision: Decision, params: Mapping[str, Scalar] | None = None) -> Days | Reason:
    """The days of a loan or renewal period, or that there is none (R6).

    Args:
        decision: of a kind of days.
        params: more for the reason: "action", and "due" for a renewal.
    """
    if isinstance(decision.value, Days):
        return decision.value
    return Reason("no_loan_period", {"media_type": decision.facts.media_type, **(params or {})})


def later(
    due: date, on: date, days: Days, calendar: BranchCalendar, adjustment: int = 0, *, from_due: bool = False
) -> Due | Reason:
    """The due date after a renewal, or that it would not come later (R13; measured after moving to an open day).

    Args:
        due: date the loan is due now.
        on: day of the renewal, from which the new period counts.
        days: renewal period.
        calendar: of the branch of the original checkout.
        adjustment: days a date is moved off a closing day.
        from_due: the new period counts from the present due date (setting ``renewal_from``).
    """
    new = due_date(due if from_due else on, days.days, calendar, adjustment)
    if new is None:
        return Reason("calendar")
    if new.day > due:
        return new
    first = None if from_due else renewable_from(on, due, days.days, calendar, adjustment)
    return Reason("not_later", {"due": due.isoformat(), **({"from": first.isoformat()} if first else {})})
