"""What a decision looks at: plain records read from the database, and what comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from rules.age import AgeGroups, age_group, age_on
from rules.compiled import CompiledRules
from rules.duedate import BranchCalendar
from rules.refusals import Reason
from rules.rule import Facts
from rules.trace import Step
from rules.values import Amount


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a transaction happens, and by which rules. Channel and branch come from the session's key.

    Attributes:
        channel: "kiosk" or "desk"; self-service control concerns the kiosk only.
        branch: the session's branch.
        today: the branch's date.
    """

    channel: str
    branch: str
    today: date
    rules: CompiledRules
    calendar: BranchCalendar
    age_groups: AgeGroups
    currency: str


@dataclass(frozen=True, slots=True)
class Patron:
    """A patron as far as decisions need it."""

    id: str
    category: str
    born: date | None
    valid_from: date | None
    valid_until: date | None
    blocked: bool
    card_lost: bool
    owes: Amount


@dataclass(frozen=True, slots=True)
class Item:
    """An item as far as decisions need it. ``state``: a key of ``item_states.STATES``."""

    id: str
    media_type: str
    material_type: str | None
    department: str | None
    audience: str | None
    fiction: bool | None
    state: str
    set_aside_for: str | None


@dataclass(frozen=True, slots=True)
class Loan:
    """An open loan. ``branch``: of the original checkout (R13)."""

    id: int
    patron: str | None
    branch: str
    due: date
    renewals: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of deciding one transaction.

    Attributes:
        reasons: every reason against it; empty = allowed.
        steps: the kinds decided, in order (R76).
        due: new due date of an allowed checkout or renewal.
        winners: kind -> id of the deciding rule, None where the default decided.
    """

    reasons: tuple[Reason, ...]
    steps: tuple[Step, ...] = ()
    due: date | None = None
    winners: Mapping[str, str | None] = field(default_factory=dict)


def patron_facts(patron: Patron, place: Place) -> Facts:
    """What rules may ask where no item is in question yet."""
    age = age_on(patron.born, place.today)
    return Facts(patron_category=patron.category, age_group=age_group(age, place.age_groups), age=age)


def facts_of(item: Item, patron: Patron | None, place: Place) -> Facts:
    """What rules may ask of this transaction; without a patron only the item."""
    return replace(
        patron_facts(patron, place) if patron is not None else Facts(),
        media_type=item.media_type,
        material_type=item.material_type,
        department=item.department,
        audience=item.audience,
        fiction=item.fiction,
    )
