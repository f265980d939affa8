"""When a task is due: one instant for each local date and time, in every zone, and advice about times."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circulation.jobs.schedule import (
    WEEK,
    Schedule,
    due,
    latest_slot,
    missed_weekdays,
    next_slot,
    read,
    slot_after,
    usually_off,
)

ZONES = ("Europe/Berlin", "Europe/London", "America/New_York", "Asia/Kathmandu", "Pacific/Apia", "UTC")
SECOND = timedelta(seconds=1)
LOOK = timedelta(minutes=50)

zones = st.sampled_from([ZoneInfo(name) for name in ZONES])
# Round the days on which these zones have changed their offset, Apia's missing day among them, and any others.
TURNS = [date(2011, 12, 30), date(2027, 3, 14), date(2027, 3, 28), date(2027, 10, 31), date(2027, 11, 7)]
near_turns = st.builds(lambda day, by: day + timedelta(days=by), st.sampled_from(TURNS), st.integers(-2, 2))
days = near_turns | st.dates(date(1990, 1, 1), date(2037, 12, 31))
minutes = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
schedules = st.builds(
    Schedule,
    st.lists(minutes, min_size=1, max_size=4, unique=True).map(lambda found: tuple(sorted(found))),
    st.lists(st.sampled_from(WEEK), min_size=1, unique=True).map(lambda found: tuple(sorted(found))),
) | st.builds(lambda first, hours: Schedule((first,), WEEK, hours), minutes, st.integers(1, 12))
instants = st.builds(
    lambda day, moment: datetime.combine(day, moment, UTC), days, st.times().map(lambda m: m.replace(microsecond=0))
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- instants ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R65")
@pytest.mark.parametrize(
    ("zone", "slot", "instant"),
    [
        ("Europe/Berlin", "2026-06-15T07:00", "2026-06-15T05:00+00:00"),
        ("Europe/Berlin", "2027-03-28T02:30", "2027-03-28T01:00+00:00"),  # does not exist: when the gap is over
        ("Europe/Berlin", "2027-03-28T02:00", "2027-03-28T01:00+00:00"),
        ("Europe/Berlin", "2027-03-28T03:00", "2027-03-28T01:00+00:00"),
        ("Europe/Berlin", "2027-10-31T02:30", "2027-10-31T00:30+00:00"),  # happens twice: the first time
        ("Europe/Berlin", "2027-10-31T03:00", "2027-10-31T02:00+00:00"),
        ("Europe/London", "2027-03-28T01:59", "2027-03-28T01:00+00:00"),
        ("America/New_York", "2027-03-14T02:30", "2027-03-14T07:00+00:00"),
        ("America/New_York", "2027-11-07T01:30", "2027-11-07T05:30+00:00"),
        ("Asia/Kathmandu", "2026-06-15T07:00", "2026-06-15T01:15+00:00"),
        ("Pacific/Apia", "2011-12-30T07:00", "2011-12-30T10:00+00:00"),  # a day that was left out
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00+00:00"),
    ],
)
def test_a_local_date_and_time_is_one_instant(zone: str, slot: str, instant: str) -> None:
    assert due(at(slot), ZoneInfo(zone)) == at(instant)


@pytest.mark.requirement("R65")
@given(zones, schedules, days)
def test_instants_follow_one_another_but_for_gaps(zone: ZoneInfo, schedule: Schedule, day: date) -> None:
    slot = datetime.combine(day, time())
    for _ in range(12):
        after = slot_after(schedule, slot)
        one, two = due(slot, zone), due(after, zone)
        assert slot < after
        assert one <= two
        if one == two:  # only what a gap has swallowed comes together, at its end
            assert one.astimezone(zone).replace(tzinfo=None) >= after
        slot = after


@pytest.mark.requirement("R65")
@given(zones, days, minutes)
def test_an_instant_is_the_first_at_which_its_local_time_is_reached(zone: ZoneInfo, day: date, moment: time) -> None:
    slot = datetime.combine(day, moment)
    instant = due(slot, zone)
    assert instant.astimezone(zone).replace(tzinfo=None) >= slot
    assert (instant - SECOND).astimezone(zone).replace(tzinfo=None) < slot


@pytest.mark.requirement("R65")
@given(zones, schedules, instants)
def test_next_and_latest_are_neighbours_round_an_instant(zone: ZoneInfo, schedule: Schedule, instant: datetime) -> None:
    latest, following = latest_slot(schedule, zone, instant), next_slot(schedule, zone, instant)
    assert due(latest, zone) <= instant < due(following, zone)
    assert slot_after(schedule, latest) == following
    for slot in (latest, following):
        assert slot.isoweekday() in schedule.weekdays
        assert slot.time() in schedule.of_day


@pytest.mark.requirement("R65")
@given(zones, schedules, instants)
def test_every_slot_comes_up_once_however_often_one_looks(
    zone: ZoneInfo, schedule: Schedule, instant: datetime
) -> None:
    seen = [latest_slot(schedule, zone, instant + LOOK * step) for step in range(60)]
    assert seen == sorted(seen)
    reached = slot_after(schedule, seen[0])
    for slot in sorted(set(seen[1:]) - {seen[0]}):
        while reached != slot:  # passed over only where it fell between two looks
            assert due(slot, zone) - due(reached, zone) <= LOOK
            reached = slot_after(schedule, reached)
        reached = slot_after(schedule, slot)


@pytest.mark.requirement("R65")
@pytest.mark.parametrize(
    ("plain", "times"),
    [
        ({"times": ["15:00", "07:00"]}, ["07:00", "15:00"]),
        ({"times": ["06:30"], "every_hours": 5}, ["06:30", "11:30", "16:30", "21:30"]),
        ({"times": ["23:59"], "every_hours": 1}, ["23:59"]),
        ({"times": ["07:00"], "weekdays": [5, 1]}, ["07:00"]),
    ],
)
def test_a_schedule_is_read_and_written_as_json(plain: dict[str, Any], times: list[str]) -> None:
    schedule = read(plain)
    assert isinstance(schedule, Schedule)
    assert [moment.isoformat("minutes") for moment in schedule.of_day] == times
    assert schedule.weekdays == tuple(sorted(plain.get("weekdays", WEEK)))
    assert read(schedule.plain()) == schedule


@pytest.mark.parametrize(
    ("plain", "wrong"),
    [
        ("daily", [("schedule", "schedule")]),
        ({}, [("schedule.times", "times")]),
        ({"times": []}, [("schedule.times", "times")]),
        ({"times": "07:00"}, [("schedule.times", "times")]),
        ({"times": ["07:00"] * 25}, [("schedule.times", "times")]),
        ({"times": ["07:00", "7:00"]}, [("schedule.times.1", "time")]),
        ({"times": ["24:00"]}, [("schedule.times.0", "time")]),
        ({"times": ["07:00:30"]}, [("schedule.times.0", "time")]),
        ({"times": [700]}, [("schedule.times.0", "time")]),
        ({"times": ["07:00", "07:00"]}, [("schedule.times.1", "twice")]),
        ({"times": ["07:00"], "weekdays": []}, [("schedule.weekdays", "weekdays")]),
        ({"times": ["07:00"], "weekdays": [1, 8]}, [("schedule.weekdays", "weekdays")]),
        ({"times": ["07:00"], "weekdays": [True]}, [("schedule.weekdays", "weekdays")]),
        ({"times": ["07:00"], "weekdays": [1, 1]}, [("schedule.weekdays", "twice")]),
        ({"times": ["07:00"], "every_hours": 0}, [("schedule.every_hours", "number")]),
        ({"times": ["07:00"], "every_hours": 13}, [("schedule.every_hours", "number")]),
        ({"times": ["07:00", "08:00"], "every_hours": 2}, [("schedule.times", "one_time")]),
        ({"times": ["x"], "minutes": 5}, [("schedule", "unknown"), ("schedule.times.0", "time")]),
    ],
)
def test_every_mistake_of_a_schedule_is_named(plain: object, wrong: list[tuple[str, str]]) -> None:
    found = read(plain)
    assert isinstance(found, tuple)
    assert [(mistake.place, mistake.code) for mistake in found] == wrong


# --- advice -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R66")
@pytest.mark.parametrize(
    ("weekdays", "ahead", "missed"),
    [
        ((1,), 3, (5, 6, 7)),  # Mondays with 3 days: loans due Friday to Sunday would be missed
        ((1,), 6, ()),
        ((1,), 100, ()),
        ((1,), 0, (2, 3, 4, 5, 6, 7)),
        ((1, 5), 2, (4,)),
        ((6, 7), 1, (2, 3, 4, 5)),
        (WEEK, 0, ()),
    ],
)
def test_weekdays_that_no_run_reaches_in_time_are_told(
    weekdays: tuple[int, ...], ahead: int, missed: tuple[int, ...]
) -> None:
    assert missed_weekdays(Schedule((time(7),), weekdays), ahead) == missed


@pytest.mark.requirement("R71")
@pytest.mark.parametrize(
    ("runs", "off"),
    [
        ([("03:00", True)] * 3, ["03:00"]),
        ([("03:00", True)] * 2, []),
        ([("03:00", False)] * 3 + [("03:00", True)] * 9, []),  # lately it was on
        ([("03:00", True), ("12:00", False)] * 4, ["03:00"]),
    ],
)
def test_a_time_at_which_the_computer_is_usually_off_is_told(runs: list[tuple[str, bool]], off: list[str]) -> None:
    slots = [(at(f"2026-06-15T{moment}"), made_up) for moment, made_up in runs]
    assert [moment.isoformat("minutes") for moment in usually_off(slots)] == off
