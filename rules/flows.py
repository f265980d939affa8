"""Two complete flows of the help (R10): setting up overdue notices, and overdue fees.

Responsible for the steps and for the rules each of them adds. Not responsible for the words: ``flow.<name>`` and
``flow.<name>.<number>`` of wording's staff catalogue, steps counted from 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rules.rule import Conditions, Rule
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep, Value

Step = tuple[Rule, ...]

_WARN, _REMIND = "circulation.enable_due_warning", "circulation.enable_overdue_reminder"
_DAYS, _REMINDER_FEE = "periods.overdue_reminder", "fees.overdue_reminder"


def _rule(
    id_: str, kind: str, organisation: str, value: Value, level: str | None = None, when: Conditions | None = None
) -> Rule:
    return Rule(id_, kind, organisation, value, when=when or Conditions(), level=level)


def overdue_notices(organisation: str) -> tuple[Step, ...]:
    """A warning 3 days before, level 1 after 7 days but not for staff, level 2 after 14 days with a fee of 10.00."""
    staff = Conditions(patron_category=("staff",))
    return (
        (
            _rule("warning", _WARN, organisation, True),
            _rule("warning-days", "periods.due_warning", organisation, Days(3)),
        ),
        (
            _rule("reminder-1", _REMIND, organisation, True, "1"),
            _rule("reminder-1-staff", _REMIND, organisation, False, "1", staff),
            _rule("reminder-1-days", _DAYS, organisation, Days(7), "1"),
        ),
        (
            _rule("reminder-2", _REMIND, organisation, True, "2"),
            _rule("reminder-2-days", _DAYS, organisation, Days(14), "2"),
            _rule("reminder-2-fee", _REMINDER_FEE, organisation, Amount(1000), "2"),
        ),
    )


def overdue_fees(organisation: str) -> tuple[Step, ...]:
    """0.20 a day after 2 free days, at most 5.00, for children 2.00."""
    child = Conditions(age_group=("child",))
    daily = Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))
    return (
        (_rule("fee", "fees.overdue", organisation, daily),),
        (_rule("fee-grace", "periods.grace", organisation, Days(2)),),
        (
            _rule("fee-most", "fees.overdue_max", organisation, Amount(500)),
            _rule("fee-most-child", "fees.overdue_max", organisation, Amount(200), None, child),
        ),
    )


FLOWS: Mapping[str, tuple[Step, ...]] = MappingProxyType(
    {"overdue_notices": overdue_notices("A"), "overdue_fees": overdue_fees("A")}
)
