"""One worked example for each kind (R9): a rule, and facts for which it decides.

Responsible for the numbers. Not responsible for the words: ``example.<key>`` of wording's staff catalogue tells the
same example, beside ``help.<key>`` and ``tip.<key>``; what a kind has to do with others is ``Kind.depends_on``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from rules.rule import Conditions, Facts, Rule
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep, MinAge, Value


@dataclass(frozen=True, slots=True)
class Example:
    """One worked example.

    Attributes:
        value: of the rule, and what is decided for the facts.
        when: conditions of the rule.
        facts: a transaction the rule decides.
        level: for kinds with levels.
    """

    value: Value
    when: Conditions = field(default_factory=Conditions)
    facts: Facts = field(default_factory=Facts)
    level: str | None = None

    def rule(self, kind: str, organisation: str) -> Rule:
        """The rule of the example, made for an organisation."""
        return Rule(f"example-{kind}", kind, organisation, self.value, when=self.when, level=self.level)


def _media(value: Value, media_type: str) -> Example:
    return Example(value, Conditions(media_type=(media_type,)), Facts(media_type=media_type))


def _category(value: Value, category: str, level: str | None = None) -> Example:
    return Example(value, Conditions(patron_category=(category,)), Facts(patron_category=category), level)


EXAMPLES: Mapping[str, Example] = MappingProxyType(
    {
        "self_service.checkout": _media(False, "DVD18"),
        "self_service.return": _media(False, "GAME"),
        "self_service.renewal": _media(False, "DVD"),
        "circulation.checkout": _media(MinAge(18), "DVD18"),
        "circulation.renewal": _media(False, "DVD"),
        "circulation.renewal_reserved": _category(True, "staff"),
        "circulation.enable_due_warning": _media(True, "BOOK"),
        "circulation.enable_overdue_reminder": Example(True, level="1"),
        "circulation.enable_payment_reminder": _category(False, "staff", "1"),
        "circulation.enable_reservation_notice": _category(False, "home_service"),
        "counts.max_loans": _media(10, "CD"),
        "counts.max_renewals": _media(2, "BOOK"),
        "counts.max_reservations_per_title": _category(5, "teacher"),
        "counts.queue_min_renewals": Example(2),
        "counts.queue_min_checkouts": Example(2),
        "counts.payment_reminder_minimum": Example(Amount(10000)),
        "fees.overdue": Example(Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))),
        "fees.overdue_max": Example(Amount(200), Conditions(age_group=("child",)), Facts(age_group="child")),
        "fees.due_warning": Example(Amount(50)),
        "fees.overdue_reminder": Example(Amount(100), level="1"),
        "fees.payment_reminder": Example(Amount(200), level="1"),
        "fees.uncollected_reservation": Example(Amount(100)),
        "patron.debt_block": Example(Amount(1000)),
        "patron.overdue_reminder_block": Example(3),
        "patron.payment_reminder_block": Example(2),
        "periods.loan": _media(Days(7), "DVD"),
        "periods.loan_reserved": Example(Days(14)),
        "periods.renewal": Example(Days(28)),
        "periods.renewal_reserved": Example(Days(7)),
        "periods.closing_adjustment": Example(Days(7)),
        "periods.grace": Example(Days(2)),
        "periods.due_warning": Example(Days(3)),
        "periods.overdue_reminder": Example(Days(7), level="1"),
        "periods.payment_reminder": Example(Days(7), level="1"),
        "periods.shelf_time": Example(Days(10)),
        "reservation.already_on_loan": _category(True, "teacher"),
        "reservation.item_on_shelf": _media(True, "BOOK"),
        "reservation.item_reservable": Example(
            False,
            Conditions(patron_category=("normal",), media_type=("DVD",)),
            Facts(patron_category="normal", media_type="DVD"),
        ),
    }
)
