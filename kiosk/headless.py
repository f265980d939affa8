"""The machine for a parent process: intents as lines of JSON on standard input, screens on standard output (design 6).

Only whoever started the process can press a button here; there is no network and no configuration for it.
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
from types import FrameType
from typing import BinaryIO

from kiosk.compose import Kiosk
from kiosk.config import Config
from kiosk.jsonlines import MOST_LINE, LineError, error_line, read_intent, write_screen
from kiosk.screens import Screen


class _Output:
    """Writes lines in a thread of its own, so that a parent that does not read cannot stop the core.

    Args:
        target: where lines go, in UTF-8.
        gone: called once when nobody takes them any more.
    """

    def __init__(self, target: BinaryIO, gone: Callable[[], None]) -> None:
        self._target = target
        self._gone = gone
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="screens")
        self._thread.start()

    def show(self, screen: Screen) -> None:
        """Write a screen."""
        self._lines.put(write_screen(screen))

    def problem(self, error: LineError) -> None:
        """Say what is wrong with a line."""
        self._lines.put(error_line(error))

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


def run(config: Config) -> None:
    """Run until standard input ends or SIGTERM or SIGINT arrives.

    Raises:
        EnrolmentError: the machine is not enrolled.
        JournalError: the journal cannot be used.
    """
    waker, woken = os.pipe()
    os.set_blocking(woken, False)

    def wake(_number: int = 0, _frame: FrameType | None = None) -> None:
        with suppress(BlockingIOError):  # full of earlier calls: it wakes all the same
            os.write(woken, b"x")

    lines, sys.stdout = sys.stdout, sys.stderr  # only screens go to standard output, whatever a library prints
    before = {number: signal.signal(number, wake) for number in (signal.SIGTERM, signal.SIGINT)}
    output = _Output(lines.buffer, wake)
    try:
        kiosk = Kiosk(config, output.show)
        kiosk.start()
        try:
            _read(kiosk, output, waker)
        finally:
            kiosk.stop()
    finally:
        output.stop()
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.stdout = lines
        os.close(waker)
        os.close(woken)


def _read(kiosk: Kiosk, output: _Output, waker: int) -> None:
    """Read lines until the end; a line that is too long is dropped as a whole."""
    source = sys.stdin.fileno()
    pending = b""
    while True:
        ready, _, _ = select.select([source, waker], [], [])
        if waker in ready:
            return
        data = os.read(source, 65536)
        if not data:
            return
        *lines, pending = (pending + data).split(b"\n")
        pending = pending[: MOST_LINE + 1]  # already too long, and stays so
        for line in lines:
            _take(kiosk, output, line)


def _take(kiosk: Kiosk, output: _Output, line: bytes) -> None:
    if not line.strip():
        return
    try:
        if len(line) > MOST_LINE:
            raise LineError(f"a line has at most {MOST_LINE} bytes")
        kiosk.post(read_intent(line.decode("utf-8", errors="replace")))
    except LineError as error:
        output.problem(error)
