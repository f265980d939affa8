"""Joins a device's firmware to its serial port, with the faults between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from sim.clock import Clock
from sim.faults import Faults, Reply
from sim.wires.pty import PtyWire


class Port:
    """One device on one port.

    Args:
        device: its name in fault lines.
        link: the port's by-id name.
        feed: the firmware: bytes in, replies out.
        baud: bytes sent at another speed are not understood.
    """

    def __init__(
        self,
        device: str,
        link: Path,
        feed: Callable[[bytes], list[Reply]],
        baud: int,
        faults: Faults,
        clock: Clock,
    ) -> None:
        self.wire = PtyWire(link, self._received)
        self.wrong_speed = 0
        self._device = device
        self._feed = feed
        self._baud = baud
        self._faults = faults
        self._clock = clock

    def _received(self, data: bytes) -> None:
        if self.wire.speed() != self._baud:
            self.wrong_speed += len(data)
            return
        self.emit(self._feed(data), data)

    def emit(self, replies: Iterable[Reply], request: bytes = b"") -> None:
        """Let a device say something."""
        replies = list(replies)
        if any(self._faults.strikes(self._device, "unplug_during", reply.command) for reply in replies):
            self.wire.unplug()
            return
        for chunk in self._faults.deliver(self._device, request, replies):
            self.wire.send(chunk.data, self._clock.wait(chunk.physics) + chunk.wait)
