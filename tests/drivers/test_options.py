"""Options, the table of drivers, and the short look for staff."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import api as d
from drivers.devices.options import OptionsError
from drivers.devices.probe import list_devices, probe, read_tags
from drivers.devices.reasons import FAULT, reason_of
from drivers.devices.registry import DRIVERS, check_options
from drivers.links.failures import LinkAbsent, LinkForbidden, ServiceAbsent
from drivers.worker import WORKERS, make_worker
from tests.drivers.feig_peer import FeigPeer, Tag
from tests.drivers.test_printing import Printer
from tests.vectors import vectors

LEAST = {
    "feig_iso_host": {"port": "/dev/x"},
    "pcsc": {"reader": "ACS"},
    "serial_scanner": {"port": "/dev/x"},
    "escpos_serial": {"port": "/dev/x"},
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_must_be_given_is_enough(driver: str) -> None:
    assert check_options(driver, LEAST[driver]) == []
    worker = make_worker("a", driver, LEAST[driver], lambda _: None)
    assert isinstance(worker, WORKERS[DRIVERS[driver].section])
    worker.stop()


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_is_missing_is_named(driver: str) -> None:
    assert check_options(driver, {}) == [(key, "is missing") for key in LEAST[driver]]


def test_every_mistake_is_found_at_once_each_with_its_key() -> None:
    given_ = {
        "port": "",
        "baud": 1234,
        "frames": "both",
        "address": 256,
        "security": "eas",
        "afi_armed": "07",
        "afi_disarmed": True,
        "answer_seconds": 0,
        "baudrate": 9600,
    }
    problems = dict(check_options("feig_iso_host", given_))
    assert problems.keys() == given_.keys()
    assert problems["baud"] == "must be one of 4800, 9600, 19200, 38400, 57600, 115200"
    assert "there is no such setting" in problems["baudrate"]
    with pytest.raises(OptionsError) as caught:
        DRIVERS["feig_iso_host"](given_, "pad")
    assert dict(caught.value.problems) == problems


@pytest.mark.parametrize(
    ("driver", "options", "key"),
    [
        ("feig_iso_host", {"port": "x", "afi_armed": 0xC2}, "afi_disarmed"),
        ("serial_scanner", {"port": "x", "min_length": 9, "max_length": 8}, "max_length"),
        ("serial_scanner", {"port": "x", "codabar": 1}, "codabar"),
        ("serial_scanner", {"port": "x", "silence_seconds": True}, "silence_seconds"),
        ("escpos_serial", {"port": "x", "columns": 3.5}, "columns"),
        ("escpos_serial", {"port": 7}, "port"),
        ("pcsc", {"reader": "  "}, "reader"),
        ("obid", {}, "driver"),
    ],
)
def test_a_mistake_names_its_key(driver: str, options: dict[str, object], key: str) -> None:
    assert [problem[0] for problem in check_options(driver, options)] == [key]


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.lists(st.integers())


@given(st.sampled_from(sorted(DRIVERS)), st.data())
def test_any_options_are_taken_or_named_as_a_mistake(driver: str, data: st.DataObject) -> None:
    names = [*DRIVERS[driver].options.__dataclass_fields__, "other"]
    options = data.draw(st.dictionaries(st.sampled_from(names), VALUES))
    problems = check_options(driver, options)
    assert all(key and text for key, text in problems)
    if not problems:
        DRIVERS[driver](options, "a")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LinkAbsent("x"), "absent"),
        (ServiceAbsent("x"), "no_service"),
        (LinkForbidden("x"), "no_permission"),
        (d.LinkBusy("x"), "busy"),
        (d.LinkTimeout("x"), "silent"),
        (d.LinkLost("x"), "lost"),
        (d.RemoteProtocolError("x"), "protocol"),
        (d.DeviceRefused(1, "x"), "protocol"),
        (KeyError("x"), FAULT),
    ],
)
def test_every_error_has_one_word(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


# --- the short look ---------------------------------------------------------------------------------------------------


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[FeigPeer]:
    with FeigPeer(tmp_path) as made:
        yield made


def _soon() -> float:
    return monotonic() + 5


def test_a_device_that_is_well_says_who_it_is(peer: FeigPeer) -> None:
    assert probe("pad", "feig_iso_host", {"port": str(peer.wire.port)}, _soon()) == (None, "FEIG ID ISC.MR101-A 2.6")


def test_a_device_that_is_not_there_is_absent(tmp_path: Path) -> None:
    problem, text = probe("pad", "feig_iso_host", {"port": str(tmp_path / "none")}, _soon())
    assert problem == "absent"
    assert "none" in text


@pytest.mark.parametrize(
    ("question", "answer", "problem"),
    [(4, b"\x72", "paper_out"), (2, b"\x16", "cover_open"), (1, b"\x12", None)],
)
def test_a_printers_trouble_is_named(tmp_path: Path, question: int, answer: bytes, problem: str | None) -> None:
    with Printer(tmp_path) as printer:
        printer.answers[question] = answer
        assert probe("printer", "escpos_serial", {"port": str(printer.wire.port)}, _soon())[0] == problem


def test_what_lies_on_the_pad_is_shown(peer: FeigPeer) -> None:
    good, bad = "E004010150000001", "E004010150000002"
    peer.put(Tag(good, bytes.fromhex(vectors("tags")["iso28560-3-B1"]["hex"])))
    peer.put(Tag(bad, bytes(112)))
    rows = dict(read_tags("feig_iso_host", {"port": str(peer.wire.port)}, _soon()))
    assert rows[good] == ("1000000056", "1 of 1", "DK-718500", "armed", "iso28560-3")
    assert rows[bad][4].startswith("blank")


def test_a_pad_that_cannot_be_used_is_one_problem(tmp_path: Path, peer: FeigPeer) -> None:
    ((uid, _),) = read_tags("feig_iso_host", {"port": str(tmp_path / "none")}, _soon())
    assert uid is None
    ((uid, cells),) = read_tags("serial_scanner", {"port": str(peer.wire.port)}, _soon())
    assert (uid, cells) == (None, ("serial_scanner is no pad reader",))
    peer.plan("69", lambda _: peer.frame(0x69, 0x82))
    ((uid, cells),) = read_tags("feig_iso_host", {"port": str(peer.wire.port)}, _soon())
    assert uid is None
    assert "not available" in cells[0]


@pytest.mark.usefixtures("no_card_service")
def test_devices_are_listed_also_without_a_card_service() -> None:
    kinds = {kind for kind, _, _ in list_devices()}
    assert "card reader" in kinds
