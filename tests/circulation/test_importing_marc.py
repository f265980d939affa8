"""MARC records: every fault at its record and field; copies, places, encodings; XML that must not be read."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from circulation.importing.fields import ITEMS
from circulation.importing.mapping import standard
from circulation.importing.places import places
from circulation.importing.sources import marcxml
from circulation.importing.sources.marcxml import MarcXmlSource
from circulation.service import Service
from circulation.store import tables as t
from tests.circulation.taking import rows, take
from tests.circulation.world import World

Fields = Sequence[tuple[str, str]]  # tag -> data, or "$aText$bMore" for subfields
NAMESPACE = "http://www.loc.gov/MARC21/slim"


def title(number: int = 1, text: str = "$aA title :$bmore /") -> list[tuple[str, str]]:
    return [("001", f"t{number}"), ("245", text)]


def copy(**codes: str) -> tuple[str, str]:
    """A copy field of Koha, right but for these subfields."""
    said = {"a": "N1", "y": "BOOK", **codes}
    return "952", "".join(f"${code}{text}" for code, text in said.items() if text)


def xml(*records: Fields | str) -> str:
    """A MARCXML file; a text is taken as it is."""
    body = "".join(record if isinstance(record, str) else record_xml(record) for record in records)
    return f'<?xml version="1.0"?><collection xmlns="{NAMESPACE}">{body}</collection>'


def record_xml(fields: Fields) -> str:
    said = "".join(
        f'<datafield tag="{tag}" ind1=" " ind2=" ">{_subfields(text)}</datafield>'
        if text.startswith("$")
        else f'<controlfield tag="{tag}">{escape(text)}</controlfield>'
        for tag, text in fields
    )
    return f"<record><leader>00000nam a2200000 a 4500</leader>{said}</record>"


def _subfields(text: str) -> str:
    parts = text.split("$")[1:]
    return "".join(f'<subfield code="{part[0]}">{escape(part[1:])}</subfield>' for part in parts)


def iso(fields: Fields, encoding: str = "utf-8", sign: str = "a") -> bytes:
    """A record of ISO 2709, put together here and not by the library that reads it."""
    directory, data = b"", b""
    for tag, text in fields:
        raw = (b"  \x1f" + b"\x1f".join(part.encode(encoding) for part in text.split("$")[1:])) if "$" in text else None
        field = (raw if raw is not None else text.encode(encoding)) + b"\x1e"
        directory += f"{tag}{len(field):04}{len(data):05}".encode()
        data += field
    base = 24 + len(directory) + 1
    length = base + len(data) + 1
    leader = f"{length:05}nam {sign}22{base:05} a 4500".encode()
    return leader + directory + b"\x1e" + data + b"\x1d"


# --- faults -----------------------------------------------------------------------------------------------------------

NAMELESS = '<record><datafield ind1=" " ind2=" "><subfield code="a">x</subfield></datafield></record>'
NO_CODE = '<record><datafield tag="245" ind1=" " ind2=" "><subfield>x</subfield></datafield></record>'
# A record, place and code of its fault. Records are numbered from 1; the last one breaks the XML off.
FAULTS: tuple[tuple[Fields | str, str, str], ...] = (
    ([*title(), copy()], "952$p", "missing"),
    ([*title(), copy(p="a|b")], "952$p", "bad_code"),
    ([*title(), copy(p="x" * 65)], "952$p", "bad_code"),
    ([("001", "t4"), copy(p="4")], "245$a$b", "missing"),
    ([*title(5, "$b"), copy(p="5")], "245$a$b", "missing"),
    ([*title(6, "$a / :"), copy(p="6")], "245$a$b", "missing"),
    ([*title(7, f"$a{'x' * 2001}"), copy(p="7")], "245$a$b", "too_long"),
    ([*title(8), ("100", f"$a{'x' * 2001}"), copy(p="8")], "100$a|110$a|700$a", "too_long"),
    ([("001", "x" * 65), ("245", "$aT"), copy(p="9")], "001", "bad_code"),
    ([("001", "a|b"), ("245", "$aT"), copy(p="10")], "001", "bad_code"),
    ([*title(11), copy(p="11", y="")], "952$y", "missing"),
    ([*title(12), copy(p="12", y="VINYL")], "952$y", "unknown_media_type"),
    ([*title(13), copy(p="13", y="book")], "952$y", "unknown_media_type"),
    ([*title(14), copy(p="14", a="")], "952$a", "missing"),
    ([*title(15), copy(p="15", a="Nowhere")], "952$a", "unknown_branch"),
    ([*title(16), copy(p="16", c="d" * 65)], "952$8|952$c", "bad_code"),
    ([*title(17), copy(p="17"), copy(p="17b", a="Nowhere")], "952[2]$a", "unknown_branch"),
    ([*title(18), copy(p="18"), copy(p="18")], "952[2]$p", "twice_record"),
    ([*title(19), copy(p="18")], "952$p", "twice_record"),
    ([*title(20), copy(p="20", e="perhaps")], "952$e", "not_flag"),
    ([*title(21), copy(p="21", f="0")], "952$f", "number_range"),
    ([*title(22), copy(p="22", f="two")], "952$f", "not_number"),
    ([*title(23), copy(p="23", g="gone")], "952$g", "unknown_state"),
    ([*title(24), copy(p="24", h="s" * 65)], "952$h", "bad_code"),
    ([*title(25), copy(p="25", i="m|m")], "952$i", "bad_code"),
    ([*title(26), copy(p="26", j="x")], "952$j", "not_among_values"),
    ([*title(27), copy(p="{there}")], "952$p", "there_already"),
    (NAMELESS, "", "record_unreadable"),
    (NO_CODE, "", "record_unreadable"),
    ([*title(30, "$aT\x86"), copy(p="30")], "245$a$b", "control_character"),
    ("<record></datafield>", "", "not_xml"),
)
MORE = """format = "circulation-import/1"
[marc]
fiction = "952$e"
parts = "952$f"
state = "952$g"
shelf = "952$h"
material_type = "952$i"
audience = { from = "952$j", values = { A = "adult" } }
"""


def test_every_one_of_thirty_faults_is_named_with_its_record_and_field_and_nothing_is_imported(
    service: Service, world: World, tmp_path: Path
) -> None:
    there = world.item()
    content = xml(*(record for record, _, _ in FAULTS)).replace("{there}", there)
    outcome, report = take(service, "items", tmp_path / "x.xml", content, MORE)
    expected = [(number, where, code) for number, (_, where, code) in enumerate(FAULTS, start=1)]
    assert sorted(report.told) == sorted(expected)
    assert len(expected) >= 30
    assert {problem.unit for problem in report.problems} == {"record"}
    assert (outcome.done, [row.id for row in rows(service, t.item)]) == (False, [there])


def test_xml_that_breaks_off_is_named_by_its_line_and_nothing_before_it_is_imported(
    service: Service, tmp_path: Path
) -> None:
    content = xml([*title(), copy(p="1")]).replace("</collection>", "\n<record><leader>")
    outcome, report = take(service, "items", tmp_path / "x.xml", content, skip_faulty=True)
    (problem,) = report.problems
    assert (outcome.done, problem.number, problem.fault.code) == (False, 2, "not_xml")
    assert problem.fault.params["line"] == "2"


BOMB = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    "declared",
    [BOMB, '<!DOCTYPE x SYSTEM "http://example.org/x.dtd">', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'],
)
def test_a_document_type_is_refused_before_an_entity_is_made(service: Service, tmp_path: Path, declared: str) -> None:
    content = xml([*title(1, "$aT&c;&e;"), copy(p="1")]).replace("&amp;", "&").replace("?>", "?>" + declared)
    outcome, report = take(service, "items", tmp_path / "x.xml", content, skip_faulty=True)
    assert (outcome.done, report.told) == (False, [(1, "", "document_type")])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<html><body>404</body></html>", (0, "", "wrong_root")),
        ("<collection>", (1, "", "not_xml")),
        ('<?xml version="1.0" encoding="klingon"?><collection/>', (1, "", "not_xml")),
        ("<collection>&nbsp;</collection>", (1, "", "not_xml")),
        (xml(title()), (0, "", "no_copies")),
    ],
)
def test_xml_without_records_of_ours(
    service: Service, tmp_path: Path, content: str, expected: tuple[int, str, str]
) -> None:
    outcome, report = take(service, "items", tmp_path / "x.xml", content, skip_faulty=True)
    assert (outcome.done, report.told) == (False, [expected])


def test_an_xml_file_without_any_record_has_nothing_wrong(service: Service, tmp_path: Path) -> None:
    outcome, report = take(service, "items", tmp_path / "x.xml", xml())
    assert (outcome.done, outcome.new, report.told) == (True, 0, [])


class Endless:
    """A file whose only record never ends."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int) -> bytes:
        first = b"" if self.given else b"<collection><record>"
        self.given += 1
        return first + b"<x>some</x>" * 1000


