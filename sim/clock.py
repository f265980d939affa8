"""Whether physics takes its time. Faults that wait always wait really; they are not physics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clock:
    """``real``: air and line take as long as they take; else they are only counted (ledger)."""

    real: bool = True

    def wait(self, physics: float) -> float:
        """Seconds to wait for what physically takes ``physics`` seconds."""
        return physics if self.real else 0.0
