"""What a file says, line by line or record by record, whatever it is written in.

Responsible for the form in which every source hands over what it has read, and for telling the kinds of files apart by
their first bytes. Not responsible for what a text means (readers) or whether it may be imported (checking).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from circulation.importing.faults import Fault, Problem


@dataclass(frozen=True, slots=True)
class Raw:
    """One line of a file, or one copy of a record.

    Attributes:
        number: line as a spreadsheet counts, or record.
        cells: our field -> text there, or what is wrong with it already.
        places: our field -> where it stands, as people are told.
        problems: what is wrong with it as a whole; if there are any, nothing else of it is looked at.
    """

    number: int
    cells: Mapping[str, str | Fault]
    places: Mapping[str, str]
    problems: tuple[Problem, ...] = field(default=())


class Source(Protocol):
    """A file that is being read.

    Attributes:
        unit: what is counted, ``faults.LINE`` or ``faults.RECORD``.
        section: part of the mapping that holds for it.
        given: our fields it has; known before the first line is asked for.
    """

    unit: str
    section: str
    given: frozenset[str]

    def __iter__(self) -> Iterator[Raw]:
        """Everything in it, once; memory does not grow with its length."""
        ...


def broken(number: int, code: str, unit: str, *, fatal: bool = False, place: str = "", **params: str) -> Raw:
    """A line or record that cannot be read."""
    return Raw(number, {}, {}, (Problem(number, Fault(code, params), place, fatal=fatal, unit=unit),))
