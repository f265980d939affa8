"""FEIG OBID "ISO host mode": the commands a kiosk needs, what their answers say, and the status table.

Responsible for the data part of requests and answers. Not responsible for frames (``feig_iso_host``), for repeating or
for time-outs (the device). Names are the manual's (H20800-16e-ID-B, chapters 6 and 7, Annex C).

Each request builds its ``body()`` (command code and data) and reads the ``Answer`` to it. ``read`` raises
``RemoteProtocolError`` for an answer that cannot belong to it: answers carry no sub-command, so an answer that comes
too late can only be told by its shape.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, Protocol, TypeVar

from drivers.api import LocalProtocolError, RemoteProtocolError, TagUid
from drivers.codecs.feig_iso_host import Answer

T_co = TypeVar("T_co", covariant=True)

MAX_DATA = 128
"""Most bytes one Read Multiple Blocks may return (manual, 7.1.4)."""


class Status(IntEnum):
    """Status byte of an answer (Annex C)."""

    OK = 0x00
    NO_TRANSPONDER = 0x01
    DATA_FALSE = 0x02
    WRITE_ERROR = 0x03
    ADDRESS_ERROR = 0x04
    WRONG_TRANSPONDER_TYPE = 0x05
    AUTHENTICATION_ERROR = 0x08
    GENERAL_ERROR = 0x0E
    EEPROM_FAILURE = 0x10
    PARAMETER_RANGE_ERROR = 0x11
    FIRMWARE_ACTIVATION_REQUIRED = 0x17
    UNKNOWN_COMMAND = 0x80
    LENGTH_ERROR = 0x81
    COMMAND_NOT_AVAILABLE = 0x82
    RF_COMMUNICATION_ERROR = 0x83
    RF_WARNING = 0x84
    NO_VALID_DATA = 0x92
    DATA_BUFFER_OVERFLOW = 0x93
    MORE_DATA = 0x94
    ISO15693_ERROR = 0x95
    HARDWARE_WARNING = 0xF1


ISO15693_ERRORS = {
    0x01: "command not supported",
    0x02: "command not recognised",
    0x03: "option not supported",
    0x0F: "unknown error",
    0x10: "block not available",
    0x11: "block already locked",
    0x12: "block locked and unchangeable",
    0x13: "block not written",
    0x14: "block not locked",
}

READER_TYPES = {76: "ID ISC.MR101-A", 78: "ID ISC.MR101-U", 80: "ID CPR.M02"}


def meaning(status: int, data: bytes = b"") -> str:
    """The manual's name of a status; with the tag's own error where there is one."""
    try:
        name = Status(status).name.replace("_", " ").lower()
    except ValueError:
        return "status not in the manual"
    if status == Status.ISO15693_ERROR and data:
        return f"{name} 0x{data[0]:02X}, {ISO15693_ERRORS.get(data[0], 'custom error')}"
    return name


class Request(Protocol[T_co]):
    """A command. ``command`` is the code its answer repeats."""

    @property
    def command(self) -> int:
        """The code."""
        ...

    def body(self) -> bytes:
        """Code and data."""
        ...

    def read(self, answer: Answer) -> T_co:
        """What an answer says. Raises RemoteProtocolError if it cannot be the answer to this request."""
        ...


def _plain(answer: Answer) -> None:
    """Check an answer that has no data."""
    if answer.status == Status.OK and answer.data:
        raise RemoteProtocolError(f"{len(answer.data)} bytes where none are expected")


@dataclass(frozen=True, slots=True)
class BaudRateDetection:
    """[0x52] Is anybody there at this baud rate?"""

    command: ClassVar[int] = 0x52

    def body(self) -> bytes:
        """Code and data."""
        return b"\x52\x00"

    def read(self, answer: Answer) -> None:
        """No data."""
        _plain(answer)


@dataclass(frozen=True, slots=True)
class RfReset:
    """[0x69] Field off and on: every tag is new again."""

    command: ClassVar[int] = 0x69

    def body(self) -> bytes:
        """Code and data."""
        return b"\x69"

    def read(self, answer: Answer) -> None:
        """No data."""
        _plain(answer)


@dataclass(frozen=True, slots=True)
class ReaderIdentity:
    """How a reader names itself.

    Attributes:
        software: SW-REV, e.g. "2.6".
        development: D-REV, 0 in a released firmware.
        hardware: HW-TYPE.
        reader_type: SW-TYPE, see READER_TYPES.
        transponders: TR-TYPE, a bit for each kind of tag it can read.
    """

    software: str
    development: int
    hardware: int
    reader_type: int
    transponders: int

    @property
    def model(self) -> str:
        """The product's name, or its number where the manual at hand has no name."""
        return f"FEIG {READER_TYPES.get(self.reader_type, f'reader type {self.reader_type}')}"


