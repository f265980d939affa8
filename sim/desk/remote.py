"""Asks the simulator what lies where, several times a second, and carries out what the hand did, in its order.

One thread; the window never waits. Not responsible for what is asked for (table).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sim.client import NoSimulator, send
from sim.desk.antenna import Antenna
from sim.desk.table import Desk, read

LOOK_SECONDS = 0.25
LEAVE_SECONDS = 2.0  # for which a closed window waits for an answer that is under way


class Remote:
    """The desk's line to its simulator.

    Args:
        state: the simulator's folder.
        show: called with each desk that differs from the last; from this thread.
        awake: called when the pad's reader begins to be asked, or is asked no more.
        say: called with a sentence of the simulator that refuses something, "" when all is well, None when it is gone.
    """

    def __init__(
        self,
        state: Path,
        show: Callable[[Desk], None],
        awake: Callable[[bool], None],
        say: Callable[[str | None], None],
    ) -> None:
        self._state = state
        self._show = show
        self._awake = awake
        self._say = say
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._desk: Desk | None = None
        self._antenna = Antenna()
        self._is_awake: bool | None = None
        self._gone = False
        # A simulator that hangs must not keep a window open that somebody has closed.
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the orders given so far; an answer that does not come is not waited for."""
        self._lines.put(None)
        self._thread.join(LEAVE_SECONDS)

    def do(self, line: str) -> None:
        """Carry out a control line. From any thread."""
        self._lines.put(line)

    def _run(self) -> None:
        while True:
            try:
                line = self._lines.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                line = ""
            if line is None:
                return
            try:
                if line:
                    self._carry_out(line)
                self._look()
            except (NoSimulator, KeyError):  # the second: it is another than this desk knows
                self._lost()

    def _lost(self) -> None:
        if not self._gone:
            self._say(None)
            self._turn(False)
        self._gone = True

    def _carry_out(self, line: str) -> None:
        answer = send(self._state, line)
        self._say("" if answer["ok"] else str(answer["error"]))

    def _look(self) -> None:
        tags, show, printed, log = (send(self._state, line) for line in ("tags", "show", "printed", "log"))
        desk = read(tags, show, printed)
        if self._gone:
            self._gone = False
            self._say("")
        if desk != self._desk:
            self._desk = desk
            self._show(desk)
        now = time.monotonic()
        self._antenna = self._antenna.seen(log, now)
        self._turn(self._antenna.on(now))

    def _turn(self, awake: bool) -> None:
        if awake != self._is_awake:
            self._is_awake = awake
            self._awake(awake)
