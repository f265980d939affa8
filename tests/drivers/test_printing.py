"""The receipt printer's line: status bytes, and a scripted printer on a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import LinkLost, LinkTimeout, Paper, PrinterStatus, RemoteProtocolError
from drivers.codecs import escpos_status
from drivers.devices.escpos_printer import EscposPrinter, PrinterOptions, can_print
from drivers.links.trace import describe
from tests.drivers.wires import WirePeer

FINE = PrinterStatus(online=True, cover_open=False, paper=Paper.OK)


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ("16 12 12", FINE),  # drawer pin high is nothing to us
        ("12 12 12", FINE),
        ("1A 16 12", PrinterStatus(online=False, cover_open=True, paper=Paper.OK)),
        ("1A 32 72", PrinterStatus(online=False, cover_open=False, paper=Paper.OUT)),
        ("12 32 12", PrinterStatus(online=True, cover_open=False, paper=Paper.OUT)),
        ("12 12 1E", PrinterStatus(online=True, cover_open=False, paper=Paper.LOW)),
        ("12 52 12", PrinterStatus(online=False, cover_open=False, paper=Paper.OK)),
    ],
)
def test_status_bits_mean_what_epsons_manual_says(answers: str, status: PrinterStatus) -> None:
    assert escpos_status.read_status(*bytes.fromhex(answers)) == status


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_any_three_bytes_are_a_status_or_an_error_of_ours(answers: tuple[int, int, int]) -> None:
    try:
        status = escpos_status.read_status(*answers)
    except RemoteProtocolError:
        return
    assert isinstance(can_print(status), bool)


class Printer(WirePeer):
    """Answers DLE EOT and keeps the rest. ``deaf``: so many questions are not answered first."""

    def __init__(self, folder: Path) -> None:
        self.answers = {1: b"\x12", 2: b"\x12", 4: b"\x12"}
        self.deaf = 0
        self.paper = b""
        super().__init__(folder)

    def _hear(self, buffer: bytes) -> bytes:
        while (start := buffer.find(b"\x10\x04")) >= 0 and len(buffer) > start + 2:
            question = buffer[start + 2]
            buffer = buffer[:start] + buffer[start + 3 :]
            if self.deaf:
                self.deaf -= 1
            else:
                self.wire.send(self.answers[question])
        keep = 2 if b"\x10" in buffer[-2:] else 0
        self.paper += buffer[: len(buffer) - keep]
        return buffer[len(buffer) - keep :]


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Printer]:
    with Printer(tmp_path) as made:
        yield made


@pytest.fixture
def printer(peer: Printer) -> Iterator[EscposPrinter]:
    made = EscposPrinter(PrinterOptions(str(peer.wire.port), baud=115200, answer_seconds=0.1))
    made.open()
    yield made
    made.close()


def _soon(seconds: float = 5.0) -> float:
    return monotonic() + seconds


def test_a_whole_document_goes_out_and_the_status_comes_back(peer: Printer, printer: EscposPrinter) -> None:
    document = bytes(range(0x20, 0x80)) * 30
    assert printer.print(document, _soon()) == FINE
    assert peer.paper == document


@pytest.mark.parametrize(
    ("question", "answer"), [(4, b"\x72"), (2, b"\x16"), (1, b"\x1a")], ids=["no paper", "cover", "offline"]
)
def test_a_printer_that_cannot_print_gets_no_document(
    peer: Printer, printer: EscposPrinter, question: int, answer: bytes
) -> None:
    peer.answers[question] = answer
    assert not can_print(printer.print(b"receipt", _soon()))
    assert peer.paper == b""


def test_a_lost_answer_is_asked_for_again(peer: Printer, printer: EscposPrinter) -> None:
    peer.deaf = 2
    assert printer.status(_soon()) == FINE


def test_a_printer_that_is_switched_off_is_silent_and_its_port_is_left_free(peer: Printer) -> None:
    peer.deaf = 100
    options = PrinterOptions(str(peer.wire.port), answer_seconds=0.05)
    with pytest.raises(LinkTimeout, match="does not answer"):
        EscposPrinter(options).open()
    peer.deaf = 0
    again = EscposPrinter(options)
    assert again.open().model == "ESC/POS printer"
    again.close()


def test_bytes_that_are_no_status_are_not_the_protocol(peer: Printer, printer: EscposPrinter) -> None:
    peer.answers[1] = b"\x00\xff"
    with pytest.raises(RemoteProtocolError, match="no status"):
        printer.status(_soon())


def test_noise_before_the_status_is_passed_over(peer: Printer, printer: EscposPrinter) -> None:
    peer.answers[1] = b"\x00\x11\x13\xff\x12"
    assert printer.status(_soon()) == FINE


def test_one_false_status_byte_does_not_keep_a_receipt_back(peer: Printer, printer: EscposPrinter) -> None:
    """A byte of noise has the right fixed bits once in sixteen times."""
    peer.answers = _Once({**peer.answers, 4: b"\x72"}, 4, b"\x12")
    assert printer.print(b"receipt", _soon()) == FINE
    assert peer.paper == b"receipt"


class _Once(dict[int, bytes]):
    """Gives a question's first answer once, then another."""

    def __init__(self, first: dict[int, bytes], question: int, then: bytes) -> None:
        super().__init__(first)
        self._question, self._then = question, then

    def __getitem__(self, question: int) -> bytes:
        answer = super().__getitem__(question)
        if question == self._question:
            self[question] = self._then
        return answer


def test_a_printer_without_status_is_taken_for_good(peer: Printer) -> None:
    peer.deaf = 100
    printer = EscposPrinter(PrinterOptions(str(peer.wire.port), answers_status=False))
    printer.open()
    assert printer.print(b"receipt", _soon()).paper is Paper.UNKNOWN
    printer.close()


def test_a_printer_that_takes_no_bytes_is_asked_why(peer: Printer) -> None:
    printer = EscposPrinter(PrinterOptions(str(peer.wire.port), answer_seconds=0.1))
    printer.open()

    def full() -> int:
        peer.answers[4] = b"\x72"
        return 4096

    printer._link.unsent = full  # type: ignore[method-assign]  # a pseudo-terminal never holds bytes back
    assert printer.print(b"receipt", _soon(0.3)).paper is Paper.OUT
    peer.answers[4] = b"\x12"
    printer._link.unsent = lambda: 4096  # type: ignore[method-assign]
    with pytest.raises(LinkTimeout, match="takes no bytes"):
        printer.print(b"receipt", _soon(0.3))
    printer.close()


def test_an_unplugged_printer_is_lost(peer: Printer, printer: EscposPrinter) -> None:
    peer.wire.unplug()
    with pytest.raises(LinkLost):
        printer.print(b"receipt", _soon())


def test_nothing_of_a_receipt_is_in_an_error(peer: Printer, printer: EscposPrinter) -> None:
    printer.print(b"Ada Lovelace", _soon())
    peer.wire.unplug()
    with pytest.raises(LinkLost) as caught:
        printer.status(_soon())
    assert b"Ada".hex(" ").upper() not in describe(caught.value)
