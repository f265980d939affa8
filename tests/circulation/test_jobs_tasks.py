"""Tasks as staff make, change, pause and delete them; every mistake is named, every change audited."""

from __future__ import annotations

from typing import Any

import pytest

from circulation import audit
from circulation.errors import CirculationError
from circulation.jobs import claiming, options, system, tasks
from circulation.jobs.options import Form
from circulation.jobs.tasks import TaskWrongError, Wanted
from circulation.jobs.types import BACKUP, EXPIRY, RETENTION, STATISTICS, TIDYING, TYPES, BackupOptions
from circulation.service import Service
from tests.circulation.running import TestClock
from tests.circulation.scheduling import DAILY, Noting, NotingOptions, Process, local, make

GOOD = Wanted("noting", "morning", {"days": 3}, DAILY)


@pytest.fixture
def noting() -> Noting:
    return Noting()


def told(service: Service) -> list[tuple[str, str, str]]:
    """The audit log's lines about tasks, oldest first."""
    with service.database.reading() as db:
        return [(line["who"], line["action"], line["subject"]) for line in reversed(audit.listed(db))]


def mistakes(service: Service, wanted: Wanted, noting: Noting) -> list[tuple[str, str]]:
    """What is wrong with a new task."""
    with pytest.raises(TaskWrongError) as wrong:
        tasks.create(service, "anna", wanted, noting.types)
    assert wrong.value.place == wrong.value.mistakes[0].place
    return [(mistake.place, mistake.code) for mistake in wrong.value.mistakes]


@pytest.mark.requirement("R63")
def test_a_task_is_made_changed_paused_and_deleted_and_the_log_tells(
    service: Service, clock: TestClock, noting: Noting
) -> None:
    clock.now = local("2026-06-01T10:00")
    task = make(service, noting)
    made = tasks.one(service, task)
    assert (made.name, made.type, made.paused, made.last) == ("morning", "noting", False, None)
    assert made.options == {"days": 3, "account": None, "media_types": [], "quiet": False, "title": "Title"}
    assert made.next_due == local("2026-06-02T07:00")
    clock.later(hours=1)
    changed = Wanted("noting", "evening", {"days": 5, "media_types": ["DVD"]}, {"times": ["20:00"], "weekdays": [1]})
    tasks.edit(service, "bert", task, changed, noting.types)
    now = tasks.one(service, task)
    assert (now.name, now.options["days"], now.next_due) == ("evening", 5, local("2026-06-01T20:00"))
    assert (now.created_by, now.changed_by, now.changed_at) == ("anna", "bert", clock())
    assert tasks.named(service, "evening") == task
    for change in (tasks.pause, tasks.pause, tasks.resume, tasks.resume, tasks.delete):
        change(service, "bert", task)
    assert tasks.listed(service) == []
    actions = (("bert", "task.change", "morning"), *(("bert", f"task.{one}", "evening") for one in ("pause", "resume")))
    expected = (("anna", "task.create", "morning"), *actions, ("bert", "task.delete", "evening"))
    assert told(service) == [(who, action, f"task {name}") for who, action, name in expected]


def test_the_log_tells_what_was_changed_and_only_that(service: Service, noting: Noting) -> None:
    task = make(service, noting)
    tasks.edit(service, "anna", task, Wanted("noting", "morning", {"days": 4}, DAILY), noting.types)
    with service.database.reading() as db:
        details = audit.listed(db)[0]["details"]
    assert set(details["before"]) == set(details["after"]) == {"options"}
    assert (details["before"]["options"]["days"], details["after"]["options"]["days"]) == (3, 4)


def test_a_paused_task_that_is_changed_stays_paused(service: Service, noting: Noting) -> None:
    task = make(service, noting)
    tasks.pause(service, "anna", task)
    tasks.edit(service, "anna", task, Wanted("noting", "morning", {"days": 4}, {"times": ["09:00"]}), noting.types)
    now = tasks.one(service, task)
    assert (now.paused, now.next_due, now.options["days"]) == (True, None, 4)


def test_a_name_is_free_again_once_its_task_is_deleted(service: Service, noting: Noting) -> None:
    task = make(service, noting)
    assert mistakes(service, GOOD, noting) == [("name", "taken")]
    tasks.edit(service, "anna", task, GOOD, noting.types)  # its own
    tasks.delete(service, "anna", task)
    assert make(service, noting) != task


