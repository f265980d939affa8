"""What a barcode scanner sends, key by key or byte by byte, turned into scanned codes.

Responsible for framing (STX/ETX, CR/LF, silence), AIM identifiers, Codabar start and stop characters and lengths. Not
responsible for what a code means, nor for its check digit (the site's business).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from drivers.api import ScannedCode

MAX_CODE = 512
"""Longest code kept, in characters; what is longer is garbage."""

_STX, _ETX = 0x02, 0x03
_ENDS = frozenset(b"\r\n")
_AIM = re.compile(r"^\]([A-Za-z])[0-9A-Za-z](.*)$", re.DOTALL)
_CODABAR = re.compile(r"^[A-Da-d](.*)[A-Da-d]$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CodeRules:
    """What is taken for a code.

    Attributes:
        min_length: shortest code, in characters, after everything around it is stripped.
        max_length: longest code.
        codabar: the scanner sends Codabar with its start and stop characters (A to D): strip them.
    """

    min_length: int = 1
    max_length: int = 64
    codabar: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.min_length <= self.max_length <= MAX_CODE:
            raise ValueError(f"code lengths {self.min_length} to {self.max_length} are not within 1 to {MAX_CODE}")

    def read(self, text: str) -> ScannedCode | None:
        """The code in one scan, None if the scan holds none."""
        symbology = None
        identifier = _AIM.match(text)
        if identifier:
            symbology, text = identifier.groups()
        text = text.strip(" ")
        if self.codabar and symbology in (None, "F"):
            framed = _CODABAR.match(text)
            text = framed.group(1) if framed else text
        if not self.min_length <= len(text) <= self.max_length or not text.isprintable():
            return None
        return ScannedCode(text, symbology)


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that are no code. They may be a part of a card's number, so their repr is masked."""

    data: bytes = field(repr=False)


Message = ScannedCode | Garbage


class LineDecoder:
    """Finds codes in the bytes of a serial scanner. Keeps at most ``MAX_CODE`` bytes.

    A code ends with CR, LF, ETX, or by silence; empty codes (the LF after a CR) are nothing.
    """

    def __init__(self, rules: CodeRules) -> None:
        self._rules = rules
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Number of bytes of a code that has not ended."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes as they came; return what they complete."""
        out: list[Message] = []
        for byte in data:
            if byte == _STX:
                out += self._junk()
            elif byte == _ETX or byte in _ENDS:
                out += self.silence()
            else:
                self._buffer.append(byte)
                if len(self._buffer) > MAX_CODE:
                    out += self._junk()
        return out

    def silence(self) -> list[Message]:
        """The scanner has paused longer than inside any code: what has come is one."""
        if not self._buffer:
            return []
        data = bytes(self._buffer)
        try:
            code = self._rules.read(data.decode("utf-8"))
        except UnicodeDecodeError:
            code = None
        if code is None:
            return self._junk()
        self._buffer.clear()
        return [code]

    def _junk(self) -> list[Message]:
        data = bytes(self._buffer)
        self._buffer.clear()
        return [Garbage(data)] if data else []
