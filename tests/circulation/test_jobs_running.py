"""How runs end, what they tell while they go on, and the alarm that begins them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from circulation import lockout, signin
from circulation.errors import CirculationError
from circulation.jobs import alarm, claiming, running, system, tasks
from circulation.jobs.running import Counts, Run
from circulation.jobs.tasks import Wanted
from circulation.jobs.types import BACKUP, EXPIRY, TIDYING, TYPES
from circulation.operations import KEPT
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store import tables as t
from circulation.store.engine import Database
from circulation.store.job_tables import task as task_table
from circulation.store.job_tables import task_run
from tests.circulation.running import TestClock
from tests.circulation.scheduling import DAILY, Noting, Process, local, make
from tests.circulation.world import World
from tests.waiting import wait_for

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def run_of(service: Service, noting: Noting, clock: TestClock) -> tasks.RunShown:
    """A task's run of tomorrow, carried out."""
    task = make(service, noting)
    clock.later(days=1)
    Process(service, noting).wake()
    return tasks.runs(service, task)[0]


# --- how runs end -----------------------------------------------------------------------------------------------------


def test_a_run_tells_what_it_did(service: Service, clock: TestClock) -> None:
    run = run_of(service, Noting(lambda _: {"sent": 42, "skipped": 3}), clock)
    assert (run.state, run.counts, run.note) == ("done", {"sent": 42, "skipped": 3}, None)
    assert (run.started, run.ended) == (clock(), clock())


def _refused(run: Run) -> Counts:
    run.tell(sent=7)
    raise CirculationError("mail", "the account is not there")


def _broken(_: Run) -> Counts:
    raise ZeroDivisionError("Mira Vogel, PIN 1234")


@pytest.mark.parametrize(
    ("work", "counts", "note"),
    [(_refused, {"sent": 7}, "mail: the account is not there"), (_broken, {}, "ZeroDivisionError")],
)
def test_a_run_that_fails_says_why_without_anything_personal_and_is_not_made_up(
    service: Service,
    clock: TestClock,
    capsys: pytest.CaptureFixture[str],
    work: Callable[[Run], Counts],
    counts: Counts,
    note: str,
) -> None:
    noting = Noting(work)
    run = run_of(service, noting, clock)
    assert (run.state, run.counts, run.note) == ("failed", counts, note)
    assert Process(service, noting).wake() == []
    assert "Vogel" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("change", "note"),
    [({"type": "letters"}, "unknown_type"), ({"options": {"days": 0}}, "wrong_options: options.days")],
)
def test_a_task_of_another_version_fails_and_says_why(
    service: Service, clock: TestClock, change: dict[str, object], note: str
) -> None:
    noting = Noting()
    task = make(service, noting)
    with service.database.writing() as db:
        db.execute(update(task_table).values(**change))
    clock.later(days=1)
    Process(service, noting).wake()
    assert [(run.state, run.note) for run in tasks.runs(service, task)] == [("failed", note)]
    assert noting.claims == []


def test_a_run_can_ask_to_be_repeated_soon(service: Service, clock: TestClock) -> None:
    def work(run: Run) -> Counts:
        if run.claim.slot is not None:
            run.ask_again(clock() + timedelta(minutes=30))
            run.ask_again(clock() + timedelta(minutes=10))
        return {}

    clock.now = local("2026-06-01T10:00")
    noting = Noting(work)
    task = make(service, noting)
    clock.now = local("2026-06-02T07:00")
    process = Process(service, noting)
    process.wake()
    assert tasks.one(service, task).next_due == local("2026-06-02T07:10")
    clock.now = local("2026-06-02T07:09")
    assert process.wake() == []
    clock.now = local("2026-06-02T07:10")
    (again,) = process.wake()
    assert (again.slot, again.by_hand, again.made_up) == (None, False, False)
    assert process.wake() == []
    assert tasks.one(service, task).next_due == local("2026-06-03T07:00")


