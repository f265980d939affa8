"""Who runs what, and when: one run for each slot, whatever happens to processes, clocks and the computer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from circulation.errors import CirculationError
from circulation.jobs import claiming, running, tasks
from circulation.service import Service
from circulation.store.job_tables import task_run
from tests.circulation.running import TestClock, together
from tests.circulation.scheduling import Noting, Process, local, make, shown

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def noting() -> Noting:
    return Noting()


@pytest.fixture
def process(service: Service, noting: Noting) -> Process:
    return Process(service, noting)


def dies(service: Service, process: Process) -> int:
    """A process claims what is due and is never heard of again; the run."""
    claim = claiming.claim_due(service, process.name)
    assert claim is not None
    lapse(service)
    return claim.run


def lapse(service: Service) -> None:
    """Let every claim have ended."""
    with service.database.writing() as db:
        db.execute(update(task_run).values(claim_until=LONG_AGO))


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R70")
@pytest.mark.requirement("R65")
def test_a_task_runs_by_itself_once_a_day_from_the_next_time_on(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2026-06-01T10:00")
    task = make(service, noting)
    assert tasks.one(service, task).next_due == local("2026-06-02T07:00")
    clock.now = local("2026-06-02T06:59")
    assert process.wake() == []
    for day in ("2026-06-02", "2026-06-03"):
        clock.now = local(f"{day}T07:00")
        (claim,) = process.wake()
        assert (claim.slot, claim.made_up, claim.by_hand) == (f"{day}T07:00", False, False)
        clock.later(minutes=1)
        assert process.wake() == []
    assert tasks.one(service, task).next_due == local("2026-06-04T07:00")
    assert shown(tasks.runs(service, task)) == [
        ("2026-06-02T07:00", 1, "done", False),
        ("2026-06-03T07:00", 1, "done", False),
    ]


@pytest.mark.requirement("R65")
def test_on_a_night_that_leaves_the_hour_out_the_run_comes_right_after_it(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2027-03-27T12:00")
    task = make(service, noting, {"times": ["02:30"]})
    clock.now = local("2027-03-28T03:00") - timedelta(seconds=1)
    assert process.wake() == []
    for _ in range(6):  # 03:00 to 05:30
        clock.later(minutes=30, seconds=1)
        process.wake()
    assert [claim.slot for claim in noting.claims] == ["2027-03-28T02:30"]
    assert tasks.runs(service, task)[0].started < local("2027-03-28T03:31")
    assert tasks.one(service, task).next_due == local("2027-03-29T02:30")


@pytest.mark.requirement("R65")
def test_on_a_night_that_repeats_the_hour_the_run_comes_the_first_time(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2027-10-30T12:00")
    task = make(service, noting, {"times": ["02:30"]})
    for minutes in range(0, 240, 10):  # 01:00 to 03:50, an hour of it twice
        clock.now = local("2027-10-31T01:00") + timedelta(minutes=minutes)
        process.wake()
    assert [claim.slot for claim in noting.claims] == ["2027-10-31T02:30"]
    assert tasks.runs(service, task)[0].started == local("2027-10-31T02:30", fold=0)
    assert tasks.one(service, task).next_due == local("2027-11-01T02:30")


@pytest.mark.requirement("R71")
def test_a_weekend_off_makes_one_run_up(service: Service, clock: TestClock, noting: Noting, process: Process) -> None:
    clock.now = local("2026-06-05T10:00")  # Friday
    task = make(service, noting, {"times": ["03:00", "15:00"]})
    clock.now = local("2026-06-05T15:00")
    process.wake()
    clock.now = local("2026-06-08T08:02")  # Monday
    for _ in range(5):
        process.wake()
        clock.later(minutes=1)
    assert shown(tasks.runs(service, task)) == [
        ("2026-06-05T15:00", 1, "done", False),
        ("2026-06-08T03:00", 1, "done", True),
    ]
    assert tasks.one(service, task).next_due == local("2026-06-08T15:00")


@pytest.mark.requirement("R71")
def test_a_computer_that_is_off_every_night_is_told(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2026-06-01T10:00")
    task = make(service, noting, {"times": ["03:00", "12:00"]})
    for day in range(2, 6):
        for moment in ("08:02", "12:00"):
            clock.now = local(f"2026-06-{day:02}T{moment}")
            process.wake()
    assert [moment.isoformat("minutes") for moment in tasks.usually_off(service, task)] == ["03:00"]


@pytest.mark.requirement("R71")
def test_a_paused_task_runs_by_hand_only_and_makes_nothing_up(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2026-06-01T10:00")
    task = make(service, noting)
    tasks.pause(service, "anna", task)
    assert tasks.one(service, task).next_due is None
    clock.now = local("2026-06-04T08:00")
    assert process.wake() == []
    state, _ = running.carry_out_by_hand(service, noting.types, process.name, task, "anna")
    tasks.resume(service, "anna", task)
    assert process.wake() == []
    assert tasks.one(service, task).next_due == local("2026-06-05T07:00")
    assert shown(tasks.runs(service, task)) == [(None, 1, "done", False)]
    assert (state, tasks.runs(service, task)[0].by_hand) == ("done", True)


def test_a_clock_that_was_wrong_for_a_while_does_not_put_a_task_off(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2026-06-01T10:00")
    task = make(service, noting)
    clock.now = local("2031-01-01T00:00")
    process.wake()
    clock.now = local("2026-06-01T10:05")
    process.wake()
    assert tasks.one(service, task).next_due == local("2026-06-02T07:00")
    clock.now = local("2026-06-02T07:00")
    process.wake()
    assert [claim.slot for claim in noting.claims] == ["2030-12-31T07:00", "2026-06-02T07:00"]


def test_a_clock_that_is_set_back_over_a_time_runs_nothing_twice(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2026-06-01T10:00")
    task = make(service, noting)
    for moment in ("06:59:59", "07:00:00", "06:59:58", "07:00:00", "07:00:01"):
        clock.now = local(f"2026-06-02T{moment}")
        process.wake()
    assert [claim.slot for claim in noting.claims] == ["2026-06-02T07:00"]
    assert tasks.one(service, task).next_due == local("2026-06-03T07:00")


def test_a_slot_that_had_its_run_is_passed_over(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2026-06-02T06:00")
    task = make(service, noting)
    clock.now = local("2026-06-02T07:00")
    process.wake()
    clock.now = local("2026-06-02T06:30")
    tasks.pause(service, "anna", task)
    tasks.resume(service, "anna", task)
    assert tasks.one(service, task).next_due == local("2026-06-02T07:00")
    clock.now = local("2026-06-02T07:00")
    assert process.wake() == []
    assert tasks.one(service, task).next_due == local("2026-06-03T07:00")


# --- several processes ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R65")
@pytest.mark.requirement("R72")
def test_processes_that_wake_together_run_it_once(service: Service, clock: TestClock, noting: Noting) -> None:
    task = make(service, noting)
    clock.later(days=1)
    found = together(*(Process(service, noting).wake for _ in range(6)))
    assert sum(map(len, found)) == 1
    assert len(tasks.runs(service, task)) == 1


def test_a_task_that_is_running_is_not_begun_again(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    task = make(service, noting, {"times": ["07:00"], "every_hours": 1})
    clock.later(hours=1)
    going = claiming.claim_due(service, process.name)
    assert going is not None
    clock.later(hours=1)
    assert Process(service, noting).wake() == []
    with pytest.raises(CirculationError, match="running already"):
        claiming.claim_by_hand(service, "another", task, "anna")
    assert claiming.finish(service, going, "done", {}, None, None)
    assert len(Process(service, noting).wake()) == 1


@pytest.mark.requirement("R71")
def test_a_run_whose_process_died_is_taken_over_and_made_up_once(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    clock.now = local("2026-06-01T10:00")
    task = make(service, noting)
    clock.now = local("2026-06-02T07:00")
    run = dies(service, process)
    clock.later(minutes=5)
    (again,) = Process(service, noting).wake()
    assert (again.slot, again.made_up) == ("2026-06-02T07:00", True)
    assert Process(service, noting).wake() == []
    assert shown(tasks.runs(service, task)) == [
        ("2026-06-02T07:00", 1, "taken_over", False),
        ("2026-06-02T07:00", 2, "done", True),
    ]
    assert tasks.runs(service, task)[1].note == claiming.PROCESS_GONE
    assert tasks.runs(service, task)[1].id == run
    assert tasks.one(service, task).next_due == local("2026-06-03T07:00")


def test_what_died_twice_waits_for_its_next_time(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    task = make(service, noting)
    clock.later(days=1)
    dies(service, process)
    claiming.take_over(service, ())
    dies(service, process)
    assert process.wake() == []
    assert [run.state for run in tasks.runs(service, task)] == ["taken_over", "taken_over"]
    clock.later(days=1)
    assert len(process.wake()) == 1


@pytest.mark.parametrize("change", ["pause", "resume", "delete"])
def test_what_died_is_not_made_up_once_staff_have_changed_the_task(
    service: Service, clock: TestClock, noting: Noting, process: Process, change: str
) -> None:
    task = make(service, noting)
    clock.later(days=1)
    dies(service, process)
    clock.later(minutes=1)
    if change == "delete":
        tasks.delete(service, "anna", task)
    else:
        tasks.pause(service, "anna", task)
    if change == "resume":
        tasks.resume(service, "anna", task)
    assert process.wake() == []


def test_what_was_asked_for_by_hand_and_died_is_not_made_up(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    task = make(service, noting)
    claiming.claim_by_hand(service, process.name, task, "anna")
    lapse(service)
    assert process.wake() == []
    assert [run.state for run in tasks.runs(service, task)] == ["taken_over"]


def test_a_run_that_was_missed_and_one_that_died_are_made_up_together(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    task = make(service, noting)
    clock.later(days=1)
    dies(service, process)
    clock.later(days=1)
    assert len(process.wake()) == 1
    assert [(run.attempt, run.state) for run in tasks.runs(service, task)] == [(1, "done"), (1, "taken_over")]


def test_a_process_that_was_taken_for_dead_changes_nothing_any_more(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    task = make(service, noting)
    clock.later(days=1)
    claim = claiming.claim_due(service, process.name)
    assert claim is not None
    lapse(service)
    Process(service, noting).wake()
    assert not claiming.extend(service, claim, {"seen": 7})
    assert not claiming.finish(service, claim, "done", {"seen": 7}, None, clock())
    assert [(run.state, run.counts) for run in tasks.runs(service, task)] == [("done", {"seen": 1}), ("taken_over", {})]
    assert tasks.one(service, task).next_due == local("2026-06-03T07:00")


def test_a_live_claim_and_a_run_known_to_be_alive_are_left_alone(
    service: Service, clock: TestClock, noting: Noting, process: Process
) -> None:
    make(service, noting)
    clock.later(days=1)
    claim = claiming.claim_due(service, process.name)
    assert claim is not None
    clock.later(days=300)  # this process's clock does not say how long a claim holds
    assert claiming.take_over(service, ()) == []
    lapse(service)
    assert claiming.take_over(service, {claim.run}) == []
    assert claiming.extend(service, claim, {})
    assert claiming.take_over(service, ()) == []


def test_two_processes_never_have_the_same_name() -> None:
    assert claiming.process_name() != claiming.process_name()
    assert len(claiming.process_name()) <= 120
