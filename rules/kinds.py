"""The catalogue of rule kinds: everything about a kind is declared here once, everything else is made from it.

Responsible for what exists and what each kind may say (R1, R6, R7). Not responsible for names people read (wording's
staff catalogue: ``kind.<key>``, ``type.<rule type>``) or for what a decision leads to (verdict, circulation).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from rules.rule import FACT_FIELDS, ITEM_FIELDS, PATRON_FIELDS
from rules.values import Amount, Days, Fee, MinAge, Value


class RuleType(StrEnum):
    """The seven rule types (R1). The value is the first part of the keys of its kinds."""

    CIRCULATION = "circulation"
    COUNTS = "counts"
    FEES = "fees"
    PATRON = "patron"
    PERIODS = "periods"
    RESERVATION = "reservation"
    SELF_SERVICE = "self_service"


class Unit(StrEnum):
    """What kind of value a rule has."""

    YES_NO = "yes_no"
    YES_NO_OR_MIN_AGE = "yes_no_or_min_age"
    NUMBER = "number"
    DAYS = "days"
    AMOUNT = "amount"
    FEE = "fee"

    def accepts(self, value: Value) -> bool:
        """Whether a value has this unit. ``True`` is no number."""
        return type(value) in _TYPES[self]


_TYPES: Mapping[Unit, tuple[type, ...]] = {
    Unit.YES_NO: (bool,),
    Unit.YES_NO_OR_MIN_AGE: (bool, MinAge),
    Unit.NUMBER: (int,),
    Unit.DAYS: (Days,),
    Unit.AMOUNT: (Amount,),
    Unit.FEE: (Fee,),
}


class OrganisationUsed(StrEnum):
    """Whose rules decide (R12, R13, ``reference/rules.md`` 5.3)."""

    SESSION = "session"  # the branch the machine or desk session is signed in to
    FIRST_CHECKOUT = "first_checkout"  # the branch where the item was originally checked out
    ITEM = "item"  # the item's branch
    PICKUP = "pickup"  # the branch where a reservation is collected
    AUTHORITY = "authority"  # the authority or account a debt belongs to


OVERDUE_LEVELS = ("1", "2", "3", "4", "5", "6", "invoice")
PAYMENT_LEVELS = ("1", "2", "3", "4", "invoice")


@dataclass(frozen=True, slots=True)
class Kind:
    """One rule kind.

    Attributes:
        key: "<rule type>.<name>" as in section L.
        unit: of its values.
        default: value where no rule matches (R6); None = none (no limit, no period, no block, no fee).
        organisation: whose rules decide.
        fields: condition fields it may ask for.
        levels: in their strict order; empty for a kind without levels.
        depends_on: keys of the kinds it works together with (R7).
    """

    key: str
    unit: Unit
    default: Value | None
    organisation: OrganisationUsed
    fields: frozenset[str] = frozenset(FACT_FIELDS)
    levels: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        prefix, _, name = self.key.partition(".")
        if prefix not in list(RuleType) or not name:
            raise ValueError(f"{self.key!r}: a key is <rule type>.<name>")
        if self.default is not None and not self.unit.accepts(self.default):
            raise ValueError(f"{self.key}: the default has another unit")
        if not self.fields <= set(FACT_FIELDS):
            raise ValueError(f"{self.key}: unknown condition field")

    @property
    def rule_type(self) -> RuleType:
        """The rule type it belongs to."""
        return RuleType(self.key.partition(".")[0])

    @property
    def lists(self) -> tuple[str | None, ...]:
        """Levels whose lists are walked, each by itself; (None,) for the one list of a kind without levels."""
        return self.levels or (None,)


Catalogue = Mapping[str, Kind]


def catalogue(kinds: Iterable[Kind]) -> Catalogue:
    """Kinds by key.

    Raises:
        ValueError: a key occurs twice, or a kind depends on one that is not there.
    """
    found: dict[str, Kind] = {}
    for kind in kinds:
        if kind.key in found:
            raise ValueError(f"{kind.key} is declared twice")
        found[kind.key] = kind
    for kind in found.values():
        missing = set(kind.depends_on) - set(found)
        if missing:
            raise ValueError(f"{kind.key} depends on unknown {sorted(missing)}")
    return MappingProxyType(found)


def kinds_of(rule_type: RuleType, kinds: Catalogue) -> tuple[str, ...]:
    """Keys of the kinds of one rule type, in catalogue order."""
    return tuple(kind.key for kind in kinds.values() if kind.rule_type is rule_type)


_ITEM_ONLY = frozenset(ITEM_FIELDS)  # R56: self-service rules ask nothing about the patron
_PATRON_ONLY = frozenset(PATRON_FIELDS)  # a debt is not owed for one item
_SESSION, _FIRST_CHECKOUT = OrganisationUsed.SESSION, OrganisationUsed.FIRST_CHECKOUT
_ITEM, _PICKUP, _AUTHORITY = OrganisationUsed.ITEM, OrganisationUsed.PICKUP, OrganisationUsed.AUTHORITY

# Groups of kinds that only work together (R7).
PAYMENT_GROUP = (
    "circulation.enable_payment_reminder",
    "fees.payment_reminder",
    "counts.payment_reminder_minimum",
    "patron.payment_reminder_block",
    "periods.payment_reminder",
)
OVERDUE_GROUP = (
    "circulation.enable_overdue_reminder",
    "fees.overdue_reminder",
    "patron.overdue_reminder_block",
    "periods.overdue_reminder",
)
WARNING_GROUP = ("circulation.enable_due_warning", "fees.due_warning", "periods.due_warning")
RENEWAL_QUEUE_GROUP = ("counts.queue_min_renewals", "circulation.renewal_reserved", "periods.renewal_reserved")
CHECKOUT_QUEUE_GROUP = ("counts.queue_min_checkouts", "periods.loan_reserved")
GROUPS = (PAYMENT_GROUP, OVERDUE_GROUP, WARNING_GROUP, RENEWAL_QUEUE_GROUP, CHECKOUT_QUEUE_GROUP)


def _kind(
    key: str,
    unit: Unit,
    default: Value | None,
    organisation: OrganisationUsed,
    fields: frozenset[str] = frozenset(FACT_FIELDS),
    levels: tuple[str, ...] = (),
) -> Kind:
    depends_on = tuple(other for group in GROUPS if key in group for other in group if other != key)
    return Kind(key, unit, default, organisation, fields, levels, depends_on)


KINDS: Catalogue = catalogue(
    (
        _kind("self_service.checkout", Unit.YES_NO, True, _SESSION, _ITEM_ONLY),
        _kind("self_service.return", Unit.YES_NO, True, _SESSION, _ITEM_ONLY),
        _kind("self_service.renewal", Unit.YES_NO, True, _SESSION, _ITEM_ONLY),
        _kind("circulation.checkout", Unit.YES_NO_OR_MIN_AGE, True, _SESSION),
        _kind("circulation.renewal", Unit.YES_NO, True, _FIRST_CHECKOUT),
        _kind("circulation.renewal_reserved", Unit.YES_NO, False, _FIRST_CHECKOUT),
        _kind("circulation.enable_due_warning", Unit.YES_NO, False, _FIRST_CHECKOUT),
        _kind("circulation.enable_overdue_reminder", Unit.YES_NO, False, _FIRST_CHECKOUT, levels=OVERDUE_LEVELS),
        _kind(
            "circulation.enable_payment_reminder", Unit.YES_NO, False, _AUTHORITY, _PATRON_ONLY, levels=PAYMENT_LEVELS
        ),
        _kind("circulation.enable_reservation_notice", Unit.YES_NO, True, _PICKUP),
        _kind("counts.max_loans", Unit.NUMBER, None, _SESSION),
        _kind("counts.max_renewals", Unit.NUMBER, None, _FIRST_CHECKOUT),
        _kind("counts.max_reservations_per_title", Unit.NUMBER, 1, _SESSION),
        _kind("counts.queue_min_renewals", Unit.NUMBER, 0, _FIRST_CHECKOUT),
        _kind("counts.queue_min_checkouts", Unit.NUMBER, 0, _SESSION),
        _kind("counts.payment_reminder_minimum", Unit.AMOUNT, None, _AUTHORITY, _PATRON_ONLY),
        _kind("fees.overdue", Unit.FEE, None, _FIRST_CHECKOUT),
        _kind("fees.overdue_max", Unit.AMOUNT, None, _FIRST_CHECKOUT),
        _kind("fees.due_warning", Unit.AMOUNT, None, _FIRST_CHECKOUT),
        _kind("fees.overdue_reminder", Unit.AMOUNT, None, _FIRST_CHECKOUT, levels=OVERDUE_LEVELS),
        _kind("fees.payment_reminder", Unit.AMOUNT, None, _AUTHORITY, _PATRON_ONLY, levels=PAYMENT_LEVELS),
        _kind("fees.uncollected_reservation", Unit.AMOUNT, None, _PICKUP),
        _kind("patron.debt_block", Unit.AMOUNT, None, _SESSION),
        _kind("patron.overdue_reminder_block", Unit.NUMBER, None, _SESSION),
        _kind("patron.payment_reminder_block", Unit.NUMBER, None, _SESSION),
        _kind("periods.loan", Unit.DAYS, None, _SESSION),
        _kind("periods.loan_reserved", Unit.DAYS, None, _SESSION),
        _kind("periods.renewal", Unit.DAYS, None, _FIRST_CHECKOUT),
        _kind("periods.renewal_reserved", Unit.DAYS, None, _FIRST_CHECKOUT),
        _kind("periods.closing_adjustment", Unit.DAYS, Days(0), _FIRST_CHECKOUT),
        _kind("periods.grace", Unit.DAYS, Days(0), _FIRST_CHECKOUT),
        _kind("periods.due_warning", Unit.DAYS, None, _FIRST_CHECKOUT),
        _kind("periods.overdue_reminder", Unit.DAYS, None, _FIRST_CHECKOUT, levels=OVERDUE_LEVELS),
        _kind("periods.payment_reminder", Unit.DAYS, None, _AUTHORITY, _PATRON_ONLY, levels=PAYMENT_LEVELS),
        _kind("periods.shelf_time", Unit.DAYS, Days(7), _PICKUP),
        _kind("reservation.already_on_loan", Unit.YES_NO, False, _SESSION),
        _kind("reservation.item_on_shelf", Unit.YES_NO, False, _ITEM),
        _kind("reservation.item_reservable", Unit.YES_NO, True, _ITEM),
    )
)
