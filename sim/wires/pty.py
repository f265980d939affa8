"""A serial port as a pseudo-terminal behind a link with a by-id name, which can be unplugged and plugged.

Not responsible for what the bytes mean. A pseudo-terminal enforces neither parity nor speed; the speed the other side
has set can be read (``speed``), the parity cannot.

A real port takes 8E1 as often as one asks. A pseudo-terminal drops the parity, and the C library calls a setting that
changed nothing an error, so that opening it with parity a second time would fail. Therefore a flag without effect here
(IGNBRK) is set again and again: whoever opens the port clears it, and so changes something.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import os
import termios
import tty
from collections.abc import Callable
from pathlib import Path

READ_SIZE = 4096
MARK_EVERY = 0.02  # seconds
SPEEDS = {getattr(termios, f"B{baud}"): baud for baud in (4800, 9600, 19200, 38400, 57600, 115200, 230400)}


class PtyWire:
    """One port.

    Args:
        link: the name other programs open; made when plugged, removed when unplugged.
        received: called with bytes as they arrive.
    """

    def __init__(self, link: Path, received: Callable[[bytes], None]) -> None:
        self.link = link
        self.lost = 0  # bytes nobody read
        self._received = received
        self._ends: tuple[int, int] | None = None
        self._due: list[tuple[float, int, bytes]] = []  # when, number, what
        self._number = itertools.count()
        self._alarm: asyncio.TimerHandle | None = None
        self._marking: asyncio.TimerHandle | None = None

    @property
    def plugged(self) -> bool:
        """Whether the port is there."""
        return self._ends is not None

    def plug(self) -> None:
        """Make a new port and its link. Nothing happens if it is there."""
        if self._ends is not None:
            return
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._ends = master, slave
        asyncio.get_running_loop().add_reader(master, self._readable)
        self._mark()
        self.link.parent.mkdir(parents=True, exist_ok=True)
        new = self.link.with_name(f".{self.link.name}.new")
        new.unlink(missing_ok=True)
        new.symlink_to(os.ttyname(slave))
        new.replace(self.link)

    def unplug(self) -> None:
        """Close the port and remove its link, as pulling the plug does. What was still to be sent is lost."""
        self._due.clear()
        for timer in (self._alarm, self._marking):
            if timer is not None:
                timer.cancel()
        self._alarm = self._marking = None
        if self._ends is None:
            return
        self.link.unlink(missing_ok=True)
        ends, self._ends = self._ends, None
        asyncio.get_running_loop().remove_reader(ends[0])
        for end in ends:
            os.close(end)

    def speed(self) -> int | None:
        """Bits per second the other side has set, None if unknown."""
        if self._ends is None:
            return None
        return SPEEDS.get(termios.tcgetattr(self._ends[1])[4])

    def send(self, data: bytes, wait: float) -> None:
        """Send bytes ``wait`` seconds from now, in the order of the calls where times are equal."""
        heapq.heappush(self._due, (asyncio.get_running_loop().time() + wait, next(self._number), data))
        self._pump()

    def _pump(self) -> None:
        """Send what is due and set the alarm clock for the next."""
        loop = asyncio.get_running_loop()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while self._due and self._due[0][0] <= loop.time():
            self._write(heapq.heappop(self._due)[2])
        if self._due:
            self._alarm = loop.call_at(self._due[0][0], self._pump)

    def _write(self, data: bytes) -> None:
        if self._ends is None:
            return
        try:
            written = os.write(self._ends[0], data)
        except BlockingIOError:
            written = 0
        self.lost += len(data) - written

    def _mark(self) -> None:
        if self._ends is None:
            return
        settings = termios.tcgetattr(self._ends[1])
        if not settings[0] & termios.IGNBRK:
            settings[0] |= termios.IGNBRK
            termios.tcsetattr(self._ends[1], termios.TCSANOW, settings)
        if self._marking is not None:
            self._marking.cancel()
        self._marking = asyncio.get_running_loop().call_later(MARK_EVERY, self._mark)

    def _readable(self) -> None:
        if self._ends is None:
            return
        data = b""
        with contextlib.suppress(BlockingIOError, OSError):
            data = os.read(self._ends[0], READ_SIZE)
        if data:
            self._mark()
            self._received(data)
