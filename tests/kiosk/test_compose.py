"""The joined machine without its surroundings: it starts, shows, reports and stops whatever is missing."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from pytest_mock import MockerFixture

from drivers.api import CodeScanned, ScannedCode
from kiosk import screens as s
from kiosk.compose import JOURNAL, Kiosk
from kiosk.config import load
from kiosk.effects import DoubtEntry, JournalEntry, Step
from kiosk.journal import Journal, JournalError
from tests.kiosk.machines import enrolled_machine
from tests.kiosk.wires import document, serving, silence
from tests.waiting import wait_for

NOBODY = "http://127.0.0.1:9"


def _kiosk(folder: Path, url: str, screens: list[s.Screen]) -> Kiosk:
    return Kiosk(load(enrolled_machine(folder, url)), screens.append)


def test_without_pad_and_central_service_it_shows_that_it_is_starting_and_stops_at_once(tmp_path: Path) -> None:
    screens: list[s.Screen] = []
    kiosk = _kiosk(tmp_path, NOBODY, screens)
    kiosk.start()
    wait_for(lambda: any(isinstance(screen, s.Starting) for screen in screens))
    before = time.monotonic()
    kiosk.stop()
    assert time.monotonic() - before < 3


def test_a_code_typed_as_fast_as_a_scanner_does_is_a_scan_and_what_a_person_types_is_not(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    kiosk = Kiosk(load(enrolled_machine(tmp_path, NOBODY, "[keyboard]\nmin_length = 5\n")), lambda screen: None)
    heard: list[object] = []
    mocker.patch.object(kiosk, "post", heard.append)
    for number, key in enumerate("20000000000014\n"):
        kiosk.typed(key, 1.0 + number * 0.005)
    for number, key in enumerate("1234567\n"):
        kiosk.typed(key, 5.0 + number * 0.3)
    for number, key in enumerate("1234\n"):
        kiosk.typed(key, 9.0 + number * 0.005)
    assert heard == [CodeScanned("keyboard", ScannedCode("20000000000014"))]
    kiosk.start()
    kiosk.stop()


def test_a_central_service_that_never_answers_delays_no_stop(tmp_path: Path) -> None:
    asked = threading.Event()

    def hold(line: object, request: bytes) -> None:
        asked.set()
        silence(line, request)  # type: ignore[arg-type]  # a socket

    with serving(hold) as url:
        kiosk = _kiosk(tmp_path, url, [])
        kiosk.start()
        assert asked.wait(5)
        before = time.monotonic()
        kiosk.stop()
        assert time.monotonic() - before < 3


def _doubts_told(requests: list[bytes]) -> list[list[str]]:
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests if b"/heartbeat" in request]
    return [[doubt["item"] for doubt in json.loads(body)["doubts"]] for body in bodies]


def test_doubts_are_told_with_a_heartbeat_also_while_the_journal_cannot_be_read(tmp_path: Path) -> None:
    requests: list[bytes] = []

    def answer(line: object, request: bytes) -> None:
        requests.append(request)
        line.sendall(document({"cleared": []}))  # type: ignore[attr-defined]  # a socket

    enrolled_machine(tmp_path, NOBODY)
    journal = Journal(tmp_path / "state" / JOURNAL, bytes)
    journal.write([DoubtEntry("30000000000014", (), "armed", None, "lifted")])
    journal.close()
    with serving(answer) as url:
        kiosk = _kiosk(tmp_path, url, [])
        kiosk.start()
        try:
            wait_for(lambda: _doubts_told(requests))
            with sqlite3.connect(tmp_path / "state" / JOURNAL) as other:
                other.execute("UPDATE doubt SET since='yesterday'")
            other.close()
            told = len(_doubts_told(requests))
            wait_for(lambda: len(_doubts_told(requests)) > told + 1)
        finally:
            kiosk.stop()
    assert all(doubts == ["30000000000014"] for doubts in _doubts_told(requests))


def test_what_is_older_than_it_is_kept_goes_without_being_asked_for(tmp_path: Path) -> None:
    enrolled_machine(tmp_path, NOBODY)
    path = tmp_path / "state" / JOURNAL
    journal = Journal(path, bytes)
    journal.write([JournalEntry("old", Step.CLOSED, "checkout", "1")])
    journal._db.execute("UPDATE step SET at='2000-01-01T00:00:00+00:00'")
    journal.close()
    kiosk = _kiosk(tmp_path, NOBODY, [])
    kiosk.start()

    def left() -> int:
        db = sqlite3.connect(path)
        try:
            return int(db.execute("SELECT COUNT(*) FROM step").fetchone()[0])
        finally:
            db.close()

    try:
        wait_for(lambda: left() == 0)
    finally:
        kiosk.stop()


def test_a_journal_whose_content_is_damaged_is_an_error_and_leaves_nothing_open(tmp_path: Path) -> None:
    enrolled_machine(tmp_path, NOBODY)
    journal = Journal(tmp_path / "state" / JOURNAL, bytes)
    journal.write([JournalEntry("a", Step.ASKED, "checkout", "1")])
    journal._db.execute("UPDATE step SET tags='{'")
    journal.close()
    kiosk = _kiosk(tmp_path, NOBODY, [])
    with pytest.raises(JournalError, match="damaged"):
        kiosk.start()
