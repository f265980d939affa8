"""Builds memory images of ISO 28560-3 (the Danish data model). Writes only; it cannot read a tag.

Source: ISO 28560-3 (GOST R ISO 28560-3-2016, clauses 5 and annex B). Own constants: shares no code with the drivers.
"""

from __future__ import annotations

VERSION_NIBBLE = 0x10  # content parameter 1, high nibble of byte 0
FULL, SHORT = 34, 32  # basic block; SHORT on tags that hold 32 bytes only
ITEM_FIELD, OWNER_FIELD = 16, 13
USAGE_CIRCULATION, USAGE_DISCARDED, USAGE_PATRON_CARD = 1, 7, 8
LIBRARY_BLOCK, TITLE_BLOCK = 1, 4  # ids of extension blocks


def crc16_ccitt_false(data: bytes) -> int:
    """CRC of the basic block: polynomial 0x1021, initial 0xFFFF, most significant bit first (annex B)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
    return crc


def _field(text: str, size: int, name: str) -> bytes:
    data = text.encode("utf-8")
    if len(data) > size:
        raise ValueError(f"{name} {text!r} needs {len(data)} bytes, the field has {size}")
    return data.ljust(size, b"\x00")


def basic_block(
    item_id: str, part: int, parts: int, isil: str, usage: int = USAGE_CIRCULATION, size: int = FULL
) -> bytes:
    """The basic block.

    Args:
        item_id: primary item identifier, up to 16 bytes.
        part: ordinal number of this part, from 1.
        parts: number of parts of the item.
        isil: owner; stored without the hyphen that follows the country code.
        usage: type of usage, low nibble of byte 0.
        size: 34, or 32 for a tag with 32 bytes (the owner then has 11 bytes).

    Returns:
        ``size`` bytes. Raises ValueError if something does not fit.
    """
    if size not in (FULL, SHORT):
        raise ValueError(f"a basic block has 34 or 32 bytes, not {size}")
    if not (0 <= part <= 0xFF and 1 <= parts <= 0xFF):
        raise ValueError(f"part {part} of {parts} does not fit into a byte each")
    country, hyphen, rest = isil.partition("-")
    stored = country + rest if len(country) == 2 and hyphen else isil
    head = bytes([VERSION_NIBBLE | usage, parts, part]) + _field(item_id, ITEM_FIELD, "item id")
    owner = _field(stored, OWNER_FIELD - (FULL - size), "ISIL").ljust(OWNER_FIELD, b"\x00")
    crc = crc16_ccitt_false(head + owner)
    return (head + crc.to_bytes(2, "little") + owner)[:size]


def extension_block(block_id: int, fields: bytes) -> bytes:
    """An extension block: length, id (low byte first), a byte that makes the XOR of all bytes 0, then the fields."""
    length = 4 + len(fields)
    if length > 0xFF:
        raise ValueError(f"extension block {block_id} would have {length} bytes, at most 255 fit")
    block = bytearray([length, block_id & 0xFF, block_id >> 8, 0]) + fields
    for byte in bytes(block):
        block[3] ^= byte
    return bytes(block)


def image(
    item_id: str,
    part: int,
    parts: int,
    isil: str,
    *,
    usage: int = USAGE_CIRCULATION,
    media_format: int | None = None,
    title: str | None = None,
    memory: int,
) -> bytes:
    """A whole tag memory of ``memory`` bytes, rest 00. ``media_format``: 1 book, 2 CD/DVD, ... (annex A)."""
    blocks = b""
    if media_format is not None:
        blocks += extension_block(LIBRARY_BLOCK, bytes([media_format]))
    if title is not None:
        blocks += extension_block(TITLE_BLOCK, title.encode("utf-8") + b"\x00")
    size = SHORT if memory == SHORT else FULL
    data = basic_block(item_id, part, parts, isil, usage, size) + blocks
    if len(data) > memory:
        raise ValueError(f"{item_id}: {len(data)} bytes do not fit into a tag of {memory}")
    return data.ljust(memory, b"\x00")
