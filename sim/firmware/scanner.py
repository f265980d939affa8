"""A serial barcode scanner: says what it read, with a prefix and a suffix. Pure.

It speaks only; what is sent to it is counted and ignored, as a scanner outside its set-up mode does.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.faults import Reply

BITS_PER_BYTE = 10  # 8N1
MOST_CHARACTERS = 4000


@dataclass(frozen=True, slots=True)
class Settings:
    """``prefix`` (an AIM identifier, for example) and ``suffix`` around each code; ``baud`` in bits per second."""

    prefix: str = ""
    suffix: str = "\r"
    baud: int = 9600
    line_time: bool = True


class Scanner:
    """One scanner."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.ignored = 0

    def feed(self, data: bytes) -> list[Reply]:
        """Bytes were sent to the scanner: it says nothing."""
        self.ignored += len(data)
        return []

    def scan(self, code: str) -> Reply:
        """A code was held before the scanner. Raises ValueError if it is empty, too long or not Latin-1."""
        if not code or len(code) > MOST_CHARACTERS:
            raise ValueError(f"a code has 1 to {MOST_CHARACTERS} characters, not {len(code)}")
        settings = self._settings
        try:
            data = (settings.prefix + code + settings.suffix).encode("latin-1")
        except UnicodeEncodeError as error:
            raise ValueError("a scanner sends Latin-1 only") from error
        return Reply(len(data) * BITS_PER_BYTE / settings.baud if settings.line_time else 0.0, data, "scan")
