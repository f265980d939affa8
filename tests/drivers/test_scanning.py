"""Scanned codes: from a serial line, and from a scanner that types."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import LinkLost, ScannedCode
from drivers.codecs.barcode_line import MAX_CODE, CodeRules, Garbage, LineDecoder
from drivers.devices.serial_scanner import ScannerOptions, SerialScanner
from drivers.devices.wedge import KeyboardWedge, WedgeOptions
from tests.drivers.wires import Wire, babbling

CODE = b"20000000000014"


def _decode(data: bytes, **rules: object) -> list[tuple[str, str | None]]:
    decoder = LineDecoder(CodeRules(**rules))  # type: ignore[arg-type]  # rules of several types
    found = [*decoder.feed(data), *decoder.silence()]
    return [(message.text, message.symbology) for message in found if isinstance(message, ScannedCode)]


@pytest.mark.parametrize(
    "line",
    [CODE + b"\r", CODE + b"\n", CODE + b"\r\n", CODE, b"\x02" + CODE + b"\x03", b"junk\x02" + CODE + b"\x03\r\n"],
)
def test_a_code_ends_with_its_suffix_or_with_silence(line: bytes) -> None:
    assert _decode(line) == [(CODE.decode(), None)]


@pytest.mark.parametrize(
    ("line", "text", "symbology"),
    [
        (b"]C0ABC", "ABC", "C"),
        (b"]A1*12*", "*12*", "A"),
        (b"]F0A123B", "A123B", "F"),
        (b"]E04006381333931", "4006381333931", "E"),
        (b"]Q1http", "http", "Q"),
        (b"]C", "]C", None),
        (b" 12 ", "12", None),
        ("Ä1".encode(), "Ä1", None),
    ],
)
def test_an_aim_identifier_is_noted_and_stripped(line: bytes, text: str, symbology: str | None) -> None:
    assert _decode(line + b"\r") == [(text, symbology)]


@pytest.mark.parametrize("line", [b"A20000000000014B", b"a20000000000014d", b"]F0A20000000000014A"])
def test_codabar_frames_are_stripped_where_the_site_says_so(line: bytes) -> None:
    assert _decode(line + b"\r", codabar=True)[0][0] == "20000000000014"
    assert _decode(line + b"\r")[0][0] != "20000000000014"


def test_another_symbology_keeps_its_letters_even_there() -> None:
    assert _decode(b"]C0A1234B\r", codabar=True) == [("A1234B", "C")]
    assert _decode(b"1234B\r", codabar=True) == [("1234B", None)]


@pytest.mark.parametrize("line", [b"123", b"1234567", b"\xff\xfe12", b"12\x0034", b"12\x7f4"])
def test_what_is_no_code_is_garbage_and_its_repr_tells_nothing(line: bytes) -> None:
    decoder = LineDecoder(CodeRules(min_length=4, max_length=6))
    (message,) = decoder.feed(line + b"\r")
    assert isinstance(message, Garbage)
    assert message.data == line
    assert "12" not in repr(message)


def test_lengths_that_make_no_sense_are_refused() -> None:
    for low, high in ((0, 5), (6, 5), (1, MAX_CODE + 1)):
        with pytest.raises(ValueError, match="code lengths"):
            CodeRules(low, high)


def test_a_code_is_found_whatever_pieces_it_comes_in() -> None:
    line = b"\x02]C0" + CODE + b"\x03\r\n"
    for cut in range(len(line) + 1):
        decoder = LineDecoder(CodeRules())
        found = [*decoder.feed(line[:cut]), *decoder.feed(line[cut:])]
        assert found == [ScannedCode(CODE.decode(), "C")], cut


@given(st.lists(st.binary(max_size=700), max_size=10))
def test_any_bytes_are_codes_or_garbage_and_the_buffer_stays_bounded(pieces: list[bytes]) -> None:
    decoder = LineDecoder(CodeRules())
    for piece in pieces:
        for message in decoder.feed(piece):
            assert isinstance(message, ScannedCode | Garbage)
        assert decoder.pending <= MAX_CODE
    decoder.silence()
    assert decoder.feed(CODE + b"\r")[-1:] == [ScannedCode(CODE.decode())]


# --- a scanner on a line ----------------------------------------------------------------------------------------------


@pytest.fixture
def scanner(wire: Wire) -> Iterator[SerialScanner]:
    made = SerialScanner(ScannerOptions(str(wire.port)))
    assert made.open().model == "serial scanner"
    yield made
    made.close()


def test_nothing_scanned_is_nothing(scanner: SerialScanner) -> None:
    assert scanner.wait(0.02) is None


def test_a_code_without_suffix_ends_with_silence(scanner: SerialScanner, wire: Wire) -> None:
    wire.send(CODE)
    assert scanner.wait(1) == ScannedCode(CODE.decode())


def test_a_code_that_begins_just_before_the_wait_ends_is_not_cut(scanner: SerialScanner, wire: Wire) -> None:
    wire.send(CODE[:7])
    rest = threading.Timer(0.03, wire.send, [CODE[7:] + b"\r"])
    rest.start()
    assert scanner.wait(0.01) == ScannedCode(CODE.decode())
    rest.join()


def test_two_codes_at_once_are_two_scans(scanner: SerialScanner, wire: Wire) -> None:
    wire.send(b"111\r222\r")
    assert [scanner.wait(1), scanner.wait(0)] == [ScannedCode("111"), ScannedCode("222")]


def test_a_line_that_never_falls_silent_does_not_hold_the_worker(scanner: SerialScanner, wire: Wire) -> None:
    start = monotonic()
    with babbling(wire, b"\xff"):
        assert scanner.wait(0.05) is None
    assert monotonic() - start < 3


def test_an_unplugged_scanner_is_lost(scanner: SerialScanner, wire: Wire) -> None:
    wire.unplug()
    with pytest.raises(LinkLost):
        scanner.wait(1)


# --- a scanner that types ---------------------------------------------------------------------------------------------


def _typed(wedge: KeyboardWedge, text: str, gap: float, start: float = 10.0) -> list[ScannedCode | None]:
    return [wedge.feed(key, start + index * gap) for index, key in enumerate(text)]


def test_keys_faster_than_a_person_ending_with_enter_are_a_scan() -> None:
    assert _typed(KeyboardWedge(), "20000000000014\n", 0.01)[-1] == ScannedCode("20000000000014")
    assert _typed(KeyboardWedge(), "]F0A123456B\r", 0.03)[-1] == ScannedCode("A123456B", "F")


def test_a_scan_may_come_in_one_piece_or_in_several() -> None:
    wedge = KeyboardWedge()
    assert wedge.feed("2000000", 1.0) is None
    assert wedge.feed("0000014\n", 1.02) == ScannedCode("20000000000014")


def test_a_persons_keys_are_no_scan() -> None:
    assert not any(_typed(KeyboardWedge(), "20000000000014\n", 0.15))


def test_a_persons_key_before_a_scan_is_not_part_of_it() -> None:
    wedge = KeyboardWedge()
    wedge.feed("9", 1.0)
    assert _typed(wedge, "20000000000014\n", 0.005, start=2.0)[-1] == ScannedCode("20000000000014")


@pytest.mark.parametrize("text", ["12\n", "\n", "12\x1b34\n", "1" * 65 + "\n", "1" * 2000 + "\n"])
def test_too_short_too_long_or_broken_off_is_no_scan(text: str) -> None:
    assert not any(_typed(KeyboardWedge(), text, 0.001))


def test_two_scans_in_a_row_are_two() -> None:
    found = _typed(KeyboardWedge(WedgeOptions(codabar=True)), "A1234B\nA5678B\n", 0.01)
    assert [code.text for code in found if code] == ["1234", "5678"]


@given(st.lists(st.tuples(st.text(max_size=5), st.floats(0, 1)), max_size=30))
def test_any_keys_end_in_a_code_or_in_nothing(keys: list[tuple[str, float]]) -> None:
    wedge, now = KeyboardWedge(), 0.0
    for text, gap in keys:
        now += gap
        code = wedge.feed(text, now)
        assert code is None or 4 <= len(code.text) <= 64