def _identity(answer: Answer) -> ReaderIdentity:
    data = answer.data
    if answer.status != Status.OK:
        return ReaderIdentity("", 0, 0, 0, 0)
    if len(data) < 7:
        raise RemoteProtocolError(f"an identity of {len(data)} bytes, at least 7 expected")
    return ReaderIdentity(f"{data[0]}.{data[1]}", data[2], data[3], data[4], data[5] << 8 | data[6])


@dataclass(frozen=True, slots=True)
class GetSoftwareVersion:
    """[0x65] Identity; every reader knows it."""

    command: ClassVar[int] = 0x65

    def body(self) -> bytes:
        """Code and data."""
        return b"\x65"

    def read(self, answer: Answer) -> ReaderIdentity:
        """SW-REV D-REV HW-TYPE SW-TYPE TR-TYPE."""
        return _identity(answer)


@dataclass(frozen=True, slots=True)
class GetReaderInfo:
    """[0x66] mode 00: identity and buffer sizes; newer readers only."""

    command: ClassVar[int] = 0x66

    def body(self) -> bytes:
        """Code and data."""
        return b"\x66\x00"

    def read(self, answer: Answer) -> ReaderIdentity:
        """SW-REV D-REV HW-TYPE SW-TYPE TR-TYPE RX-BUF TX-BUF."""
        return _identity(answer)


@dataclass(frozen=True, slots=True)
class TagSeen:
    """One data set of an inventory: an ISO 15693 tag."""

    dsfid: int
    uid: TagUid


@dataclass(frozen=True, slots=True)
class InventoryData:
    """The data sets of one answer.

    Attributes:
        tags: ISO 15693 tags.
        others: data sets that were announced but are of another kind of tag and could not be taken apart.
    """

    tags: tuple[TagSeen, ...]
    others: int = 0


_ISO15693 = 0x03
_DATA_SET = 10  # TR-TYPE, DSFID, UID


@dataclass(frozen=True, slots=True)
class Inventory:
    """[0xB0] [0x01] Which tags are there? ``more`` asks for those that did not fit the last answer (status 0x94)."""

    more: bool = False
    command: ClassVar[int] = 0xB0

    def body(self) -> bytes:
        """Code and data."""
        return bytes((0xB0, 0x01, 0x80 if self.more else 0x00))

    def read(self, answer: Answer) -> InventoryData:
        """DATA-SETS, then TR-TYPE DSFID UID each. A bad status may come with data sets (0x83, 0x94)."""
        data = answer.data
        if not data:
            if answer.status == Status.OK:
                raise RemoteProtocolError("an inventory without a number of data sets")
            return InventoryData(())
        tags: list[TagSeen] = []
        position = 1
        while len(tags) < data[0]:
            entry = data[position : position + _DATA_SET]
            if not entry:
                raise RemoteProtocolError(f"data set {len(tags) + 1} of {data[0]} is missing")
            if entry[0] != _ISO15693:
                return InventoryData(tuple(tags), data[0] - len(tags))
            if len(entry) < _DATA_SET:
                raise RemoteProtocolError(f"data set {len(tags) + 1} of {data[0]} is cut off")
            tags.append(TagSeen(entry[1], TagUid(entry[2:])))
            position += _DATA_SET
        if position != len(data):
            raise RemoteProtocolError(f"{len(data) - position} bytes after the last data set")
        return InventoryData(tuple(tags))


