"""Files of MARC 21 records as ISO 2709 writes them (.mrc).

Responsible for where records begin and end, so that one that is damaged does not hide the next. Not responsible for
what stands in a record (sources.records).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator

from pymarc import PymarcException, Record

from circulation.importing.faults import RECORD
from circulation.importing.sources import Raw, broken
from circulation.importing.sources.record_file import RecordFile

END = b"\x1d"
AT_ONCE = 1 << 16
MOST_RECORD = 99_999  # its length has five digits
_BETWEEN = b"\r\n\0 \x1a"  # between records, by programs that write lines
logging.getLogger("pymarc").setLevel(logging.CRITICAL)  # it logs contents of fields that it repairs


class MarcSource(RecordFile):
    """A file of MARC 21 records."""

    def _read(self) -> Iterator[Record | Raw]:
        for number, chunk in enumerate(self._chunks(), start=1):
            yield _record(number, chunk)

    def _chunks(self) -> Iterator[bytes]:
        """Records with their end signs; the last one may lack it."""
        rest = b""
        while block := self._file.read(AT_ONCE):
            *whole, rest = (rest + block).split(END)
            for chunk in whole:
                yield chunk.lstrip(_BETWEEN) + END
            if len(rest) > MOST_RECORD + len(_BETWEEN):
                break
        if rest.strip(_BETWEEN):
            yield rest.lstrip(_BETWEEN)


def _record(number: int, chunk: bytes) -> Record | Raw:
    if len(chunk) > MOST_RECORD:
        return broken(number, "record_too_long", RECORD, fatal=True, most=str(MOST_RECORD))
    if not chunk.endswith(END):
        return broken(number, "record_truncated", RECORD, fatal=True)
    said = chunk[:5]
    if not said.isdigit():
        return broken(number, "no_record", RECORD)
    if int(said) != len(chunk):
        return broken(number, "record_length", RECORD, said=str(int(said)), length=str(len(chunk)))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what pymarc would repair by guessing
            return Record(chunk, to_unicode=False)
    except (PymarcException, Warning, ValueError, LookupError, TypeError, AttributeError):
        return broken(number, "record_unreadable", RECORD)
