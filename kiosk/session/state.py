"""The state of the machine's core: frozen values, replaced and never changed.

Responsible for what the core remembers. Not responsible for how it changes (machine, flow, work, heal) or looks (view).
A patron's data is in ``patron``, ``mail``, ``card``, ``account`` and the rows' due dates, and ends with the session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from drivers.api import DeviceInfo, PrinterStatus, Security, TagUid
from kiosk.central.api import (
    Account,
    Action,
    CardIdentifier,
    ItemRecord,
    OperationId,
    PatronSession,
    Reason,
)
from kiosk.effects import Step
from kiosk.screens import Cue, RowState, Screen, Sentence
from kiosk.stack import Pad
from rules.published import Published


@dataclass(frozen=True, slots=True)
class Settings:
    """What a site decides about the session. All times in seconds.

    Attributes:
        languages: offered, the first is the machine's own.
        idle: quiet time before the warning; ``warn``: length of the warning, at least 20 (WCAG 2.2.1).
        goodbye: how long the last screen stays.
        asking: how long an unanswered operation is "being asked" before the row says that it is unclear.
        pad_grace: how long the pad may be away before the machine is out of order.
        retry_first, retry_most: pause before an unanswered operation is asked about again; doubles.
        batch: most operations in one request.
        has_printer: a receipt printer is configured.
        id_seed: makes operation ids of this run unique.
    """

    library: str
    languages: tuple[str, ...]
    id_seed: str
    currency: str = "EUR"
    idle: float = 90.0
    warn: float = 30.0
    goodbye: float = 8.0
    asking: float = 15.0
    pad_grace: float = 30.0
    retry_first: float = 1.0
    retry_most: float = 60.0
    batch: int = 20
    has_printer: bool = False

    def __post_init__(self) -> None:
        if not self.languages:
            raise ValueError("a machine speaks at least one language")
        if self.warn < 20:
            raise ValueError("the warning before the sign-out lasts at least 20 seconds")
        if not 1 <= self.batch <= 20:
            raise ValueError("a batch holds 1 to 20 operations")


class Page(StrEnum):
    """Where the person is. Sheets (time-out, help) lie on top of a page."""

    START = "start"
    CARD = "card"
    PIN = "pin"
    BORROW = "borrow"
    RETURN = "return"
    ACCOUNT = "account"
    RENEW = "renew"
    LEAVE = "leave"
    RECEIPT = "receipt"
    GOODBYE = "goodbye"
    CLEAR = "clear"


STACK_ACTION: Mapping[Page, Action] = {Page.BORROW: Action.CHECKOUT, Page.RETURN: Action.RETURN}
PATRON_PAGES = frozenset(
    {Page.CARD, Page.PIN, Page.BORROW, Page.RETURN, Page.ACCOUNT, Page.RENEW, Page.LEAVE, Page.RECEIPT}
)


class Bit(StrEnum):
    """How far one tag of an operation is on the way to its wanted security."""

    TODO = "todo"
    SENT = "sent"
    SET = "set"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TagWork:
    """One tag of an operation.

    Attributes:
        former: its security before the operation touched it, None if unknown.
        target: what it is being brought to, None while nothing is written.
        tries: commands that came back without the wanted state while the tag was here.
        retry_at: monotonic instant before which it is not tried again.
    """

    former: Security | None
    target: Security | None = None
    bit: Bit = Bit.TODO
    tries: int = 0
    retry_at: float = 0.0


FOUND_AT_START = -1  # session number of an operation that an earlier run of the program left open


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation from its first journal step to its last.

    Attributes:
        session: the machine's session it belongs to; FOUND_AT_START for one of an earlier run.
        step: last durable step; None while it only waits for its turn.
        in_flight: its request is out.
        asked_at: when it was first sent (monotonic), for "being asked" versus "unclear".
        unanswered: an answer was not trustworthy; ask (return: send) again at ``next_try``.
    """

    id: OperationId
    action: Action
    item: str
    session: int
    tags: Mapping[TagUid, TagWork] = field(default_factory=dict)
    step: Step | None = None
    in_flight: bool = False
    asked_at: float | None = None
    unanswered: bool = False
    next_try: float = 0.0
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Work:
    """One row of the running session.

    Attributes:
        key: item id, or the tag's UID where there is no item.
        state: what the row shows; derived states (put back, asking) are worked out in view.
        reason: refusal reason where there is one.
        says: fixed sentence where the state alone does not say it.
        ready: decided and waiting for its turn to be sent.
        renewal: what waits or runs for it is the renewal of its loan, not what the page does with the stack.
        operation: the operation that runs for it.
        attempts: operations tried, for a repeated try after an abandoned one.
        lifted: its tags left the pad after it was refused: laid down again it is asked again.
    """

    key: str
    state: RowState
    title: str = ""
    author: str = ""
    media_type: str | None = None
    tags: tuple[TagUid, ...] = ()
    parts: int = 1
    missing: tuple[int, ...] = ()
    reason: Reason | None = None
    says: Sentence | None = None
    due: date | None = None
    ready: bool = False
    renewal: bool = False
    operation: OperationId | None = None
    attempts: int = 0
    lifted: bool = False


