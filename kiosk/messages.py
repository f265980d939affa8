"""Everything that can arrive at the machine's core.

Frozen values only: they cross threads. Responsible for the vocabulary, not for what follows from it (session).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drivers.api import DeviceEvent
from kiosk.central.api import (
    Account,
    CardIdentifier,
    HeartbeatAnswer,
    ItemList,
    ItemState,
    OperationId,
    Outcome,
    PatronSession,
    SignInRefused,
)
from rules.published import Published


@dataclass(frozen=True, slots=True)
class Now:
    """The time, as a parameter: time-outs by ``monotonic``, dates by ``wall``.

    Attributes:
        monotonic: seconds, never runs backwards.
        wall: instant with the branch's time zone.
        trusted: False if the wall clock ran backwards or is more than 5 minutes off the central service's.
    """

    monotonic: float
    wall: datetime
    trusted: bool = True


# --- intents: what the person in front of the machine touched ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Borrow:
    """Chose "borrow"."""


@dataclass(frozen=True, slots=True)
class Return:
    """Chose "return"."""


@dataclass(frozen=True, slots=True)
class ShowAccount:
    """Chose "account and renewals"."""


@dataclass(frozen=True, slots=True)
class Pin:
    """Typed the whole PIN and OK."""

    digits: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Renew:
    """Chose loans to renew; empty = all."""

    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RenewRow:
    """Touched "renew" on the row of an item that is on the patron's account already (R86)."""

    item: str


@dataclass(frozen=True, slots=True)
class LeaveSetOut:
    """Chose to go on without an incomplete set."""

    item: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Touched "finish" (on the sheet that asks about open items: finish all the same)."""


@dataclass(frozen=True, slots=True)
class Back:
    """Touched "back", or "keep going" on a sheet."""


@dataclass(frozen=True, slots=True)
class MoreTime:
    """Touched "more time", or anything that only shows that somebody is there."""


@dataclass(frozen=True, slots=True)
class ChooseReceipt:
    """``way``: "print", "mail" or "none"."""

    way: str


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """``language``: BCP 47 tag of a language the site offers."""

    language: str


@dataclass(frozen=True, slots=True)
class AskHelp:
    """Touched "help"."""


@dataclass(frozen=True, slots=True)
class CardTyped:
    """A card's code came through the keyboard wedge."""

    card: CardIdentifier


Intent = (
    Borrow
    | Return
    | ShowAccount
    | Pin
    | Renew
    | RenewRow
    | LeaveSetOut
    | Finish
    | Back
    | MoreTime
    | ChooseReceipt
    | ChooseLanguage
    | AskHelp
    | CardTyped
)


# --- answers of the central worker ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Answer to SignIn. ``session`` is the machine's session number it was asked for."""

    session: int
    answer: PatronSession | SignInRefused


@dataclass(frozen=True, slots=True)
class OperationAnswered:
    """The outcome of one operation, from a batch or from ``settle``."""

    operation: OperationId
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class BatchEnded:
    """The batch's request is over; every operation of it has been answered by then."""

    operations: tuple[OperationId, ...]


@dataclass(frozen=True, slots=True)
class SettleFailed:
    """``settle`` got no trustworthy answer; ask again later."""

    operation: OperationId
    why: str


@dataclass(frozen=True, slots=True)
class AccountLoaded:
    """Answer to LoadAccount."""

    session: int
    account: Account


@dataclass(frozen=True, slots=True)
class ReceiptMailed:
    """Answer to MailReceipt. ``problem``: None = it is on its way; "unreachable", or the service's error code."""

    request: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class RequestFailed:
    """A request for this session failed.

    Attributes:
        what: "sign_in", "account" or "look_up".
        code: "unreachable", or the service's error code.
    """

    session: int
    what: str
    code: str


@dataclass(frozen=True, slots=True)
class ItemsLookedUp:
    """Answer to LookUp. Items whose look-up failed are not in it; a RequestFailed("look_up") came instead."""

    states: tuple[ItemState, ...]


@dataclass(frozen=True, slots=True)
class ItemListChanged:
    """A (new) item list is there, from the cache or from the service."""

    items: ItemList


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """A (new) published rule set is there, from the cache or from the service."""

    rules: Published


@dataclass(frozen=True, slots=True)
class CentralUp:
    """The central service answers (again). ``generation`` names its database."""

    generation: str


@dataclass(frozen=True, slots=True)
class CentralDown:
    """The central service does not answer. Sent once per loss."""

    why: str


@dataclass(frozen=True, slots=True)
class HeartbeatAnswered:
    """Staff's decisions came back with a heartbeat."""

    answer: HeartbeatAnswer


# --- the machine itself -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenOperation:
    """An operation the journal holds without its end, found at start.

    Attributes:
        step: last journal step (``kiosk.effects.Step`` value).
        tags: UID (hex) -> the security state it had before this operation touched it, None if unknown.
    """

    operation: OperationId
    action: str
    item: str
    step: str
    tags: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class JournalRead:
    """What the journal holds at start. ``doubts``: item -> wanted security."""

    operations: tuple[OpenOperation, ...]
    doubts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JournalFailed:
    """Entries could not be made durable (disk full, file gone). Nothing that depended on them was done."""

    why: str


@dataclass(frozen=True, slots=True)
class JournalWorks:
    """The journal can be written again."""


@dataclass(frozen=True, slots=True)
class ThreadDied:
    """A thread ended by an exception. It is out of order until its replacement reports."""

    thread: str
    why: str


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A deadline the core asked for has come."""


Message = (
    DeviceEvent
    | Intent
    | SignedIn
    | OperationAnswered
    | BatchEnded
    | SettleFailed
    | AccountLoaded
    | ReceiptMailed
    | RequestFailed
    | ItemsLookedUp
    | ItemListChanged
    | RulesChanged
    | CentralUp
    | CentralDown
    | HeartbeatAnswered
    | JournalRead
    | JournalFailed
    | JournalWorks
    | ThreadDied
    | TimePassed
)