def test_a_record_without_end_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marcxml, "MOST_RECORD", 50_000)
    endless = Endless()
    (raw,) = MarcXmlSource(endless, ITEMS, standard(ITEMS))  # type: ignore[arg-type]  # only read is asked for
    assert [(problem.number, problem.fault.code) for problem in raw.problems] == [(1, "record_too_long")]
    assert endless.given == 5


def test_many_records_take_no_more_memory_than_few(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        file = tmp_path / f"{count}.xml"
        file.write_text(xml(*([*title(number), copy(p=str(number))] for number in range(count))))
        tracemalloc.start()
        with file.open("rb") as content:
            assert sum(1 for _ in MarcXmlSource(content, ITEMS, standard(ITEMS))) == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)  # what is loaded once
    assert peak(1200) < 1.5 * peak(400)


# --- ISO 2709 ---------------------------------------------------------------------------------------------------------


def test_a_record_with_several_copies_is_several_items(service: Service, tmp_path: Path) -> None:
    record = [
        *title(7, "$aDer Zauberberg :$bRoman /$cThomas Mann."),
        ("100", "$aMann, Thomas,$d1875-1955"),
        copy(p="3001", y="BOOK", a="N1", c="Roman"),
        copy(p="3002", y="CD", a="N2"),
    ]
    outcome, report = take(service, "items", tmp_path / "x.mrc", iso(record))
    assert (report.told, outcome.new) == ([], 2)
    first, second = rows(service, t.item)
    assert (first.title, first.author, first.title_id) == ("Der Zauberberg : Roman", "Mann, Thomas", "t7")
    assert (first.id, first.media_type, first.branch, first.department) == ("3001", "BOOK", "N1", "Roman")
    assert (second.id, second.media_type, second.branch, second.department) == ("3002", "CD", "N2", None)
    assert (second.title, second.sought) == (first.title, first.sought)


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n"])
def test_a_damaged_record_does_not_hide_the_next(service: Service, tmp_path: Path, between: bytes) -> None:
    good = [iso([*title(number), copy(p=f"300{number}")]) for number in range(3)]
    wrong = [
        b"xxxxx" + good[0][5:],
        b"99998" + good[0][5:],
        good[0][:12] + b"00000" + good[0][17:],
        good[0][:24] + b"24x" * 4 + good[0][36:],
        good[0][:30] + b"\xff" + good[0][31:],
    ]
    content = between.join([good[0], *wrong, good[1], good[2][:-10]])
    outcome, report = take(service, "items", tmp_path / "x.mrc", content, skip_faulty=True)
    codes = ["no_record", "record_length", *["record_unreadable"] * 3]
    assert report.told == [*((n, "", code) for n, code in enumerate(codes, start=2)), (8, "", "record_truncated")]
    assert not outcome.done
    outcome, _ = take(service, "items", tmp_path / "y.mrc", between.join([good[0], *wrong, good[1]]), skip_faulty=True)
    assert [row.id for row in rows(service, t.item)] == ["3000", "3001"]


