"""A serial port: bytes out, bytes in, with deadlines.

Responsible for opening it for us alone, for never blocking longer than asked, and for turning everything that can
happen to a port into an error of ours. Not responsible for what the bytes mean. The only module that knows pyserial;
it opens and sets the port, reading and writing is done on the descriptor, because pyserial spins while a port takes
nothing. Modem lines are never touched: pseudo-terminals and many adapters have none.
"""

from __future__ import annotations

import errno
import os
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import monotonic

import serial

from drivers.api import LinkBusy, LinkError, LinkLost, LinkTimeout
from drivers.links.failures import LinkAbsent, LinkForbidden
from drivers.links.trace import Trace

_CHUNK = 4096
_ERRORS: dict[int, type[LinkError]] = {
    errno.ENOENT: LinkAbsent,
    errno.ENODEV: LinkAbsent,
    errno.ENXIO: LinkAbsent,
    errno.EACCES: LinkForbidden,
    errno.EPERM: LinkForbidden,
    errno.EBUSY: LinkBusy,
    errno.EAGAIN: LinkBusy,
}


@dataclass(frozen=True, slots=True)
class SerialSettings:
    """How a port is set.

    Attributes:
        port: its path; a stable one (/dev/serial/by-id/...), because it is opened again after unplugging.
        baud: bits per second.
        parity: "N", "E" or "O".
        write_seconds: longest time the port may refuse to take bytes.
    """

    port: str
    baud: int
    parity: str = "N"
    write_seconds: float = 2.0


class SerialLink:
    """One port. Used by one thread. Its errors carry the last frames of ``trace``, which the device notes."""

    def __init__(self, settings: SerialSettings, trace: Trace | None = None) -> None:
        self._settings = settings
        self._trace = trace or Trace()
        self._port: serial.Serial | None = None
        self._fd = -1
        self._poll = select.poll()

    def open(self) -> None:
        """Open the port, for us alone. Raises LinkError."""
        self.close()
        settings = self._settings
        try:
            try:
                self._port = self._opened(settings.parity)
            except termios.error as error:
                if error.args[:1] != (errno.EINVAL,):
                    raise
                # A pseudo-terminal has no parity bit, and refuses once parity is all that would change. On a real line
                # a device that wants parity stays silent then, and is reported so.
                self._port = self._opened("N")
            self._fd = self._port.fileno()
        except (OSError, ValueError, termios.error) as error:
            self.close()
            number = _number(error)
            kind = _ERRORS.get(number, LinkLost) if number is not None else LinkLost
            raise kind(f"{settings.port} cannot be opened: {_what(error)}") from None
        self._poll = select.poll()

    def _opened(self, parity: str) -> serial.Serial:
        return serial.Serial(self._settings.port, self._settings.baud, parity=parity, timeout=0, exclusive=True)

    def close(self) -> None:
        """Idempotent."""
        port, self._port, self._fd = self._port, None, -1
        if port is not None:
            with suppress(OSError, termios.error):
                port.close()

    def read(self, seconds: float) -> bytes:
        """Wait up to ``seconds`` for a first byte and return what is there by then; empty if nothing came.

        Raises:
            LinkLost: the port has gone.
        """
        with self._lost():
            if not self._ready(select.POLLIN, seconds):
                return b""
            try:
                data = os.read(self._fd, _CHUNK)
            except BlockingIOError:
                return b""
            if not data:  # ready and empty: this is how Linux reports an adapter that was pulled
                raise LinkLost(f"{self._settings.port} has gone")
            return data

    def write(self, data: bytes) -> None:
        """Hand all bytes to the port.

        Raises:
            LinkLost: the port has gone.
            LinkTimeout: the port takes no bytes (a device that holds the line back).
        """
        left = memoryview(data)
        end = monotonic() + self._settings.write_seconds
        with self._lost():
            while left:
                if monotonic() >= end or not self._ready(select.POLLOUT, end - monotonic()):
                    raise LinkTimeout(f"{self._settings.port} takes no bytes; {len(left)} of {len(data)} were not sent")
                with suppress(BlockingIOError):
                    left = left[os.write(self._fd, left[:_CHUNK]) :]

    def unsent(self) -> int:
        """Number of bytes the port has taken and not sent yet. Raises LinkLost."""
        with self._lost():
            return self._port.out_waiting if self._port is not None else 0

    def drain(self, quiet: float, longest: float = 1.0) -> bytes:
        """Drop what comes until nothing came for ``quiet`` seconds (or ``longest`` is over); return what was dropped.

        This is also how a driver pauses: an unplugged port ends the pause. Raises LinkLost.
        """
        end = monotonic() + longest
        dropped = bytearray()
        while len(dropped) < _CHUNK * 16:
            data = self.read(min(quiet, max(end - monotonic(), 0)))
            if not data:
                break
            dropped += data
        return bytes(dropped)

    def _ready(self, event: int, seconds: float) -> bool:
        if self._fd < 0:
            raise LinkLost(f"{self._settings.port} is not open")
        self._poll.register(self._fd, event)
        return bool(self._poll.poll(max(seconds, 0) * 1000))

    @contextmanager
    def _lost(self) -> Iterator[None]:
        try:
            yield
        except LinkError as error:
            self._trace.explain(error)
            raise
        except (OSError, termios.error) as error:
            raise self._trace.explain(LinkLost(f"{self._settings.port} has gone: {_what(error)}")) from None


def _number(error: Exception) -> int | None:
    """The system's error number; termios errors keep it among their arguments only."""
    number = getattr(error, "errno", None)
    if number is None and isinstance(error, termios.error) and error.args:
        number = error.args[0]
    return number if isinstance(number, int) else None


def _what(error: Exception) -> str:
    number = _number(error)
    return os.strerror(number) if number is not None else type(error).__name__


def list_ports() -> list[tuple[str, str]]:
    """Serial ports of this computer: (path, what the system says of it)."""
    from serial.tools import list_ports as system  # imports much; only needed by hand

    return [(port.device, port.description or "") for port in system.comports(include_links=True)]
