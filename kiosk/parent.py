"""Lines from and to the process that started this one: standard input and output, ended by it or by a signal.

Responsible for that a parent that does not read stops nobody, that nothing but our lines goes to standard output, and
that the end comes in order. Not responsible for what a line means.
"""

from __future__ import annotations

import os
import queue
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import BinaryIO

from kiosk.jsonlines import MOST_LINE, LineError


class _Writer:
    """Writes lines in a thread of its own, so that a parent that does not read cannot stop the core.

    Args:
        target: where lines go, in UTF-8.
        gone: called once when nobody takes them any more.
    """

    def __init__(self, target: BinaryIO, gone: Callable[[], None]) -> None:
        self._target = target
        self._gone = gone
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="lines")
        self._thread.start()

    def write(self, line: str) -> None:
        """Write a line. From any thread."""
        self._lines.put(line)

    def stop(self) -> None:
        """Write what is left, then end."""
        self._lines.put(None)
        self._thread.join()

    def _run(self) -> None:
        taken = True
        while (line := self._lines.get()) is not None:
            if not taken:
                continue
            try:
                self._target.write(line.encode() + b"\n")
                self._target.flush()
            except (OSError, ValueError):
                taken = False  # the parent has gone, and with it the reason to run
                _discard(self._target)
                self._gone()


def _discard(target: BinaryIO) -> None:
    """Let what is still buffered go nowhere: Python would fail on it at its end, and end with another code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, target.fileno())
    os.close(nowhere)


class Parent:
    """The parent process; a context manager, on the main thread. ``write`` takes lines from any thread."""

    def __enter__(self) -> Parent:
        self._woken, self._waker = os.pipe()
        os.set_blocking(self._waker, False)
        self._lines, sys.stdout = sys.stdout, sys.stderr  # only lines go there, whatever a library prints
        self._handlers = {number: signal.signal(number, self._signalled) for number in (signal.SIGTERM, signal.SIGINT)}
        self._writer = _Writer(self._lines.buffer, self.wake)
        self.write = self._writer.write
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.stop()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        sys.stdout = self._lines
        os.close(self._waker)
        os.close(self._woken)

    def wake(self) -> None:
        """Let ``read`` return. From any thread."""
        with suppress(BlockingIOError):  # full of earlier calls: it wakes all the same
            os.write(self._waker, b"x")

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        self.wake()

    def read(self, take: Callable[[str], None], refuse: Callable[[LineError], None]) -> None:
        """Hand over line by line until standard input ends or a signal comes; one that is too long is refused whole."""
        source = sys.stdin.fileno()
        pending = b""
        while True:
            ready, _, _ = select.select([source, self._woken], [], [])
            if self._woken in ready:
                return
            data = os.read(source, 65536)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            pending = pending[: MOST_LINE + 1]  # already too long, and stays so
            for line in filter(bytes.strip, lines):
                if len(line) > MOST_LINE:
                    refuse(LineError(f"a line has at most {MOST_LINE} bytes"))
                else:
                    take(line.decode("utf-8", errors="replace"))
