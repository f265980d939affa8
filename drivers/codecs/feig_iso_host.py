"""FEIG OBID "ISO host mode": frames, and the decoder that finds them in whatever the line delivers.

Responsible for both frame kinds and their checksum. Not responsible for what commands and answers say
(``feig_iso_commands``) or for time-outs (the device).

Source: FEIG manual H20800-16e-ID-B (ID CPR family)::

    standard request   LEN ADR CMD [DATA] CRClo CRChi              LEN counts all bytes
    standard answer    LEN ADR CMD STATUS [DATA] CRClo CRChi
    advanced request   02 LENhi LENlo ADR CMD [DATA] CRClo CRChi   LEN counts all bytes
    advanced answer    02 LENhi LENlo ADR CMD STATUS [DATA] CRClo CRChi

A reader answers in the kind it was asked in, but answers over 255 bytes always come advanced. A standard frame has no
start byte; its length is never 02, so both kinds can be told apart. What is assumed of the line: noise may stand
before, inside and after a frame, frames may arrive in pieces of any size, and a frame may never be completed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drivers.api import LocalProtocolError
from drivers.codecs.crc import crc_feig

BROADCAST = 0xFF
"""Address every reader answers to; it answers with its own."""

COMMANDS = {
    0x52: "Baud Rate Detection",
    0x65: "Get Software Version",
    0x66: "Get Reader Info",
    0x69: "RF Reset",
    0xB0: "ISO Standard Host Command",
}

MAX_FRAME = 4096
"""Longest frame believed, in bytes: 255 tags in one inventory answer are 2,559."""

_STX = 0x02
_STANDARD_LEAST = 6
_ADVANCED_LEAST = 8
_STANDARD_MOST = 255


@dataclass(frozen=True, slots=True)
class Answer:
    """A frame with a good checksum.

    Attributes:
        address: the reader's own address.
        command: the command it answers.
        status: see ``feig_iso_commands.Status``.
        data: what follows the status.
        frame: the whole frame as received.
    """

    address: int
    command: int
    status: int
    data: bytes = field(repr=False)
    frame: bytes = field(repr=False, compare=False, default=b"")


@dataclass(frozen=True, slots=True)
class Garbage:
    """Bytes that belong to no frame."""

    data: bytes = field(repr=False)


Message = Answer | Garbage


def encode(body: bytes, address: int = BROADCAST, advanced: bool = False) -> bytes:
    """Wrap a command (its code and data) into a frame.

    Raises:
        LocalProtocolError: the body does not fit the frame kind.
    """
    if not 0 <= address <= 0xFF:
        raise LocalProtocolError(f"a reader address is 0 to 255, not {address}")
    length = len(body) + (6 if advanced else 4)
    if not body or length > (MAX_FRAME if advanced else _STANDARD_MOST):
        raise LocalProtocolError(f"a command of {len(body)} bytes does not fit the frame")
    head = bytes((_STX, length >> 8, length & 0xFF, address)) if advanced else bytes((length, address))
    frame = head + body
    return frame + crc_feig(frame).to_bytes(2, "little")


class Decoder:
    """Finds answers in a stream of bytes. Keeps at most ``MAX_FRAME`` bytes."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Number of bytes that may be the beginning of a frame."""
        return len(self._buffer)

    def reset(self) -> None:
        """Forget everything: a new command goes out."""
        self._buffer.clear()

    def feed(self, data: bytes) -> list[Message]:
        """Take bytes as they came; return what they complete, in order."""
        self._buffer += data
        out: list[Message] = []
        junk = bytearray()
        while self._buffer:
            size = _size_at(self._buffer, 0)
            if size is None or size > len(self._buffer):
                break
            answer = _read(bytes(self._buffer[:size]))
            if answer is None:
                junk.append(self._buffer[0])
                del self._buffer[0]
                continue
            if junk:
                out.append(Garbage(bytes(junk)))
                junk.clear()
            out.append(answer)
            del self._buffer[:size]
        if junk:
            out.append(Garbage(bytes(junk)))
        return out

    def gap(self) -> list[Message]:
        """The line has paused longer than inside any frame (12 ms): look for a frame behind noise.

        Noise may look like the length of a frame that never ends. What could still be completed is kept.
        """
        for start in range(1, len(self._buffer)):
            size = _size_at(self._buffer, start)
            if not size or start + size > len(self._buffer):
                continue
            if _read(bytes(self._buffer[start : start + size])) is not None:
                junk = bytes(self._buffer[:start])
                del self._buffer[:start]
                return [Garbage(junk), *self.feed(b"")]
        return []


def _size_at(buffer: bytearray, start: int) -> int | None:
    """Length of a frame that may start here; 0 if none can, None if that cannot be told yet."""
    first = buffer[start]
    if first != _STX:
        return first if first >= _STANDARD_LEAST else 0
    if start + 3 > len(buffer):
        return None
    size = buffer[start + 1] << 8 | buffer[start + 2]
    return size if _ADVANCED_LEAST <= size <= MAX_FRAME else 0


def _read(frame: bytes) -> Answer | None:
    """The answer in exactly these bytes, None if they are none."""
    if not frame:
        return None
    skip = 3 if frame[0] == _STX else 1
    if frame[skip + 1] not in COMMANDS or crc_feig(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
        return None
    return Answer(frame[skip], frame[skip + 1], frame[skip + 2], frame[skip + 3 : -2], frame)