def test_a_run_that_was_asked_for_again_and_died_is_made_up(service: Service, clock: TestClock) -> None:
    def work(run: Run) -> Counts:
        run.ask_again(clock())
        return {}

    noting = Noting(work)
    task = make(service, noting)
    clock.later(days=1)
    process = Process(service, noting)
    claim = claiming.claim_due(service, process.name)
    assert claim is not None
    running.carry_out(service, noting.types, claim)
    dead = claiming.claim_due(service, process.name)
    assert dead is not None
    assert dead.slot is None
    noting.work = lambda _: {}
    with service.database.writing() as db:
        db.execute(update(task_run).where(task_run.c.id == dead.run).values(claim_until=LONG_AGO))
    (again,) = process.wake()
    assert (again.slot, again.made_up) == (None, True)
    assert [run.state for run in tasks.runs(service, task)] == ["done", "taken_over", "done"]


# --- while they go on -------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims are extended, and progress is told, every few milliseconds."""
    monkeypatch.setattr(running, "TELL_SECONDS", 0.01)
    monkeypatch.setattr(running, "BEAT_SECONDS", 0.0)


@contextmanager
def going(service: Service, noting: Noting, clock: TestClock) -> Iterator[tuple[int, threading.Event, list[str]]]:
    """A run that goes on in a thread: its task, what stops it, and later its state."""
    task = make(service, noting)
    clock.later(days=1)
    claim = claiming.claim_due(service, "this process")
    assert claim is not None
    stopping, states = threading.Event(), list[str]()

    def carry_out() -> None:
        states.append(running.carry_out(service, noting.types, claim, stopping)[0])

    thread = threading.Thread(target=carry_out)
    thread.start()
    try:
        yield task, stopping, states
    except BaseException:
        stopping.set()
        raise
    finally:
        thread.join(20)


def stepping(gate: threading.Event) -> Callable[[Run], Counts]:
    """Work in steps until the gate is open or the run must not go on."""

    def work(run: Run) -> Counts:
        run.tell(sent=17)
        while not gate.wait(0.001):
            run.go_on()
        return {"sent": 18}

    return work


@pytest.mark.usefixtures("quick")
def test_others_can_read_how_far_a_run_is_and_its_claim_is_extended(service: Service, clock: TestClock) -> None:
    gate = threading.Event()
    with going(service, Noting(stepping(gate)), clock) as (task, _, states):

        def row() -> tuple[Counts, datetime]:
            with service.database.reading() as db:
                found = db.execute(select(task_run)).one()
            return found.counts, found.claim_until

        wait_for(lambda: row()[0] == {"sent": 17})
        until = row()[1]
        wait_for(lambda: row()[1] > until)
        assert tasks.one(service, task).last == tasks.runs(service, task)[0]
        gate.set()
    assert states == ["done"]
    assert tasks.runs(service, task)[0].counts == {"sent": 18}


@pytest.mark.usefixtures("quick")
def test_a_run_that_was_taken_over_stops(service: Service, clock: TestClock) -> None:
    noting = Noting(stepping(threading.Event()))
    with going(service, noting, clock) as (task, _, states), service.database.writing() as db:
        db.execute(update(task_run).values(state="taken_over", note="process_gone"))
    assert states == ["taken_over"]
    assert [(run.state, run.note) for run in tasks.runs(service, task)] == [("taken_over", "process_gone")]


def test_a_run_that_is_stopped_is_made_up_by_the_next_process(service: Service, clock: TestClock) -> None:
    noting = Noting(stepping(threading.Event()))
    with going(service, noting, clock) as (task, stopping, states):
        stopping.set()
    assert states == ["taken_over"]
    noting.work = lambda _: {}
    (again,) = Process(service, noting).wake()
    assert again.made_up
    assert [(run.state, run.note) for run in tasks.runs(service, task)] == [("done", None), ("taken_over", "stopped")]


