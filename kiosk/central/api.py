"""What the machine asks the central circulation service, and what it can be answered.

Responsible for the vocabulary of delegation: operations, the three outcomes, account, item list, rule set.
Not responsible for HTTP (rest) or threads (worker). A patron's data lives only in values of the running session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

Scalar = str | int | bool | None
OperationId = str  # UUID in its 36-character form; chosen by the machine, belongs to the machine's key


class CentralError(Exception):
    """The central service could not be used for this request."""


class CentralUnreachable(CentralError):
    """No trustworthy answer: not connected, timed out, 5xx or not our protocol. Nothing may be concluded from it."""


class CentralRejected(CentralError):
    """The service understood and says that the request itself cannot be served.

    Attributes:
        code: its error code, e.g. "session_ended", "machine_unknown", "version_unsupported".
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


class Action(StrEnum):
    """What a patron can have done with an item."""

    CHECKOUT = "checkout"
    RETURN = "return"
    RENEWAL = "renewal"


@dataclass(frozen=True, slots=True)
class Operation:
    """One transaction: its own, in the given order, repeatable under the same id (design 4)."""

    id: OperationId
    action: Action
    item: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One refusal reason: a code of ``rules.refusals`` and its parameters (already plain JSON values)."""

    code: str
    params: Mapping[str, Scalar]
    site_text: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """It is done.

    Attributes:
        due: due date after a checkout or renewal, None after a return.
        was_on_loan: for a return: False if there was no loan to end.
        provisional: done off-line, still to be confirmed.
    """

    due: date | None = None
    was_on_loan: bool = True
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not done.

    Attributes:
        reason: the one the patron is told.
        all_reasons: every reason, for staff; empty when the machine itself refused.
        still_on_loan: for a return: True only if the answer says so (then the bit's former state is restored).
    """

    reason: Reason
    all_reasons: tuple[Reason, ...] = ()
    still_on_loan: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, and no trustworthy answer. Resolved by ``settle``, never by conclusion.

    Attributes:
        why: for staff and the log.
    """

    why: str


Outcome = Done | Refused | Unknown


@dataclass(frozen=True, slots=True)
class CardIdentifier:
    """What identifies a patron's card: kind "uid" or "barcode", and the value. Personal: masked."""

    kind: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PatronSession:
    """A signed-in patron. Nothing of it outlives the session on the machine.

    Attributes:
        token: opaque, names the session to the central service.
        patron: opaque reference, written into requests so that a sealed one can be understood after a restore.
        first_name: how the screen greets; nothing more of the name is sent.
        language: the patron's language, None if not recorded.
        loans: number of current loans; ``limit`` the most general limit, None if there is none.
        notices: reasons that stop borrowing (blocked, expired), known at once; return and account stay open.
        mail: whether a receipt can be sent to the patron by e-mail; None = this library sends none.
    """

    token: str = field(repr=False)
    patron: str = field(repr=False)
    first_name: str = field(repr=False)
    language: str | None
    loans: int
    limit: int | None
    notices: tuple[Reason, ...] = ()
    mail: bool | None = None


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """The card or PIN was not accepted.

    Attributes:
        code: "pin_wrong" (also for an unknown card), "locked" or "machine_locked".
        tries_left: with "pin_wrong".
        until: with "locked": instant from which it may be tried again.
    """

    code: str
    tries_left: int | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """1 to 20 operations sent together.

    Attributes:
        session: the patron's session token; None for returns without a card.
        patron: the patron's reference; None likewise.
        rules: number of the rule set the machine decided with.
    """

    operations: tuple[Operation, ...]
    session: str | None = field(repr=False)
    patron: str | None = field(repr=False)
    rules: int | None


@dataclass(frozen=True, slots=True)
class Loan:
    """One line of the patron's account."""

    item: str
    title: str
    author: str
    media_type: str
    due: date
    overdue: bool
    renewals: int


@dataclass(frozen=True, slots=True)
class ReadyItem:
    """An item set aside for the patron."""

    item: str
    title: str
    author: str
    media_type: str
    collect_by: date | None
    shelf: str | None


@dataclass(frozen=True, slots=True)
class Fee:
    """One open fee. Amount in minor units of the installation's currency."""

    reason: str
    amount: int
    title: str | None


