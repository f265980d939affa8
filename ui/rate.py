"""How often the screen looks for changes: seldom while nobody is there, at full rate from the first touch on.

Pure: the clock's rate is set by a callback. Not responsible for noticing a touch (app).
"""

from __future__ import annotations

from collections.abc import Callable

FULL = 60
IDLE = 12  # a first touch is seen after 83 ms at the latest
QUIET_SECONDS = 10.0


class FrameRate:
    """Chooses between two rates.

    Args:
        set_rate: sets the greatest number of frames a second.
    """

    def __init__(self, set_rate: Callable[[int], None]) -> None:
        self._set = set_rate
        self._rate = 0
        self._last = 0.0
        self._may_rest = False
        self._apply(FULL)

    @property
    def rate(self) -> int:
        """Frames a second now."""
        return self._rate

    def stirred(self, now: float) -> None:
        """Something was touched, typed or newly shown at ``now`` (monotonic seconds)."""
        self._last = now
        self._apply(FULL)

    def may_rest(self, resting: bool) -> None:
        """Whether the screen shown is one that waits for a person."""
        self._may_rest = resting
        if not resting:
            self._apply(FULL)

    def look(self, now: float) -> None:
        """Fall to the low rate if nothing stirred for a while."""
        if self._may_rest and now - self._last >= QUIET_SECONDS:
            self._apply(IDLE)

    def _apply(self, rate: int) -> None:
        if rate != self._rate:
            self._rate = rate
            self._set(rate)
