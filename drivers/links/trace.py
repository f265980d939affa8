"""The last frames of a line, kept to be printed with the next error.

Field logs are useful this way without a debug switch. Not responsible for deciding what is personal: whoever notes a
frame says how much of it may be shown (card identifiers, scanned codes and tag memory never are).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from drivers.api import DeviceError

KEPT = 20
_SHOWN_AT_MOST = 48

E = TypeVar("E", bound=DeviceError)


class Trace:
    """A ring of the last frames. Used by one thread."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._frames: deque[tuple[float, str]] = deque(maxlen=KEPT)

    def sent(self, data: bytes, shown: int | None = None) -> None:
        """Note bytes that went out; only the first ``shown`` may be printed."""
        self._note("->", data, shown)

    def received(self, data: bytes, shown: int | None = None) -> None:
        """Note bytes that came in; only the first ``shown`` may be printed."""
        self._note("<-", data, shown)

    def _note(self, arrow: str, data: bytes, shown: int | None) -> None:
        end = min(_SHOWN_AT_MOST, len(data) if shown is None else shown)
        hidden = len(data) - len(data[:end])
        text = " ".join(part for part in (data[:end].hex(" ").upper(), f"(+{hidden} bytes)" if hidden else "") if part)
        self._frames.append((self._clock(), f"{arrow} {text or '(nothing)'}"))

    def text(self) -> str:
        """The frames, oldest first, with their age in milliseconds; "" if there are none."""
        now = self._clock()
        return "; ".join(f"{(at - now) * 1000:.0f} ms {frame}" for at, frame in self._frames)

    def explain(self, error: E) -> E:
        """Hang the frames onto an error, once."""
        frames = self.text()
        if frames and not getattr(error, "__notes__", None):
            error.add_note(f"last frames: {frames}")
        return error


def describe(error: BaseException) -> str:
    """An error with what hangs on it, on one line."""
    text = str(error) or type(error).__name__
    return " | ".join([text, *getattr(error, "__notes__", [])])
