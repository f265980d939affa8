"""What a device can be asked, what it reports, and how it fails.

Responsible for the vocabulary between devices and the machine's core: protocols, value types, commands, events and the
error tree. Standard library only. Not responsible for bytes (codecs), ports (links) or threads (worker).

The error tree::

    DeviceError
    ├── LinkError
    │   ├── LinkLost         the port or reader is gone: reopen
    │   ├── LinkTimeout      no (whole) answer in time
    │   └── LinkBusy         another program holds the port
    ├── ProtocolError
    │   ├── LocalProtocolError    we asked for something the protocol cannot say
    │   └── RemoteProtocolError   the device sent something that is not the protocol
    └── DeviceRefused        a well-formed answer that says no (status code of the device)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable


class DeviceError(Exception):
    """Anything a device or its line can do wrong."""


class LinkError(DeviceError):
    """The line to the device failed."""


class LinkLost(LinkError):
    """The port or reader has gone away; only reopening helps."""


class LinkTimeout(LinkError):
    """No complete answer within the deadline."""


class LinkBusy(LinkError):
    """Another program holds the port."""


class ProtocolError(DeviceError):
    """The conversation left the protocol."""


class LocalProtocolError(ProtocolError):
    """We asked for something the protocol cannot express."""


class RemoteProtocolError(ProtocolError):
    """The device sent bytes that are not the protocol."""


class DeviceRefused(DeviceError):
    """A well-formed answer that says no.

    Attributes:
        status: the device's own status code.
        meaning: the manual's name for it.
    """

    def __init__(self, status: int, meaning: str) -> None:
        super().__init__(f"status 0x{status:02X} ({meaning})")
        self.status = status
        self.meaning = meaning


class TagLost(DeviceError):
    """The tag did not answer: it has left the field or is mute."""


class Security(StrEnum):
    """State of an item's security bit (AFI, EAS or both; the device's configuration decides which)."""

    ARMED = "armed"
    DISARMED = "disarmed"


@dataclass(frozen=True, slots=True, order=True)
class TagUid:
    """Unique identifier of an ISO 15693 item tag: 8 bytes, most significant first (E0 ...)."""

    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != 8:
            raise ValueError(f"an ISO 15693 UID has 8 bytes, not {len(self.value)}")

    def __str__(self) -> str:
        return self.value.hex().upper()

    @classmethod
    def from_hex(cls, text: str) -> TagUid:
        """Read the form written by ``str``."""
        return cls(bytes.fromhex(text))


@dataclass(frozen=True, slots=True)
class CardUid:
    """Unique identifier of a patron card (4, 7, 8 or 10 bytes). Personal: its repr is masked."""

    value: bytes = field(repr=False)

    def __str__(self) -> str:
        return "card ****"

    def reveal(self) -> str:
        """The identifier as upper-case hex, for the sign-in request and nothing else."""
        return self.value.hex().upper()


@dataclass(frozen=True, slots=True)
class ScannedCode:
    """A scanned code. It may be a patron card's number, so its repr is masked.

    Attributes:
        text: the code without prefix, AIM identifier and suffix.
        symbology: AIM code character if the scanner sent one ("A" Code 39, "C" Code 128, "E" EAN, "F" Codabar, "Q" QR).
    """

    text: str = field(repr=False)
    symbology: str | None = None

    def __str__(self) -> str:
        return "code ****"


@dataclass(frozen=True, slots=True)
class ItemTag:
    """What one item tag says.

    Attributes:
        uid: the tag.
        item_id: primary item identifier.
        part: ordinal number of this part, from 1.
        parts: number of parts of the item, 1 for a single volume.
        owner: ISIL of the owning library as written with its hyphen, None if the tag names none.
        security: security bit as last read, None if it could not be read.
        media_format: ISO 28560-3 media format (1 book, 2 CD/DVD, ...), None if absent. May refuse, never allow.
        model: data model, "iso28560-3" or "iso28560-2".
        usage: type of usage nibble/byte of the model, None if absent.
    """

    uid: TagUid
    item_id: str
    part: int
    parts: int
    owner: str | None
    security: Security | None
    media_format: int | None
    model: str
    usage: int | None


class Unreadable(StrEnum):
    """Why a tag gives no item."""

    DAMAGED = "damaged"  # checksum wrong or a block cannot be read
    BLANK = "blank"  # nothing was ever written
    UNKNOWN_MODEL = "unknown_model"  # bytes of no data model we know
    PATRON_CARD = "patron_card"  # a card lies on the item pad
    LOST = "lost"  # left the field before it was read


@dataclass(frozen=True, slots=True)
class TagProblem:
    """A tag that is there but gives no item.

    Attributes:
        security: security bit as last read, None if it could not be read.
        detail: for staff and the log; no personal data.
    """

    uid: TagUid
    reason: Unreadable
    security: Security | None
    detail: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """One look at the pad.

    Attributes:
        uids: the tags that answered.
        complete: True only if absence is proven: no collision left, no "more data", no bad checksum.
        unresolved: how many further tags are known to be there but could not be told apart (0 if complete).
    """

    uids: frozenset[TagUid]
    complete: bool
    unresolved: int = 0


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """How a device named itself when it was opened."""

    model: str
    firmware: str


@runtime_checkable
class RfidReader(Protocol):
    """A pad. Called only from its worker; blocking; deadlines are ``time.monotonic()`` instants."""

    def open(self) -> DeviceInfo:
        """Open the line, identify the device. Raises DeviceError; never returns half-open."""
        ...

    def inventory(self, deadline: float) -> Inventory:
        """Look at the pad once. Raises DeviceError."""
        ...

    def read_item(self, uid: TagUid, deadline: float) -> ItemTag | TagProblem:
        """Read a tag's data and its security bit. Raises DeviceError only for the line, never for the tag."""
        ...

    def set_security(self, uid: TagUid, to: Security, deadline: float) -> Security:
        """Bring the bit to a state and return what was READ BACK. Raises TagLost or another DeviceError."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...


class CardReader(Protocol):
    """A reader that patrons hold a card to."""

    def open(self) -> DeviceInfo:
        """Find the reader. Raises DeviceError."""
        ...

    def wait(self, timeout: float) -> CardEvent | None:
        """Wait up to ``timeout`` seconds for a card to come or go. Raises DeviceError."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...


