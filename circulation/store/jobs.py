"""Tasks and their runs: statements. Not responsible for when a task is due or who may run it (jobs.claiming)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, exists, func, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from circulation.clock import real_clock
from circulation.store.engine import hold
from circulation.store.job_tables import task, task_run

RUNNING, DONE, FAILED, TAKEN_OVER = "running", "done", "failed", "taken_over"
THERE = task.c.deleted_at.is_(None)
ACTIVE = THERE & ~task.c.paused


def hold_tasks(db: Connection) -> None:
    """Keep others that make or name tasks waiting."""
    hold(db, "tasks")


def now_there(db: Connection) -> datetime:
    """The time at the database, by which claims end: servers may disagree about theirs. SQLite's is this computer's."""
    if db.dialect.name == "postgresql":
        found: datetime = db.execute(select(func.clock_timestamp())).scalar_one()
        return found
    return real_clock()


# --- tasks ------------------------------------------------------------------------------------------------------------


def tasks(db: Connection) -> list[Row[Any]]:
    """Every task that was not deleted, by name."""
    return list(db.execute(select(task).where(THERE).order_by(task.c.name)))


def one_task(db: Connection, id_: int, *, locked: bool = False) -> Row[Any] | None:
    """A task that was not deleted."""
    query = select(task).where(task.c.id == id_, THERE)
    return db.execute(query.with_for_update() if locked else query).one_or_none()


def task_named(db: Connection, name: str) -> Row[Any] | None:
    """A task that was not deleted, by its name."""
    return db.execute(select(task).where(task.c.name == name, THERE)).one_or_none()


def active(db: Connection, type_: str) -> bool:
    """Whether there is a task of a type that runs by itself."""
    return db.execute(select(task.c.id).where(task.c.type == type_, ACTIVE).limit(1)).first() is not None


def ask_all(db: Connection, type_: str, now: datetime) -> None:
    """Ask every task of a type that runs by itself for a run now."""
    db.execute(update(task).where(task.c.type == type_, ACTIVE).values(again_at=now))


def add_task(db: Connection, values: Mapping[str, Any]) -> int:
    """A new task: its id."""
    return _added(db, task, values)


def change_task(db: Connection, id_: int, values: Mapping[str, Any]) -> None:
    """Change columns of a task."""
    db.execute(update(task).where(task.c.id == id_).values(**values))


def set_back(db: Connection, id_: int, seen: str, slot: str, due: datetime) -> None:
    """Make an earlier slot the next one, if the next one is still as it was seen and the earlier one had no run."""
    had = exists().where(task_run.c.task == id_, task_run.c.slot == slot)
    asked = update(task).where(task.c.id == id_, task.c.next_slot == seen, ACTIVE, ~had)
    db.execute(asked.values(next_slot=slot, next_due=due))


def waiting(db: Connection, now: datetime) -> list[int]:
    """Ids of tasks that seem to be due: by their time, asked for again, or because the process of a run died."""
    later = task_run.alias()
    died = exists().where(
        task_run.c.task == task.c.id,
        _can_be_made_up(),
        ~exists().where(later.c.task == task_run.c.task, later.c.id > task_run.c.id),
    )
    due = or_(task.c.next_due <= now, task.c.again_at <= now, died)
    return list(db.execute(select(task.c.id).where(ACTIVE, due).order_by(task.c.next_due, task.c.id)).scalars())


def earliest(db: Connection) -> datetime | None:
    """When the next task is due; None if none is."""
    query = select(func.min(task.c.next_due), func.min(task.c.again_at)).where(ACTIVE)
    return min((one for one in db.execute(query).one() if one is not None), default=None)


# --- runs -------------------------------------------------------------------------------------------------------------


def _can_be_made_up() -> ColumnElement[bool]:
    """Of a first run that nobody asked for by hand, whose process died or was stopped."""
    run = task_run.c
    return (run.state == TAKEN_OVER) & (run.attempt == 1) & ~run.by_hand & (run.started >= task.c.changed_at)


def died(db: Connection, task_id: int) -> Row[Any] | None:
    """The last run of a task, if its process died, the task was not changed since, and it was not made up."""
    last = select(func.max(task_run.c.id)).where(task_run.c.task == task_id).scalar_subquery()
    query = select(task_run).join(task, task.c.id == task_run.c.task)
    return db.execute(query.where(task_run.c.id == last, _can_be_made_up())).one_or_none()


def is_going(db: Connection, task_id: int) -> bool:
    """Whether a run of a task is going on."""
    query = select(task_run.c.id).where(task_run.c.task == task_id, task_run.c.state == RUNNING)
    return db.execute(query).first() is not None


def had_slot(db: Connection, task_id: int, slot: str) -> bool:
    """Whether a slot had its run."""
    return (
        db.execute(select(task_run.c.id).where(task_run.c.task == task_id, task_run.c.slot == slot)).first() is not None
    )


def add_run(db: Connection, values: Mapping[str, Any]) -> int:
    """A new run: its id."""
    return _added(db, task_run, values)


def change_run(db: Connection, run: int, process: str, values: Mapping[str, Any]) -> bool:
    """Change columns of a run that is going on; False if another process has taken it over."""
    mine = (task_run.c.id == run, task_run.c.state == RUNNING, task_run.c.claimed_by == process)
    return db.execute(update(task_run).where(*mine).values(**values)).rowcount == 1


def dead(db: Connection, alive: Collection[int]) -> list[int]:
    """Runs whose claim has ended, but those known to be alive."""
    return list(db.execute(select(task_run.c.id).where(*_is_dead(db), task_run.c.id.not_in(alive))).scalars())


def take_over(db: Connection, run: int, values: Mapping[str, Any]) -> bool:
    """End a run whose claim has ended; False if another server was quicker, or its process is alive after all."""
    return db.execute(update(task_run).where(task_run.c.id == run, *_is_dead(db)).values(**values)).rowcount == 1


def _is_dead(db: Connection) -> tuple[ColumnElement[bool], ...]:
    return task_run.c.state == RUNNING, task_run.c.claim_until < now_there(db)


def runs(db: Connection, task_id: int, before: int | None, most: int) -> list[Row[Any]]:
    """Runs of a task, newest first, with lower ids than ``before``."""
    query = select(task_run).where(task_run.c.task == task_id).order_by(task_run.c.id.desc()).limit(most)
    return list(db.execute(query if before is None else query.where(task_run.c.id < before)))


def last_runs(db: Connection) -> dict[int, Row[Any]]:
    """The last run of each task."""
    last = select(func.max(task_run.c.id)).group_by(task_run.c.task)
    return {row.task: row for row in db.execute(select(task_run).where(task_run.c.id.in_(last)))}


def count_failed(db: Connection) -> int:
    """How many tasks that run by themselves have failed when they last ran."""
    last = select(func.max(task_run.c.id)).group_by(task_run.c.task)
    of = (ACTIVE, task_run.c.id.in_(last), task_run.c.state == FAILED)
    return int(db.execute(select(func.count()).select_from(task_run).join(task).where(*of)).scalar_one())


def forget_runs(db: Connection, before: datetime) -> int:
    """Forget runs that ended before an instant, but the first of each task: from it on its work counts (R66)."""
    first = select(func.min(task_run.c.id)).group_by(task_run.c.task)
    return db.execute(delete(task_run).where(task_run.c.ended < before, task_run.c.id.not_in(first))).rowcount


def _added(db: Connection, table: Table, values: Mapping[str, Any]) -> int:
    row = db.execute(insert(table).values(**values).returning(table.c.id))
    return int(row.scalar_one())
