"""Guards against a double touch: of two quick touches at one place the second does nothing, whatever lies there."""

from __future__ import annotations

from math import hypot

SECONDS = 0.6
NEAR = 70.0  # pixels: about the width of a finger


class DoubleTouch:
    """Remembers where and when something was last touched."""

    def __init__(self) -> None:
        self._last = (float("-inf"), 0.0, 0.0)

    def allows(self, x: float, y: float, now: float) -> bool:
        """Whether a touch at this place (pixels) and time (monotonic seconds) is a new one."""
        then, old_x, old_y = self._last
        return now - then >= SECONDS or hypot(x - old_x, y - old_y) > NEAR

    def touched(self, x: float, y: float, now: float) -> None:
        """Something was touched here."""
        self._last = (now, x, y)
