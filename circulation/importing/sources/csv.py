"""CSV files: semicolons, commas or tabs, UTF-8 with or without a mark, quoted line breaks.

Responsible for lines and cells. Rows are counted as a spreadsheet does, empty ones too; the header is line 1. What was
written with a guard against formulas is read without it (rules.csv, whose cells these are).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from circulation.importing.faults import LINE, Fault, Problem
from circulation.importing.fields import Kind
from circulation.importing.mapping import CSV, FileMapping, Take
from circulation.importing.sources import Raw, broken
from rules.csv import unguarded

DELIMITERS = ";\t,"
MOST_ROW = 1_000_000  # characters of one line with all its cells

_NOT_UTF8 = re.compile(r"[\udc80-\udcff]+")
_QUOTED = re.compile(r'"[^"]*"')
# What Python's csv module says in English, by a word of it.
_REASONS = {"expected after": "quote_inside", "end of data": "quote_open", "field larger": "cell_too_long"}


class _TooLongError(Exception):
    """A line goes on and on."""


class _Lines:
    """The lines of a file for ``csv.reader``; what is no UTF-8 in them is replaced and noted."""

    def __init__(self, file: BinaryIO) -> None:
        self._text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
        self._signs = 0
        self._first: str | None = None
        self.not_utf8: int | None = None

    def header(self) -> str:
        """The first line, which is read again as the first of all."""
        self._first = self._text.readline(MOST_ROW + 1)
        return self._first

    def begin(self) -> None:
        """A new row begins."""
        self._signs, self.not_utf8 = 0, None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, self._first = self._first or self._text.readline(MOST_ROW + 1), None
        if not line:
            raise StopIteration
        self._signs += len(line)
        if self._signs > MOST_ROW:
            raise _TooLongError
        return line if line.isascii() else self._readable(line)

    def _readable(self, line: str) -> str:
        found = _NOT_UTF8.search(line)
        if found is None:
            return line
        if self.not_utf8 is None:
            self.not_utf8 = found.start() + 1
        return _NOT_UTF8.sub("\N{REPLACEMENT CHARACTER}", line)

    def close(self) -> None:
        """Leave the file to whoever has opened it."""
        self._text.detach()


class CsvSource:
    """A CSV file.

    Args:
        file: at its beginning.
        kind: what it has lines of.
        mapping: where it has our fields.
    """

    unit = LINE
    section = CSV

    def __init__(self, file: BinaryIO, kind: Kind, mapping: FileMapping) -> None:
        self._lines = _Lines(file)
        self._rows = csv.reader(self._lines, delimiter=_delimiter(self._lines.header()), strict=True)
        self._number = 0
        self._kind, self._takes, self._written = kind, mapping.csv, mapping.written
        self._header, self._wrong = self._read_header()
        columns = {name: at for at, name in enumerate(self._header)}
        self._at = {field: columns[take.place] for field, take in self._takes.items() if take.place in columns}
        always = (field for field, take in self._takes.items() if take.place is None)
        self.given = frozenset((*self._at, *always))
        self._places = {field: _place(field, take) for field, take in self._takes.items()}

    def _read_header(self) -> tuple[list[str], list[Raw]]:
        """The names of the columns, and what is wrong with them."""
        first = self._next()
        if first is None:
            return [], [broken(0, "empty", LINE, fatal=True)]
        if isinstance(first, Raw):
            return [], [Raw(1, {}, {}, tuple(Problem(1, problem.fault, fatal=True) for problem in first.problems))]
        names = [name.strip() for name in first]
        while names and not names[-1]:
            names.pop()
        problems = tuple(self._header_problems(names))
        return names, [Raw(1, {}, {}, problems)] if problems else []

    def _header_problems(self, names: Sequence[str]) -> Iterator[Problem]:
        if not names:
            yield Problem(1, Fault("header_empty"), fatal=True)
            return
        wanted = {take.place: field for field, take in self._takes.items()}
        for at, name in enumerate(names):
            if name in wanted and name in names[:at]:
                yield Problem(1, Fault("column_twice"), name, wanted[name], fatal=True)
            elif name not in wanted and not self._written:
                # A file about people may have no header: then their names stand here.
                told = None if self._kind.personal else name
                params = {"known": ", ".join(self._takes)}
                yield Problem(1, Fault("unknown_column", params), _letters(at), found=told, fatal=True)
        for field, take in self._takes.items():
            needed = take.written or self._kind.by_name[field].needed
            if take.place is not None and take.place not in names and needed:
                yield Problem(1, Fault("column_missing"), take.place, field, fatal=True)

    def __iter__(self) -> Iterator[Raw]:
        """Every line that is not empty."""
        try:
            if self._wrong:
                yield from self._wrong
                return
            while (row := self._next()) is not None:
                if isinstance(row, Raw):
                    yield row
                elif any(cell.strip() for cell in row):
                    yield self._raw(row)
        finally:
            self._lines.close()

    def _next(self) -> list[str] | Raw | None:
        """The next row, or what is wrong with it; None at the end."""
        self._number += 1
        self._lines.begin()
        try:
            row = next(self._rows)
        except StopIteration:
            return None
        except _TooLongError:
            self._rows = iter(())  # type: ignore[assignment]  # nothing more is read
            return broken(self._number, "line_too_long", LINE, fatal=True, most=str(MOST_ROW))
        except csv.Error as error:
            code = next((code for word, code in _REASONS.items() if word in str(error)), "not_csv")
            return broken(self._number, code, LINE)
        if self._lines.not_utf8 is not None:
            return broken(self._number, "not_utf8", LINE, column=str(self._lines.not_utf8))
        return row

    def _raw(self, row: Sequence[str]) -> Raw:
        width = len(self._header)
        if len(row) < width:
            return broken(self._number, "row_short", LINE, cells=str(len(row)), columns=str(width))
        if any(cell.strip() for cell in row[width:]):
            return broken(self._number, "row_long", LINE, cells=str(len(row)), columns=str(width))
        return Raw(self._number, {field: _cell(row[at]) for field, at in self._at.items()}, self._places)


def _delimiter(header: str) -> str:
    """The sign that most often stands between the cells of the first line."""
    bare = _QUOTED.sub("", header)
    return max(DELIMITERS, key=bare.count)


def _place(field: str, take: Take) -> str:
    return field if take.place is None else take.place


def _letters(at: int) -> str:
    """What a spreadsheet calls a column."""
    said = ""
    number = at + 1
    while number:
        number, letter = divmod(number - 1, 26)
        said = chr(ord("A") + letter) + said
    return said


def _cell(raw: str) -> str:
    return unguarded(raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else raw)
