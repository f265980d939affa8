"""MARC records: what stands at a place of one, with or without the copy that is meant.

Responsible for reading texts out of a record, whatever its encoding, as one item for each copy field. Not responsible
for files of records (sources.marc, sources.marcxml).
"""

from __future__ import annotations

import contextlib
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence

from pymarc import Field as MarcField
from pymarc import MARC8ToUnicode, Record

from circulation.importing import places
from circulation.importing.faults import Fault, FaultError
from circulation.importing.fields import Kind
from circulation.importing.mapping import FileMapping
from circulation.importing.places import Place
from circulation.importing.sources import Raw

# Marks around words that do not count in sorting: "\x98Der\x9c Zauberberg".
_NOT_SORTED = re.compile("[\x88\x89\x98\x9c]")
_ISBD = " \n\t/:;,="
_SENTENCE = re.compile(r"[^\W\d_]{3}\.")
_MARC8_COMPLAINTS = ("Unable to parse", "Multi-byte")


class Records:
    """How records are read by one mapping."""

    def __init__(self, kind: Kind, mapping: FileMapping) -> None:
        self._copies, self._encoding = mapping.copies, mapping.encoding
        self._isbd = frozenset(field.name for field in kind.fields if field.isbd)
        taken = {field: take.place for field, take in mapping.marc.items()}
        self._places = {field: places.places(place) for field, place in taken.items() if place is not None}
        self.given = frozenset(taken)

    def rows(self, number: int, record: Record) -> Iterator[Raw]:
        """One for each copy field of a record."""
        copies = record.get_fields(self._copies)
        whole = {
            field: self._read(field, record, alternatives)
            for field, alternatives in self._places.items()
            if not self._of_copy(alternatives)
        }
        for at, copy in enumerate(copies, start=1):
            cells, where = dict(whole), {}
            for field, alternatives in self._places.items():
                if self._of_copy(alternatives):
                    cells[field] = self._read(field, record, alternatives, copy)
                where[field] = self._told(alternatives, at if len(copies) > 1 else None)
            yield Raw(number, cells, where)

    def _of_copy(self, alternatives: Sequence[Place]) -> bool:
        return any(place.tag == self._copies for place in alternatives)

    def _told(self, alternatives: Sequence[Place], copy: int | None) -> str:
        """Places as people are told; of several copies, which."""
        marked = "" if copy is None else f"[{copy}]"
        return "|".join(
            place.text.replace(self._copies, self._copies + marked, 1) if place.tag == self._copies else place.text
            for place in alternatives
        )

    def _read(
        self, field: str, record: Record, alternatives: Sequence[Place], copy: MarcField | None = None
    ) -> str | Fault:
        try:
            for place in alternatives:
                text = self._text(record, place, copy if place.tag == self._copies else None)
                if text:
                    return _without_isbd(text) if field in self._isbd else text
        except FaultError as error:
            return error.fault
        return ""

    def _text(self, record: Record, place: Place, copy: MarcField | None) -> str:
        """What the first field of a tag that has something says at a place."""
        if place.tag == places.LEADER:
            return _cut(str(record.leader), place.span)
        for field in [copy] if copy is not None else record.get_fields(place.tag):
            text = _cut(self._of_field(record, field, place.codes), place.span)
            if text:
                return text
        return ""

    def _of_field(self, record: Record, field: MarcField, codes: Sequence[str]) -> str:
        if field.control_field:
            return self._decoded(record, field.data or "") if not codes else ""
        wanted = codes or tuple(subfield.code for subfield in field.subfields)
        found = [
            subfield.value for code in dict.fromkeys(wanted) for subfield in field.subfields if subfield.code == code
        ]
        return " ".join(filter(None, (self._decoded(record, value).strip() for value in found)))

    def _decoded(self, record: Record, value: str | bytes) -> str:
        if isinstance(value, bytes):
            value = _by(self._encoding_of(record), value)
        return value if value.isascii() else unicodedata.normalize("NFC", _NOT_SORTED.sub("", value))

    def _encoding_of(self, record: Record) -> str:
        if self._encoding != "leader":
            return self._encoding
        return "utf-8" if str(record.leader)[9:10] == "a" else "marc-8"


def _by(encoding: str, value: bytes) -> str:
    if encoding == "marc-8":
        return _marc8(value)
    try:
        return value.decode(encoding)
    except UnicodeDecodeError:
        raise FaultError("marc_not_utf8") from None


def _marc8(value: bytes) -> str:
    """MARC-8, refused where pymarc would only complain and go on with spaces."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            text: str = MARC8ToUnicode().translate(value)  # type: ignore[no-untyped-call]
        except (TypeError, ValueError, LookupError):
            raise FaultError("not_marc8") from None
    if any(word in said.getvalue() for word in _MARC8_COMPLAINTS):
        raise FaultError("not_marc8")
    return text


def _cut(text: str, span: tuple[int, int] | None) -> str:
    return (text if span is None else text[slice(*span)]).strip()


def _without_isbd(text: str) -> str:
    """A title or name without the punctuation before what follows it on a catalogue card; an initial keeps its dot."""
    found = " ".join(text.split()).rstrip(_ISBD)
    return found[:-1] if _SENTENCE.fullmatch(found[-4:]) else found
