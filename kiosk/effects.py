"""Everything the machine's core can ask for.

Effects of one step are carried out in their order. Nothing after a ``Record`` is done before it is durable; if it
cannot be made durable, nothing of that step is done, its state is not taken and ``JournalFailed`` is stepped first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from drivers.api import DeviceCommand
from kiosk.central.api import Batch, CardIdentifier, OperationId
from kiosk.screens import Screen, Sentence


class Step(StrEnum):
    """Steps of an operation in the journal (design 5)."""

    ASKED = "asked"  # checkout, renewal: about to be sent
    LOANED = "loaned"  # checkout: the centre said yes, tags are to be disarmed
    RETURNING = "returning"  # return: tags are about to be armed
    ARMED = "armed"  # return: every tag was read back armed, about to be sent
    RETURNED = "returned"  # return: the centre said yes
    RESTORING = "restoring"  # return: the centre said no and still on loan, former state is being written back
    CLOSED = "closed"  # nothing is left to do for this operation


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One line of the journal. No card number, no name.

    Attributes:
        action: "checkout", "return" or "renewal".
        tags: UID (hex) -> security state before this operation touched it, None if unknown.
        request: what the service is to do, as plain values; sealed for it before it is stored (design 5). With ASKED
            and ARMED only.
        note: for staff, e.g. the refusal code.
    """

    operation: OperationId
    step: Step
    action: str
    item: str
    tags: Mapping[str, str | None] = field(default_factory=dict)
    request: Mapping[str, object] | None = field(default=None, repr=False)
    note: str = ""


@dataclass(frozen=True, slots=True)
class DoubtEntry:
    """An item belongs on the staff list: its bit is, or may be, other than wanted.

    Attributes:
        wanted: "armed" or "disarmed".
        last: as last read, None if unknown.
        why: "lifted", "not_written", "power_cut", "device_lost", "unknown_outcome", "duplicate_tag", ...
    """

    item: str
    tags: tuple[str, ...]
    wanted: str
    last: str | None
    why: str


@dataclass(frozen=True, slots=True)
class DoubtEnd:
    """The item's doubt is over. ``how``: "repaired", "as_wanted" or "cleared_by_staff"."""

    item: str
    how: str


@dataclass(frozen=True, slots=True)
class HealEntry:
    """A bit that disagreed with the loan state was put right (counted and reported)."""

    item: str
    to: str


Entry = JournalEntry | DoubtEntry | DoubtEnd | HealEntry


@dataclass(frozen=True, slots=True)
class Record:
    """Make the entries durable, all in one transaction."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """Give a device's worker a command. ``device``: "pad" or "printer"."""

    device: str
    command: DeviceCommand


@dataclass(frozen=True, slots=True)
class SignIn:
    """Ask for a patron session. Answered by SignedIn or RequestFailed."""

    session: int
    card: CardIdentifier
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignOut:
    """End the patron's session at the centre; no answer expected."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RunBatch:
    """Send operations. Answered by OperationAnswered for each, then BatchEnded."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Settle:
    """Ask what became of an operation. Answered by OperationAnswered or SettleFailed."""

    operation: OperationId


@dataclass(frozen=True, slots=True)
class LoadAccount:
    """Ask for the account. Answered by AccountLoaded or RequestFailed."""

    session: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask for fresh item states. Answered by ItemsLookedUp or RequestFailed."""

    session: int
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MailReceipt:
    """Have a receipt sent to the patron by e-mail. Answered by ReceiptMailed with the same request number.

    Attributes:
        receipt: names it to the central service: asked for again, it is still one message.
        operations: what it is about; the central service knows what became of them.
    """

    request: int
    receipt: OperationId
    token: str = field(repr=False)
    operations: tuple[OperationId, ...]


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One item on a receipt."""

    title: str
    says: Sentence
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says. No card number, no surname.

    Attributes:
        language: catalogue to write it in.
        headline: e.g. receipt.sum.
        lines: items done.
        staff: items to show to staff before leaving.
        also: what was done beside the headline's, e.g. receipt.renewed_sum.
    """

    language: str
    headline: Sentence
    lines: tuple[ReceiptLine, ...]
    staff: tuple[ReceiptLine, ...]
    also: Sentence | None = None


@dataclass(frozen=True, slots=True)
class PrintReceipt:
    """Render and print. Answered by Printed with the same request number."""

    request: int
    receipt: Receipt = field(repr=False)


@dataclass(frozen=True, slots=True)
class Show:
    """What the person sees from now on."""

    screen: Screen


CentralRequest = SignIn | SignOut | RunBatch | Settle | LoadAccount | LookUp | MailReceipt
"""What only the central service can do."""

Effect = Record | Command | CentralRequest | PrintReceipt | Show
