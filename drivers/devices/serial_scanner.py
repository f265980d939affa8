"""A barcode scanner on a serial line (RS-232 or USB set to a virtual port).

Responsible for where a code ends: by its suffix, or by silence. Not responsible for what it means. A scanner sends
when it likes and answers nothing, so opening the port is all the identification there is.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from time import monotonic

from drivers.api import DeviceInfo, ScannedCode
from drivers.codecs.barcode_line import MAX_CODE, CodeRules, LineDecoder, Message
from drivers.devices.options import BAUD_RATES, OptionsError, one_of, option, seconds, text, truth, whole
from drivers.links.serial_link import SerialLink, SerialSettings

_LONGEST_SCAN = 1.0  # seconds; 64 characters at 4800 baud take 0.15


@dataclass(frozen=True, slots=True)
class ScannerOptions:
    """Options of driver "serial_scanner".

    Attributes:
        port: serial port.
        baud: as set in the scanner; virtual ports ignore it.
        parity: "N", "E" or "O".
        silence_seconds: a code without suffix ends with this silence.
        min_length: shortest code taken, in characters.
        max_length: longest code taken.
        codabar: strip the start and stop characters (A to D) of Codabar.
    """

    port: str = option(text)
    baud: int = option(one_of(*BAUD_RATES), 9600)
    parity: str = option(one_of("N", "E", "O"), "N")
    silence_seconds: float = option(seconds(0.05, 1), 0.08)
    min_length: int = option(whole(1, MAX_CODE), 1)
    max_length: int = option(whole(1, MAX_CODE), 64)
    codabar: bool = option(truth, False)

    def __post_init__(self) -> None:
        if self.min_length > self.max_length:
            raise OptionsError([("max_length", "must not be less than min_length")])


class SerialScanner:
    """One scanner on one port. Blocking; used by one thread. Implements ``drivers.api.BarcodeScanner``."""

    def __init__(self, options: ScannerOptions) -> None:
        self._silence = options.silence_seconds
        self._link = SerialLink(SerialSettings(options.port, options.baud, options.parity))
        self._rules = CodeRules(options.min_length, options.max_length, options.codabar)
        self._decoder = LineDecoder(self._rules)
        self._codes: deque[ScannedCode] = deque()

    def open(self) -> DeviceInfo:
        """Open the port. Raises DeviceError."""
        self._decoder = LineDecoder(self._rules)
        self._link.open()
        return DeviceInfo("serial scanner", "")

    def close(self) -> None:
        """Idempotent."""
        self._link.close()

    def wait(self, timeout: float) -> ScannedCode | None:
        """Wait up to ``timeout`` seconds for a scan to begin, then for its end. Raises DeviceError.

        A line that never falls silent is no scan: it is listened to for a second more at most.
        """
        end = monotonic() + timeout
        while not self._codes:
            left = end - monotonic()
            if left <= (-_LONGEST_SCAN if self._decoder.pending else 0):
                return None
            data = self._link.read(self._silence if self._decoder.pending else left)
            self._take(self._decoder.feed(data) if data else self._decoder.silence())
            if not data and not self._codes:
                return None
        return self._codes.popleft()

    def _take(self, messages: list[Message]) -> None:
        self._codes += [message for message in messages if isinstance(message, ScannedCode)]
