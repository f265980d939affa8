"""Tasks as staff make, change, pause and delete them, and as they see them (R63, R70, R71).

Every change stands in the audit log. Not responsible for when a task runs (claiming) or what it does (running, types).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, Row

from circulation import audit
from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.jobs import options as forms
from circulation.jobs import schedule as times
from circulation.jobs.claiming import planned, schedule_of, zone_of
from circulation.jobs.running import Types
from circulation.jobs.schedule import Schedule
from circulation.jobs.types import TYPES
from circulation.service import Service
from circulation.store import jobs as store

MOST_NAME = 80
MOST_RUNS = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task as it is asked for; options and schedule as JSON (options.plain, Schedule.plain)."""

    type: str
    name: str
    options: Mapping[str, Any]
    schedule: Mapping[str, Any]


class TaskWrongError(CirculationError):
    """A task that cannot be so; nothing was stored.

    Attributes:
        mistakes: all of them, each with its place: "name", "type", or one that begins with "options" or "schedule".
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        detail = f"mistakes in this task: {len(mistakes)}; nothing was stored"
        super().__init__("task_wrong", detail, place=mistakes[0].place)
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class RunShown:
    """One run.

    Attributes:
        slot: local date and time it was for, "2027-03-28T02:30"; None = it was asked for.
        attempt: 2 where the process of the first one died.
        state: "running", "done", "failed" or "taken_over" (its process died or was stopped).
        made_up: it was late because the computer or the service was off (R71), or stands in for one that died.
        counts: what it did, so far while it is running.
        note: a code, and a detail after a colon where there is one.
    """

    id: int
    slot: str | None
    attempt: int
    state: str
    by_hand: bool
    made_up: bool
    started: datetime
    ended: datetime | None
    counts: Mapping[str, int]
    note: str | None


@dataclass(frozen=True, slots=True)
class TaskShown:
    """One task.

    Attributes:
        options: as JSON.
        system: made by the service itself; it cannot be deleted, and only its times can be changed.
        next_due: when it runs next; None while it is paused.
        last: its last run.
    """

    id: int
    type: str
    name: str
    options: Mapping[str, Any]
    schedule: Schedule
    system: bool
    paused: bool
    next_due: datetime | None
    created_by: str
    created_at: datetime
    changed_by: str
    changed_at: datetime
    last: RunShown | None


# --- reading ----------------------------------------------------------------------------------------------------------


def listed(service: Service) -> list[TaskShown]:
    """Every task, by name."""
    with service.database.reading() as db:
        last = store.last_runs(db)
        return [_shown(row, last.get(row.id)) for row in store.tasks(db)]


def one(service: Service, task: int) -> TaskShown:
    """One task.

    Raises:
        CirculationError: there is no such task.
    """
    with service.database.reading() as db:
        row = _known(db, task)
        last = store.runs(db, task, None, 1)
    return _shown(row, last[0] if last else None)


def named(service: Service, name: str) -> int:
    """The id of a task by its name.

    Raises:
        CirculationError: there is no such task.
    """
    with service.database.reading() as db:
        row = store.task_named(db, name)
    if row is None:
        raise CirculationError("not_found", f"there is no task {name!r}", 404)
    return int(row.id)


def runs(service: Service, task: int, before: int | None = None, most: int = MOST_RUNS) -> list[RunShown]:
    """Runs of a task, newest first; ``before``: only those with a lower id, the last one of the page before."""
    with service.database.reading() as db:
        return [_run(row) for row in store.runs(db, task, before, min(most, MOST_RUNS))]


def usually_off(service: Service, task: int) -> tuple[time, ...]:
    """Times of day of a task at which this computer is usually off (R71)."""
    with service.database.reading() as db:
        found = [row for row in store.runs(db, task, None, MOST_RUNS) if row.slot is not None and row.attempt == 1]
        now = set(schedule_of(_known(db, task)).of_day)
    off = times.usually_off([(datetime.fromisoformat(row.slot), row.made_up) for row in found])
    return tuple(moment for moment in off if moment in now)


def _shown(row: Row[Any], last: Row[Any] | None) -> TaskShown:
    due = min((at for at in (row.next_due, row.again_at) if at is not None), default=None)
    return TaskShown(
        id=row.id,
        type=row.type,
        name=row.name,
        options=row.options,
        schedule=schedule_of(row),
        system=row.system,
        paused=row.paused,
        next_due=None if row.paused else due,
        created_by=row.created_by,
        created_at=row.created_at,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        last=_run(last) if last is not None else None,
    )


def _run(row: Row[Any]) -> RunShown:
    return RunShown(
        id=row.id,
        slot=row.slot,
        attempt=row.attempt,
        state=row.state,
        by_hand=row.by_hand,
        made_up=row.made_up,
        started=row.started,
        ended=row.ended,
        counts=row.counts,
        note=row.note,
    )


# --- changing ---------------------------------------------------------------------------------------------------------


def create(service: Service, by: str, wanted: Wanted, types: Types = TYPES) -> int:
    """Make a task, which runs by itself from then on (R70): its id.

    Raises:
        TaskWrongError: with every mistake.
    """
    now = service.clock()
    with service.database.writing() as db:
        store.hold_tasks(db)
        values, schedule = _checked(db, wanted, types, None)
        due = planned(schedule, zone_of(db), now)
        made = {"created_by": by, "created_at": now, "changed_by": by, "changed_at": now}
        id_ = store.add_task(db, {"type": wanted.type, "system": False, "paused": False, **values, **due, **made})
        audit.note(db, now, by, "task.create", _subject(wanted.name), {"type": wanted.type, **values})
    return id_


def edit(service: Service, by: str, task: int, wanted: Wanted, types: Types = TYPES) -> None:
    """Change name, options and times of a task; its type stays. A task of the system changes its times only.

    Raises:
        TaskWrongError: with every mistake.
        CirculationError: there is no such task.
    """
    now = service.clock()
    with service.database.writing() as db:
        store.hold_tasks(db)
        row = _known(db, task, locked=True)
        values, schedule = _checked(db, wanted, types, row)
        due = {} if row.paused else planned(schedule, zone_of(db), now)
        store.change_task(db, task, {**values, **due, "changed_by": by, "changed_at": now})
        changed = {name for name, value in values.items() if getattr(row, name) != value}
        details = {
            "before": {name: getattr(row, name) for name in sorted(changed)},
            "after": {name: values[name] for name in sorted(changed)},
        }
        audit.note(db, now, by, "task.change", _subject(row.name), details)


def pause(service: Service, by: str, task: int) -> None:
    """Let a task rest: it runs by hand only, and what it misses is not made up.

    Raises:
        CirculationError: there is no such task.
    """
    _rest(service, by, task, paused=True)


def resume(service: Service, by: str, task: int) -> None:
    """Let a task run at its times again, from the next one on.

    Raises:
        CirculationError: there is no such task.
    """
    _rest(service, by, task, paused=False)


def ask(service: Service, by: str, task: int) -> None:
    """Ask for a run now, besides the times of a task: a server carries it out as soon as it looks at the tasks again.

    Raises:
        CirculationError: there is no such task, it is paused, or it is running.
    """
    now = service.clock()
    with service.database.writing() as db:
        row = _known(db, task, locked=True)
        if row.paused:
            raise CirculationError("task_paused", "a paused task does not run; resume it first", 409)
        if store.is_going(db, task):
            raise CirculationError("task_running", "this task is running already", 409)
        store.change_task(db, task, {"again_at": now})
        audit.note(db, now, by, "task.run", _subject(row.name))


def _rest(service: Service, by: str, task: int, *, paused: bool) -> None:
    now = service.clock()
    with service.database.writing() as db:
        row = _known(db, task, locked=True)
        if row.paused == paused:
            return
        idle = {"next_slot": None, "next_due": None, "again_at": None}
        due = idle if paused else planned(schedule_of(row), zone_of(db), now)
        store.change_task(db, task, {"paused": paused, **due, "changed_by": by, "changed_at": now})
        audit.note(db, now, by, "task.pause" if paused else "task.resume", _subject(row.name))


def delete(service: Service, by: str, task: int) -> None:
    """Delete a task. What it has done stays; a run that is going on ends.

    Raises:
        CirculationError: there is no such task, or it is the system's.
    """
    now = service.clock()
    with service.database.writing() as db:
        row = _known(db, task, locked=True)
        if row.system:
            raise CirculationError("task_system", "a task of the system cannot be deleted; it can be paused", 409)
        store.change_task(db, task, {"deleted_at": now, "changed_by": by, "changed_at": now})
        audit.note(db, now, by, "task.delete", _subject(row.name), {"type": row.type})


def _known(db: Connection, task: int, *, locked: bool = False) -> Row[Any]:
    row = store.one_task(db, task, locked=locked)
    if row is None:
        raise CirculationError("not_found", "there is no such task", 404)
    return row


def _subject(name: str) -> str:
    return f"task {name}"


# --- what is right ----------------------------------------------------------------------------------------------------


def _checked(db: Connection, wanted: Wanted, types: Types, row: Row[Any] | None) -> tuple[dict[str, Any], Schedule]:
    """Name, options and schedule as they are stored, once nothing is wrong with them; and the schedule."""
    found = [*_type(wanted, types, row), *_name(db, wanted, row), *_options(db, wanted, types)]
    schedule = times.read(wanted.schedule)
    if not isinstance(schedule, Schedule):
        raise TaskWrongError([*found, *schedule])
    if found:
        raise TaskWrongError(found)
    options = forms.plain(forms.read(types[wanted.type].options, wanted.options))
    return {"name": wanted.name, "options": options, "schedule": schedule.plain()}, schedule


def _options(db: Connection, wanted: Wanted, types: Types) -> Iterable[Mistake]:
    kind = types.get(wanted.type)
    if kind is None:
        return ()
    options = forms.read(kind.options, wanted.options)
    return options if isinstance(options, tuple) else kind.check(db, options)


def _type(wanted: Wanted, types: Types, row: Row[Any] | None) -> Iterator[Mistake]:
    kind = types.get(wanted.type)
    if kind is None:
        yield Mistake("type", "choice", {"choices": ", ".join(code for code, one in types.items() if not one.system)})
    elif row is None and kind.system:
        yield Mistake("type", "system")
    elif row is not None and wanted.type != row.type:
        yield Mistake("type", "fixed")


def _name(db: Connection, wanted: Wanted, row: Row[Any] | None) -> Iterator[Mistake]:
    name = wanted.name
    if not name.strip() or name != name.strip() or len(name) > MOST_NAME or not name.isprintable():
        yield Mistake("name", "name", {"most": MOST_NAME})
        return
    if row is not None and row.system and name != row.name:
        yield Mistake("name", "fixed")
    holder = store.task_named(db, name)
    if holder is not None and (row is None or holder.id != row.id):
        yield Mistake("name", "taken")
