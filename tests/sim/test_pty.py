"""Real ports, opened with pyserial as the machine does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from sim.clock import Clock
from tests.sim.running import Running
from tests.sim.vectors import hexed
from tests.waiting import wait_for

PING = hexed("feig-built-baud")
INVENTORY = hexed("feig-built-inv")
PONG = bytes.fromhex("06 00 52 00 FC A8")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path / "state", clock=Clock(real=False)) as simulator:
        yield simulator


def pad(running: Running, timeout: float = 2.0, baud: int = 38400) -> serial.Serial:
    return serial.Serial(running.link("pad"), baud, parity=serial.PARITY_EVEN, timeout=timeout)


def ask(port: serial.Serial, request: bytes = PING, size: int = len(PONG)) -> bytes:
    port.write(request)
    return bytes(port.read(size))


def broken(port: serial.Serial, request: bytes) -> bool:
    """Whether the port breaks while something is asked."""
    try:
        for _ in range(3):
            ask(port, request, 1)
    except OSError:  # pyserial's own error is one
        return True
    return False


def test_the_reader_answers_on_its_port(running: Running) -> None:
    with pad(running) as port:
        assert ask(port) == PONG


def test_a_port_is_opened_with_parity_again_and_again(running: Running) -> None:
    for _ in range(3):
        with pad(running) as port:
            assert ask(port) == PONG


def test_at_the_wrong_speed_nothing_is_understood(running: Running) -> None:
    with pad(running, timeout=0.2, baud=9600) as port:
        assert ask(port) == b""
    assert running.do("log")["wrong_speed_bytes"]["pad"] == len(PING)


def test_on_the_real_clock_an_answer_takes_its_time_and_on_the_virtual_one_it_is_only_counted(tmp_path: Path) -> None:
    for real in (True, False):
        with Running(tmp_path / str(real), clock=Clock(real=real)) as simulator, pad(simulator) as port:
            simulator.do("put 30000000000014")
            started = time.monotonic()
            assert len(ask(port, INVENTORY, 17)) == 17
            passed = time.monotonic() - started
            counted = simulator.do("log")["devices"]["pad"]["inventory"]
            physics = counted["air_seconds"] + counted["line_seconds"]
            assert physics == pytest.approx(0.0139 + 0.0040472 + 24 * 11 / 38400, abs=2e-6)
            assert (passed >= physics) is real


def test_an_unplugged_port_is_gone_and_comes_back_under_the_same_name(running: Running) -> None:
    with pad(running) as port:
        assert ask(port) == PONG
        running.do("unplug pad")
        assert broken(port, PING)
    with pytest.raises(serial.SerialException):
        pad(running)
    running.do("plug pad")
    with pad(running) as port:
        assert ask(port) == PONG


def test_unplugged_during_a_write_the_tag_is_written_and_the_port_is_gone(running: Running) -> None:
    running.do("put 30000000000014")
    running.do("fault pad unplug_during on write_afi next 1")
    with pad(running) as port:
        assert ask(port) == PONG
        assert broken(port, hexed("feig-built-afiC2"))
    assert running.do("show")["pad"][0]["security"] == "disarmed"
    assert not running.do("show")["plugged"]["pad"]
    running.do("heal pad")
    assert running.do("show")["plugged"]["pad"]


def test_a_mute_reader_neither_answers_nor_acts(running: Running) -> None:
    running.do("put 30000000000014")
    running.do("fault pad mute on write_afi next 1")
    with pad(running, timeout=0.15) as port:
        assert ask(port, hexed("feig-built-afiC2")) == b""
    assert running.do("show")["pad"][0]["security"] == "armed"


def test_a_lost_answer_belongs_to_a_write_that_was_done(running: Running) -> None:
    running.do("put 30000000000014")
    running.do("fault pad answer_lost on write_afi next 1")
    with pad(running, timeout=0.15) as port:
        assert ask(port, hexed("feig-built-afiC2")) == b""
    assert running.do("show")["pad"][0]["security"] == "disarmed"


def test_a_delayed_answer_comes_later_also_on_the_virtual_clock(running: Running) -> None:
    running.do("fault pad delay 150 next 1")
    with pad(running) as port:
        started = time.monotonic()
        assert ask(port) == PONG
        assert time.monotonic() - started >= 0.15


def test_a_split_answer_comes_whole_in_pieces(running: Running) -> None:
    running.do("fault pad split 1 20 next 1")
    with pad(running) as port:
        port.write(PING)
        assert port.read(1) == PONG[:1]
        assert port.in_waiting < len(PONG) - 1
        assert port.read(len(PONG) - 1) == PONG[1:]


def test_a_late_reply_comes_after_the_next_request(running: Running) -> None:
    running.do("fault pad late_reply next 1")
    with pad(running) as port:
        port.write(INVENTORY)
        wait_for(lambda: running.do("log")["devices"].get("pad"), what="the first request")
        port.write(PING)
        assert port.read(12) == hexed("feig-built-rsp-notag") + PONG


@pytest.mark.parametrize(("fault", "expected"), [
    ("echo", PING + PONG), ("reply_twice", PONG + PONG), ("truncate 4", PONG[:4]), ("truncate", PONG[:3]),
    ("bad_crc", PONG[:-1] + bytes([PONG[-1] ^ 0xFF])),
])  # fmt: skip
def test_a_disturbed_line_shows_what_the_fault_says(running: Running, fault: str, expected: Any) -> None:
    running.do(f"fault pad {fault} next 1")
    with pad(running) as port:
        assert ask(port, size=len(expected)) == expected
        assert ask(port) == PONG


def test_noise_comes_before_and_garble_inside_the_answer(running: Running) -> None:
    with pad(running) as port:
        running.do("fault pad noise 3 next 1")
        answer = ask(port, size=len(PONG) + 3)
        assert answer[3:] == PONG
        running.do("fault pad garble 0.1 next 1")
        answer = ask(port)
        assert answer != PONG
        assert len(answer) == len(PONG)


def test_a_scanned_code_arrives_with_its_suffix_and_a_label_is_scanned_by_name(running: Running) -> None:
    with serial.Serial(running.link("scanner"), 9600, timeout=2) as port:
        running.do("scan 30000000000014")
        assert port.read(15) == b"30000000000014\r"
        running.do("scan @ada")
        assert port.read(15) == b"20000000000014\r"
        port.write(b"set-up bytes are ignored")
        wait_for(lambda: running.simulator.scanner.ignored == 24)


@pytest.mark.parametrize(("fault", "expected"), [
    ("mute", b""), ("reply_twice", b"123\r123\r"), ("truncate 2", b"12"), ("split 1 5", b"123\r"),
    ("delay 50", b"123\r"),
])  # fmt: skip
def test_a_scanner_fails_as_the_fault_says(running: Running, fault: str, expected: Any) -> None:
    running.do(f"fault scanner {fault} next 1")
    with serial.Serial(running.link("scanner"), 9600, timeout=1) as port:
        running.do("scan 123")
        assert port.read(len(expected)) == expected
        running.do("scan 456")
        assert port.read(4) == b"456\r"


def test_a_scanner_misreads_and_says_rubbish_before_a_code(running: Running) -> None:
    with serial.Serial(running.link("scanner"), 9600, timeout=1) as port:
        running.do("fault scanner garble 0.1 next 1")
        running.do("scan 123")
        wrong = port.read(4)
        assert len(wrong) == 4
        assert wrong != b"123\r"
        running.do("fault scanner noise 2 next 1")
        running.do("scan 123")
        assert port.read(6)[2:] == b"123\r"
        running.do("unplug scanner")
        with pytest.raises((serial.SerialException, OSError)):
            port.read(1)


def test_the_printer_tells_its_state_and_prints_when_it_has_paper_again(running: Running) -> None:
    with serial.Serial(running.link("printer"), 38400, timeout=1) as port:
        assert ask(port, b"\x10\x04\x04", 1) == b"\x12"
        running.do("fault printer paper_out")
        assert ask(port, b"\x10\x04\x04", 1) == b"\x7e"
        assert ask(port, b"\x10\x04\x01", 1) == b"\x1a"
        port.write(b"A receipt\n\x1dV\x00")
        assert ask(port, b"\x10\x04\x02", 1) == b"\x32"
        assert running.do("printed")["receipts"] == []
        running.do("heal printer")
        assert running.do("printed")["receipts"] == [["A receipt"]]


@pytest.mark.parametrize(("fault", "expected"), [
    ("mute on status", b""), ("answer_lost", b""), ("reply_twice", b"\x12\x12"), ("echo", b"\x10\x04\x01\x12"),
    ("delay 50", b"\x12"), ("late_reply", b""),
])  # fmt: skip
def test_a_printer_fails_as_the_fault_says(running: Running, fault: str, expected: Any) -> None:
    running.do(f"fault printer {fault} next 1")
    with serial.Serial(running.link("printer"), 38400, timeout=0.3) as port:
        port.write(b"\x10\x04\x01")
        assert port.read(len(expected) or 1) == expected


def test_a_printer_garbles_and_is_unplugged_during_its_answer(running: Running) -> None:
    with serial.Serial(running.link("printer"), 38400, timeout=1) as port:
        running.do("fault printer garble 1.0 next 1")
        assert ask(port, b"\x10\x04\x01", 1) != b"\x12"
        running.do("fault printer unplug_during next 1")
        assert broken(port, b"\x10\x04\x01")
    running.do("plug printer")
    with serial.Serial(running.link("printer"), 38400, timeout=1) as port:
        assert ask(port, b"\x10\x04\x01", 1) == b"\x12"


def test_a_wedged_port_loses_bytes_and_does_not_stop_the_simulator(running: Running) -> None:
    for _ in range(4):
        running.do("scan " + "7" * 3900)
    wait_for(lambda: running.simulator.ports["scanner"].wire.lost > 0)
    assert running.do("show")
