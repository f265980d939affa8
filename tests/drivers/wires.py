"""A serial line whose other end the test holds: a pseudo-terminal behind a name like those of /dev/serial/by-id."""

from __future__ import annotations

import os
import select
import threading
import tty
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class Wire:
    """One line. ``port`` is what a driver opens; it can be unplugged and plugged in again under the same name."""

    def __init__(self, folder: Path, name: str = "port") -> None:
        self.port = folder / name
        self._master = self._slave = -1
        self.plug()

    def plug(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._master)
        os.set_blocking(self._master, False)
        self.port.unlink(missing_ok=True)
        self.port.symlink_to(os.ttyname(self._slave))

    def unplug(self) -> None:
        for end in (self._master, self._slave):
            if end >= 0:
                os.close(end)
        self._master = self._slave = -1
        self.port.unlink(missing_ok=True)

    def send(self, data: bytes) -> None:
        os.write(self._master, data)

    def receive(self, seconds: float = 2.0) -> bytes:
        """What the driver sent, as soon as something is there."""
        if not select.select([self._master], [], [], seconds)[0]:
            return b""
        return os.read(self._master, 65536)


@contextmanager
def babbling(wire: Wire, data: bytes) -> Iterator[None]:
    """The line never falls silent meanwhile: these bytes, again and again."""
    ending = threading.Event()

    def babble() -> None:
        while not ending.wait(0.005):
            wire.send(data)

    thread = threading.Thread(target=babble)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


class WirePeer(ABC):
    """A scripted device at the other end of a wire. It listens from its making on: a subclass calls this last."""

    def __init__(self, folder: Path) -> None:
        self.wire = Wire(folder)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__)
        self._thread.start()

    @abstractmethod
    def _hear(self, buffer: bytes) -> bytes:
        """Answer what is whole; what is left for later."""

    def _run(self) -> None:
        buffer = b""
        while not self._ending.is_set():
            try:
                buffer += self.wire.receive(0.01)
            except (OSError, ValueError):  # unplugged by the test
                buffer = b""
                self._ending.wait(0.005)
                continue
            buffer = self._hear(buffer)

    def stop(self) -> None:
        self._ending.set()
        self._thread.join()
        self.wire.unplug()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
