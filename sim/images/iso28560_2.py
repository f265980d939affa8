"""Builds memory images of ISO 28560-2 (ISO/IEC 15962, no directory). Writes only; it cannot read a tag.

Source: ISO 28560-2 (GOST R ISO 28560-2-2014, annexes C and D). Own constants: shares no code with the drivers.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass

ITEM, CONTENT, OWNER, SET_INFO, USAGE, SHELF, TITLE = 1, 2, 3, 4, 5, 6, 17  # relative OIDs
USAGE_CIRCULATING = 0x10
APPLICATION, INTEGER, NUMERIC, FIVE_BIT, SIX_BIT, SEVEN_BIT, OCTETS, UTF8 = range(8)  # compaction codes
EXTENDED = 15  # low nibble of a precursor whose OID follows in its own byte

UPPER = "-" + string.ascii_uppercase + ":"
LOWER = "-" + string.ascii_lowercase + "/"
DIGITS = string.digits + "-:"
ISIL_SETS = {"upper": (UPPER, 5), "lower": (LOWER, 5), "numeric": (DIGITS, 4)}
LATCH = {
    ("upper", "lower"): 28, ("upper", "numeric"): 30, ("lower", "upper"): 28, ("lower", "numeric"): 30,
    ("numeric", "upper"): 12, ("numeric", "lower"): 14,
}  # fmt: skip
SIX_BIT_PAD = {0: "", 2: "10", 4: "1000", 6: "100000"}


@dataclass(frozen=True, slots=True)
class Element:
    """One data element. ``aligned``: starts and ends on a block boundary, as elements that get locked do (D.3)."""

    oid: int
    compaction: int
    data: bytes
    aligned: bool = False


def _bytes(bits: str) -> bytes:
    return int(bits, 2).to_bytes(len(bits) // 8, "big") if bits else b""


def isil_code(isil: str) -> bytes:
    """An ISIL in the code of annex C: shift for one character, latch for more; padded with 1 bits."""
    bits, state = "", "upper"
    for position, char in enumerate(isil):
        letters, width = ISIL_SETS[state]
        if char in letters:
            bits += f"{letters.index(char):0{width}b}"
            continue
        target = next((name for name, (known, _) in ISIL_SETS.items() if char in known), None)
        if target is None:
            raise ValueError(f"{char!r} of {isil!r} cannot stand in an ISIL")
        following = isil[position + 1 : position + 2]
        shift = following in letters  # also true at the end, where it is ""
        bits += f"{LATCH[state, target] + shift:0{width}b}"
        target_letters, target_width = ISIL_SETS[target]
        bits += f"{target_letters.index(char):0{target_width}b}"
        state = state if shift else target
    return _bytes(bits + "1" * (-len(bits) % 8))


def compact(text: str) -> tuple[int, bytes]:
    """The shortest compaction in the order of ISO/IEC 15962: (code, bytes)."""
    if text.isascii() and text.isdigit():
        if 2 <= len(text) <= 19 and text[0] != "0":
            number = int(text)
            return INTEGER, number.to_bytes((number.bit_length() + 7) // 8, "big")
        return NUMERIC, bytes.fromhex(text + "F" * (len(text) % 2))
    if text and all(0x41 <= ord(char) <= 0x5F for char in text):
        bits = "".join(f"{ord(char) & 0x1F:05b}" for char in text)
        return FIVE_BIT, _bytes(bits + "0" * (-len(bits) % 8))
    if text and all(0x20 <= ord(char) <= 0x5F for char in text):
        bits = "".join(f"{ord(char) & 0x3F:06b}" for char in text)
        return SIX_BIT, _bytes(bits + SIX_BIT_PAD[-len(bits) % 8])
    if text and all(ord(char) <= 0x7E for char in text):
        bits = "".join(f"{ord(char):07b}" for char in text)
        return SEVEN_BIT, _bytes(bits + "1" * (-len(bits) % 8))
    try:
        return OCTETS, text.encode("latin-1")
    except UnicodeEncodeError:
        return UTF8, text.encode("utf-8")


def _length(size: int) -> bytes:
    groups = [size & 0x7F]
    while size := size >> 7:
        groups.insert(0, size & 0x7F | 0x80)
    return bytes(groups)


def _data_set(element: Element, padding: int) -> bytes:
    low, extra = (element.oid, b"") if element.oid < EXTENDED else (EXTENDED, bytes([element.oid - EXTENDED]))
    body = _length(len(element.data)) + element.data
    if not padding:
        return bytes([element.compaction << 4 | low]) + extra + body
    return bytes([0x80 | element.compaction << 4 | low]) + extra + bytes([padding - 1]) + body + bytes(padding - 1)


def encode(elements: Sequence[Element], block_size: int = 4) -> bytes:
    """Data sets one after the other; aligned ones are filled up so that they start and end on a block boundary."""
    data = b""
    for number, element in enumerate(elements):
        plain = len(data) + len(_data_set(element, 0))
        ends = element.aligned or (number + 1 < len(elements) and elements[number + 1].aligned)
        data += _data_set(element, -plain % block_size if ends else 0)
    return data


def content_parameter(oids: Sequence[int]) -> bytes:
    """OID 2: a bitmap of the OIDs present, the most significant bit being OID 3; trailing zero bytes are dropped."""
    size = (max(oids) - OWNER) // 8 + 1
    bits = sum(1 << (size * 8 - 1 - (oid - OWNER)) for oid in oids)
    return bits.to_bytes(size, "big")


def image(item_id: str, part: int, parts: int, isil: str, *, usage: int = USAGE_CIRCULATING, memory: int) -> bytes:
    """A whole tag memory of ``memory`` bytes: item id, content parameter, owner, usage, and of a set its size."""
    rest = [Element(OWNER, APPLICATION, isil_code(isil)), Element(USAGE, APPLICATION, bytes([usage]))]
    if parts > 1:
        width = max(len(str(parts)), len(str(part)))
        rest.append(Element(SET_INFO, *compact(f"{parts:0{width}d}{part:0{width}d}")))
    content = Element(CONTENT, APPLICATION, content_parameter([element.oid for element in rest]))
    data = encode([Element(ITEM, *compact(item_id), aligned=True), content, *rest])
    if len(data) > memory:
        raise ValueError(f"{item_id}: {len(data)} bytes do not fit into a tag of {memory}")
    return data.ljust(memory, b"\x00")
