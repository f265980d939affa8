"""The time as channels are given it, and how many messages leave in a minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from circulation.clock import Clock

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Times:
    """What tells the time and lets it pass.

    Attributes:
        clock: date and time, as they stand in a message.
        seconds: a clock that never jumps.
        sleep: waits for so many seconds.
    """

    clock: Clock
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


class Pace:
    """Lets so many messages leave in a minute, evenly: some servers refuse whoever sends many at once."""

    def __init__(self, per_minute: int, times: Times) -> None:
        self._between = _MINUTE / per_minute
        self._times = times
        self._next = times.seconds()

    def wait(self) -> None:
        """Wait until the next message may leave."""
        now = self._times.seconds()
        if now < self._next:
            self._times.sleep(self._next - now)
        self._next = max(now, self._next) + self._between
