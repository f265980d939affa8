"""ESC/POS real-time status: the questions (DLE EOT n) and what the answers' bits mean.

Responsible for these few bytes. Not responsible for receipts (made elsewhere) or for the line (the device). Source:
Epson TM-U220 manual, "DLE EOT n"; the same table in Bixolon's SRP-350 command manual.
"""

from __future__ import annotations

from drivers.api import Paper, PrinterStatus, RemoteProtocolError

PRINTER, OFFLINE_CAUSE, PAPER_ROLL = 1, 2, 4
"""The questions asked, in this order."""

_FIXED_MASK, _FIXED = 0x93, 0x12  # bits 0 and 7 are always 0, bits 1 and 4 always 1
_OFFLINE = 0x08
_COVER_OPEN = 0x04
_STOPPED_BY_PAPER_END = 0x20
_ERROR = 0x40
_NEAR_END = 0x0C
_PAPER_END = 0x60


def ask(question: int) -> bytes:
    """The command."""
    return bytes((0x10, 0x04, question))


def is_status(byte: int) -> bool:
    """Whether a byte can be an answer: its fixed bits are right. XON and XOFF are not."""
    return byte & _FIXED_MASK == _FIXED


def read_status(printer: int, offline_cause: int, paper_roll: int) -> PrinterStatus:
    """Fold the three answers.

    Raises:
        RemoteProtocolError: a byte's fixed bits are wrong.
    """
    for byte in (printer, offline_cause, paper_roll):
        if not is_status(byte):
            raise RemoteProtocolError(f"0x{byte:02X} is no status byte")
    paper = Paper.LOW if paper_roll & _NEAR_END else Paper.OK
    if paper_roll & _PAPER_END or offline_cause & _STOPPED_BY_PAPER_END:
        paper = Paper.OUT
    return PrinterStatus(
        online=not printer & _OFFLINE and not offline_cause & _ERROR,
        cover_open=bool(offline_cause & _COVER_OPEN),
        paper=paper,
    )
