"""As much of HTTP/1.1 as a proxy needs: heads, and bodies piece by piece. Source: RFC 9112."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

MOST_HEAD, MOST_BODY, PIECE = 64 * 1024, 64 * 1024 * 1024, 64 * 1024
NO_BODY = frozenset({204, 304})


class BrokenMessage(Exception):
    """What came is not HTTP, is too large, or ends too soon."""


@dataclass(frozen=True, slots=True)
class Head:
    """Start line and header fields of a request or an answer."""

    start: str
    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        """The last field of a name (in lower case), None without one."""
        return next((value for key, value in reversed(self.fields) if key.lower() == name), None)

    def encode(self, drop: frozenset[str] = frozenset(), add: tuple[tuple[str, str], ...] = ()) -> bytes:
        """As bytes, without the fields named in ``drop`` (lower case) and with those of ``add``."""
        kept = [(name, value) for name, value in self.fields if name.lower() not in drop]
        lines = [self.start, *(f"{name}: {value}" for name, value in [*kept, *add])]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    @property
    def words(self) -> list[str]:
        """The three parts of the start line."""
        return self.start.split(" ", 2)

    @property
    def status(self) -> int:
        """Status code of an answer, 0 if it has none."""
        words = self.words
        return int(words[1]) if len(words) > 1 and words[1].isdecimal() and len(words[1]) == 3 else 0

    @property
    def chunked(self) -> bool:
        """The body comes in chunks."""
        return (self.get("transfer-encoding") or "").lower().endswith("chunked")

    @property
    def length(self) -> int | None:
        """Length of the body by its field; None without one. Raises BrokenMessage."""
        text = self.get("content-length")
        if text is None:
            return None
        if not (text.isascii() and text.isdecimal()) or len(text) > 9 or int(text) > MOST_BODY:
            raise BrokenMessage("bad content length")
        return int(text)


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """The next head, None if the connection ended before it. Raises BrokenMessage."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise BrokenMessage("ends within a head") from error
    except asyncio.LimitOverrunError as error:
        raise BrokenMessage("head too long") from error
    start, *lines = raw[:-4].decode("latin-1").split("\r\n")
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip():
            raise BrokenMessage("bad header field")
        fields.append((name.strip(), value.strip()))
    if len(start.split(" ", 2)) < 2:
        raise BrokenMessage("bad start line")
    return Head(start, tuple(fields))


async def _exactly(reader: asyncio.StreamReader, size: int) -> AsyncIterator[bytes]:
    left = size
    while left:
        piece = await reader.read(min(left, PIECE))
        if not piece:
            raise BrokenMessage("ends within a body")
        left -= len(piece)
        yield piece


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise BrokenMessage("bad chunk") from error


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        size_text = (await _line(reader)).split(b";")[0].strip()
        try:
            size = int(size_text, 16)
        except ValueError as error:
            raise BrokenMessage("bad chunk size") from error
        if not 0 <= size <= MOST_BODY:
            raise BrokenMessage("bad chunk size")
        if size == 0:
            while (await _line(reader)) != b"\r\n":
                pass
            return
        async for piece in _exactly(reader, size):
            yield piece
        if await _line(reader) != b"\r\n":
            raise BrokenMessage("bad chunk end")


async def _until_end(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while piece := await reader.read(PIECE):
        yield piece


def body(reader: asyncio.StreamReader, head: Head, until_end: bool) -> AsyncIterator[bytes]:
    """The body's pieces as they come. ``until_end``: without a length it lasts until the connection ends."""
    if head.chunked:
        return _chunks(reader)
    length = head.length
    if length is None:
        return _until_end(reader) if until_end else _exactly(reader, 0)
    return _exactly(reader, length)


async def whole(pieces: AsyncIterator[bytes]) -> bytes:
    """All pieces together. Raises BrokenMessage if it gets too large."""
    data = bytearray()
    async for piece in pieces:
        data += piece
        if len(data) > MOST_BODY:
            raise BrokenMessage("body too large")
    return bytes(data)
