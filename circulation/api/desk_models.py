"""Documents of the desk's API. Money is whole minor units."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field

from circulation.api.models import (
    Answer,
    Asked,
    Code,
    Done,
    OperationAsked,
    OperationError,
    Reason,
    Refused,
    Whole,
    Words,
)
from circulation.domain.item_states import STATES

Minor = Annotated[int, Field(ge=1, le=10**9)]
FeeNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
Plain = dict[str, Any]
Id = Annotated[str, Field(min_length=1, max_length=64)]
Postal = Annotated[str, Field(min_length=1, max_length=1000)]


class OverrideAsked(Asked):
    """What staff want to be done in spite of refusals (R83). ``due``: where the rules give no date."""

    reason: Words
    due: date | None = None


class DeskOperationsAsked(Asked):
    """Operations at the desk. ``patron``: for whom; a return needs nobody."""

    patron: Code | None = None
    operations: Annotated[list[OperationAsked], Field(min_length=1, max_length=20)]
    override: OverrideAsked | None = None


class Charged(Answer):
    """A fee that was booked.

    Attributes:
        invoiced: of the overdue fee, what an invoice had asked for before (R48).
        earlier: overdue fees of the loan before its last renewal; the cap holds for all of them together (R28).
    """

    fee: int
    kind: str
    amount: int
    item: str
    loan: int | None
    branch: str
    rules: dict[str, str | None]
    days_late: int | None = None
    charged_days: int | None = None
    uncapped: int | None = None
    invoiced: int | None = None
    earlier: int | None = None


class Shelved(Answer):
    """Where a copy that came back goes. ``state``: "available", "on_shelf", "send" or "kept"."""

    state: str
    to: str | None = None
    reservation: str | None = None


class DeskDetails(Answer):
    """What staff are told beyond the line: every reason in the order of the checks, what was counted and charged."""

    reasons: list[Reason]
    overridden: list[Reason]
    winners: dict[str, str | None]
    default_used: list[str]
    numbers: dict[str, int]
    charged: list[Charged]
    days_late: int | None = None
    uncapped: int | None = None
    unadjusted: date | None = None
    moves: int | None = None
    shelf: Shelved | None = None
    cancelled: str | None = None
    fulfilled: str | None = None
    found: str | None = None
    due_now: date | None = None
    organisation: str
    ruleset: int


class DeskLine(Answer):
    """One operation at the desk."""

    line: Done | Refused | OperationError
    details: DeskDetails | None


class DeskLines(Answer):
    """What became of operations, in the given order."""

    lines: list[DeskLine]


class WhatIfAsked(Asked):
    """A question (R77). ``rules``: number of a set, id of a draft, or nothing for the live set."""

    action: Literal["checkout", "return", "renewal", "reserve"]
    item: Code
    patron: Code | None = None
    channel: Literal["kiosk", "desk", "web"]
    branch: Code
    on: date | None = None
    rules: Whole | Id | None = None
    pickup: Code | None = None


class WhatIfAnswer(Answer):
    """What would come of it. ``text``: the same in words."""

    allowed: bool
    reasons: list[Reason]
    due: date | None
    unadjusted: date | None
    moves: int
    period: int | None
    winners: dict[str, str | None]
    numbers: dict[str, int]
    steps: list[Plain]
    differs_from_live: list[str]
    loans_after: int | None
    fee: int | None
    ruleset: int | None
    branch: str
    channel: str
    on: date
    text: list[str]


class ChargeSaid(Answer):
    """A fee that was booked, in a sentence."""

    fee: int
    text: str


class Explanation(Answer):
    """Why an operation came out as it did (R76)."""

    operation: str
    action: str
    item: str
    allowed: bool
    due: date | None
    channel: str
    organisation: str
    ruleset: int
    at: datetime
    staff: str | None
    steps: list[Plain]
    reasons: list[Plain]
    overridden: list[Plain]
    charged: list[ChargeSaid]
    details: DeskDetails
    told: str | None
    stopped: bool
    at_desk: Plain | None
    text: list[str]


class PatronRecord(Answer):
    """A patron. ``postal``: lines of an address; ``prefers``: the way notices go if it can, null = e-mail first."""

    id: str
    category: str
    first_name: str
    last_name: str
    born: date | None
    valid_from: date | None
    valid_until: date | None
    blocked: bool
    card_lost: bool
    language: str | None
    home: str | None
    email: str | None
    phone: str | None
    postal: str | None
    prefers: str | None


class MovedDate(Answer):
    """A due date moved off a closing that was entered later (R41), for which organisation, by whom and by which rule.

    ``was``, ``due``: the day it was due, and to which it was moved; ``rule``: id of the rule that gave the days, null =
    there was none, so it went to the next open day.
    """

    by: str
    at: datetime
    organisation: str
    was: date
    due: date
    rule_set: int
    rule: str | None


class LoanRecord(Answer):
    """A loan with the rules that decided it (R78). ``reminded``: 1 to 6, 7 = invoice, 0 = none.

    ``moved``: how staff have moved its due date for later closings since checkout or renewal, oldest first (R41).
    """

    id: int
    item_id: str
    patron_id: str | None
    branch: str
    channel: str
    out_at: datetime
    due: date
    unadjusted: date | None
    period: int | None
    renewals: int
    renewed_at: datetime | None
    returned_at: datetime | None
    reminded: int
    rule_set: int
    rules: dict[str, str | None]
    override: Plain | None
    moved: list[MovedDate] | None
    title: str | None = None
    author: str | None = None
    media_type: str | None = None


class FeeRecord(Answer):
    """An open fee."""

    id: int
    reason: str
    title: str | None
    amount: int
    paid: int
    owed: int
    invoice: bool
    at: datetime
    loan_id: int | None
    item_id: str | None
    rule_set: int | None
    rules: dict[str, str | None] | None


class Sums(Answer):
    """What is owed. ``apart``: invoices do not count in the block (R35); ``series_since``: R27."""

    fees: int
    invoices: int
    owed: int
    apart: bool
    blocked: bool
    series_since: date | None


class ReservationRecord(Answer):
    """An open reservation. ``state``: "waiting", "on_its_way" or "on_shelf"."""

    id: str
    title: str
    item: str | None
    patron: str | None
    pickup: str
    made_at: datetime
    state: str
    suspended: bool
    expires: date | None
    copy_id: str | None
    collect_by: date | None


class DeskAccount(Answer):
    """All the desk needs to know of a patron. ``reasons``: what stops them from borrowing now."""

    patron: PatronRecord
    loans: list[LoanRecord]
    fees: list[FeeRecord]
    sums: Sums
    reservations: list[ReservationRecord]
    reasons: list[Reason]


class PatronFound(Answer):
    """Whose card it is."""

    patron: str


class PatronChange(Asked):
    """What staff may change of a patron; what is not named stays. ``postal``: up to 8 lines, as on an envelope."""

    blocked: bool = False
    card_lost: bool = False
    valid_from: date | None = None
    valid_until: date | None = None
    home: Code | None = None
    email: Words | None = None
    phone: Words | None = None
    postal: Postal | None = None
    prefers: Literal["email", "sms", "letter"] | None = None


class ItemChange(Asked):
    """A mark on an item (R84)."""

    state: Annotated[str, Field(json_schema_extra={"enum": list(STATES)})]


class ItemRecord(Answer):
    """An item, where it stands, and its open loan. ``price``: what it costs to replace (R48)."""

    id: str
    title: str
    author: str
    title_id: str
    media_type: str
    material_type: str | None
    department: str | None
    audience: str | None
    fiction: bool | None
    branch: str
    at: str | None
    parts: int
    state: str
    set_aside_for: str | None
    collect_by: date | None
    shelf: str | None
    price: int | None
    loan: int | None
    due: date | None
    borrower: str | None


class ReserveAsked(Asked):
    """A reservation. ``item``: the one copy wanted, nothing = any copy of the title."""

    patron: Code
    title: Code
    pickup: Code
    item: Code | None = None
    expires: date | None = None


class Reserved(Answer):
    """What became of it. ``reservation``: its id; nothing if it was refused. ``steps``: how it was decided (R76)."""

    reservation: str | None
    reasons: list[Reason]
    winners: dict[str, str | None]
    default_used: list[str]
    numbers: dict[str, int]
    steps: list[Plain]


class Cancelled(Answer):
    """A reservation that is over, and what it cost (R32)."""

    cancelled: str
    charged: list[Charged]
    fee_rules: dict[str, str | None] = Field(default_factory=dict)
    shelf: Shelved | None = None


class ReservationList(Answer):
    """Reservations."""

    reservations: list[ReservationRecord]


class PayAsked(Asked):
    """A payment. ``fees``: which are paid; none = the oldest first."""

    amount: Minor
    fees: Annotated[list[FeeNumber], Field(max_length=100, default_factory=list)]


class Part(Answer):
    """What a payment gave to one fee."""

    fee: int
    amount: int


class Paid(Answer):
    """A payment that was taken."""

    payment: int
    parts: list[Part]
    sums: Sums


class ChargeAsked(Asked):
    """A fee booked by hand."""

    amount: Minor
    reason: Code
    title: Words | None = None
    invoice: bool = False


class ChargeAnswer(Answer):
    """The fee, and what is owed now."""

    fee: int
    sums: Sums


class WaiveAsked(Asked):
    """Why a fee is waived."""

    reason: Words


class Waived(Answer):
    """What was waived."""

    amount: int


class BreachRecord(Answer):
    """Something staff must look at. ``kind``: "offline" (R82), "restore" (R88) or "found" (R84)."""

    id: int
    kind: str
    machine_id: str
    operation: str
    action: str
    item_id: str
    loan_id: int | None
    at: datetime
    reasons: list[Reason]
    rule_set: int | None
    machine_rules: int | None
    cleared_at: datetime | None
    cleared_by: str | None


class BreachList(Answer):
    """What staff must look at, oldest first."""

    breaches: list[BreachRecord]


class OfflineOperation(OperationAsked):
    """One transaction of a machine without the centre.

    ``at``: when; ``due``: the date the patron was told; ``patron`` or ``card``: who, as far as the machine knew.
    """

    at: AwareDatetime
    due: date | None = None
    patron: Code | None = None
    card: Code | None = None


class OfflineAsked(Asked):
    """What happened off-line, in order. ``rules``: number of the set the machine decided with."""

    rules: Whole | None
    operations: Annotated[list[OfflineOperation], Field(min_length=1, max_length=100)]


class OfflineAnswer(Answer):
    """What became of them."""

    operations: list[Done | Refused | OperationError]


class ReserveOwnAsked(Asked):
    """A reservation by a patron."""

    title: Code
    pickup: Code
    item: Code | None = None


class ReservedOwn(Answer):
    """What became of it. ``reservation``: its id; nothing if it was refused."""

    reservation: str | None
    reason: Reason | None
    all_reasons: list[Reason]


class CancelledOwn(Answer):
    """What a cancelled reservation cost."""

    charged: int
