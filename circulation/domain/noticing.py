"""Which notice a loan, a debt or a reservation is due for on a day, or why for none (R14-R17, R44, R46-R49, R64, R66).

The same answer serves a run, its dry run and whoever asks why somebody got none. Not responsible for what was written
down already (notices.ledger), for the patron's address, or for sending.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from circulation.domain import charges
from circulation.domain.charges import Person
from circulation.domain.item_states import STATES
from circulation.domain.records import NOTHING, Item, Loan, Place, item_facts, person_facts
from rules.compiled import CompiledRules
from rules.evaluate import Decision, decide
from rules.kinds import OVERDUE_LEVELS, PAYMENT_LEVELS
from rules.rule import Facts
from rules.trace import Step
from rules.values import Amount, Days

# Why there is no notice today: codes.
OFF = "off"  # a rule says no
NOT_ENABLED = "not_enabled"  # no rule says yes, and the task names no days of its own
NO_PERIOD = "no_period"  # nothing says how many days
TOO_EARLY = "too_early"
FILTERED = "filtered"  # the task leaves it out
JUST_LENT = "just_lent"  # no warning on the day of checkout or renewal
OVERDUE = "overdue"  # too late for a warning
WAITS = "waits"  # the level before was sent today, or too lately
ALL_SENT = "all_sent"
GONE = "gone"  # no longer on the hold shelf
NOT_REMINDED = "claimed_returned"  # the item is in a state in which nobody is reminded of it
INVOICE = "invoice"
WARNING, WARNING_DAYS, WARNING_FEE = "circulation.enable_due_warning", "periods.due_warning", "fees.due_warning"
SHELF_NOTICE = "circulation.enable_reservation_notice"


@dataclass(frozen=True, slots=True)
class _Series:
    """The kinds that decide a series of levels, and the levels in their strict order."""

    enable: str
    period: str
    fee: str
    levels: tuple[str, ...]


REMINDERS = _Series(
    "circulation.enable_overdue_reminder", "periods.overdue_reminder", "fees.overdue_reminder", OVERDUE_LEVELS
)
DUNNING = _Series(
    "circulation.enable_payment_reminder", "periods.payment_reminder", "fees.payment_reminder", PAYMENT_LEVELS
)


@dataclass(frozen=True, slots=True)
class Lent:
    """A loan as far as notices need it.

    Attributes:
        branch: of the first checkout, whose rules decide.
        since: day of the checkout or of the latest renewal.
        period: days given at checkout, before adjustment (R64); None = not known.
        reminded: level reached: 1 to 6, 7 = invoice, 0 = none.
        reminded_on: day on which it was reached.
        price: what it costs to replace the item, minor units; None = not known.
        earlier: overdue fees of its earlier loan periods (R28).
    """

    branch: str
    due: date
    since: date
    period: int | None
    reminded: int = 0
    reminded_on: date | None = None
    price: int | None = None
    earlier: Amount = NOTHING


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a task for due warnings asks for (R64): AND between filters, OR within one; empty = all.

    Attributes:
        days: before the due date; None = as the rules say (R49).
        shortest: least days of the loan period given at checkout.
    """

    days: int | None = None
    shortest: int | None = None
    media_types: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Noticed:
    """What came out.

    Attributes:
        level: of the notice; "" for a kind without levels.
        on: the day from which it is due; None where no day can be told.
        why: code why there is none today; None = it is due.
        fee: what it costs by the rules, minor units.
        invoiced: what an invoice asks for, minor units (R48).
        late_fee: of it, the overdue fee so far, which a return after it is not to charge again.
        decisions: the kinds decided, in order (R76).
    """

    level: str = ""
    on: date | None = None
    why: str | None = None
    fee: int = 0
    invoiced: int = 0
    late_fee: int = 0
    decisions: tuple[Decision, ...] = ()

    @property
    def due(self) -> bool:
        """There is a notice to send."""
        return self.why is None

    @property
    def refusing(self) -> str | None:
        """Id of the rule that says no, None = none does."""
        decisions = self.decisions if self.why == OFF else ()
        return next((one.rule.id for one in decisions if one.value is False and one.rule is not None), None)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The decisions, written out."""
        return tuple(decision.step() for decision in self.decisions)

    @property
    def winners(self) -> Mapping[str, str | None]:
        """Kind -> id of the deciding rule, None where the default decided."""
        return {one.kind: one.rule.id if one.rule is not None else None for one in self.decisions}


class _Asking:
    """The decisions made for one notice."""

    def __init__(self, place: Place, organisation: str, facts: Facts) -> None:
        self.place, self.organisation, self.facts = place, organisation, facts
        self.decisions: list[Decision] = []

    def ask(self, kind: str, level: str | None = None) -> Decision:
        found = decide(self.place.rules, kind, self.organisation, self.facts, self.place.today, level)
        self.decisions.append(found)
        return found

    def days(self, kind: str, level: str | None = None) -> int | None:
        value = self.ask(kind, level).value
        return value.days if isinstance(value, Days) else None

    def amount(self, kind: str, level: str | None = None) -> int:
        value = self.ask(kind, level).value
        return value.minor if isinstance(value, Amount) else 0

    def out(self, level: str = "", on: date | None = None, why: str | None = None, fee: int = 0) -> Noticed:
        return Noticed(level, on, why, fee, decisions=tuple(self.decisions))


def _facts(place: Place, who: Person) -> Facts:
    return person_facts(who.category, who.born, place.today, place.house.age_groups)


# --- before the due date ----------------------------------------------------------------------------------------------


def due_warning(place: Place, item: Item, lent: Lent, borrower: Person, wanted: Wanted) -> Noticed:
    """Whether a loan is to be warned of today (R16, R49, R64, R66).

    The window goes from so many days before the due date to the due date, both inclusive: a missed day is made up.
    ``OVERDUE`` is said only of a loan that would have been warned of in its time; ``OFF`` only within the window.
    """
    asking = _Asking(place, lent.branch, item_facts(item, _facts(place, borrower)))
    if not _wanted(item, lent, borrower, wanted):
        return asking.out(why=FILTERED)
    if not STATES[item.state].reminds:
        return asking.out(why=NOT_REMINDED)
    enabled = asking.ask(WARNING)
    on = enabled.value is True or (enabled.default_used and wanted.days is not None)
    off = None if on else NOT_ENABLED if enabled.default_used else OFF
    days = wanted.days if wanted.days is not None else asking.days(WARNING_DAYS)
    if days is None:
        return asking.out(why=off or NO_PERIOD)
    first = max(lent.due - timedelta(days=days), lent.since + timedelta(days=1))
    why = _outside(place.today, first, lent) or off
    if why == OVERDUE and off is not None:
        why = off
    return asking.out(on=first, why=why, fee=asking.amount(WARNING_FEE) if why is None else 0)


def _outside(today: date, first: date, lent: Lent) -> str | None:
    """Why a day lies outside of the window of a warning."""
    if today == lent.since or first > lent.due:  # a loan for a day has no day for a warning
        return JUST_LENT
    if today < first:
        return TOO_EARLY
    return OVERDUE if today > lent.due else None


def _wanted(item: Item, lent: Lent, borrower: Person, wanted: Wanted) -> bool:
    long_enough = wanted.shortest is None or (lent.period is not None and lent.period >= wanted.shortest)
    of_type = not wanted.media_types or item.media_type in wanted.media_types
    return long_enough and of_type and (not wanted.categories or borrower.category in wanted.categories)


# --- after the due date -----------------------------------------------------------------------------------------------


def overdue_reminder(place: Place, item: Item, lent: Lent, borrower: Person) -> Noticed:
    """The overdue reminder a loan is due for today (R15, R46-R48): always the one after the level reached.

    A level that some rule enables at the loan's branch but not for this patron or item stops the chain; one that nobody
    uses there is skipped. There is one level on a day at most, however late the run is.
    """
    asking = _Asking(place, lent.branch, item_facts(item, _facts(place, borrower)))
    if not STATES[item.state].reminds:
        return asking.out(why=NOT_REMINDED)
    found = _next_level(asking, REMINDERS, (lent.due, lent.reminded, lent.reminded_on))
    if not found.due:
        return found
    told = asking.out(found.level, found.on, fee=asking.amount(REMINDERS.fee, found.level))
    return _invoice(place, item, lent, borrower, told) if found.level == INVOICE else told


def _invoice(place: Place, item: Item, lent: Lent, borrower: Person, told: Noticed) -> Noticed:
    """What an invoice asks for (section L): price and overdue fee so far, else the fixed amount of its fee rule.

    It is the amount of this level, as the fee is of the others: nothing is charged besides.
    """
    if lent.price is None:
        return replace(told, fee=0, invoiced=told.fee)
    loan = Loan(0, borrower.id, lent.branch, lent.due, 0, earlier=lent.earlier)
    late, _, _ = charges.overdue(place, item, loan, borrower)
    return replace(told, fee=0, invoiced=lent.price + late.amount.minor, late_fee=late.amount.minor)


@dataclass(frozen=True, slots=True)
class Debt:
    """A debt that reminders are sent of.

    Attributes:
        organisation: the authority it belongs to.
        since: day since when the minimum total is owed: every level counts from it.
        level: reached by the running series: 1 to 4, 5 = invoice, 0 = none.
        level_on: day on which that level was sent.
    """

    organisation: str
    since: date
    level: int = 0
    level_on: date | None = None


def payment_reminder(place: Place, debt: Debt, debtor: Person) -> Noticed:
    """The payment reminder a debt is due for today (R14, R27, R29, R44), its invoice the last level.

    An invoice of this series asks for what is owed already: it adds nothing but its fee.
    """
    asking = _Asking(place, debt.organisation, _facts(place, debtor))
    found = _next_level(asking, DUNNING, (debt.since, debt.level, debt.level_on))
    if not found.due:
        return found
    return asking.out(found.level, found.on, fee=asking.amount(DUNNING.fee, found.level))


def _next_level(asking: _Asking, series: _Series, reached: tuple[date, int, date | None]) -> Noticed:
    """The level after the one reached, without its fee; ``reached``: the day counted from, the level, and its day."""
    counted_from, last, last_on = reached
    used = levels_used(asking.place.rules, series.enable, asking.organisation, asking.place.today)
    level = next((one for one in used if series.levels.index(one) >= last), None)
    if level is None:
        return asking.out(why=ALL_SENT if last else NOT_ENABLED)
    enabled = asking.ask(series.enable, level)
    if enabled.value is not True:
        return asking.out(level, why=NOT_ENABLED if enabled.default_used else OFF)
    days = asking.days(series.period, level)
    if days is None:
        return asking.out(level, why=NO_PERIOD)
    due = counted_from + timedelta(days=days)
    apart = max(asking.place.settings(asking.organisation).min_days_between_levels, 1)  # one a day at most (R47)
    first = due if last_on is None else max(due, last_on + timedelta(days=apart))
    if asking.place.today >= first:
        return asking.out(level, first)
    return asking.out(level, first, WAITS if asking.place.today >= due else TOO_EARLY)


def levels_used(compiled: CompiledRules, kind: str, organisation: str, on: date) -> tuple[str, ...]:
    """Levels that some rule enables there on a day, for whomever (R15)."""
    return tuple(
        level
        for level in compiled.kinds[kind].levels
        if any(
            one.rule.value is True and one.first <= on <= one.last
            for one in compiled.candidates(kind, organisation, level)
        )
    )


def rank(series_levels: tuple[str, ...], level: str) -> int:
    """A level as it is counted: of loans 1 to 6 and 7, of debts 1 to 4 and 5, the last one the invoice."""
    return series_levels.index(level) + 1


# --- reservations -----------------------------------------------------------------------------------------------------


def reservation_notice(place: Place, item: Item, pickup: str, collect_by: date | None, reserver: Person) -> Noticed:
    """Whether somebody is told of a copy on the hold shelf (R17): yes, unless a rule of the pick-up branch says no."""
    asking = _Asking(place, pickup, item_facts(item, _facts(place, reserver)))
    if collect_by is not None and collect_by < place.today:
        return asking.out(why=GONE)
    return asking.out(on=place.today, why=None if asking.ask(SHELF_NOTICE).value is True else OFF)