class BarcodeScanner(Protocol):
    """A scanner on a line of its own."""

    def open(self) -> DeviceInfo:
        """Open the line. Raises DeviceError."""
        ...

    def wait(self, timeout: float) -> ScannedCode | None:
        """Wait up to ``timeout`` seconds for one scan. Raises DeviceError."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...


class Paper(StrEnum):
    """Paper state of a receipt printer."""

    OK = "ok"
    LOW = "low"
    OUT = "out"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PrinterStatus:
    """What the printer says of itself (ESC/POS DLE EOT).

    Attributes:
        online: ready to print.
        cover_open: the cover is open.
        paper: paper state.
    """

    online: bool
    cover_open: bool
    paper: Paper


class ReceiptPrinter(Protocol):
    """A receipt printer's line: bytes out, status in. The bytes themselves are made by the receipts module."""

    def open(self) -> DeviceInfo:
        """Open the line and ask for the status. Raises DeviceError."""
        ...

    def status(self, deadline: float) -> PrinterStatus:
        """Ask for the status. Raises DeviceError."""
        ...

    def print(self, document: bytes, deadline: float) -> PrinterStatus:
        """Send a whole receipt and return the status afterwards. Raises DeviceError."""
        ...

    def close(self) -> None:
        """Idempotent."""
        ...


# --- commands: core -> worker -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetSecurity:
    """Bring a tag's bit to a state; answered by exactly one SecuritySet with the same request number."""

    request: int
    uid: TagUid
    to: Security


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """Read a tag's data once more; answered by one ItemRead."""

    uid: TagUid


@dataclass(frozen=True, slots=True)
class PrintDocument:
    """Print a document; answered by exactly one Printed with the same request number."""

    request: int
    document: bytes = field(repr=False)


DeviceCommand = SetSecurity | ReadAgain | PrintDocument


# --- events: worker -> core. ``device`` is the name from the configuration: "pad", "card", "scanner", "printer" ------


@dataclass(frozen=True, slots=True)
class DeviceUp:
    """The device was opened and has identified itself (also after it was lost)."""

    device: str
    info: DeviceInfo


@dataclass(frozen=True, slots=True)
class DeviceDown:
    """The device cannot be used; the worker goes on trying. Sent once per loss, not once per try.

    Attributes:
        reason: "lost", "busy", "absent", "silent", "protocol", "no_permission", "no_service" (the card service does not
            run) or "fault" (an error in our own program).
        detail: for staff and the log, with the last frames; no personal data.
    """

    device: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class TagsChanged:
    """The pad's tags changed.

    ``entered`` may come from an incomplete inventory; ``left`` only after a tag was missing in 3 complete
    inventories in a row. ``unresolved`` tags are there but cannot be told apart (ask to spread the items out).
    """

    device: str
    entered: tuple[TagUid, ...]
    left: tuple[TagUid, ...]
    unresolved: int


@dataclass(frozen=True, slots=True)
class ItemRead:
    """The data of a tag, read once per visit without being asked, or again by ReadAgain."""

    device: str
    item: ItemTag | TagProblem


@dataclass(frozen=True, slots=True)
class SecuritySet:
    """The answer to SetSecurity.

    Attributes:
        read_back: what was read after the write; None if it could not be read (the bit is in doubt).
        problem: None if ``read_back`` is the wanted state, else "tag_lost", "not_written",
            "device_lost" or "not_readable".
    """

    device: str
    request: int
    uid: TagUid
    wanted: Security
    read_back: Security | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A patron card was held to the reader."""

    device: str
    card: CardUid


class CardProblem(StrEnum):
    """Why a card gives no identifier."""

    RANDOM_UID = "random_uid"  # 4 bytes starting 08: new at every touch, can identify nobody
    UNREADABLE = "unreadable"  # no answer, or taken away too soon


@dataclass(frozen=True, slots=True)
class CardRefused:
    """A card was there but gives no usable identifier."""

    device: str
    problem: CardProblem


@dataclass(frozen=True, slots=True)
class CardGone:
    """The card was taken away."""

    device: str


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """A code was scanned (serial scanner or keyboard wedge)."""

    device: str
    code: ScannedCode


@dataclass(frozen=True, slots=True)
class Printed:
    """The answer to PrintDocument. ``problem``: None, "no_paper", "cover_open", "offline" or "device_lost"."""

    device: str
    request: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class PrinterChanged:
    """The printer's status changed (asked for now and then, so that a receipt is only promised if it can come)."""

    device: str
    status: PrinterStatus


CardEvent = CardSeen | CardRefused | CardGone
DeviceEvent = (
    DeviceUp
    | DeviceDown
    | TagsChanged
    | ItemRead
    | SecuritySet
    | CardSeen
    | CardRefused
    | CardGone
    | CodeScanned
    | Printed
    | PrinterChanged
)