@dataclass(frozen=True, slots=True)
class Account:
    """What the patron may see of their account."""

    loans: tuple[Loan, ...]
    ready: tuple[ReadyItem, ...]
    fees: tuple[Fee, ...]
    owed: int
    currency: str
    limit: int | None


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """What a machine knows of an item: no personal data.

    Attributes:
        media_type, material_type, department, audience, fiction: facts a self-service rule may ask for.
        parts: number of parts of the set, 1 for a single volume.
    """

    item: str
    title: str
    author: str
    media_type: str
    parts: int = 1
    material_type: str | None = None
    department: str | None = None
    audience: str | None = None
    fiction: bool | None = None


@dataclass(frozen=True, slots=True)
class ItemState:
    """A fresh central answer about one item (self-heal, design 5).

    Attributes:
        record: None if the item is unknown.
        on_loan: True if a loan is open.
        state: item state key, e.g. "available", "on_loan", "set_aside", "in_transit", "lost".
        answered: monotonic instant of the answer on this machine; an answer older than 5 s must not move a bit.
    """

    item: str
    record: ItemRecord | None
    on_loan: bool
    state: str
    answered: float


@dataclass(frozen=True, slots=True)
class ItemList:
    """The machine's item list, with the tag (ETag) under which it was fetched."""

    etag: str
    items: Mapping[str, ItemRecord]


@dataclass(frozen=True, slots=True)
class PublishedRules:
    """The published rule set as fetched. ``document`` is the JSON object that ``rules.published`` reads."""

    etag: str
    number: int
    document: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Doubt:
    """An item whose security bit disagrees with what it should be. No patron.

    Attributes:
        wanted, last: security as wanted and as last known ("armed", "disarmed"), ``last`` None if never read.
        since: wall-clock instant.
    """

    item: str
    wanted: str
    last: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class HeartbeatReport:
    """What the machine tells of itself. ``devices``: name -> "up" or the reason of DeviceDown."""

    version: str
    rules: int | None
    devices: Mapping[str, str]
    doubts: tuple[Doubt, ...]
    clock_trusted: bool


@dataclass(frozen=True, slots=True)
class HeartbeatAnswer:
    """What the machine is told: items whose doubt staff have cleared."""

    cleared: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CentralClock:
    """Came with every answer.

    Attributes:
        time: the service's clock (UTC).
        generation: identity of its database; a new one means that it was restored from a backup.
        received: monotonic instant of the answer.
    """

    time: datetime
    generation: str
    received: float


class CirculationApi(Protocol):
    """The central service, as the machine uses it. Every method may raise CentralUnreachable or CentralRejected."""

    def sign_in(self, card: CardIdentifier, pin: str) -> PatronSession | SignInRefused:
        """Card and PIN. The PIN is never stored or logged."""
        ...

    def sign_out(self, session: str) -> None:
        """End the patron's session there too."""
        ...

    def run(self, batch: Batch) -> Iterator[tuple[OperationId, Outcome]]:
        """Send a batch; yield each outcome as its line arrives.

        Never raises once the request was sent: whatever was not answered comes as Unknown, one per operation.
        Raises CentralRejected only where the service refused the whole request before doing anything.
        """
        ...

    def settle(self, operation: OperationId) -> Done | Refused:
        """The recorded outcome, or atomically Refused("abandoned") so that a late request does nothing."""
        ...

    def account(self, session: str) -> Account:
        """Loans, items set aside, fees."""
        ...

    def mail_receipt(self, session: str, receipt: OperationId, operations: tuple[OperationId, ...]) -> None:
        """Have a receipt of operations sent by e-mail; under the same id it is sent once, however often it is asked."""
        ...

    def look_up(self, items: tuple[str, ...]) -> tuple[ItemState, ...]:
        """Fresh state of 1 to 50 items."""
        ...

    def item_list(self, etag: str | None) -> ItemList | None:
        """The machine's item list, None if it is still the one named by ``etag``."""
        ...

    def rules(self, etag: str | None) -> PublishedRules | None:
        """The published rule set, None if it is still the one named by ``etag``."""
        ...

    def heartbeat(self, report: HeartbeatReport) -> HeartbeatAnswer:
        """Tell how the machine is; hear which doubts staff have cleared."""
        ...

    def resend(self, sealed: Mapping[OperationId, bytes]) -> Mapping[OperationId, Outcome]:
        """After a restore of the centre: hand back sealed requests (design 5)."""
        ...
