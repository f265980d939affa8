"""ISO/IEC 15962 compaction: the seven ways text is packed on a tag of ISO 28560-2, and the ISIL code of its Annex C.

Responsible for packed bytes -> text. Not responsible for where they stand on the tag (``iso28560_2``). Source: GOST R
ISO 28560-2-2014 and the vectors of ``tests/vectors/compaction.toml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum

from drivers.codecs.tags.fields import TagDataError

_LARGEST = 9_999_999_999_999_999_999


class Scheme(IntEnum):
    """Bits 6 to 4 of a precursor."""

    APPLICATION_DEFINED = 0
    INTEGER = 1
    NUMERIC = 2
    FIVE_BIT = 3
    SIX_BIT = 4
    SEVEN_BIT = 5
    OCTETS = 6
    UTF8 = 7


def unpack(scheme: Scheme, data: bytes) -> str:
    """The text in a compacted object; "" for an empty one.

    Raises:
        TagDataError: the bytes are not of this scheme, or the scheme is the application's own.
    """
    reader = _READERS.get(scheme)
    if reader is None:
        raise TagDataError("the application's own coding is not text")
    return reader(data) if data else ""


def _integer(data: bytes) -> str:
    value = int.from_bytes(data, "big")
    if data[0] == 0 or not 10 <= value <= _LARGEST:
        raise TagDataError("an integer outside what the scheme allows")
    return str(value)


def _numeric(data: bytes) -> str:
    digits = data.hex().upper().removesuffix("F")
    if not digits.isdecimal():
        raise TagDataError("a nibble that is no digit")
    return digits


def _units(data: bytes, width: int) -> list[int]:
    bits = int.from_bytes(data, "big")
    total = len(data) * 8
    return [bits >> (total - width * (index + 1)) & (1 << width) - 1 for index in range(total // width)]


def _five_bit(data: bytes) -> str:
    units = _units(data, 5)
    if units and units[-1] == 0:
        units.pop()
    if 0 in units:
        raise TagDataError("a 5-bit character 0")
    return "".join(chr(0x40 + unit) for unit in units)


def _six_bit(data: bytes) -> str:
    units = _units(data, 6)
    if len(data) % 3 == 0 and units[-1] == 0b100000:  # six bits of filling read as a space
        units.pop()
    return "".join(chr(unit if unit >= 32 else unit + 64) for unit in units)


def _seven_bit(data: bytes) -> str:
    units = _units(data, 7)
    if len(data) % 7 == 0 and units[-1] == 0x7F:
        units.pop()
    return "".join(map(chr, units))


def _octets(data: bytes) -> str:
    return data.decode("iso8859-1")


def _utf8(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TagDataError(f"not UTF-8 at byte {error.start}") from None


_READERS: Mapping[Scheme, Callable[[bytes], str]] = {
    Scheme.INTEGER: _integer,
    Scheme.NUMERIC: _numeric,
    Scheme.FIVE_BIT: _five_bit,
    Scheme.SIX_BIT: _six_bit,
    Scheme.SEVEN_BIT: _seven_bit,
    Scheme.OCTETS: _octets,
    Scheme.UTF8: _utf8,
}

_UPPER, _LOWER, _DIGITS = "upper", "lower", "digits"
_WIDTH = {_UPPER: 5, _LOWER: 5, _DIGITS: 4}
_CHARACTERS = {
    _UPPER: "-ABCDEFGHIJKLMNOPQRSTUVWXYZ:",
    _LOWER: "-abcdefghijklmnopqrstuvwxyz/",
    _DIGITS: "0123456789-:",
}
# state -> the codes behind its characters: (next state, for how long)
_MOVES = {
    _UPPER: ((_LOWER, "latch"), (_LOWER, "shift"), (_DIGITS, "latch"), (_DIGITS, "shift")),
    _LOWER: ((_UPPER, "latch"), (_UPPER, "shift"), (_DIGITS, "latch"), (_DIGITS, "shift")),
    _DIGITS: ((_UPPER, "latch"), (_UPPER, "shift"), (_LOWER, "latch"), (_LOWER, "shift")),
}


def unpack_isil(data: bytes) -> str:
    """The ISIL in its own code (28560-2 Annex C): three states of 5, 5 and 4 bits, filled up with ones.

    Several byte strings stand for the same ISIL: compare what this returns, never bytes. Any bytes give a text.
    """
    bits = int.from_bytes(data, "big")
    left = len(data) * 8
    latched = state = _UPPER
    out: list[str] = []
    while left >= _WIDTH[state]:
        left -= _WIDTH[state]
        value = bits >> left & (1 << _WIDTH[state]) - 1
        characters = _CHARACTERS[state]
        if value < len(characters):
            out.append(characters[value])
            state = latched
            continue
        state, how = _MOVES[state][value - len(characters)]
        if how == "latch":
            latched = state
    return "".join(out)
