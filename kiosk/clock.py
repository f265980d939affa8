"""The machine's two clocks: monotonic for time-outs, wall for dates, and whether the wall clock can be trusted.

Not trusted: it ran backwards, or is more than 5 minutes off the central service's (design 6).
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from threading import Lock
from zoneinfo import ZoneInfo

from kiosk.central.api import CentralClock
from kiosk.messages import Now

MOST_OFF = timedelta(minutes=5)
BACKWARDS = timedelta(seconds=2)  # small corrections of a time service are none


class Clock:
    """Gives the time to the core; hears the central service's time from the central client.

    Args:
        time_zone: the branch's.
    """

    def __init__(self, time_zone: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._lock = Lock()
        self._known = (time.monotonic(), datetime.now(UTC))
        self._central: CentralClock | None = None

    def heard(self, central: CentralClock) -> None:
        """Take the time that came with an answer; from then on "backwards" is counted from now."""
        with self._lock:
            self._central = central
            self._known = (time.monotonic(), datetime.now(UTC))

    def now(self) -> Now:
        """The time now."""
        monotonic, wall = time.monotonic(), datetime.now(UTC)
        return Now(monotonic, wall.astimezone(self._zone), self._is_trusted(monotonic, wall))

    def _is_trusted(self, monotonic: float, wall: datetime) -> bool:
        with self._lock:
            central, (known_monotonic, known_wall) = self._central, self._known
        if wall < known_wall + timedelta(seconds=monotonic - known_monotonic) - BACKWARDS:
            return False
        if central is None:
            return True
        expected = central.time + timedelta(seconds=monotonic - central.received)
        return abs(wall - expected) <= MOST_OFF