_ADDRESSED = 0x01


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks as they are in the tag's memory, in order."""

    size: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadMultipleBlocks:
    """[0xB0] [0x23] ``count`` blocks from block ``first`` of one tag."""

    uid: TagUid
    first: int
    count: int
    command: ClassVar[int] = 0xB0

    def __post_init__(self) -> None:
        if not (0 <= self.first <= 0xFF and 1 <= self.count <= 0xFF and self.first + self.count <= 0x100):
            raise LocalProtocolError(f"blocks {self.first} to {self.first + self.count - 1} cannot be asked for")

    def body(self) -> bytes:
        """Code and data; the UID most significant byte first."""
        return bytes((0xB0, 0x23, _ADDRESSED)) + self.uid.value + bytes((self.first, self.count))

    def read(self, answer: Answer) -> Blocks:
        """DB-N DB-SIZE, then SEC DB each. Each DB comes last byte first (Annex F) and is turned round here."""
        if answer.status != Status.OK:
            return Blocks(0, b"")
        data = answer.data
        if len(data) < 2 or data[0] != self.count or not 1 <= data[1] <= 32:
            raise RemoteProtocolError("not the blocks that were asked for")
        count, size = data[0], data[1]
        if len(data) != 2 + count * (1 + size):
            raise RemoteProtocolError(f"{len(data)} bytes for {count} blocks of {size}")
        starts = range(3, len(data), 1 + size)
        return Blocks(size, b"".join(data[start : start + size][::-1] for start in starts))


@dataclass(frozen=True, slots=True)
class WriteAfi:
    """[0xB0] [0x27] Write the AFI of one tag. The answer may be lost although the tag has written: read it back."""

    uid: TagUid
    afi: int
    command: ClassVar[int] = 0xB0

    def body(self) -> bytes:
        """Code and data."""
        return bytes((0xB0, 0x27, _ADDRESSED)) + self.uid.value + bytes((self.afi,))

    def read(self, answer: Answer) -> None:
        """No data."""
        _plain(answer)


@dataclass(frozen=True, slots=True)
class SystemInformation:
    """What a tag says of itself.

    Attributes:
        dsfid: data storage format identifier.
        afi: application family identifier.
        block_size: bytes in a block.
        blocks: number of blocks.
        ic_reference: the chip maker's number.
    """

    dsfid: int
    afi: int
    block_size: int
    blocks: int
    ic_reference: int


@dataclass(frozen=True, slots=True)
class GetSystemInformation:
    """[0xB0] [0x2B] System information of one tag."""

    uid: TagUid
    command: ClassVar[int] = 0xB0

    def body(self) -> bytes:
        """Code and data."""
        return bytes((0xB0, 0x2B, _ADDRESSED)) + self.uid.value

    def read(self, answer: Answer) -> SystemInformation | None:
        """DSFID UID AFI MEM-SIZE IC-REF; None with a bad status.

        MEM-SIZE is (block size, number of blocks). Whether readers send the tag's raw values, each less one, is not
        confirmed; block sizes are even, so an odd one is raw.
        """
        if answer.status != Status.OK:
            return None
        data = answer.data
        if len(data) != 13:
            raise RemoteProtocolError(f"system information of {len(data)} bytes, 13 expected")
        if data[5:9] != self.uid.value[4:]:  # one place in the manual calls only the low 32 bits meaningful
            raise RemoteProtocolError("system information of another tag")
        size, blocks = data[10] & 0x0F, data[11]
        raw = size % 2
        return SystemInformation(data[0], data[9], size + raw, blocks + raw, data[12])
