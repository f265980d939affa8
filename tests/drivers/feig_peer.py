"""A small scripted FEIG reader on a pseudo-terminal, for tests that need it to answer exactly so.

Written from the manual for these tests, with its own constants and its own checksum; it shares nothing with the driver
or with the simulator. Each command is answered by a plain reader with tags, unless the test has planned an answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path

from tests.drivers.wires import WirePeer


def crc(data: bytes) -> bytes:
    """Bit by bit, as the manual's C listing has it."""
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
    return bytes((value & 0xFF, value >> 8))


def standard(command: int, status: int, data: bytes = b"", address: int = 0) -> bytes:
    body = bytes((len(data) + 6, address, command, status)) + data
    return body + crc(body)


def advanced(command: int, status: int, data: bytes = b"", address: int = 0) -> bytes:
    body = b"\x02" + (len(data) + 8).to_bytes(2, "big") + bytes((address, command, status)) + data
    return body + crc(body)


class Tag:
    """A tag in the field; ``memory`` in its own order, ``raw_size``: sends its sizes each less one."""

    def __init__(self, uid: str, memory: bytes, dsfid: int = 0x3E, afi: int = 0x07, block: int = 4) -> None:
        self.uid = bytes.fromhex(uid)
        self.memory = memory + bytes(-len(memory) % block)
        self.dsfid, self.afi, self.block = dsfid, afi, block
        self.raw_size = False

    @property
    def system(self) -> bytes:
        less = 1 if self.raw_size else 0
        size = bytes((self.block - less, len(self.memory) // self.block - less))
        return bytes((self.dsfid,)) + self.uid + bytes((self.afi,)) + size + b"\x01"

    def blocks(self, first: int, count: int) -> bytes | None:
        data = self.memory[first * self.block : (first + count) * self.block]
        if len(data) < count * self.block:
            return None
        parts = [data[start : start + self.block] for start in range(0, len(data), self.block)]
        return bytes((count, self.block)) + b"".join(b"\x00" + part[::-1] for part in parts)


Answer = bytes | Callable[[bytes], bytes]


class FeigPeer(WirePeer):
    """The reader. ``asked``: bodies of the commands it got. ``script``: command code (and sub-code) -> next answers."""

    def __init__(self, folder: Path) -> None:
        self.tags: dict[bytes, Tag] = {}
        self.asked: list[bytes] = []
        self.script: dict[bytes, deque[Answer]] = {}
        self.in_advanced = False
        super().__init__(folder)

    def put(self, tag: Tag) -> None:
        self.tags = {**self.tags, tag.uid: tag}

    def take(self, tag: Tag) -> None:
        self.tags = {uid: other for uid, other in self.tags.items() if uid != tag.uid}

    def plan(self, code: str, *answers: Answer) -> None:
        """Answer the next commands of a code ("69", "B023") with these bytes; b"" is no answer."""
        self.script[bytes.fromhex(code)] = deque(answers)

    def subs(self) -> list[str]:
        """Codes of the commands asked so far, with the sub-code of B0."""
        return [body[: 2 if body[0] == 0xB0 else 1].hex().upper() for body in self.asked]

    def _hear(self, buffer: bytes) -> bytes:
        frame, rest = self._cut(buffer)
        if frame:
            self.wire.send(self._answer(frame))
        return rest

    def _cut(self, buffer: bytes) -> tuple[bytes, bytes]:
        if not buffer:
            return b"", b""
        size = int.from_bytes(buffer[1:3], "big") if buffer[0] == 2 else buffer[0]
        if len(buffer) < max(size, 5):
            return b"", buffer
        frame, rest = buffer[:size], buffer[size:]
        return (frame, rest) if crc(frame[:-2]) == frame[-2:] else (b"", b"")

    def _answer(self, frame: bytes) -> bytes:
        self.in_advanced = frame[0] == 2
        body = frame[4 if self.in_advanced else 2 : -2]
        self.asked.append(body)
        planned = self.script.get(body[: 2 if body[0] == 0xB0 else 1])
        if planned:
            answer = planned.popleft()
            return answer if isinstance(answer, bytes) else answer(frame)
        return self.frame(body[0], *self._plain(body))

    def frame(self, command: int, status: int, data: bytes = b"") -> bytes:
        return (advanced if self.in_advanced else standard)(command, status, data)

    def _plain(self, body: bytes) -> tuple[int, bytes]:
        if body[0] in (0x65, 0x66):
            return 0, bytes.fromhex("0206000B4C0009")
        if body[0] != 0xB0:
            return 0, b""
        if body[1] == 0x01:
            sets = b"".join(b"\x03" + bytes((tag.dsfid,)) + tag.uid for tag in self.tags.values())
            return (0, bytes((len(self.tags),)) + sets) if self.tags else (1, b"")
        tag = self.tags.get(body[3:11])
        if tag is None:
            return 1, b""
        if body[1] == 0x2B:
            return 0, tag.system
        if body[1] == 0x27:
            tag.afi = body[11]
            return 0, b""
        blocks = tag.blocks(body[11], body[12])
        return (0, blocks) if blocks is not None else (0x95, b"\x10")
