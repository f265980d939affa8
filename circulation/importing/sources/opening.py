"""Which kind of file a file is, and the source that reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from circulation.importing.faults import Fault, Problem
from circulation.importing.fields import Kind
from circulation.importing.mapping import FileMapping
from circulation.importing.sources import Raw, Source
from circulation.importing.sources.csv import CsvSource
from circulation.importing.sources.marc import MarcSource
from circulation.importing.sources.marcxml import MarcXmlSource

FIRST_BYTES = 64
_RECORD = re.compile(rb"[\r\n ]*[0-9]{5}[ -~]{5}22[0-9]{5}")
_XML = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
# First bytes of files that people take for CSV, and what they are called.
OTHERS = {
    b"PK\x03\x04": "xlsx/ods/zip",
    b"\xd0\xcf\x11\xe0": "xls",
    b"%PDF": "PDF",
    b"\x1f\x8b": "gzip",
    b"SQLite format 3": "SQLite",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_BY_SUFFIX: dict[str, Callable[[BinaryIO, Kind, FileMapping], Source]] = {
    ".mrc": MarcSource,
    ".marc": MarcSource,
    ".xml": MarcXmlSource,
}


def source_of(path: Path, file: BinaryIO, kind: Kind, mapping: FileMapping) -> Source | Raw:
    """What reads a file, or why nothing does.

    Args:
        path: its name, whose ending decides where its first bytes do not.
        file: open at its beginning, which it stands at again.
        kind: what it is said to hold.
        mapping: where it has our fields.
    """
    first = file.read(FIRST_BYTES)
    file.seek(0, os.SEEK_SET)
    if not first:
        return _refused(Fault("empty"))
    made = _by_content(first) or _BY_SUFFIX.get(path.suffix.lower())
    if made is not None:
        return made(file, kind, mapping) if kind.marc else _refused(Fault("no_marc", {"kind": kind.name}))
    other = next((name for sign, name in OTHERS.items() if first.startswith(sign)), None)
    return CsvSource(file, kind, mapping) if other is None else _refused(Fault("wrong_kind", {"kind": other}))


def _by_content(first: bytes) -> Callable[[BinaryIO, Kind, FileMapping], Source] | None:
    if _XML.match(first):
        return MarcXmlSource
    return MarcSource if _RECORD.match(first) else None


def _refused(fault: Fault) -> Raw:
    return Raw(0, {}, {}, (Problem(0, fault, fatal=True),))
