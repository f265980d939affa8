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
from types import FrameType
from typing import TextIO

from kiosk.compose import Kiosk
from kiosk.config import Config
from kiosk.jsonlines import MOST_LINE, LineError, error_line, read_intent, write_screen
from kiosk.screens import Screen


class _Output:
    """Writes lines in a thread of its own, so that a parent that does not read cannot stop the core."""

    def __init__(self, target: TextIO) -> None:
        self._target = target
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
        while (line := self._lines.get()) is not None:
            try:
                self._target.write(line + "\n")
                self._target.flush()
            except (OSError, ValueError):
                return  # the parent has gone; standard input ends too, and with it the program


def run(config: Config) -> None:
    """Run until standard input ends or SIGTERM or SIGINT arrives.

    Raises:
        EnrolmentError: the machine is not enrolled.
        JournalError: the journal cannot be used.
    """
    waker, woken = os.pipe()

    def wake(_number: int, _frame: FrameType | None) -> None:
        os.write(woken, b"x")

    lines, sys.stdout = sys.stdout, sys.stderr  # only screens go to standard output, whatever a library prints
    before = {number: signal.signal(number, wake) for number in (signal.SIGTERM, signal.SIGINT)}
    output = _Output(lines)
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
        pending = pending[: MOST_LINE + 1]
        for line in lines:
            _take(kiosk, output, line)


def _take(kiosk: Kiosk, output: _Output, line: bytes) -> None:
    if not line.strip():
        return
    try:
        kiosk.post(read_intent(line.decode("utf-8", errors="replace")))
    except LineError as error:
        output.problem(error)
