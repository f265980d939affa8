"""The benchmarks of notices find and send what they say they do."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import big_library, notices, sending
from benchmarks.big_library import DUE_EACH
from circulation.notices.types import Message

LOANS, DUE = 4000, 400


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("library")
    big_library.build(found, LOANS)
    return found


@pytest.mark.parametrize("way", notices.WAYS)
def test_every_way_comes_to_the_same_loans(folder: Path, way: str) -> None:
    assert sum(notices.WAYS[way](folder)) == DUE


def test_a_run_tells_each_patron_of_both_loans_at_once(folder: Path) -> None:
    assert set(notices.by_run(folder)) == {DUE_EACH}


def test_a_figure_is_taken_at_each_mark(folder: Path) -> None:
    found = list(notices.marked(notices.by_sql, folder, (100, DUE)))
    assert [loans for loans, _, _ in found] == [100, DUE]
    assert all(seconds > 0 and memory >= 0 for _, seconds, memory in found)


def test_a_way_that_did_not_come_to_all_of_them_is_no_figure(folder: Path) -> None:
    with pytest.raises(ValueError, match=f"{DUE} loans were due, not {LOANS}"):
        list(notices.marked(notices.by_selection, folder, (LOANS,)))


@pytest.mark.slow
def test_a_run_and_the_loop_send_the_same_mails() -> None:
    figure = sending.measure(LOANS, mails=3, rounds=2)
    assert (figure.mails, figure.ratio > 0, figure.ratio_limit > 0) == (6, True, True)


def test_mails_that_did_not_leave_are_no_figure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> tuple[float, list[Message]]:
        return 1.0, []

    monkeypatch.setattr(sending, "by_run", taken)
    with pytest.raises(sending.Failed, match="0 mails arrived, not 3"):
        sending.measure(LOANS, mails=1, rounds=1)


def test_a_run_is_compared_with_reading_and_composing_at_its_end() -> None:
    seconds = {notices.RUN: (1.0, 8.0), notices.SQL: (0.5, 1.0), notices.COMPOSING: (0.5, 3.0)}
    figures = [notices.Figure(way, 1, one, 0) for way, both in seconds.items() for one in both]
    assert notices.of_the_limit(figures) == 0.5
