"""What is shown, as codes and values, never as words.

One frozen class per screen. A ``Sentence`` names a code of ``wording`` and its parameters; whoever shows it asks
``wording.say``. Standard library only, so that a screen can be built, compared and sent as JSON anywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

Money = tuple[int, str]  # minor units, currency code
Param = str | int | bool | date | datetime | Money | None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence by its code. ``site_text``: language -> a site's own words that replace it (rule messages)."""

    code: str
    params: Mapping[str, Param] = field(default_factory=dict)
    site_text: Mapping[str, str] = field(default_factory=dict)


class RowState(StrEnum):
    """State of an item's row. The shape family is its meaning (ui.md 3)."""

    ARRIVING = "arriving"
    CHECKING = "checking"
    LENT = "lent"
    RETURNED = "returned"
    RENEWED = "renewed"
    KEPT = "kept"  # a return that was taken and will be booked when the central service answers
    NOT_ON_LOAN = "not_on_loan"
    PUT_BACK = "put_back"
    PART_MISSING = "part_missing"
    TAKE_OFF = "take_off"
    REFUSED = "refused"
    STAFF = "staff"
    UNKNOWN = "unknown"
    ASKING = "asking"


DONE_STATES = frozenset({RowState.LENT, RowState.RETURNED, RowState.RENEWED, RowState.KEPT, RowState.NOT_ON_LOAN})
IN_WORK_STATES = frozenset({RowState.ARRIVING, RowState.CHECKING, RowState.ASKING})
PATRON_CAN_ACT = frozenset({RowState.PUT_BACK, RowState.PART_MISSING, RowState.TAKE_OFF})
FOR_STAFF = frozenset({RowState.STAFF, RowState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class PartView:
    """One part of a set: its number, and whether it is on the pad."""

    number: int
    here: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One item and its own truth.

    Attributes:
        key: stable for the visit: the item id, or the tag's UID where there is none.
        title, author, media_type: empty/None where unknown (then ``item.no_title`` is shown).
        says: what happened, or the next step and its reason.
        due: date for the due block.
        parts: for a set, every part in order; empty for a single volume.
        can_renew: the item is on the patron's account already, and its renewal is offered on the row.
    """

    key: str
    title: str
    author: str
    media_type: str | None
    state: RowState
    says: Sentence
    due: date | None = None
    parts: tuple[PartView, ...] = ()
    can_renew: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """A sound or spoken sentence that must not be dropped; the screen plays the numbers it has not played."""

    number: int
    sound: str  # "seen", "done", "needs_you", "not_here", "time"
    says: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands on every screen.

    Attributes:
        session: number of the machine's session; the ui puts it into nothing, it only tells screens apart.
        language: BCP 47 tag.
        languages: tags the site offers.
        library: name for the header.
        first_name: of the signed-in patron, None without one.
        offline: the central service does not answer.
        cues: the last 20.
    """

    session: int
    language: str
    languages: tuple[str, ...]
    library: str
    first_name: str | None = field(default=None, repr=False)
    offline: bool = False
    cues: tuple[Cue, ...] = ()


@dataclass(frozen=True, slots=True)
class StackView:
    """The honest count: ``recognised`` items; ``of`` only where n is known; ``unread`` tags not readable yet."""

    recognised: int
    of: int | None
    unread: int


@dataclass(frozen=True, slots=True)
class Starting:
    """The machine is getting ready."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class Start:
    """Nobody is signed in. ``headline``: start.headline, or start.waiting with ``waiting`` items on the pad."""

    frame: Frame
    headline: Sentence
    line: Sentence
    waiting: int
    can_borrow: bool
    can_return: bool
    notice: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """Hold or scan a card. ``wanted``: "borrow" or "account"."""

    frame: Frame
    headline: Sentence
    wanted: str
    kept: Sentence | None
    notice: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """Type the PIN. ``busy``: it is being checked."""

    frame: Frame
    headline: Sentence
    busy: bool
    notice: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Borrow:
    """The borrowing stack. ``finish_now``: nothing is open, "finish" is the filled button."""

    frame: Frame
    headline: Sentence
    line: Sentence | None
    rows: tuple[Row, ...]
    stack: StackView
    allowance: Sentence | None
    finish_now: bool


@dataclass(frozen=True, slots=True)
class Return:
    """The returning stack."""

    frame: Frame
    headline: Sentence
    line: Sentence | None
    rows: tuple[Row, ...]
    stack: StackView
    finish_now: bool


@dataclass(frozen=True, slots=True)
class AccountRow:
    """One loan, set-aside item or fee on the account screen."""

    key: str
    title: str
    author: str
    media_type: str | None
    says: Sentence
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The patron's account. ``busy``: it is being fetched."""

    frame: Frame
    headline: Sentence
    loans: tuple[AccountRow, ...]
    ready: tuple[AccountRow, ...]
    fees: tuple[AccountRow, ...]
    owed: Sentence | None
    busy: bool
    notice: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Renew:
    """Renewals and their results. ``headline``: renew.choose or renew.result."""

    frame: Frame
    headline: Sentence
    line: Sentence | None
    rows: tuple[Row, ...]
    finish_now: bool


@dataclass(frozen=True, slots=True)
class LeaveOpen:
    """A sheet: finish although items are open?"""

    frame: Frame
    headline: Sentence
    line: Sentence
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to get a receipt: "print", "mail" or "none".

    Attributes:
        why_not: said before anybody chooses what cannot work.
        note: more about what can.
    """

    way: str
    says: Sentence
    possible: bool
    why_not: Sentence | None = None
    note: Sentence | None = None


@dataclass(frozen=True, slots=True)
class ReceiptChoice:
    """Would you like a receipt? ``busy``: it is being made; ``also``: what was done beside the summary's."""

    frame: Frame
    headline: Sentence
    summary: Sentence
    rows: tuple[Row, ...]
    staff: tuple[Row, ...]
    choices: tuple[Choice, ...]
    busy: bool = False
    notice: Sentence | None = None
    also: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Goodbye:
    """The session is over: take your items, show those to staff."""

    frame: Frame
    headline: Sentence
    line: Sentence | None
    staff: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class ClearPad:
    """Items of the last session are still on the pad. ``left``: how many."""

    frame: Frame
    headline: Sentence
    left: int


@dataclass(frozen=True, slots=True)
class TimeOutWarning:
    """Are you still there? ``ends``: wall-clock instant of the sign-out; ``seconds``: length of the whole warning."""

    frame: Frame
    headline: Sentence
    line: Sentence
    seconds: int
    ends: datetime


@dataclass(frozen=True, slots=True)
class Help:
    """Help for the screen below it."""

    frame: Frame
    headline: Sentence
    lines: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class OutOfOrder:
    """The machine cannot serve. ``code``: small line for staff; ``told``: an alert was accepted, staff know."""

    frame: Frame
    headline: Sentence
    line: Sentence
    safe: Sentence
    code: str
    told: bool


Screen = (
    Starting
    | Start
    | Card
    | Pin
    | Borrow
    | Return
    | Account
    | Renew
    | LeaveOpen
    | ReceiptChoice
    | Goodbye
    | ClearPad
    | TimeOutWarning
    | Help
    | OutOfOrder
)
