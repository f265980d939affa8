"""The serial link on real pseudo-terminals: nothing a port does ends in anything but an error of ours."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from drivers.api import LinkBusy, LinkError, LinkLost, LinkTimeout
from drivers.links.failures import LinkAbsent, LinkForbidden
from drivers.links.serial_link import SerialLink, SerialSettings, list_ports
from drivers.links.trace import Trace, describe
from tests.drivers.wires import Wire, babbling


@pytest.fixture
def link(wire: Wire) -> Iterator[SerialLink]:
    made = SerialLink(SerialSettings(str(wire.port), 38400, "E", write_seconds=0.2))
    made.open()
    yield made
    made.close()


def test_every_byte_passes_both_ways(wire: Wire, link: SerialLink) -> None:
    every = bytes(range(256))
    link.write(every)
    assert wire.receive() == every
    wire.send(every)
    got = b""
    while len(got) < 256:
        got += link.read(2)
    assert got == every


def test_the_port_is_set_as_asked(link: SerialLink) -> None:
    port = link._port
    assert port is not None
    assert (port.baudrate, port.parity, port.bytesize, port.stopbits, port.exclusive) == (38400, "E", 8, 1, True)


def test_a_silent_line_is_no_error_and_ends_when_asked(link: SerialLink) -> None:
    start = monotonic()
    assert link.read(0.05) == b""
    assert 0.04 < monotonic() - start < 1


def test_a_port_can_be_opened_again_and_again(link: SerialLink, wire: Wire) -> None:
    for _ in range(3):
        link.open()
    wire.send(b"x")
    assert link.read(2) == b"x"


def test_a_port_in_use_is_busy(wire: Wire, link: SerialLink) -> None:
    other = SerialLink(SerialSettings(str(wire.port), 38400))
    with pytest.raises(LinkBusy):
        other.open()


def test_a_port_that_is_not_there_is_absent(tmp_path: Path) -> None:
    with pytest.raises(LinkAbsent, match="nowhere"):
        SerialLink(SerialSettings(str(tmp_path / "nowhere"), 9600)).open()


def test_a_file_is_no_port(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"")
    with pytest.raises(LinkError):
        SerialLink(SerialSettings(str(file), 9600)).open()


def test_a_port_one_may_not_open_says_so(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(LinkForbidden):
        SerialLink(SerialSettings(str(wire.port), 9600)).open()


@pytest.mark.parametrize("doing", ["read", "write", "drain", "unsent"])
def test_an_unplugged_port_is_lost_whatever_is_done(wire: Wire, link: SerialLink, doing: str) -> None:
    wire.unplug()
    calls = {
        "read": lambda: link.read(1),
        "write": lambda: link.write(b"x"),
        "drain": lambda: link.drain(1),
        "unsent": link.unsent,
    }
    with pytest.raises(LinkLost):
        calls[doing]()


def test_unplugging_ends_a_wait_at_once(wire: Wire, link: SerialLink) -> None:
    timer = threading.Timer(0.05, wire.unplug)
    timer.start()
    start = monotonic()
    with pytest.raises(LinkLost):
        link.read(30)
    timer.join()
    assert monotonic() - start < 5


def test_plugged_in_again_under_the_same_name_it_can_be_opened_again(wire: Wire, link: SerialLink) -> None:
    wire.unplug()
    with pytest.raises(LinkAbsent):
        link.open()
    wire.plug()
    link.open()
    wire.send(b"back")
    assert link.read(2) == b"back"


def test_a_port_that_takes_nothing_is_given_up(link: SerialLink) -> None:
    start = monotonic()
    with pytest.raises(LinkTimeout, match="were not sent"):
        link.write(bytes(200_000))
    assert monotonic() - start < 3


def test_a_closed_link_is_lost_and_may_be_closed_again(link: SerialLink) -> None:
    link.close()
    link.close()
    with pytest.raises(LinkLost):
        link.read(0)
    assert link.unsent() == 0


def test_draining_drops_what_comes_and_ends_with_silence(wire: Wire, link: SerialLink) -> None:
    wire.send(b"old")
    assert link.drain(0.02) == b"old"
    assert link.read(0) == b""


def test_draining_a_line_that_never_falls_silent_ends(wire: Wire, link: SerialLink) -> None:
    start = monotonic()
    with babbling(wire, b"babble"):
        link.drain(0.05, longest=0.2)
    assert monotonic() - start < 2


def test_an_error_carries_the_last_frames(wire: Wire) -> None:
    trace = Trace()
    link = SerialLink(SerialSettings(str(wire.port), 9600), trace)
    link.open()
    trace.sent(b"\x05\xff\x65")
    trace.received(b"\x01\x02\x03\x04", shown=1)
    wire.unplug()
    with pytest.raises(LinkLost) as caught:
        link.read(1)
    link.close()
    assert "-> 05 FF 65" in describe(caught.value)
    assert "<- 01 (+3 bytes)" in describe(caught.value)
    assert "02" not in describe(caught.value).split("<- 01")[1]


def test_a_trace_keeps_the_last_twenty_frames_and_hangs_them_on_once() -> None:
    trace = Trace(clock=lambda: 1.0)
    assert trace.text() == ""
    for number in range(25):
        trace.sent(bytes([number]))
    trace.received(b"")
    text = trace.text()
    assert text.count("->") == 19
    assert "-> 05;" not in text
    assert "-> 06;" in text
    assert "(nothing)" in text
    error = trace.explain(trace.explain(LinkTimeout("x")))
    assert describe(error).count("last frames") == 1


def test_ports_can_be_listed() -> None:
    assert all(name.startswith("/dev/") for name, _ in list_ports())
