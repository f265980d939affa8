"""A receipt printer on a serial line, ESC/POS.

Responsible for sending finished documents and for asking how the printer is (DLE EOT, answered at once, whatever is
in its buffer). Not responsible for making receipts.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from drivers.api import DeviceError, DeviceInfo, LinkTimeout, Paper, PrinterStatus, RemoteProtocolError
from drivers.codecs import escpos_status
from drivers.devices.options import BAUD_RATES, one_of, option, seconds, text, truth, whole
from drivers.links.serial_link import SerialLink, SerialSettings
from drivers.links.trace import Trace

_CHUNK = 256
_TRIES = 3
_QUIET = 0.005
_LATE = 0.05  # what comes this late answers an earlier question
_POLL = 0.01
_QUESTIONS = (escpos_status.PRINTER, escpos_status.OFFLINE_CAUSE, escpos_status.PAPER_ROLL)
_BITS_PER_BYTE = 11


@dataclass(frozen=True, slots=True)
class PrinterOptions:
    """Options of driver "escpos_serial".

    Attributes:
        port: serial port.
        baud: as set in the printer.
        parity: "N", "E" or "O".
        columns: characters in a line, for whoever lays out receipts.
        answers_status: the printer answers DLE EOT; if not, its state is unknown and taken for good.
        answer_seconds: longest wait for the answer to one question.
    """

    port: str = option(text)
    baud: int = option(one_of(*BAUD_RATES), 9600)
    parity: str = option(one_of("N", "E", "O"), "N")
    columns: int = option(whole(16, 80), 42)
    answers_status: bool = option(truth, True)
    answer_seconds: float = option(seconds(0.05, 10), 0.5)


def can_print(status: PrinterStatus) -> bool:
    """Whether a receipt may be promised."""
    return status.online and not status.cover_open and status.paper is not Paper.OUT


class EscposPrinter:
    """One printer on one port. Blocking; used by one thread. Implements ``drivers.api.ReceiptPrinter``."""

    def __init__(self, options: PrinterOptions) -> None:
        self._options = options
        self._trace = Trace()
        self._link = SerialLink(SerialSettings(options.port, options.baud, options.parity), self._trace)

    def open(self) -> DeviceInfo:
        """Open the line and ask for the status. Raises DeviceError and leaves the port closed then."""
        self._link.open()
        try:
            self.status(monotonic() + 2 * len(_QUESTIONS) * _TRIES * self._options.answer_seconds)
        except DeviceError:
            self.close()
            raise
        return DeviceInfo("ESC/POS printer", "")

    def close(self) -> None:
        """Idempotent."""
        self._link.close()

    def status(self, deadline: float) -> PrinterStatus:
        """Ask for the status. Raises DeviceError."""
        if not self._options.answers_status:
            self._link.drain(0)
            return PrinterStatus(online=True, cover_open=False, paper=Paper.UNKNOWN)
        return escpos_status.read_status(*(self._ask(question, deadline) for question in _QUESTIONS))

    def _ask(self, question: int, deadline: float) -> int:
        """Ask one question, again if the answer is lost: asking changes nothing."""
        heard = False
        for attempt in range(_TRIES):
            self._link.drain(_LATE if attempt else _QUIET, 0.2)
            if monotonic() >= deadline:
                break
            command = escpos_status.ask(question)
            self._trace.sent(command)
            self._link.write(command)
            end = min(deadline, monotonic() + self._options.answer_seconds)
            while (now := monotonic()) < end:
                data = self._link.read(end - now)
                self._trace.received(data)
                heard = heard or bool(data)
                for byte in data:
                    if escpos_status.is_status(byte):
                        return byte
        if heard:
            raise self._trace.explain(RemoteProtocolError("bytes came, but no status"))
        raise self._trace.explain(LinkTimeout("the printer does not answer"))

    def print(self, document: bytes, deadline: float) -> PrinterStatus:
        """Send a whole document and return the status afterwards; nothing is sent to a printer that cannot print.

        Raises:
            LinkTimeout: it is not certain that the document came out.
            DeviceError: the line.
        """
        before = self.status(deadline)
        if not can_print(before):
            before = self.status(deadline)  # a byte of noise may look like a bad status: asked twice
        if not can_print(before):
            return before
        try:
            self._send(document, deadline)
        except LinkTimeout:
            after = self.status(monotonic() + len(_QUESTIONS) * self._options.answer_seconds)
            if can_print(after):
                raise
            return after  # it holds the line back because its paper ran out
        return self.status(max(deadline, monotonic() + len(_QUESTIONS) * self._options.answer_seconds))

    def _send(self, document: bytes, deadline: float) -> None:
        for start in range(0, len(document), _CHUNK):
            chunk = document[start : start + _CHUNK]
            self._trace.sent(chunk, shown=0)
            self._link.write(chunk)
            self._emptied(deadline)

    def _emptied(self, deadline: float) -> None:
        """Wait until the port has sent what it took, so that a printer holding back is noticed here."""
        while (left := self._link.unsent()) > _CHUNK:
            if monotonic() >= deadline:
                raise self._trace.explain(LinkTimeout(f"the printer takes no bytes; {left} are waiting"))
            self._link.drain(min(_POLL, left * _BITS_PER_BYTE / self._options.baud))