@dataclass(frozen=True, slots=True)
class Write:
    """A command to write a bit whose answer is outstanding. ``operation``: None where it heals."""

    uid: TagUid
    item: str
    operation: OperationId | None


@dataclass(frozen=True, slots=True)
class Mail:
    """What is kept of a patron until they have chosen a receipt. ``possible``: it can be sent by e-mail."""

    token: str = field(repr=False)
    possible: bool


@dataclass(frozen=True, slots=True)
class Device:
    """How a device is. ``reason``: None while it is up."""

    info: DeviceInfo | None = None
    reason: str | None = None
    since: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """Everything the core remembers.

    Attributes:
        started: monotonic instant of the first message.
        session: number of the running session, or of the last one while nobody is served.
        page: where the person is; ``under`` the page below the LEAVE sheet; ``wanted`` the page after sign-in.
        touched: monotonic instant of the last sign of a person; ``warning_ends`` that of the sign-out, None without
            a warning; ``warning_wall`` the same on the wall clock, for the screen.
        page_since: monotonic instant since which the page is shown.
        work: rows of the session in order of arrival; ``left_out`` sets the person goes on without.
        asked: operations the central service was asked for in the patron's name, in order.
        operations: every operation that is not closed.
        writes: outstanding SetSecurity commands by number; an item with one is not compared with its loan state.
        batch: operations of the request that is out.
        printing: number of the receipt that is being printed or sent.
        missing_items: items of which the central service said that there is none.
        looking_up: items whose look-up is out; ``look_up_again`` monotonic instant before which none is sent.
        doubts: items on the staff list -> wanted security.
        journal_read: the journal was read at start; ``journal_ok``: it can be written.
        dead: threads that ended by an exception -> why.
    """

    settings: Settings
    started: float | None = None
    session: int = 0
    page: Page = Page.START
    under: Page = Page.START
    wanted: Page = Page.BORROW
    language: str = ""
    touched: float = 0.0
    page_since: float = 0.0
    warning_ends: float | None = None
    warning_wall: datetime | None = None
    help: bool = False
    notice: Sentence | None = None
    busy: bool = False
    card: CardIdentifier | None = None
    patron: PatronSession | None = None
    mail: Mail | None = None
    asked: tuple[OperationId, ...] = ()
    account: Account | None = None
    pad: Pad = field(default_factory=Pad)
    work: Mapping[str, Work] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    operations: Mapping[OperationId, Operation] = field(default_factory=dict)
    writes: Mapping[int, Write] = field(default_factory=dict)
    numbers: int = 0
    batch: frozenset[OperationId] = frozenset()
    items: Mapping[str, ItemRecord] = field(default_factory=dict)
    missing_items: frozenset[str] = frozenset()
    looking_up: frozenset[str] = frozenset()
    look_up_again: float = 0.0
    rules: Published | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)
    devices: Mapping[str, Device] = field(default_factory=dict)
    printer: PrinterStatus | None = None
    printing: int | None = None
    central_up: bool = False
    journal_read: bool = False
    journal_ok: bool = True
    dead: Mapping[str, str] = field(default_factory=dict)
    cues: tuple[Cue, ...] = ()
    cue_number: int = 0
    shown: Screen | None = None


def initial(settings: Settings) -> State:
    """The state before the first message."""
    return State(settings=settings, language=settings.languages[0])
