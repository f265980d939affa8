"""Between the machine's core and the screen: the newest screen value in, intents out, cues once each.

The core's thread puts values in, Kivy's thread takes the newest; however many came in between, the screen is drawn
once. Not responsible for drawing, nor for what an intent leads to.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from kiosk.messages import Intent
from kiosk.screens import Cue, Screen


class Bridge:
    """Keeps the newest screen value. ``post`` hands an intent to the core and must not block."""

    def __init__(self, post: Callable[[Intent], None]) -> None:
        self.post = post
        self._lock = threading.Lock()
        self._newest: Screen | None = None
        self._news = threading.Event()
        self._wake: Callable[[], None] | None = None

    def attach(self, wake: Callable[[], None]) -> None:
        """``wake`` asks Kivy's thread to come and take; it may be called from any thread."""
        with self._lock:
            self._wake = wake
            waiting = self._newest is not None
        if waiting:
            wake()

    def show(self, screen: Screen) -> None:
        """Show this from now on. From any thread."""
        with self._lock:
            self._newest = screen
            self._news.set()
            wake = self._wake
        if wake is not None:
            wake()

    def take(self) -> Screen | None:
        """The newest value not taken yet."""
        with self._lock:
            screen, self._newest = self._newest, None
            self._news.clear()
        return screen

    def wait(self, seconds: float) -> None:
        """Let the core answer: until a value is there, or so long. On Kivy's thread."""
        self._news.wait(seconds)


class CuePlayer:
    """Plays the numbered cues that were not played yet, one after the other, never two at once.

    Args:
        play: makes one sound by its name.
        later: calls a function after some seconds on the same thread.
        gap: least seconds between two sounds.
    """

    def __init__(
        self, play: Callable[[str], None], later: Callable[[float, Callable[[], None]], None], gap: float
    ) -> None:
        self._play = play
        self._later = later
        self._gap = gap
        self._played = 0
        self._queue: deque[str] = deque()
        self._busy = False

    def hear(self, cues: tuple[Cue, ...]) -> None:
        """Queue what is new. The same sound several times in one change of the stack sounds once."""
        for cue in sorted(cues, key=lambda cue: cue.number):
            if cue.number <= self._played:
                continue
            self._played = cue.number
            if not self._queue or self._queue[-1] != cue.sound:
                self._queue.append(cue.sound)
        if not self._busy:
            self._next()

    def _next(self) -> None:
        self._busy = bool(self._queue)
        if self._busy:
            self._play(self._queue.popleft())
            self._later(self._gap, self._next)