def test_something_long_that_is_no_record_is_given_up(service: Service, tmp_path: Path) -> None:
    content = iso([*title(), copy(p="1")]) + b"00100" + b"x" * 300_000
    _, report = take(service, "items", tmp_path / "x.mrc", content)
    assert report.told == [(2, "", "record_too_long")]


ENCODED = [*title(1, "$aÜber"), copy(p="1")]


@pytest.mark.parametrize(
    ("content", "mapping", "expected"),
    [
        (iso(ENCODED), None, "Über"),
        (iso([*title(1, "$aU\u0308ber"), copy(p="1")]), None, "Über"),
        (iso([*title(1, "$a\x98Der\x9c Berg"), copy(p="1")]), None, "Der Berg"),
        (iso(ENCODED, "latin-1", " "), "latin-1", "Über"),
        (iso(ENCODED, "utf-8", " "), "utf-8", "Über"),
        (iso([*title(1, "$aU"), copy(p="1")], "ascii", " "), None, "U"),
        (iso([*title(1, "$a\xe8Uber"), copy(p="1")], "latin-1", " "), None, "Über"),  # MARC-8: the mark comes first
    ],
)
def test_texts_are_read_by_the_records_encoding_or_the_mappings(
    service: Service, tmp_path: Path, content: bytes, mapping: str | None, expected: str
) -> None:
    said = None if mapping is None else f'format = "circulation-import/1"\nencoding = "{mapping}"\n'
    _, report = take(service, "items", tmp_path / "x.mrc", content, said)
    assert (report.told, [row.title for row in rows(service, t.item)]) == ([], [expected])


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (iso(ENCODED, "latin-1"), "marc_not_utf8"),
        (iso([*title(1, "$a\x1b$1x"), copy(p="1")], "latin-1", " "), "not_marc8"),
        (iso([*title(1, "$aT\x1b"), copy(p="1")], "latin-1", " "), "not_marc8"),
        (iso([*title(1, "$a\xff"), copy(p="1")], "latin-1", " "), "not_marc8"),
    ],
)
def test_a_text_in_another_encoding_is_named_with_its_field(
    service: Service, tmp_path: Path, content: bytes, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    _, report = take(service, "items", tmp_path / "x.mrc", content)
    assert report.told == [(1, "245$a$b", code)]
    assert capfd.readouterr().err == ""


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(
    ("fields", "mapping", "minor"),
    [
        ([copy(p="1", v="24.900000")], "", 2490),
        ([("020", "$a3423132353$cEUR 9.90"), copy(p="1")], "", None),
        ([("365", "$a02$b12.50$cEUR"), copy(p="1")], 'price = "952$v|365$c$b|020$c"', 1250),
        ([("020", "$ckart. : EUR 9.90 (DE)"), copy(p="1")], 'price = "952$v|365$c$b|020$c"', 990),
        ([("020", "$cEUR 9.90"), copy(p="1", v="24.90")], 'price = "952$v|365$c$b|020$c"', 2490),
        ([copy(p="1", v="24.90")], "price = false", None),
    ],
)
def test_a_price_is_where_koha_has_it_or_a_mapping_says(
    service: Service, tmp_path: Path, fields: Fields, mapping: str, minor: int | None
) -> None:
    said = f'format = "circulation-import/1"\n[marc]\n{mapping}\n'
    for name, content in (("x.mrc", iso([*title(), *fields])), ("x.xml", xml([*title(), *fields]))):
        _, report = take(service, "items", tmp_path / name, content, said if mapping else None, update=True)
        assert (report.told, [row.price for row in rows(service, t.item)]) == ([], [minor])


def test_a_price_in_another_currency_is_named_with_its_place(service: Service, tmp_path: Path) -> None:
    said = 'format = "circulation-import/1"\n[marc]\nprice = "365$c$b"\n'
    content = xml([*title(), ("365", "$a02$b12.50$cUSD"), copy(p="1")])
    outcome, report = take(service, "items", tmp_path / "x.xml", content, said)
    assert (outcome.done, report.told) == (False, [(1, "365$c$b", "not_price")])


def test_places_and_tables_of_a_mapping(service: Service, tmp_path: Path) -> None:
    mapping = """format = "circulation-import/1"
copies = "945"
[marc]
media_type = { from = "leader/06", values = { a = "BOOK" } }
fiction = { from = "008/33", values = { 0 = "false", 1 = "true" }, otherwise = "" }
audience = { from = "008/22-23", otherwise = "all" }
material_type = "300"
title_id = false
branch = { always = "N2" }
"""
    record = [("001", "t"), ("008", f"{'x' * 33}1"), ("245", "$b$aT"), ("300", "$a1 v.$cc"), ("945", "$p1$yCD")]
    _, report = take(service, "items", tmp_path / "x.xml", xml(record), mapping)
    (row,) = rows(service, t.item)
    assert (report.told, row.media_type, row.fiction, row.audience) == ([], "BOOK", True, "xx")
    assert (row.material_type, row.title_id, row.branch) == ("1 v. c", "1", "N2")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Title /", "Title"),
        ("Title : more =", "Title : more"),
        ("A sentence.", "A sentence"),
        ("Tolkien, J. R. R.", "Tolkien, J. R. R."),
        ("What now?", "What now?"),
        ("...", "..."),
        ("Dr. No", "Dr. No"),
    ],
)
def test_punctuation_of_catalogue_cards_is_taken_off(service: Service, tmp_path: Path, text: str, kept: str) -> None:
    take(service, "items", tmp_path / "x.xml", xml([*title(1, f"$a{text}"), copy(p="1")]))
    assert [row.title for row in rows(service, t.item)] == [kept]


@pytest.mark.parametrize("text", ["", "24", "245$", "245$ab", "008/", "008/5-2", "leader$a", "245$A", "1234", "245a"])
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError):
        places(text)
