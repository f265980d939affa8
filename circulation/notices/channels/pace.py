"""The time as channels are given it, and how many messages leave in a minute."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from circulation.clock import Clock

_MINUTE = 60.0
MOST_TURNS_AHEAD = 20  # a turn that is further away was given by a clock that was wrong


@dataclass(frozen=True, slots=True)
class Times:
    """What tells the time and lets it pass.

    Attributes:
        clock: date and time, as they stand in a message.
        seconds: a clock that never jumps.
        sleep: waits for so many seconds.
        shared: seconds that mean the same to every process.
    """

    clock: Clock
    seconds: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    shared: Callable[[], float] = time.time


Turns = Callable[[float, float], float]
"""Gives the next turn: now and the seconds between two turns, to when it is. Nobody else is given the same."""


def following(now: float, between: float, last: float | None) -> float:
    """When the turn after the last one is; ``last``: None = there was none."""
    soonest = last + between if last is not None else now
    return now if soonest - now > MOST_TURNS_AHEAD * between else max(now, soonest)


class OwnTurns:
    """Turns of one process that shares its way with nobody."""

    def __init__(self) -> None:
        self._last: float | None = None

    def __call__(self, now: float, between: float) -> float:
        """The next turn."""
        self._last = following(now, between, self._last)
        return self._last


class Pace:
    """Lets so many messages leave in a minute, evenly: some servers refuse whoever sends many at once."""

    def __init__(self, per_minute: int, times: Times, turns: Turns | None = None) -> None:
        self._between = _MINUTE / per_minute
        self._times = times
        self._turns = turns or OwnTurns()

    def wait(self) -> None:
        """Wait until the next message may leave."""
        now = self._times.shared()
        turn = self._turns(now, self._between)
        if turn > now:
            self._times.sleep(turn - now)
