"""Tasks of the scheduler: how they are, and the form of one (R63-R66, R70, R71). What a run would do: task_preview."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.jobs import tasks
from circulation.jobs.running import TaskType
from circulation.jobs.tasks import TaskShown, TaskWrongError
from circulation.jobs.types import TYPES
from circulation.notices import checklist, runs
from circulation.staff import task_form, task_words
from circulation.staff.forms import Form
from circulation.staff.page import AdminPage, Page, TheForm
from circulation.store import notices

router = APIRouter()
RUNS = 20  # of a page
MADE_BY_STAFF = tuple(code for code, kind in TYPES.items() if not kind.system)


@router.get("/tasks")
def task_list(page: AdminPage) -> Response:
    """Every task, and which kinds can be made."""
    now, found = page.service.clock(), tasks.listed(page.service)
    waits = {one.id: _waits_with(page, one.id) for one in found}
    return page.show(
        "tasks/list.html",
        now=now,
        rows=[(one, task_words.state(one, now, bool(waits[one.id]))) for one in found],
        task_words=task_words,
        types=MADE_BY_STAFF,
    )


def _waits_with(page: Page, task: int) -> int:
    """With how many messages a task waits for a confirmation; 0 = it does not (R47)."""
    with page.reading() as db:
        row = notices.backlog_of(db, task)
    return row.would_send if row is not None and row.confirmed_at is None else 0


# --- the form ---------------------------------------------------------------------------------------------------------


@router.get("/tasks/new")
def new_task(page: AdminPage) -> Response:
    """The form of a new task of a type."""
    kind = _kind(page.asked.text("type"))
    return _form(page, kind, task_form.empty(page, kind))


@router.post("/tasks")
def create(page: AdminPage, form: TheForm) -> Response:
    """Make a task, which runs by itself from then on (R70)."""
    kind = _kind(form.text("type"))
    try:
        made = tasks.create(page.service, page.staff.name, task_form.wanted(form, kind, form.text(task_form.NAME)))
    except TaskWrongError as error:
        return _form(page, kind, form, error)
    return page.go(f"/tasks/{made}", "task_made")


def _kind(code: str) -> TaskType[Any]:
    if code not in MADE_BY_STAFF:
        raise CirculationError("not_found", "there is no such type of task", 404)
    return TYPES[code]


def _form(page: Page, kind: TaskType[Any], given: Form, error: TaskWrongError | None = None) -> Response:
    return page.show("tasks/new.html", error.status if error is not None else 200, **_fields(page, kind, given, error))


def _fields(page: Page, kind: TaskType[Any], given: Form, error: TaskWrongError | None) -> Mapping[str, Any]:
    return {
        "kind": kind,
        "fields_of": task_form.fields(page, kind, given),
        "given": given,
        "faults": task_form.faults(page, error.mistakes) if error is not None else {},
        "weekdays": task_form.weekdays(page),
        "form": task_form,
    }


# --- one task ---------------------------------------------------------------------------------------------------------


@router.get("/tasks/{task:int}")
def one_task(task: int, page: AdminPage) -> Response:
    """One task: its form, what is to be known of its times, and its last runs."""
    return _one(page, task)


def _one(page: Page, task: int, entered: Form | None = None, error: TaskWrongError | None = None) -> Response:
    shown = tasks.one(page.service, task)
    before = page.asked.number("after")
    last = tasks.runs(page.service, task, before, RUNS)
    name = task_words.name(page.words, shown)
    waits, now, kind = _waits_with(page, task), page.service.clock(), TYPES.get(shown.type)
    given = entered if entered is not None else task_form.entered(shown, name)
    return page.show(
        "tasks/one.html",
        error.status if error is not None else 200,
        now=now,
        task=shown,
        name=name,
        state=task_words.state(shown, now, bool(waits)),
        waits=waits,
        hints=tuple(_hints(page, shown)),
        runs=last,
        next=last[-1].id if len(last) == RUNS else None,
        task_words=task_words,
        previewed=kind is not None and kind.preview is not None,
        **(_fields(page, kind, given, error) if kind is not None else {"kind": None}),
    )


def _hints(page: Page, task: TaskShown) -> Iterator[str]:
    """What staff should know of its times (R66, R71)."""
    words = page.words
    if checklist.lacks_rule(page.service, task):
        yield words.say(f"task.hint.no_rule.{task.type}")
    missed = checklist.missed_weekdays(page.service, task)
    if missed:
        yield words.say("task.hint.missed", days=task_words.weekdays(words, missed))
    off = tasks.usually_off(page.service, task.id)
    if off:
        yield words.say("task.hint.off", times=task_words.times(words, off))


@router.post("/tasks/{task:int}")
def edit(task: int, page: AdminPage, form: TheForm) -> Response:
    """Change name, options and times; of a task of the system its times only."""
    shown = tasks.one(page.service, task)
    kind = TYPES.get(shown.type)
    if kind is None:
        raise CirculationError("not_found", "there is no such type of task", 404)
    name = shown.name if shown.system else form.text(task_form.NAME)
    try:
        tasks.edit(page.service, page.staff.name, task, task_form.wanted(form, kind, name))
    except TaskWrongError as error:
        return _one(page, task, form, error)
    return page.go(f"/tasks/{task}", "task_changed")


@router.post("/tasks/{task:int}/run")
def run_now(task: int, page: AdminPage, form: TheForm) -> Response:
    """Ask for a run; the scheduler begins it at once, not this request (R72)."""
    tasks.ask(page.service, page.staff.name, task)
    page.request.app.state.ring()
    return page.go(f"/tasks/{task}", "task_asked")


@router.post("/tasks/{task:int}/pause")
def pause(task: int, page: AdminPage, form: TheForm) -> Response:
    """Let a task rest."""
    tasks.pause(page.service, page.staff.name, task)
    return page.go(f"/tasks/{task}", "task_paused")


@router.post("/tasks/{task:int}/resume")
def resume(task: int, page: AdminPage, form: TheForm) -> Response:
    """Let a task run at its times again."""
    tasks.resume(page.service, page.staff.name, task)
    return page.go(f"/tasks/{task}", "task_resumed")


@router.post("/tasks/{task:int}/confirm")
def confirm(task: int, page: AdminPage, form: TheForm) -> Response:
    """Let a task send what it waits with, at its next run (R47)."""
    runs.confirm(page.service, page.staff.name, task)
    return page.go("/notices/tonight", "task_confirmed")


@router.post("/tasks/{task:int}/delete")
def delete(task: int, page: AdminPage, form: TheForm) -> Response:
    """Delete a task; what it has done stays."""
    tasks.delete(page.service, page.staff.name, task)
    return page.go("/tasks", "task_deleted")
