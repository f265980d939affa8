"""Importing a file in a test, with every problem as a value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select

from circulation.importing.faults import Problem
from circulation.importing.fields import KINDS
from circulation.importing.mapping import read, standard
from circulation.importing.report import Report
from circulation.importing.taking_in import Outcome, Task, Wanted, take_in
from circulation.service import Service

Moved = Callable[[str, int, int], None]


class Gathered(Report):
    """Keeps the problems themselves."""

    def __init__(self) -> None:
        super().__init__("file", "en", 1000, None)
        self.problems: list[Problem] = []

    def add(self, problem: Problem) -> None:
        self.problems.append(problem)
        super().add(problem)

    @property
    def told(self) -> list[tuple[int, str, str]]:
        """Number, place and code of each."""
        return [(problem.number, problem.place, problem.fault.code) for problem in self.problems]


def take(
    service: Service,
    kind: str,
    file: Path,
    content: str | bytes | None = None,
    mapping: str | None = None,
    moved: Moved = lambda doing, done, of: None,
    **wanted: bool,
) -> tuple[Outcome, Gathered]:
    """Import a file, written first if its content is given."""
    if content is not None:
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    report = Gathered()
    used = standard(KINDS[kind]) if mapping is None else read(mapping.encode(), KINDS[kind])
    return take_in(Task(service, KINDS[kind], file, used, Wanted(**wanted), report, moved)), report


def rows(service: Service, table: Table) -> list[Any]:
    """Everything in a table."""
    with service.database.reading() as db:
        return list(db.execute(select(table).order_by(*table.primary_key.columns)))
