"""ISO 28560-3 (the Danish data model): basic block and extension blocks, read only.

Responsible for bytes -> fields. Not responsible for choosing the model (``detect``). Source: GOST R ISO 28560-3-2016;
swapped nibbles and reversed blocks are what real writers do (``tests/vectors/tags.toml``).

Basic block, 34 bytes, 32 on a tag that holds no more::

    0      high nibble content parameter (1), low nibble type of usage
    1, 2   number of parts, ordinal part number
    3-18   primary item identifier, 00-padded
    19-20  CRC over 0-18 and 21-33, low byte first; missing bytes count as 00
    21-33  owner: ISIL without the hyphen behind the country, 00-padded
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codecs.crc import crc_iso28560_3
from drivers.codecs.tags.fields import NeedMore, TagDataError, TagFields, part_of

MODEL = "iso28560-3"
BASIC_SIZE = 34
SHORT_SIZE = 32
BLOCK = 4
"""Bytes in a block of the tags in use; what byte-reversing writers reverse."""

PATRON_CARD = 8
_LIBRARY_BLOCK = 1
_HEAD = 4  # length, identifier (2), XOR byte


@dataclass(frozen=True, slots=True)
class ExtensionBlock:
    """One extension block: its identifier (1 library, 2 acquisition, ...) and its fields, not taken apart."""

    identifier: int
    data: bytes


def orient(memory: bytes) -> bytes | None:
    """The memory with its bytes in the standard's order, None if it is not of this model (the CRC fits neither way)."""
    turned = b"".join(memory[start : start + BLOCK][::-1] for start in range(0, len(memory), BLOCK))
    return next((order for order in (memory, turned) if _crc_fits(order)), None)


def _crc_fits(memory: bytes) -> bool:
    if len(memory) < SHORT_SIZE:
        return False
    block = memory[:BASIC_SIZE].ljust(BASIC_SIZE, b"\0")
    return crc_iso28560_3(block[:19] + block[21:]) == int.from_bytes(block[19:21], "little")


def decode(memory: bytes, whole: bool) -> TagFields | NeedMore:
    """The fields of a memory whose bytes are in order (see ``orient``).

    Args:
        memory: from byte 0 on.
        whole: nothing comes behind; what is missing does not exist.

    Raises:
        TagDataError: the CRC is right and the content is not.
    """
    usage = memory[0] & 0x0F
    if usage == 1 and memory[0] >> 4 in (8, 9):  # nibbles swapped: a patron card or equipment
        usage = memory[0] >> 4
    item_id = _text(memory[3:19], "primary item identifier")
    if not item_id and usage != PATRON_CARD:
        raise TagDataError("the primary item identifier is empty")
    media = _media_format(memory, whole)
    if isinstance(media, NeedMore):
        return media
    part, parts = part_of(memory[2], memory[1])
    return TagFields(MODEL, item_id, part, parts, _owner(memory[21:BASIC_SIZE]), media[0] if media else None, usage)


def _text(data: bytes, name: str) -> str:
    data = data.rstrip(b"\0")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("iso8859-1")
    text = text.strip(" ")
    if not text.isprintable():
        raise TagDataError(f"the {name} has control characters")
    return text


def _owner(data: bytes) -> str | None:
    country = _text(data[:2], "owner's country")
    rest = _text(data[2:], "owner")
    if len(country) == 2 and country.isalpha() and rest and not rest.startswith("-"):
        return f"{country}-{rest}"
    return country + rest or None


def _media_format(memory: bytes, whole: bool) -> bytes | NeedMore:
    """The media format byte of the library block; empty if the tag has none."""
    end = BASIC_SIZE
    for block in extension_blocks(memory):
        if block.identifier == _LIBRARY_BLOCK:
            return block.data[:1]
        end += _HEAD + len(block.data)
    if whole or (len(memory) > end and memory[end] < _HEAD):
        return b""
    if len(memory) <= end:
        return NeedMore(end + 1)
    announced = end + memory[end]
    return NeedMore(announced) if len(memory) < announced else b""


def extension_blocks(memory: bytes) -> Iterator[ExtensionBlock]:
    """Blocks that are wholly here and whose XOR over all bytes is 0; ends at the first that is not."""
    position = BASIC_SIZE
    while position < len(memory) and memory[position] >= _HEAD:
        block = memory[position : position + memory[position]]
        check = 0
        for byte in block:
            check ^= byte
        if len(block) < memory[position] or check:
            return
        yield ExtensionBlock(int.from_bytes(block[1:3], "little"), block[_HEAD:])
        position += len(block)
