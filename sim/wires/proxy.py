"""The line between machine and central service: a proxy that passes everything on, until it is told to fail.

A plain HTTP proxy in front of one service, streaming answers piece by piece. Not responsible for what is said:
bodies are passed on, never kept. What the service does not answer (refused, cut) is cut towards the machine too.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from sim.faults import Active, Faults
from sim.wires.http import MOST_HEAD, NO_BODY, BrokenMessage, Head, body, read_head, whole
from sim.wires.listening import Listener

DEVICE = "central"
HOP = frozenset({"connection", "keep-alive", "proxy-connection"})
UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
NAMES_KEPT = 200  # different request names counted apart
ERROR_BODY = b'{"error":"simulated","detail":"the simulator\'s proxy was told to answer this"}'


class Cut(Exception):
    """Close the connection to the machine now."""


class Proxy:
    """One proxy.

    Args:
        upstream: URL of the service, plain http.
        faults: asked for each request with its path.
    """

    def __init__(self, upstream: str, faults: Faults) -> None:
        parts = urlsplit(upstream)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"the proxy speaks plain http only, not {upstream!r}")
        self._host, self._port = parts.hostname, parts.port or 80
        self._base = parts.path.rstrip("/")
        self._faults = faults
        self._listener = Listener(self._talk, MOST_HEAD)
        self.start = self._listener.start
        self.stop = self._listener.stop
        self._held: list[asyncio.Event] = []
        self.requests: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """What the machine is configured with."""
        return f"http://127.0.0.1:{self._listener.port}"

    @property
    def held(self) -> int:
        """Requests and answers that wait to be released."""
        return len(self._held)

    async def obey(self) -> None:
        """Be down or up as the faults want it."""
        if self._faults.holds(DEVICE, "down"):
            await self.stop()
        else:
            await self.start()

    def release(self, count: int | None = None) -> int:
        """Let held requests and answers go on, the oldest first; None: all. How many."""
        released, self._held = self._held[:count], [] if count is None else self._held[count:]
        for event in released:
            event.set()
        return len(released)

    # --- one connection -----------------------------------------------------------------------------------------------

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(BrokenMessage, Cut):
            while await self._exchange(reader, writer):
                pass

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer. False: that was the last on this connection."""
        head = await read_head(reader)
        if head is None:
            return False
        content = await whole(body(reader, head, until_end=False))
        method, path = head.words[0], head.words[1]
        self._count(method, path)
        wish = (head.get("connection") or "").lower()
        stays = wish == "keep-alive" if head.start.endswith("HTTP/1.0") else wish != "close"
        await self._before(path)
        if error := self._faults.strikes(DEVICE, "error", path):
            writer.write(_error(int(error.number("status"))))
            await writer.drain()
            return stays
        await self._pass_on(head, content, path, writer)
        return stays

    def _count(self, method: str, path: str) -> None:
        name = f"{method} {UUID.sub('{id}', urlsplit(path).path)}"[:120]
        if name not in self.requests and len(self.requests) >= NAMES_KEPT:
            name = "other"
        self.requests[name] += 1

    async def _before(self, path: str) -> None:
        faults = self._faults
        if faults.strikes(DEVICE, "cut", path):
            raise Cut
        if slow := faults.strikes(DEVICE, "slow", path):
            await asyncio.sleep(slow.number("s"))
        if faults.strikes(DEVICE, "hold", path):
            await self._hold()

    async def _hold(self) -> None:
        event = asyncio.Event()
        self._held.append(event)
        try:
            await event.wait()
        finally:
            if event in self._held:
                self._held.remove(event)

    async def _pass_on(self, head: Head, content: bytes, path: str, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._host, self._port, limit=MOST_HEAD)
        try:
            method, target, *rest = head.words
            sent = Head(" ".join([method, self._base + target, *rest]), head.fields)
            length = (("Content-Length", str(len(content))),) if content or head.length is not None else ()
            drop = HOP | {"content-length", "transfer-encoding", "expect"}
            up_writer.write(sent.encode(drop, (*length, ("Connection", "close"))) + content)
            await up_writer.drain()
            answer = await read_head(up_reader)
            while answer is not None and 100 <= answer.status < 200:
                answer = await read_head(up_reader)
            if answer is None:
                raise Cut
            bare = method == "HEAD" or answer.status in NO_BODY
            pieces = body(up_reader, answer, until_end=True)
            await self._give_back(answer, None if bare else pieces, path, writer)
        finally:
            up_writer.close()
            with contextlib.suppress(OSError):
                await up_writer.wait_closed()

    async def _give_back(
        self, answer: Head, pieces: AsyncIterator[bytes] | None, path: str, writer: asyncio.StreamWriter
    ) -> None:
        faults = self._faults
        chunked = answer.chunked and pieces is not None
        pieces = pieces or _nothing()
        if faults.strikes(DEVICE, "swallow", path):
            await whole(pieces)
            raise Cut
        if faults.strikes(DEVICE, "hold_answer", path):
            content = await whole(pieces)
            await self._hold()
            pieces = _once(content)
        short = faults.strikes(DEVICE, "half", path) or faults.strikes(DEVICE, "lines", path)
        if short:
            pieces = _once(_shortened(await whole(pieces), short))
        writer.write(answer.encode(HOP))
        async for piece in pieces:
            writer.write(b"%X\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        if short:
            raise Cut
        if chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        if answer.length is None and not answer.chunked and answer.status not in NO_BODY:
            raise Cut  # the end of the connection is the end of the body


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


async def _once(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content


def _shortened(content: bytes, fault: Active) -> bytes:
    if fault.name == "half":
        return content[: len(content) // 2]
    lines = content.splitlines(keepends=True)
    count = int(fault.number("n"))
    following = lines[count] if count < len(lines) else b""
    return b"".join(lines[:count]) + following[: len(following) // 2]


def _error(status: int) -> bytes:
    head = f"HTTP/1.1 {status} Simulated\r\nContent-Type: application/json\r\nContent-Length: {len(ERROR_BODY)}\r\n\r\n"
    return head.encode("ascii") + ERROR_BODY