@pytest.mark.requirement("R63")
@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"type": "letters"}, [("type", "choice")]),
        ({"name": ""}, [("name", "name")]),
        ({"name": " morning"}, [("name", "name")]),
        ({"name": "a" * 81}, [("name", "name")]),
        ({"name": "a\nb"}, [("name", "name")]),
        ({"options": {}}, [("options.days", "missing")]),
        ({"options": {"days": 31}}, [("options.days", "number")]),
        ({"options": {"days": True}}, [("options.days", "number")]),
        ({"options": {"days": 3, "account": "mine"}}, [("options.account", "choice")]),
        ({"options": {"days": 3, "quiet": 1}}, [("options.quiet", "yes_no")]),
        ({"options": {"days": 3, "title": ""}}, [("options.title", "missing")]),
        ({"options": {"days": 3, "title": "a" * 21}}, [("options.title", "line")]),
        ({"options": {"days": 3, "media_types": "DVD"}}, [("options.media_types", "codes")]),
        ({"options": {"days": 3, "media_types": ["DVD", 7]}}, [("options.media_types.1", "line")]),
        ({"options": {"days": 3, "hours": 1}}, [("options", "unknown")]),
        ({"options": []}, [("options", "options")]),
        ({"schedule": {"times": []}}, [("schedule.times", "times")]),
        (
            {"name": "", "options": {"days": 0}, "schedule": {"times": ["7"]}},
            [("name", "name"), ("options.days", "number"), ("schedule.times.0", "time")],
        ),
    ],
)
def test_every_mistake_of_a_task_is_named_and_nothing_is_stored(
    service: Service, noting: Noting, change: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    given = {"type": "noting", "name": "morning", "options": {"days": 3}, "schedule": DAILY, **change}
    assert mistakes(service, Wanted(**given), noting) == wrong
    assert (tasks.listed(service), told(service)) == ([], [])


def test_a_task_keeps_its_type(service: Service, noting: Noting) -> None:
    task = make(service, noting)
    with pytest.raises(TaskWrongError) as wrong:
        tasks.edit(service, "anna", task, Wanted(BACKUP, "morning", {"folder": "/var", "keep": 1}, DAILY), TYPES)
    assert [(mistake.place, mistake.code) for mistake in wrong.value.mistakes] == [("type", "fixed")]


def test_a_task_that_is_not_there_is_said_so(service: Service, noting: Noting) -> None:
    gone = make(service, noting)
    tasks.delete(service, "anna", gone)
    for change in (tasks.pause, tasks.resume, tasks.delete):
        with pytest.raises(CirculationError, match="no such task"):
            change(service, "anna", gone)
    with pytest.raises(CirculationError, match="no such task"):
        tasks.one(service, gone)
    with pytest.raises(CirculationError, match="no task 'morning'"):
        tasks.named(service, "morning")


def test_options_describe_themselves_and_are_read_as_they_were_written() -> None:
    found = options.described(NotingOptions)
    assert [what.form for what in found.values()] == [Form.NUMBER, Form.CODE, Form.CODES, Form.YES_NO, Form.LINE]
    given = NotingOptions(7, "office", ("DVD", "CD"), True, "Soon due")
    assert options.read(NotingOptions, options.plain(given)) == given


# --- tasks of the system ----------------------------------------------------------------------------------------------


def test_the_system_makes_its_tasks_once_and_leaves_them_as_they_are(service: Service, clock: TestClock) -> None:
    system.ensure(service)
    first = tasks.listed(service)
    assert [(task.type, task.system, task.next_due) for task in first] == [
        (code, True, clock()) for code in (EXPIRY, RETENTION, STATISTICS, TIDYING)
    ]
    tasks.pause(service, "anna", first[0].id)
    clock.later(days=1)
    system.ensure(service)
    assert [task.id for task in tasks.listed(service)] == [task.id for task in first]
    assert tasks.listed(service)[0].paused


def test_a_task_of_the_system_changes_its_times_and_nothing_else(service: Service, noting: Noting) -> None:
    system.ensure(service)
    task = tasks.named(service, TIDYING)
    tasks.edit(service, "anna", task, Wanted(TIDYING, TIDYING, {}, DAILY))
    assert tasks.one(service, task).schedule.plain()["times"] == ["07:00"]
    with pytest.raises(TaskWrongError) as wrong:
        tasks.edit(service, "anna", task, Wanted(TIDYING, "never", {"days": 1}, DAILY))
    assert [(mistake.place, mistake.code) for mistake in wrong.value.mistakes] == [
        ("name", "fixed"),
        ("options", "unknown"),
    ]
    with pytest.raises(CirculationError, match="cannot be deleted"):
        tasks.delete(service, "anna", task)
    with pytest.raises(TaskWrongError) as second:
        tasks.create(service, "anna", Wanted(TIDYING, "another", {}, DAILY))
    assert [(mistake.place, mistake.code) for mistake in second.value.mistakes] == [("type", "system")]


def test_backups_go_into_a_folder_named_in_full(service: Service) -> None:
    with pytest.raises(TaskWrongError) as wrong:
        tasks.create(service, "anna", Wanted(BACKUP, "backup", {"folder": "backups"}, DAILY))
    assert [(mistake.place, mistake.code) for mistake in wrong.value.mistakes] == [("options.folder", "absolute")]
    task = tasks.create(service, "anna", Wanted(BACKUP, "backup", {"folder": "/var/backups"}, DAILY))
    assert options.read(BackupOptions, tasks.one(service, task).options) == BackupOptions("/var/backups", 14)


# --- asking for a run -------------------------------------------------------------------------------------------------


def test_a_run_that_is_asked_for_is_carried_out_once_and_the_times_stay(
    service: Service, clock: TestClock, noting: Noting
) -> None:
    clock.now = local("2026-06-01T10:00")
    task, process = make(service, noting), Process(service, noting)
    tasks.ask(service, "bert", task)
    tasks.ask(service, "bert", task)  # impatient
    assert tasks.one(service, task).next_due == clock.now
    assert [claim.slot for claim in process.wake()] == [None]
    assert process.wake() == []
    assert tasks.one(service, task).next_due == local("2026-06-02T07:00")
    assert told(service)[-1] == ("bert", "task.run", "task morning")


def test_a_paused_a_running_and_an_unknown_task_are_not_asked(service: Service, noting: Noting) -> None:
    task = make(service, noting)
    claiming.claim_by_hand(service, "another", task, "anna")
    assert refusal(service, task) == ("task_running", 409)
    tasks.pause(service, "anna", task)
    assert refusal(service, task) == ("task_paused", 409)
    assert refusal(service, task + 1) == ("not_found", 404)


def refusal(service: Service, task: int) -> tuple[str, int]:
    """Why no run can be asked for."""
    with pytest.raises(CirculationError) as refused:
        tasks.ask(service, "anna", task)
    return refused.value.code, refused.value.status
