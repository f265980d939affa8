"""ISO 28560-2: data elements in the "no directory" encoding of ISO/IEC 15962, read only.

Responsible for walking the chain of data sets and for the fields a kiosk needs; data elements it does not need are kept
as they are. Not responsible for choosing the model (``detect``) or for unpacking (``compaction``). Source: GOST R ISO
28560-2-2014, examples D.3; type of usage from ISO 28560-2:2023.

A data set::

    precursor | [relative OID - 15, if the low nibble is 15] | [pad count, if bit 7] | length | object | pad bytes
    precursor: bit 7 offset, bits 6-4 compaction, bits 3-0 relative OID

00 in the place of a precursor ends the chain, 80 there is nothing. Lengths are 7-bit groups, bit 7 = another follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from drivers.codecs.tags.compaction import Scheme, unpack, unpack_isil
from drivers.codecs.tags.fields import NeedMore, TagDataError, TagFields, part_of

MODEL = "iso28560-2"
_TERMINATOR, _NULL = 0x00, 0x80
_EXTENDED = 15
_LONGEST = 2048
"""No tag in use holds an object longer than this many bytes."""

_PATRON_USAGE = range(0x80, 0x90)


class Oid(IntEnum):
    """Relative OIDs of the data elements a kiosk looks at; any other number may stand on a tag and is kept."""

    PRIMARY_ITEM_IDENTIFIER = 1
    OWNER_INSTITUTION = 3
    SET_INFORMATION = 4
    TYPE_OF_USAGE = 5


@dataclass(frozen=True, slots=True)
class DataElement:
    """One data set as it stands on the tag.

    Attributes:
        oid: relative OID.
        scheme: how the object is packed.
        data: the object, packed.
    """

    oid: int
    scheme: Scheme
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chain:
    """The data sets from the beginning of the memory.

    Attributes:
        elements: in the tag's order.
        end: first byte behind them.
    """

    elements: tuple[DataElement, ...]
    end: int


class _Short(Exception):
    """The memory ends inside a data set; it goes on at least up to ``size`` bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class _Cursor:
    def __init__(self, memory: bytes) -> None:
        self.memory = memory
        self.position = 0

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.memory):
            raise _Short(end)
        data = self.memory[self.position : end]
        self.position = end
        return data

    def length(self) -> int:
        """Read a length (EBV-8)."""
        value = 0
        for _ in range(3):
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value
        raise TagDataError(f"a length of more than 3 bytes at byte {self.position - 3}")


def walk(memory: bytes, whole: bool) -> Chain | NeedMore:
    """Walk the chain from byte 0.

    Args:
        memory: from byte 0 on.
        whole: nothing comes behind.

    Raises:
        TagDataError: the chain is broken, or one data element stands twice.
    """
    cursor = _Cursor(memory)
    elements: dict[int, DataElement] = {}
    try:
        for element in _elements(cursor, whole):
            if element.oid in elements:
                raise TagDataError(f"data element {element.oid} stands twice")
            elements[element.oid] = element
    except _Short as short:
        if not whole:
            return NeedMore(short.size)
        raise TagDataError(f"the last data set ends behind the memory, at byte {short.size}") from None
    return Chain(tuple(elements.values()), cursor.position)


def _elements(cursor: _Cursor, whole: bool) -> Iterator[DataElement]:
    """Data sets up to the terminator or to the end of the memory; raises _Short inside a data set."""
    while True:
        start = cursor.position
        if whole and start == len(cursor.memory):
            return
        precursor = cursor.byte()
        if precursor == _TERMINATOR:
            return
        if precursor != _NULL:
            yield _element(cursor, precursor, start)


def _element(cursor: _Cursor, precursor: int, start: int) -> DataElement:
    oid = precursor & 0x0F
    if oid == 0:
        raise TagDataError(f"no data element has number 0 (byte {start})")
    if oid == _EXTENDED:
        oid += cursor.byte()
    padding = cursor.byte() if precursor & 0x80 else 0
    length = cursor.length()
    if length > _LONGEST:
        raise TagDataError(f"an object of {length} bytes at byte {start}")
    data = cursor.take(length)
    cursor.take(padding)
    return DataElement(oid, Scheme(precursor >> 4 & 7), data)


def decode(elements: Sequence[DataElement]) -> TagFields:
    """The fields of a chain.

    Raises:
        TagDataError: there is no usable primary item identifier, or another needed element cannot be unpacked.
    """
    by_oid = {element.oid: element for element in elements}
    item_id = _text(by_oid.get(Oid.PRIMARY_ITEM_IDENTIFIER)).strip(" ")
    usage = _usage(by_oid.get(Oid.TYPE_OF_USAGE))
    if not item_id.isprintable() or (not item_id and usage not in _PATRON_USAGE):
        raise TagDataError("no usable primary item identifier")
    part, parts = _set(by_oid.get(Oid.SET_INFORMATION))
    owner = _owner(by_oid.get(Oid.OWNER_INSTITUTION))
    return TagFields(MODEL, item_id, part, parts, owner, None, usage)


def is_patron_card(fields: TagFields) -> bool:
    """Type of usage 80 to 83 (and what is reserved behind)."""
    return fields.usage in _PATRON_USAGE


def _text(element: DataElement | None) -> str:
    return unpack(element.scheme, element.data) if element else ""


def _owner(element: DataElement | None) -> str | None:
    if element is None:
        return None
    if element.scheme is Scheme.APPLICATION_DEFINED:
        return unpack_isil(element.data) or None
    return _text(element).strip(" \0") or None


def _set(element: DataElement | None) -> tuple[int, int]:
    """Part and number of parts: digits, the first half the number of parts, the second half the part."""
    digits = _text(element).strip("\0")
    if not digits:
        return part_of(0, 0)
    if len(digits) % 2:  # an integer loses a leading zero
        digits = f"0{digits}"
    if not digits.isdecimal() or not digits.isascii() or len(digits) > 6:
        raise TagDataError("set information that is not a number of parts and a part")
    half = len(digits) // 2
    return part_of(int(digits[half:]), int(digits[:half]))


def _usage(element: DataElement | None) -> int | None:
    """One byte. Real tags write it as a byte, as an octet string, and as its hexadecimal digits."""
    if element is None or not element.data:
        return None
    as_bytes = element.scheme in (Scheme.APPLICATION_DEFINED, Scheme.OCTETS)
    if as_bytes and not chr(element.data[0]).isdecimal():
        return element.data[0]
    text = element.data.decode("iso8859-1") if as_bytes else unpack(element.scheme, element.data)
    try:
        return int(text, 16) & 0xFF
    except ValueError:
        return None
