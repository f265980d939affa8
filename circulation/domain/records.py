"""What a decision looks at: plain records read from the database, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from circulation.clock import local_day
from circulation.domain.settings import Settings
from rules.age import AgeGroups, age_group, age_on
from rules.compiled import CompiledRules
from rules.duedate import BranchCalendar, Due
from rules.refusals import Reason
from rules.rule import Facts
from rules.trace import Step
from rules.values import Amount

NOTHING = Amount(0)
INVOICE_LEVEL = 7  # reminder levels 1 to 6, then the invoice


@dataclass(frozen=True, slots=True)
class House:
    """What holds for the whole installation at one moment; shared, never changed.

    Attributes:
        rules: the rule set that decides, compiled.
        calendars, settings: of every organisation, with what it inherits.
        library: its name.
        time_zone: where a branch says no other; IANA name.
        languages: of every organisation, the first of those its machines offer.
    """

    rules: CompiledRules
    calendars: Mapping[str, BranchCalendar]
    settings: Mapping[str, Settings]
    age_groups: AgeGroups
    currency: str
    time_zone: str
    library: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)

    def zone(self, branch: str) -> str:
        """The time zone whose calendar days count at a branch."""
        own = self.settings.get(branch)
        return (own.time_zone if own is not None else "") or self.time_zone


@dataclass(frozen=True, slots=True)
class Override:
    """What staff do against refusals (R83).

    Attributes:
        by: who.
        allowed: whether this member of staff may.
        reason: why, in their words.
        due: a due date set by hand, where the rules give none.
    """

    by: str
    allowed: bool
    reason: str
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a transaction happens, and by which rules. Channel and branch come from the session's key.

    Attributes:
        channel: "kiosk", "desk" or "web"; self-service control concerns the kiosk only (R55).
        branch: the session's branch.
        today: the branch's date.
        override: what staff want to be done in spite of refusals.
        now: the instant; None where only a day is known.
    """

    channel: str
    branch: str
    today: date
    house: House
    override: Override | None = None
    now: datetime | None = None

    @property
    def rules(self) -> CompiledRules:
        """The rule set that decides."""
        return self.house.rules

    def day(self, instant: datetime) -> date:
        """The calendar day of an instant at this branch."""
        return local_day(instant, self.house.zone(self.branch))

    def at(self, branch: str) -> Place:
        """The same moment at another branch, where it may be another day."""
        there = replace(self, branch=branch)
        return there if self.now is None else replace(there, today=there.day(self.now))

    def calendar(self, branch: str) -> BranchCalendar:
        """Of a branch."""
        return self.house.calendars[branch]

    def settings(self, branch: str | None = None) -> Settings:
        """Of the session's branch, or of another."""
        return self.house.settings[branch or self.branch]


@dataclass(frozen=True, slots=True)
class Patron:
    """A patron as far as decisions need it.

    Attributes:
        owes: open fees without invoices.
        invoiced: open invoices.
        reminded: highest overdue reminder level among the open loans, 0 = none, ``INVOICE_LEVEL`` = invoice.
        dunned: level of the running payment reminder series, 0 = none.
    """

    id: str
    category: str
    born: date | None
    valid_from: date | None
    valid_until: date | None
    blocked: bool
    card_lost: bool
    owes: Amount
    invoiced: Amount = NOTHING
    reminded: int = 0
    dunned: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """An item as far as decisions need it.

    Attributes:
        branch: the one it belongs to, whose rules hold for reservations (R52).
        title: id of the title it is a copy of.
        at: where it stands, if not at its own branch.
        state: a key of ``item_states.STATES``.
    """

    id: str
    media_type: str
    material_type: str | None
    department: str | None
    audience: str | None
    fiction: bool | None
    state: str
    set_aside_for: str | None
    branch: str
    title: str
    at: str | None = None

    @property
    def stands_at(self) -> str:
        """The branch it is at."""
        return self.at or self.branch


@dataclass(frozen=True, slots=True)
class Loan:
    """An open loan.

    Attributes:
        branch: of the original checkout (R13).
        invoiced: overdue fee of this loan period that an invoice has asked for already (R48).
        earlier: overdue fees of its earlier loan periods, which the cap of the loan covers too (R28).
    """

    id: int
    patron: str | None
    branch: str
    due: date
    renewals: int
    invoiced: Amount = NOTHING
    earlier: Amount = NOTHING


@dataclass(frozen=True, slots=True)
class Reservation:
    """An open reservation of a title.

    Attributes:
        item: the one copy wanted, None = any.
        state: "waiting", "on_its_way" (a copy is sent to the pick-up branch) or "on_shelf".
        expires: last day on which it still waits.
        copy: the item set aside for it.
        collect_by: last day on the hold shelf.
    """

    id: str
    title: str
    item: str | None
    patron: str | None
    pickup: str
    state: str
    suspended: bool
    expires: date | None
    copy: str | None
    collect_by: date | None

    def active(self, today: date) -> bool:
        """It waits in the queue today (R24)."""
        return self.state == "waiting" and not self.suspended and not self.expired(today)

    def expired(self, today: date) -> bool:
        """It has waited in vain."""
        return self.state == "waiting" and self.expires is not None and self.expires < today


Queue = tuple[Reservation, ...]


def active_for_others(queue: Queue, patron: str, today: date) -> int:
    """How many reservations of others wait today (R24)."""
    return sum(one.active(today) and one.patron != patron for one in queue)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of deciding one transaction.

    Attributes:
        reasons: every reason against it, in the order of the checks; empty = allowed.
        steps: the kinds decided, in order (R76).
        due: new due date of an allowed checkout or renewal.
        period: days of the loan period it counts.
        winners: kind -> id of the deciding rule, None where the default decided.
        numbers: what was counted: "limit", "counted", "active_reservations".
        overridden: reasons staff set aside, or wanted to without being allowed to (R83).
    """

    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...] = ()
    due: Due | None = None
    period: int | None = None
    winners: Mapping[str, str | None] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    overridden: tuple[Reason, ...] = ()


def patron_facts(patron: Patron, place: Place) -> Facts:
    """What rules may ask where no item is in question yet."""
    return person_facts(patron.category, patron.born, place.today, place.house.age_groups)


def person_facts(category: str | None, born: date | None, day: date, groups: AgeGroups) -> Facts:
    """What rules may ask of somebody on a day."""
    age = age_on(born, day)
    return Facts(patron_category=category, age_group=age_group(age, groups), age=age)


def facts_of(item: Item, patron: Patron | None, place: Place) -> Facts:
    """What rules may ask of this transaction; without a patron only the item."""
    return item_facts(item, patron_facts(patron, place) if patron is not None else Facts())


def item_facts(item: Item, of: Facts) -> Facts:
    """Facts of a person together with those of an item."""
    return replace(
        of,
        media_type=item.media_type,
        material_type=item.material_type,
        department=item.department,
        audience=item.audience,
        fiction=item.fiction,
    )
