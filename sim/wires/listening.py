"""A TCP server on 127.0.0.1 that can end every open connection at once. What is said on one is its owner's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """One server; stopped and started again it listens on the same port.

    Args:
        talk: holds one connection's conversation; the connection is closed when it ends, OSError included.
        limit: bytes a reader may hold back.
    """

    def __init__(self, talk: Talk, limit: int) -> None:
        self._talk = talk
        self._limit = limit
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        """Listen. Nothing happens if it does already."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=self._limit)
            self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections and cut open ones."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in (cut := list(self._connections)):
            task.cancel()
        for task in cut:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if server is not None:
            await server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._connections.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._talk(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
