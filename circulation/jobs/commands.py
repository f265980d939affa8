"""The command ``circulation jobs``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

import wording
from circulation import audit
from circulation.command_line import DatabaseUrl, SecretsFolder, console, opened, told
from circulation.errors import CirculationError
from circulation.jobs import claiming, running, system, tasks
from circulation.jobs.running import Preview
from circulation.jobs.types import TYPES
from circulation.service import Service
from circulation.store import house
from circulation.store.jobs import DONE

jobs_app = typer.Typer(help="Tasks that the service runs by itself.", no_args_is_help=True)
TaskName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the task, as jobs list shows it.")]


@jobs_app.command("list")
@told
def jobs_list(database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """Every task: when it runs next, and what became of its last run."""
    with _with_tasks(database, secrets) as service:
        zone = _zone(service)
        rows = tasks.listed(service)
    table = Table("task", "type", "next run", "last run", "result", "counts", "note")
    for row in rows:
        following = "paused" if row.paused else _local(row.next_due, zone)
        last = row.last
        ran = (_local(last.started, zone), last.state, _counts(last.counts), last.note or "") if last else ("",) * 4
        table.add_row(row.name, row.type, following, *ran)
    console.print(table)


@jobs_app.command("run")
@told
def jobs_run(name: TaskName, database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """Run a task now, here, whatever its times are; servers leave it alone meanwhile."""
    with _with_tasks(database, secrets) as service:
        task, process = tasks.named(service, name), claiming.process_name()
        state, run = running.carry_out_by_hand(service, TYPES, process, task, audit.COMMAND_LINE)
        last = tasks.runs(service, task, most=1)[0]
    if state != DONE:
        raise CirculationError("run", f"{name}: {state}: {last.note}")
    console.print(f"{name}: {state}: {_counts(run.counts)}", highlight=False)


@jobs_app.command("dry-run")
@told
def jobs_dry_run(name: TaskName, database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """Tell what a task would do now, and do nothing."""
    with _with_tasks(database, secrets) as service:
        task = tasks.one(service, tasks.named(service, name))
        preview = running.preview(service, TYPES, task.type, task.options, task.id)
        with service.database.reading() as db:
            currency = house.installation(db).currency
    if preview.lines:
        table = Table(*preview.lines[0])
        for line in preview.lines:
            table.add_row(*_readable(line, preview, currency).values())
        console.print(table)
    console.print(f"{name} would do: {_counts(_readable(preview.counts, preview, currency))}", highlight=False)


def _readable(told: Mapping[str, str] | Mapping[str, int], preview: Preview, currency: str) -> dict[str, str]:
    """What a preview tells, with amounts as a person reads them."""
    return {
        key: wording.written((int(value), currency), "en") if key in preview.money else str(value)
        for key, value in told.items()
    }


@jobs_app.command("pause")
@told
def jobs_pause(name: TaskName, database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """Let a task rest; what it misses is not made up."""
    with _with_tasks(database, secrets) as service:
        tasks.pause(service, audit.COMMAND_LINE, tasks.named(service, name))
    console.print(f"{name} is paused", highlight=False)


@jobs_app.command("resume")
@told
def jobs_resume(name: TaskName, database: DatabaseUrl, secrets: SecretsFolder = None) -> None:
    """Let a task run at its times again."""
    with _with_tasks(database, secrets) as service:
        task = tasks.named(service, name)
        tasks.resume(service, audit.COMMAND_LINE, task)
        following = _local(tasks.one(service, task).next_due, _zone(service))
    console.print(f"{name} runs next at {following}", highlight=False)


@contextmanager
def _with_tasks(database: str, secrets: Path | None) -> Iterator[Service]:
    """The service, with the system's tasks there even if no server has run yet."""
    with opened(database, secrets) as service:
        system.ensure(service)
        yield service


def _zone(service: Service) -> ZoneInfo:
    with service.database.reading() as db:
        return claiming.zone_of(db)


def _local(instant: datetime | None, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).isoformat(" ", "minutes") if instant is not None else ""


def _counts(counts: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
