"""Whether the pad's antenna is at work, judged by the simulator's count of commands. Pure.

Not responsible for asking (remote).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

HOLDS = 1.0  # seconds without a command after which it counts as off; a machine at rest asks more often


@dataclass(frozen=True, slots=True)
class Antenna:
    """Whether the pad's reader is asked for anything, judged by how often it was so far.

    Attributes:
        asked: number of commands at the last look, None before the first.
        until: when it counts as off, seconds of the caller's clock; one more command moves that on.
    """

    asked: int | None = None
    until: float = -inf

    def seen(self, log: Mapping[str, Any], now: float) -> Antenna:
        """After a look at the log. A smaller number is a new count, not a command."""
        asked = sum(command["count"] for command in log["devices"].get("pad", {}).values())
        more = self.asked is not None and asked > self.asked
        return Antenna(asked, now + HOLDS if more else self.until)

    def on(self, now: float) -> bool:
        """Whether it was asked a moment ago."""
        return now < self.until
