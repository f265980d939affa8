"""A real pcscd with a real client in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.card import PatronCard, storage_card_atr
from sim.client import send
from tests.sim.running import ROOT, Process
from tests.sim.vectors import hexed
from tests.waiting import wait_for

NO_ANSWER = "UID  "  # pcscd reports success and not one byte
MIFARE_ATR = "3B8F8001804F0CA000000306030001000000006A"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    with Process(tmp_path / "state") as running:
        yield running


def test_the_atr_of_a_storage_card_is_the_published_one() -> None:
    assert storage_card_atr(0x03, 0x0001).hex().upper() == MIFARE_ATR
    for name, card in (("atr-0B0012", 0x0012), ("atr-0B0035", 0x0035), ("acr1552-slix-atr-uid", 0x0014)):
        assert storage_card_atr(0x0B, card) == hexed(name, "atr")


@given(st.binary(max_size=300))
def test_any_apdu_gets_two_status_bytes(apdu: Any) -> None:
    assert len(PatronCard(bytes(4)).answer(apdu)) >= 2


def test_a_card_with_four_bytes_is_read_over_pcsc(process: Any) -> None:
    process.do("present ada")
    lines = process.card_client("wait")
    assert lines[:2] == [f"ATR {MIFARE_ATR}", "UID 04A1B2C3 9000"]


def test_a_card_with_seven_bytes_is_read_over_pcsc(process: Any) -> None:
    process.do("present ben")
    assert process.card_client("wait")[1] == "UID 04A1B2C3D4E5F6 9000"


def test_a_phone_shows_another_number_each_time(process: Any) -> None:
    seen = set()
    for _ in range(2):
        process.do("present phone")
        uid = process.card_client("wait")[1]
        assert uid.startswith("UID 08")
        seen.add(uid)
        process.do("remove-card")
    assert len(seen) == 2


def test_an_answer_does_not_wait_for_a_delayed_acknowledgement(process: Any) -> None:
    process.do("present ada")
    seconds = float(process.card_client("wait", "50")[2].split()[1])
    assert seconds < 0.02


def test_a_card_pulled_away_during_a_command_gives_no_answer_and_is_gone(process: Any) -> None:
    process.do("present ada")
    process.do("fault card pull next 1")
    assert process.card_client("wait")[1] == NO_ANSWER
    assert process.do("show")["card"] is None


def test_a_mute_card_blocks_until_it_is_taken_away(process: Any) -> None:
    process.do("present ada")
    process.do("fault card mute next 1")
    client = _client(process)
    wait_for(lambda: process.do("log")["devices"].get("card"), what="the command")
    assert client.poll() is None
    process.do("remove-card")
    output, _ = client.communicate(timeout=20)
    assert NO_ANSWER in output.splitlines()


def test_a_late_card_answers_later_and_a_garbled_one_wrongly(process: Any) -> None:
    process.do("present ada")
    process.do("fault card delay 300 next 1")
    lines = process.card_client("wait")
    assert lines[1] == "UID 04A1B2C3 9000"
    assert float(lines[2].split()[1]) >= 0.3
    process.do("fault card garble 1.0 next 1")
    assert "04A1B2C3 9000" not in process.card_client("wait")[1]


def test_the_reader_is_unplugged_and_plugged(process: Any) -> None:
    assert process.card_client("readers")[0] == process.ready()["card_reader"]
    process.do("unplug card")
    assert process.card_client("readers") == []
    answer = send(process.state, "present ada")
    assert not answer["ok"]
    process.do("heal card")
    assert process.card_client("readers")[0] == process.ready()["card_reader"]


def test_the_daemon_is_restarted_with_the_card_in_it_and_stopped(process: Any) -> None:
    process.do("present ada")
    process.do("pcscd restart")
    assert process.card_client("wait")[1] == "UID 04A1B2C3 9000"
    process.do("pcscd stop")
    assert process.card_client("readers") == ["error no service"]
    process.do("pcscd start")
    assert process.card_client("readers") != []


def test_two_simulators_run_side_by_side(process: Any, tmp_path: Path) -> None:
    with Process(tmp_path / "second") as other:
        process.do("present ada")
        other.do("present ben")
        assert process.card_client("wait")[1] == "UID 04A1B2C3 9000"
        assert other.card_client("wait")[1] == "UID 04A1B2C3D4E5F6 9000"


def test_nothing_is_left_when_the_simulator_ends(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Process(state) as running:
        found = running.ready()
        assert Path(found["pad"]).is_symlink()
    assert not (state / "sim.json").exists()
    assert not Path(found["pad"]).is_symlink()
    assert not Path(found["pcsc_socket"]).exists()


def _client(process: Process) -> subprocess.Popen[str]:
    found = process.ready()
    return subprocess.Popen(
        [sys.executable, "-m", "tests.sim.card_client", found["card_reader"], "wait"],
        cwd=ROOT,
        env={"PCSCLITE_CSOCK_NAME": found["pcsc_socket"], "PATH": ""},
        stdout=subprocess.PIPE,
        text=True,
    )
