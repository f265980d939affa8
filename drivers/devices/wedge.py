"""A barcode scanner that types like a keyboard.

Responsible for telling a scan from a person by its speed, and for the same stripping as a serial scanner. Fed key by
key by whoever owns the keyboard (the screen), with the time as a parameter. Not responsible for the keyboard itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import ScannedCode
from drivers.codecs.barcode_line import MAX_CODE, CodeRules
from drivers.devices.options import OptionsError, option, seconds, truth, whole

_ENTER = frozenset("\r\n")


@dataclass(frozen=True, slots=True)
class WedgeOptions:
    """Options of the keyboard wedge.

    Attributes:
        gap_seconds: two keys further apart than this are a person's (a scanner needs 1 to 30 ms).
        min_length: shortest code taken, in characters; less than 4 keys in a row may be a person's.
        max_length: longest code taken.
        codabar: strip the start and stop characters (A to D) of Codabar.
    """

    gap_seconds: float = option(seconds(0.005, 0.2), 0.06)
    min_length: int = option(whole(2, MAX_CODE), 4)
    max_length: int = option(whole(2, MAX_CODE), 64)
    codabar: bool = option(truth, False)

    def __post_init__(self) -> None:
        if self.min_length > self.max_length:
            raise OptionsError([("max_length", "must not be less than min_length")])


class KeyboardWedge:
    """Finds scans among keys. Pure: time is a parameter."""

    def __init__(self, options: WedgeOptions | None = None) -> None:
        options = options or WedgeOptions()
        self._gap = options.gap_seconds
        self._rules = CodeRules(options.min_length, options.max_length, options.codabar)
        self._typed = ""
        self._last = float("-inf")

    def feed(self, keys: str, now: float) -> ScannedCode | None:
        """Take what was typed at ``now`` (monotonic seconds).

        Args:
            keys: one or more characters; Enter is a line end. Other control characters end a scan without a code.
            now: when.

        Returns:
            The code a scan ends with, if this is its Enter.
        """
        if now - self._last > self._gap:
            self._typed = ""
        self._last = now
        found = None
        for key in keys:
            if key in _ENTER:
                found = self._rules.read(self._typed) or found
                self._typed = ""
            elif key.isprintable():
                self._typed = (self._typed + key)[: MAX_CODE + 1]
            else:
                self._typed = ""
        return found