@pytest.mark.usefixtures("quick")
def test_a_run_whose_claim_could_not_be_extended_in_time_stops_before_others_take_it_over(
    service: Service, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> bool:
        raise OperationalError("UPDATE", None, Exception("gone"))

    monkeypatch.setattr(claiming, "extend", fails)
    monkeypatch.setattr(running, "LEASE", timedelta(0))
    with going(service, Noting(stepping(threading.Event())), clock) as (task, _, states):
        wait_for(lambda: states)
    assert [(run.state, run.note) for run in tasks.runs(service, task)] == [("taken_over", "stopped")]


def test_a_run_whose_end_could_not_be_written_is_found_dead_and_made_up(
    service: Service, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting = Noting()
    task = make(service, noting)
    monkeypatch.setattr(system, "ensure", lambda _: None)
    clock.later(days=1)
    failed = threading.Event()

    def fails(*_: object) -> bool:
        failed.set()
        raise OperationalError("UPDATE", None, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(claiming, "finish", fails)
        with alarm.ringing(service, noting.types):
            wait_for(failed.is_set)
    assert [run.state for run in tasks.runs(service, task)] == ["running"]
    with service.database.writing() as db:
        db.execute(update(task_run).values(claim_until=LONG_AGO))
    Process(service, noting).wake()
    assert [run.state for run in tasks.runs(service, task)] == ["done", "taken_over"]


# --- the alarm --------------------------------------------------------------------------------------------------------


def is_there(service: Service, subject: str) -> bool:
    with service.database.reading() as db:
        return db.execute(select(t.lock_out).where(t.lock_out.c.subject == subject)).first() is not None


@pytest.mark.requirement("R72")
def test_a_running_server_does_at_once_what_is_due_and_leaves_no_thread(service: Service, clock: TestClock) -> None:
    with service.database.writing() as db:
        lockout.count(db, "old", signin.CARD, clock() - timedelta(days=2))
    before = set(threading.enumerate())
    with alarm.ringing(service):
        wait_for(lambda: not is_there(service, "old"))
        ended = ("done",) * len(system.SCHEDULES)
        wait_for(lambda: tuple(one.last.state if one.last else "" for one in tasks.listed(service)) == ended)
    assert set(threading.enumerate()) <= before


def test_the_alarm_rings_when_the_next_task_is_due(service: Service, clock: TestClock) -> None:
    noting = Noting()
    clock.now = local("2026-06-02T06:59:59.900")
    make(service, noting)
    with alarm.ringing(service, noting.types) as ringing:
        wait_for(lambda: ringing._clock.get_job("due") is not None)
        clock.now = local("2026-06-02T07:00")
        wait_for(lambda: len(noting.claims) == 1)
    assert noting.claims[0].slot == "2026-06-02T07:00"


def test_stopping_ends_runs_at_their_next_step(service: Service, clock: TestClock) -> None:
    noting = Noting(stepping(threading.Event()))
    task = make(service, noting)
    clock.later(days=1)
    with alarm.ringing(service, noting.types):
        wait_for(lambda: noting.claims)
    assert [(run.state, run.note) for run in tasks.runs(service, task)] == [("taken_over", "stopped")]


def test_more_tasks_than_places_run_one_after_another(
    service: Service, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarm, "AT_ONCE", 1)
    gate = threading.Event()
    noting = Noting(stepping(gate))
    for name in ("one", "two", "three"):
        make(service, noting, name=name)
    monkeypatch.setattr(system, "ensure", lambda _: None)
    clock.later(days=1)
    with alarm.ringing(service, noting.types) as ringing:
        wait_for(lambda: noting.claims)
        ringing.wake()
        assert len(noting.claims) == 1
        gate.set()
        wait_for(lambda: len(noting.claims) == 3)


def test_an_alarm_outlives_a_database_that_fails_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = threading.Event()
    take_over = claiming.take_over

    def fails(service: Service, alive: frozenset[int]) -> list[int]:
        if not failed.is_set():
            failed.set()
            raise CirculationError("database", "gone for a moment")
        return take_over(service, alive)

    monkeypatch.setattr(claiming, "take_over", fails)
    with alarm.ringing(service) as ringing:
        wait_for(failed.is_set)
        ringing.wake()
        wait_for(lambda: [one.last for one in tasks.listed(service)].count(None) == 0)


def test_an_alarm_over_a_database_without_a_library_waits_for_one(clock: TestClock, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/empty.db")
    database.migrate()
    empty = Service(database, Secrets(tmp_path / "secrets"), clock)
    with alarm.ringing(empty) as ringing:
        ringing.wake()
        assert tasks.listed(empty) == []
    database.close()


# --- dry runs ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R75")
def test_a_dry_run_tells_what_a_run_would_do_and_records_nothing(service: Service) -> None:
    noting = Noting()
    task = tasks.one(service, make(service, noting))
    found = running.preview(service, noting.types, task.type, task.options)
    assert (found.counts, found.lines) == ({"seen": 3}, ({"what": "a letter", "why": "it is due"},))
    assert (noting.claims, tasks.runs(service, task.id)) == ([], [])


@pytest.mark.parametrize(
    ("type_", "options", "code"),
    [("letters", {}, "no_preview"), ("noting", {"days": 0}, "wrong_options")],
)
def test_what_has_no_dry_run_says_so(service: Service, type_: str, options: dict[str, int], code: str) -> None:
    with pytest.raises(CirculationError) as refused:
        running.preview(service, Noting().types, type_, options)
    assert refused.value.code == code


# --- what the types do ------------------------------------------------------------------------------------------------


@pytest.fixture
def server() -> str:
    """The name of a process that runs the real types."""
    return claiming.process_name()


def by_hand(service: Service, task: int, process: str) -> tasks.RunShown:
    running.carry_out_by_hand(service, TYPES, process, task, "anna")
    return tasks.runs(service, task)[0]


@pytest.mark.requirement("R88")
def test_backups_are_written_and_the_oldest_ones_go(
    service: Service, clock: TestClock, tmp_path: Path, server: str
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "circulation-notes.txt").write_text("ours stays")
    task = tasks.create(service, "anna", Wanted(BACKUP, "backup", {"folder": str(folder), "keep": 2}, DAILY))
    for _ in range(3):
        clock.later(days=1)
        run = by_hand(service, task, server)
    assert (run.state, run.counts["removed"]) == ("done", 1)
    names = sorted(file.name for file in folder.iterdir())
    assert names == [
        "circulation-20260603T100000Z.backup",
        "circulation-20260604T100000Z.backup",
        "circulation-notes.txt",
    ]
    assert run.counts["bytes"] == (folder / names[1]).stat().st_size
    again = by_hand(service, task, server)  # the same second: the file is there
    assert (again.state, (again.note or "").partition(":")[0]) == ("failed", "backup")
    assert len(list(folder.glob("*.backup"))) == 2


def test_a_backup_without_its_folder_fails_and_says_so(service: Service, tmp_path: Path, server: str) -> None:
    task = tasks.create(service, "anna", Wanted(BACKUP, "backup", {"folder": str(tmp_path / "gone")}, DAILY))
    run = by_hand(service, task, server)
    assert (run.state, run.note) == ("failed", f"backup: {tmp_path / 'gone'} is no folder")


def test_reservations_end_by_themselves(world: World, service: Service, clock: TestClock, server: str) -> None:
    system.ensure(service)
    patron, item = world.patron_id(world.patron()), world.item()
    made = {"title_id": item, "patron_id": patron, "pickup": "N1", "made_at": clock(), "channel": "desk"}
    more = {"state": "waiting", "suspended": False, "rule_set": 1, "rules": {}, "expires": date(2026, 6, 1)}
    with service.database.writing() as db:
        db.execute(t.reservation.insert().values(id="r", **made, **more))
    task = tasks.named(service, EXPIRY)
    assert by_hand(service, task, server).counts == {"reservations": 0}
    clock.later(days=1)
    assert by_hand(service, task, server).counts == {"reservations": 1}


def test_runs_are_forgotten_after_four_hundred_days_but_the_first_of_each_task(
    service: Service, clock: TestClock, server: str
) -> None:
    noting = Noting()
    task = make(service, noting)
    ran = []
    for _ in range(3):
        clock.later(days=1)
        ran += [claim.run for claim in Process(service, noting).wake()]
    clock.now = clock.now - timedelta(days=1) + KEPT
    system.ensure(service)
    assert by_hand(service, tasks.named(service, TIDYING), server).counts["task_run"] == 0
    clock.later(seconds=1)
    assert by_hand(service, tasks.named(service, TIDYING), server).counts["task_run"] == 1
    assert [run.id for run in tasks.runs(service, task)] == [ran[2], ran[0]]
