"""One import from beginning to end: the file is checked as a whole, then written in one transaction, or not at all.

Responsible for the order of things. Not responsible for what is right (checking) or for what is told (commands).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy.exc import IntegrityError

from circulation import audit
from circulation.errors import CirculationError
from circulation.importing.checking import Checker, check_constants
from circulation.importing.fields import Kind
from circulation.importing.mapping import FileMapping
from circulation.importing.readers import house_of
from circulation.importing.report import Report
from circulation.importing.scratch import Scratch, scratch
from circulation.importing.sources import Raw
from circulation.importing.sources.opening import source_of
from circulation.importing.writing import Writer, hash_pins, nobodys_hash
from circulation.service import Service

CHECKING, HASHING, WRITING = "checking", "hashing", "writing"
Moved = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a file is to be imported.

    Attributes:
        update: what is there already is changed to what the file says.
        skip_faulty: lines with problems are left out; without, one problem keeps everything out.
        dry_run: only check.
    """

    update: bool = False
    skip_faulty: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        done: it was written, or with ``dry_run`` would have been.
        new, updated: rows; 0 if nothing was done.
    """

    done: bool
    new: int = 0
    updated: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One file on its way into a house.

    Attributes:
        kind: what the file has.
        file: CSV, or for items MARC 21 or MARCXML.
        mapping: where it has our fields.
        wanted: how it is to be imported.
        report: is told every problem.
        moved: is told, again and again, what is being done, how far it is, and of how much.
    """

    service: Service
    kind: Kind
    file: Path
    mapping: FileMapping
    wanted: Wanted
    report: Report
    moved: Moved


def take_in(task: Task) -> Outcome:
    """Import a file.

    Raises:
        CirculationError: the file cannot be read, the house was not set up or has changed meanwhile.
        MappingFileError: the mapping has constants the house does not know.
    """
    try:
        with task.file.open("rb") as file, scratch() as memory:
            return _from(task, file, memory)
    except OSError as error:
        raise CirculationError("import", f"{error.filename or task.file} cannot be used: {error.strerror}") from None
    except sqlite3.Error as error:
        raise CirculationError("import", f"the temporary folder cannot be used: {error}") from None


def _from(task: Task, file: BinaryIO, memory: Scratch) -> Outcome:
    service, report, wanted = task.service, task.report, task.wanted
    with service.database.reading() as db:
        here = house_of(db, service.clock())
    source = source_of(task.file, file, task.kind, task.mapping)
    if isinstance(source, Raw):
        for problem in source.problems:
            report.add(problem)
        return Outcome(done=False)
    check_constants(task.kind, task.mapping, source.section, here)
    size = task.file.stat().st_size
    checker = Checker(task.kind, source, task.mapping, here, wanted.update)
    for problem in checker.check(memory, service.database.reading, lambda: task.moved(CHECKING, file.tell(), size)):
        report.add(problem)
    good = checker.new + checker.updated
    if report.fatal or (report.count and not (wanted.skip_faulty and good)):
        return Outcome(done=False)
    if wanted.dry_run:
        return Outcome(True, checker.new, checker.updated)
    if "pin" in source.given:
        hash_pins(memory, service.secrets, _counted(task, HASHING, good))
    return _write(task, memory, source.given, good)


def _counted(task: Task, doing: str, of: int) -> Callable[[int], None]:
    """Tells how far something is, from how many rows were done now."""
    done = 0

    def more(rows: int) -> None:
        nonlocal done
        done += rows
        task.moved(doing, done, of)

    return more


def _write(task: Task, memory: Scratch, given: frozenset[str], good: int) -> Outcome:
    service = task.service
    nobody = nobodys_hash(service.secrets) if task.kind.name == "patrons" else ""
    more = _counted(task, WRITING, good)
    try:
        with service.database.writing() as db:
            writer = Writer(db, task.kind, given, nobody)
            for _, rows in memory.kept():
                writer.write(rows)
                more(len(rows))
            told = {"new": writer.new, "updated": writer.updated, "problems": task.report.count}
            audit.note(db, service.clock(), audit.COMMAND_LINE, f"{task.kind.name}.import", task.file.name, told)
    except IntegrityError:
        detail = "the database was changed while the file was checked; nothing was imported: begin again"
        raise CirculationError("import_overtaken", detail, 409) from None
    return Outcome(True, writer.new, writer.updated)
