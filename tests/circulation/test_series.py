"""Since when a debt has reached the minimum for payment reminders, and the settings of reminders (R27, R44, R47)."""

from __future__ import annotations

from datetime import date

import pytest

from circulation.domain.series import Change, authority, reached_on
from circulation.domain.settings import DEFAULTS, settings, wrong
from tests.rules.made import TREE

MARCH = [Change(date(2026, 2, 20), 9999), Change(date(2026, 3, 2), 1)]


@pytest.mark.requirement("R27")
@pytest.mark.parametrize(("minor", "since"), [(9999, date(2026, 2, 20)), (10000, date(2026, 3, 2)), (10001, None)])
def test_the_minimum_counts_as_reached_by_exactly_its_amount(minor: int, since: date | None) -> None:
    assert reached_on(MARCH, minor) == since


@pytest.mark.requirement("R29")
def test_a_reminder_fee_does_not_begin_the_count_anew() -> None:
    assert reached_on([*MARCH, Change(date(2026, 3, 9), 200)], 10000) == date(2026, 3, 2)


@pytest.mark.requirement("R44")
def test_falling_below_the_minimum_ends_a_series_and_reaching_it_again_begins_another() -> None:
    paid = [*MARCH, Change(date(2026, 3, 10), -1)]
    assert reached_on(paid, 10000) is None
    assert reached_on([*paid, Change(date(2026, 3, 20), 1)], 10000) == date(2026, 3, 20)


@pytest.mark.requirement("R44")
def test_a_debt_belongs_to_the_organisation_above_the_branch() -> None:
    assert authority("N1", TREE) == "North"
    assert authority("A", TREE) == "A"


@pytest.mark.requirement("R47")
def test_how_a_backlog_of_reminders_is_spread_is_a_setting() -> None:
    assert (DEFAULTS["min_days_between_levels"], DEFAULTS["backlog_limit"]) == (0, 200)
    assert settings([{"min_days_between_levels": 7}]).min_days_between_levels == 7
    for value in (-1, True, "7", 1_000_001):
        assert wrong("min_days_between_levels", value) is not None


def test_a_time_zone_is_one_there_is() -> None:
    assert settings([{}, {"time_zone": "Europe/Berlin"}]).time_zone == "Europe/Berlin"
    others: tuple[object, ...] = ("", "Mars/Olympus", "../etc/passwd", 1, None, [])
    for value in others:
        assert wrong("time_zone", value) is not None
