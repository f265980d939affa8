"""What files of MARC records have in common, whatever they are written in.

Responsible for handing over every copy of every record and for what is wrong with the file as a whole. Not responsible
for where records begin and end (sources.marc, sources.marcxml) or for what stands in one (sources.records).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import BinaryIO

from pymarc import Record

from circulation.importing.faults import RECORD
from circulation.importing.fields import Kind
from circulation.importing.mapping import MARC, FileMapping
from circulation.importing.sources import Raw, broken
from circulation.importing.sources.records import Records


class RecordFile(ABC):
    """A file of MARC records.

    Args:
        file: at its beginning.
        kind: what a copy field is.
        mapping: where records have our fields.
    """

    unit = RECORD
    section = MARC

    def __init__(self, file: BinaryIO, kind: Kind, mapping: FileMapping) -> None:
        self._file, self._records, self._copies = file, Records(kind, mapping), mapping.copies
        self.given = self._records.given

    def __iter__(self) -> Iterator[Raw]:
        """Every copy of every record, every record that cannot be read, and what is wrong with the file."""
        number, copies = 0, 0
        for number, found in enumerate(self._read(), start=1):
            if isinstance(found, Raw):
                yield found
                if any(problem.fatal for problem in found.problems):
                    return
                continue
            for row in self._records.rows(number, found):
                copies += 1
                yield row
        if number and not copies:
            yield broken(0, "no_copies", RECORD, fatal=True, tag=self._copies)

    @abstractmethod
    def _read(self) -> Iterator[Record | Raw]:
        """Records, and instead of one that cannot be read what is wrong with it; the last if that is fatal."""
