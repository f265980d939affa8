"""What is wrong with a file that is imported: a fault, and the place in the file where it stands.

Responsible for their form. Not responsible for finding them (mapping, sources, checking) or for their words (report,
and wording's staff catalogue under ``import.<code>``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LINE = "line"
RECORD = "record"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, before it is known where.

    Attributes:
        code: with ``import.`` before it a code of the staff catalogue.
        params: what its sentence needs; never anything of a person.
    """

    code: str
    params: Mapping[str, str] = field(default_factory=dict)


class FaultError(Exception):
    """A text cannot be what it should be."""

    def __init__(self, code: str, **params: str) -> None:
        super().__init__(code)
        self.fault = Fault(code, params)


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault at its place.

    Attributes:
        number: the line as a spreadsheet counts, or the MARC record; 0 = the file as a whole.
        place: column, MARC field such as "952$p", or key of a mapping file; "" = the whole line or record.
        field: ours, "" where no single one is meant.
        found: what stands there, None where it is nothing or something of a person.
        fatal: nothing can be made of the file as a whole, so that leaving lines out does not help.
        unit: what ``number`` counts: ``LINE`` or ``RECORD``.
    """

    number: int
    fault: Fault
    place: str = ""
    field: str = ""
    found: str | None = None
    fatal: bool = False
    unit: str = LINE


class MappingFileError(Exception):
    """A mapping file that cannot be used; every problem is listed."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("the mapping file cannot be used")
        self.problems = tuple(problems)
