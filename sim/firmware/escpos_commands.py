"""Finds ESC/POS commands in a stream of bytes. Not responsible for what they do (escpos_printer).

Source: Epson ESC/POS command reference (TM-T88 family).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

ESC, GS, FS, DLE = 0x1B, 0x1D, 0x1C, 0x10
PREFIXES = {ESC: "ESC", GS: "GS", FS: "FS", DLE: "DLE"}
FIXED: Mapping[str, Mapping[int, int]] = {  # prefix -> command byte -> number of parameter bytes
    "ESC": {
        **dict.fromkeys(b"@2<LSimv\x0c", 0),
        **dict.fromkeys(b"!aEGMtRdJKe{V 3=rTu%?-U", 1),
        **dict.fromkeys(b"$\\c", 2),
        ord("p"): 3,
        ord("W"): 8,
    },
    "GS": {
        **dict.fromkeys(b":c", 0),
        **dict.fromkeys(b"!BHhwfbarI/ET", 1),
        **dict.fromkeys(b"LWP$\\", 2),
        ord("^"): 3,
    },
    "FS": {**dict.fromkeys(b".&", 0), **dict.fromkeys(b"!-CW", 1), **dict.fromkeys(b"Sp", 2), ord("2"): 74},
    "DLE": {0x05: 1, 0x14: 3},
}
CUT_WITH_FEED = b"\x41\x42\x61\x62\x67\x68"
MOST = 1 << 20  # a command longer than this is no command


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``name``: "text", "LF", "ESC a", "GS V", "DLE EOT", ... ``data``: its parameters."""

    name: str
    data: bytes


def _size(prefix: str, code: int, data: bytes) -> int | None:
    """Number of bytes after the command byte; None: not yet known; -1: no such command."""
    fixed = FIXED[prefix].get(code)
    if fixed is not None:
        return fixed
    special = SPECIAL.get((prefix, code))
    return special(data) if special else -1


def _until_nul(data: bytes) -> int | None:
    end = data.find(0)
    return None if end < 0 else end + 1


def _bit_image(data: bytes) -> int | None:
    if len(data) < 3:
        return None
    return 3 + (data[1] + 256 * data[2]) * (3 if data[0] >= 32 else 1)


def _cut(data: bytes) -> int | None:
    return (2 if data[0] in CUT_WITH_FEED else 1) if data else None


def _barcode(data: bytes) -> int | None:
    if not data:
        return None
    if data[0] <= 6:
        return _until_nul(data)
    return 2 + data[1] if len(data) > 1 else None


def _raster(data: bytes) -> int | None:
    if len(data) < 6:
        return None
    return 6 + (data[2] + 256 * data[3]) * (data[4] + 256 * data[5])


def _defined_image(data: bytes) -> int | None:
    return 2 + data[0] * data[1] * 8 if len(data) > 1 else None


def _function(data: bytes) -> int | None:
    return 3 + data[1] + 256 * data[2] if len(data) > 2 else None


def _long_function(data: bytes) -> int | None:
    return 5 + int.from_bytes(data[1:5], "little") if len(data) > 4 else None


def _realtime_status(data: bytes) -> int | None:
    return (2 if data[0] in (7, 8) else 1) if data else None


SPECIAL = {
    ("ESC", ord("D")): _until_nul,
    ("ESC", ord("*")): _bit_image,
    ("GS", ord("V")): _cut,
    ("GS", ord("k")): _barcode,
    ("GS", ord("v")): _raster,
    ("GS", ord("*")): _defined_image,
    ("GS", ord("(")): _function,
    ("GS", ord("8")): _long_function,
    ("ESC", ord("(")): _function,
    ("FS", ord("(")): _function,
    ("DLE", 0x04): _realtime_status,
}
NAMES = {("DLE", 0x04): "DLE EOT", ("DLE", 0x05): "DLE ENQ", ("DLE", 0x14): "DLE DC4"}
CONTROLS = {0x0A: "LF", 0x0D: "CR", 0x09: "HT", 0x0C: "FF", 0x18: "CAN"}


class Parser:
    """Collects bytes into commands. Bytes that begin no command come out as "unknown"."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[Command]:
        """Take bytes; yield what is complete."""
        self._buffer += data
        position = 0
        while position < len(self._buffer):
            found = self._command(position)
            if found is None:
                break
            command, size = found
            position += size
            yield command
        self._buffer = self._buffer[position:]

    def _command(self, start: int) -> tuple[Command, int] | None:
        first = self._buffer[start]
        prefix = PREFIXES.get(first)
        if prefix is None:
            return self._plain(start, first)
        if start + 1 >= len(self._buffer):
            return None
        code = self._buffer[start + 1]
        rest = self._buffer[start + 2 :]
        size = _size(prefix, code, rest)
        if size is None:
            return None if len(rest) < MOST else (Command("unknown", b""), len(rest) + 2)
        if size < 0 or size > MOST:
            return Command("unknown", bytes([first, code])), 2
        if size > len(rest):
            return None
        name = NAMES.get((prefix, code), f"{prefix} {chr(code)}")
        return Command(name, rest[:size]), 2 + size

    def _plain(self, start: int, first: int) -> tuple[Command, int]:
        if first < 0x20:
            return Command(CONTROLS.get(first, "unknown"), bytes([first])), 1
        end = start
        while end < len(self._buffer) and self._buffer[end] >= 0x20:
            end += 1
        return Command("text", self._buffer[start:end]), end - start
