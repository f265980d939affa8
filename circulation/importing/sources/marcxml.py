"""MARCXML files, read as a stream.

Responsible for XML: a document type is refused before anything of it is read, so that no entity is ever made, nothing
else is fetched, and no record can grow without end. Not responsible for what stands in a record (sources.records).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.sax import SAXException, SAXParseException, make_parser
from xml.sax.handler import LexicalHandler, feature_external_ges, feature_namespaces, property_lexical_handler

from pymarc import PymarcException, Record, XmlHandler

from circulation.importing.faults import RECORD, Fault
from circulation.importing.sources import Raw, broken
from circulation.importing.sources.record_file import RecordFile

AT_ONCE = 1 << 16
MOST_RECORD = 8_000_000  # bytes from one record's end to the next
# What elements that do not fit together or have no names lead to in pymarc.
UNREADABLE = (PymarcException, LookupError, ValueError, TypeError, AttributeError)
ROOTS = ("collection", "record")


class _RefusedError(Exception):
    """The document declares a document type."""


class _NoDocumentType(LexicalHandler):
    """Refuses where a document type begins, before its entities."""

    def startDTD(self, name: str, public_id: str | None, system_id: str | None) -> None:  # noqa: N802 - SAX's name
        raise _RefusedError

    def comment(self, content: str) -> None:
        """Comments say nothing."""


class _Handler(XmlHandler):
    """Gathers records as they are completed; None for one that has a field without a name, or no proper leader."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.root = ""
        self.done: list[Record | None] = []
        self._unreadable = False

    def startElementNS(self, name: tuple[str | None, str], qname: str | None, attrs: Any) -> None:  # noqa: N802
        """An element begins."""
        self.root = self.root or name[1]
        if name[1] == "record":
            self._unreadable = False
        try:
            super().startElementNS(name, qname, attrs)  # type: ignore[no-untyped-call]
        except UNREADABLE:
            self._unreadable = True

    def endElementNS(self, name: tuple[str | None, str], qname: str | None) -> None:  # noqa: N802 - SAX's name
        """An element ends."""
        try:
            super().endElementNS(name, qname)  # type: ignore[no-untyped-call]
        except UNREADABLE:
            self._unreadable = True

    def process_record(self, record: Record) -> None:
        """A record is complete."""
        self.done.append(None if self._unreadable else record)


class MarcXmlSource(RecordFile):
    """A MARCXML file."""

    def _read(self) -> Iterator[Record | Raw]:
        handler = _Handler()
        parser = make_parser()
        parser.setFeature(feature_namespaces, True)
        parser.setFeature(feature_external_ges, False)
        parser.setContentHandler(handler)
        parser.setProperty(property_lexical_handler, _NoDocumentType())
        number, since = 0, 0
        while True:
            block = self._file.read(AT_ONCE)
            wrong = _feed(parser, block)
            since = 0 if handler.done else since + len(block)
            for record in handler.done:
                number += 1
                yield record if record is not None else broken(number, "record_unreadable", RECORD)
            handler.done.clear()
            if wrong is not None:
                yield broken(number + 1, wrong.code, RECORD, fatal=True, **wrong.params)
                return
            if not block:
                break
            if since > MOST_RECORD:
                yield broken(number + 1, "record_too_long", RECORD, fatal=True, most=str(MOST_RECORD))
                return
        if not number and handler.root not in ROOTS:
            yield broken(0, "wrong_root", RECORD, fatal=True, root=ascii(handler.root[:60])[1:-1])


def _feed(parser: Any, block: bytes) -> Fault | None:
    """Read on, or to the end if there is no more; what is wrong then."""
    try:
        if block:
            parser.feed(block)
        else:
            parser.close()
    except _RefusedError:
        return Fault("document_type")
    except SAXParseException as error:
        line, column = error.getLineNumber() or 0, (error.getColumnNumber() or 0) + 1
        return Fault("not_xml", {"line": str(line), "column": str(column), "why": str(error.getMessage())})
    except (SAXException, ValueError, LookupError) as error:
        return Fault("not_xml", {"line": "1", "column": "1", "why": type(error).__name__})
    return None
