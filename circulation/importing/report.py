"""Telling what is wrong with a file, to people and as a table.

Responsible for the words of a problem, for the few that are shown and the many that go into a file. Memory does not
grow with their number. Not responsible for finding them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import wording
from circulation.errors import CirculationError
from circulation.importing.faults import Problem
from rules.csv import guarded

COLUMNS = ("file", "unit", "number", "place", "field", "code", "problem", "found")
BOM = "\ufeff"


def sentence(problem: Problem, language: str) -> str:
    """What is wrong, and what was found where that may be told."""
    said = wording.say_staff(f"import.{problem.fault.code}", problem.fault.params, language)
    if problem.found is None:
        return said
    return f"{said} {wording.say_staff('import.found', {'found': problem.found}, language)}"


def place(problem: Problem, language: str) -> str:
    """Line or record, and the column or field in it; "" of the file as a whole."""
    where = []
    if problem.number:
        where.append(wording.say_staff(f"import.at.{problem.unit}", {"number": str(problem.number)}, language))
    if problem.place:
        named = problem.field and problem.field != problem.place
        where.append(f"{problem.place} ({problem.field})" if named else problem.place)
    return ", ".join(where)


class Report:
    """The problems of one file.

    Args:
        file: its name.
        language: of what is told.
        most: how many are kept to be shown.
        out: where all of them are written; None = nowhere.
    """

    def __init__(self, file: str, language: str, most: int, out: IO[str] | None) -> None:
        self._file, self._language, self._most = file, language, most
        self._table = csv.writer(out, delimiter=";") if out is not None else None
        if self._table is not None:
            self._table.writerow(COLUMNS)
        self.shown: list[str] = []
        self.count = 0
        self.fatal = False

    def add(self, problem: Problem) -> None:
        """One more."""
        self.count += 1
        self.fatal = self.fatal or problem.fatal
        if self.count <= self._most:
            where = place(problem, self._language)
            self.shown.append(": ".join(filter(None, (self._file, where, sentence(problem, self._language)))))
        if self._table is not None:
            self._table.writerow([guarded(cell) for cell in self._cells(problem)])

    def _cells(self, problem: Problem) -> tuple[str, ...]:
        said = wording.say_staff(f"import.{problem.fault.code}", problem.fault.params, self._language)
        number = str(problem.number) if problem.number else ""
        where = (self._file, problem.unit, number, problem.place, problem.field)
        return (*where, problem.fault.code, said, problem.found or "")


@contextmanager
def report_file(path: Path | None) -> Iterator[IO[str] | None]:
    """Where the table of all problems is written.

    Raises:
        CirculationError: it cannot be.
    """
    if path is None:
        yield None
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as out:
            out.write(BOM)
            yield out
    except OSError as error:
        raise CirculationError("report", f"{path} cannot be written: {error.strerror}") from None
