"""A serial line whose other end the test holds: a pseudo-terminal behind a name like those of /dev/serial/by-id."""

from __future__ import annotations

import os
import select
import tty
from pathlib import Path


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
