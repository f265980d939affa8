"""The types of tasks there are. A new one is one line in ``TYPES``. Not responsible for what they do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from circulation import backup, people, reserving, tidying, usage
from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.jobs.options import Form, NoOptions, Option, option
from circulation.jobs.running import Counts, Run, TaskType, Types
from circulation.notices.task_types import NOTICE_TYPES
from circulation.service import Service

MOST_PATH = 1000
MOST_KEPT = 1000
BACKUP_NAME = "circulation-{}.backup"
BACKUP_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class BackupOptions:
    """Where backups go.

    Attributes:
        folder: absolute path of a folder on the server's computer.
        keep: how many of the newest stay there.
    """

    folder: str = option(Option(Form.LINE, most=MOST_PATH))
    keep: int = option(Option(Form.NUMBER, least=1, most=MOST_KEPT), 14)


def _backup_folder(_: Connection, wanted: BackupOptions) -> tuple[Mistake, ...]:
    """Whether it can be a folder: the server that runs the task may be on another computer than the one that asks."""
    return () if Path(wanted.folder).is_absolute() else (Mistake("options.folder", "absolute"),)


def _backup(service: Service, wanted: BackupOptions, run: Run) -> Counts:
    """Write a backup (R88); older ones go only once it is whole."""
    run.go_on()
    folder = Path(wanted.folder)
    if not folder.is_dir():
        raise CirculationError("backup", f"{folder} is no folder")
    file = folder / BACKUP_NAME.format(service.clock().strftime(BACKUP_TIME))
    backup.backup(service.database, file)
    older = sorted(folder.glob(BACKUP_NAME.format("????????T??????Z")), reverse=True)[wanted.keep :]
    for one in older:
        one.unlink(missing_ok=True)
    return {"bytes": file.stat().st_size, "removed": len(older)}


def _tidy(service: Service, _: NoOptions, __: Run) -> Counts:
    return tidying.forget(service)


def _forget_patrons(service: Service, _: NoOptions, __: Run) -> Counts:
    return people.forget(service)


def _expire(service: Service, _: NoOptions, __: Run) -> Counts:
    return {"reservations": reserving.expire(service)}


def _count(service: Service, _: NoOptions, run: Run) -> Counts:
    return usage.count(service, run)


EXPIRY, RETENTION, STATISTICS = "reservation_expiry", "retention", "statistics"
TIDYING, BACKUP = "tidying", "backup"
_KINDS: tuple[TaskType[Any], ...] = (
    TaskType(EXPIRY, NoOptions, _expire, system=True),
    TaskType(RETENTION, NoOptions, _forget_patrons, system=True),
    TaskType(STATISTICS, NoOptions, _count, system=True),
    TaskType(TIDYING, NoOptions, _tidy, system=True),
    TaskType(BACKUP, BackupOptions, _backup, check=_backup_folder),
    *NOTICE_TYPES,
)
TYPES: Types = {kind.code: kind for kind in _KINDS}
