"""What the devices were asked, how often, and how long it took. Numbers only: no data, no card."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

RECENT = 200


@dataclass(slots=True)
class Line:
    """Sum of one command: ``air`` and ``line`` in seconds."""

    count: int = 0
    air: float = 0.0
    line: float = 0.0


class Ledger:
    """Sums by device and command since the last reset."""

    def __init__(self) -> None:
        self._sums: dict[str, dict[str, Line]] = {}
        self._recent: deque[str] = deque(maxlen=RECENT)

    def note(self, device: str, command: str, status: int = 0, air: float = 0.0, line: float = 0.0) -> None:
        """A command was carried out."""
        found = self._sums.setdefault(device, {}).setdefault(command, Line())
        found.count += 1
        found.air += air
        found.line += line
        self._recent.append(f"{device} {command} {status:02X}")

    def reset(self) -> None:
        """Begin again at nothing."""
        self._sums.clear()
        self._recent.clear()

    def as_plain(self) -> dict[str, object]:
        """For JSON: seconds with microseconds."""
        devices = {
            device: {
                name: {"count": line.count, "air_seconds": round(line.air, 6), "line_seconds": round(line.line, 6)}
                for name, line in lines.items()
            }
            for device, lines in self._sums.items()
        }
        return {"devices": devices, "recent": list(self._recent)}
