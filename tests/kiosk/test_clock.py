"""When the machine's wall clock can be trusted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_mock import MockerFixture

from kiosk.central.api import CentralClock
from kiosk.clock import Clock

START = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


class _Time:
    """The computer's two clocks, in hand."""

    def __init__(self, mocker: MockerFixture) -> None:
        self.monotonic, self.wall = 1000.0, START
        mocker.patch("kiosk.clock.time").monotonic.side_effect = lambda: self.monotonic
        mocker.patch("kiosk.clock.datetime").now.side_effect = lambda zone: self.wall
        self.clock = Clock("Europe/Berlin")

    def passes(self, seconds: float) -> None:
        self.monotonic += seconds
        self.wall += timedelta(seconds=seconds)

    def hear(self, off: timedelta = timedelta(0)) -> None:
        self.clock.heard(CentralClock(self.wall + off, "g", self.monotonic))

    @property
    def trusted(self) -> bool:
        return self.clock.now().trusted


@pytest.fixture
def time(mocker: MockerFixture) -> _Time:
    return _Time(mocker)


def test_the_wall_clock_is_told_in_the_branchs_zone(time: _Time) -> None:
    assert time.clock.now().wall.isoformat() == "2026-11-25T13:00:00+01:00"


def test_a_clock_that_runs_is_trusted_before_and_after_the_service_was_heard(time: _Time) -> None:
    time.passes(100)
    assert time.trusted
    time.hear()
    time.passes(86_400)
    assert time.trusted


@pytest.mark.parametrize(("minutes", "trusted"), [(4.9, True), (-4.9, True), (5.1, False), (-5.1, False)])
def test_more_than_five_minutes_off_the_service_it_is_not_trusted(time: _Time, minutes: float, trusted: bool) -> None:
    time.hear(timedelta(minutes=minutes))
    assert time.trusted is trusted


@pytest.mark.parametrize("heard", [True, False])
def test_a_clock_set_back_a_little_is_not_trusted_until_the_service_agrees(time: _Time, heard: bool) -> None:
    if heard:
        time.hear()
    time.passes(60)
    time.wall -= timedelta(minutes=3)
    assert not time.trusted
    time.passes(60)
    assert not time.trusted
    time.hear()
    assert time.trusted


@pytest.mark.scenario("S6")
def test_a_clock_set_back_an_hour_is_not_trusted_whatever_is_heard(time: _Time) -> None:
    time.hear()
    time.wall -= timedelta(hours=1)
    assert not time.trusted
    time.hear(timedelta(hours=1))
    assert not time.trusted
    time.wall += timedelta(hours=1)
    assert time.trusted


def test_small_corrections_of_a_time_service_are_none(time: _Time) -> None:
    time.passes(60)
    time.wall -= timedelta(seconds=1)
    assert time.trusted
