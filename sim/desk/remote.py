"""Asks the simulator what lies where, several times a second, and carries out what the hand did, in its order.

One thread; the window never waits. Not responsible for what is asked for (table).
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sim.client import NoSimulator, send
from sim.desk.table import Desk, read

LOOK_SECONDS = 0.25


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
        self._asked = -1
        self._is_awake: bool | None = None
        self._gone = False
        self._thread = threading.Thread(target=self._run, name="desk")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End; what waits is dropped."""
        self._lines.put(None)
        self._thread.join()

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
            except NoSimulator:
                if not self._gone:
                    self._say(None)
                self._gone = True

    def _carry_out(self, line: str) -> None:
        answer = send(self._state, line)
        self._say("" if answer["ok"] else str(answer["error"]))

    def _ask(self, line: str) -> dict[str, Any]:
        return send(self._state, line)

    def _look(self) -> None:
        desk = read(self._ask("tags"), self._ask("show"), self._ask("printed"))
        if self._gone:
            self._gone = False
            self._say("")
        if desk != self._desk:
            self._desk = desk
            self._show(desk)
        self._listen()

    def _listen(self) -> None:
        """Whether the reader was asked anything since the last look."""
        commands = self._ask("log")["devices"].get("pad", {})
        asked = sum(command["count"] for command in commands.values())
        awake, self._asked = asked != self._asked, asked
        if awake != self._is_awake:
            self._is_awake = awake
            self._awake(awake)
