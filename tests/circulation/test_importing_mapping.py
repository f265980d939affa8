"""Mapping files: what they can say, and every mistake in one with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from circulation.importing.faults import MappingFileError
from circulation.importing.fields import KINDS
from circulation.importing.mapping import commented, read, standard
from circulation.service import Service
from circulation.store import tables as t
from tests.circulation.taking import rows, take

FORMAT = 'format = "circulation-import/1"\n'
ITEMS = KINDS["items"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_mapping_to_begin_with_changes_nothing_and_has_every_field(kind: str, language: str) -> None:
    text = commented(KINDS[kind], language)
    found, basis = read(text.encode(), KINDS[kind]), standard(KINDS[kind])
    assert (found.csv, found.marc, found.copies, found.encoding) == (basis.csv, basis.marc, "952", "leader")
    for name in KINDS[kind].by_name:
        assert f'\n{name} = "{name}"  # ' in text


def test_the_example_of_the_package_can_be_read() -> None:
    from circulation import importing

    lines = (importing.__doc__ or "").split("\n")
    example = "\n".join(line[4:] for line in lines if line.startswith("    "))
    found = read(example.encode(), ITEMS)
    assert ("shelf" in found.csv, found.marc["fiction"].values) == (False, {"0": "false", "1": "true"})


@pytest.mark.parametrize(
    ("text", "line", "place", "code"),
    [
        ("", 0, "format", "map_format"),
        ('format = "circulation-import/2"', 1, "format", "map_format"),
        (FORMAT + 'kind = "patrons"', 2, "kind", "map_kind"),
        (FORMAT + 'copy = "952"', 2, "copy", "map_unknown_key"),
        (FORMAT + "copies = 952", 2, "copies", "map_place"),
        (FORMAT + 'copies = "95"', 2, "copies", "map_place"),
        (FORMAT + 'encoding = "cp850"', 2, "encoding", "map_one_of"),
        (FORMAT + "csv = 1", 2, "csv", "map_section"),
        (FORMAT + '[csv]\n\ncolour = "x"', 4, "csv.colour", "map_unknown_field"),
        (FORMAT + '[csv]\n"title" = 1', 3, "csv.title", "map_shape"),
        (FORMAT + "[csv]\ntitle = true", 3, "csv.title", "map_shape"),
        (FORMAT + "[csv]\ntitle = false", 3, "csv.title", "map_needed"),
        (FORMAT + '[csv]\ntitle = " "', 3, "csv.title", "map_shape"),
        (FORMAT + '[csv]\ntitle = { from = "x", always = "y" }', 3, "csv.title", "map_shape"),
        (FORMAT + '[csv]\ntitle = { otherwise = "y" }', 3, "csv.title", "map_shape"),
        (FORMAT + '[csv]\ntitle = { always = "y", otherwise = "z" }', 3, "csv.title", "map_shape"),
        (FORMAT + '[csv]\ntitle = { from = "x", else = "y" }', 3, "csv.title", "map_shape"),
        (FORMAT + '[csv]\ntitle = { from = "x", values = ["y"] }', 3, "csv.title", "map_shape"),
        (FORMAT + '[csv]\ntitle = { from = "x", values = { y = [] } }', 3, "csv.title", "map_shape"),
        (FORMAT + "[csv.title]\nfrom = 1", 2, "csv.title", "map_shape"),
        (FORMAT + "csv.title.from = 1", 2, "csv.title", "map_shape"),
        (FORMAT + '[marc]\ntitle = "245ab"', 3, "marc.title", "map_place"),
        (FORMAT + '[marc]\ntitle = { from = "24" }', 3, "marc.title", "map_place"),
        (FORMAT + "title = ", 2, "", "map_not_toml"),
        (FORMAT + f"copies = {'[' * 5000}", 0, "", "map_not_toml"),
        (FORMAT + 'kind = "items"\nkind = "items"', 3, "", "map_not_toml"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_key(text: str, line: int, place: str, code: str) -> None:
    with pytest.raises(MappingFileError) as found:
        read(text.encode(), ITEMS)
    assert [(problem.number, problem.place, problem.fault.code) for problem in found.value.problems] == [
        (line, place, code)
    ]


def test_all_mistakes_are_named_at_once() -> None:
    with pytest.raises(MappingFileError) as found:
        read(b'format = "x"\n[csv]\ntitle = 1\ncolour = "x"\n[marc]\nid = "1"\n', ITEMS)
    assert [problem.number for problem in found.value.problems] == [1, 3, 4, 6]


def test_a_mapping_that_is_no_utf8_is_named_with_its_line() -> None:
    with pytest.raises(MappingFileError) as found:
        read(FORMAT.encode() + b"# B\xfccher\n", ITEMS)
    assert [(problem.number, problem.fault.code) for problem in found.value.problems] == [(2, "map_not_utf8")]


def test_only_items_have_places_in_marc_records() -> None:
    with pytest.raises(MappingFileError) as found:
        read((FORMAT + "[marc]\n").encode(), KINDS["loans"])
    assert [(problem.number, problem.fault.code) for problem in found.value.problems] == [(2, "map_no_marc")]


def test_columns_constants_and_tables(service: Service, tmp_path: Path) -> None:
    mapping = f"""{FORMAT}[csv]
id = "Barcode"
title = "Titel"
branch = {{ always = "N1" }}
media_type = {{ from = "Art", values = {{ BK = "BOOK", 7 = "DVD", "" = "GAME" }}, otherwise = "CD" }}
fiction = {{ from = "Sachbuch", values = {{ j = false, n = true }} }}
parts = {{ from = "Teile", otherwise = 2 }}
"""
    content = (
        "Barcode;Titel;Art;Sachbuch;Teile;Egal;author\n"
        "1;T;BK;j;3;x;A\n2;T;7;n;;x;\n3;T;;;;x;\n4;T;ZZ;;;x;\n5;T;BK;vielleicht;;x;\n"
    )
    _, report = take(service, "items", tmp_path / "x.csv", content, mapping, skip_faulty=True)
    assert report.told == [(6, "Sachbuch", "not_among_values")]
    found = [(row.id, row.media_type, row.fiction, row.parts, row.branch) for row in rows(service, t.item)]
    assert found == [
        ("1", "BOOK", False, 3, "N1"),
        ("2", "DVD", True, 2, "N1"),
        ("3", "GAME", None, 2, "N1"),
        ("4", "CD", None, 2, "N1"),
    ]
    assert rows(service, t.item)[0].author == "A"


def test_a_column_somebody_asked_for_must_be_there(service: Service, tmp_path: Path) -> None:
    content = "id;title;media_type;branch\n1;T;BOOK;N1\n"
    _, report = take(service, "items", tmp_path / "x.csv", content, FORMAT + '[csv]\nauthor = "Autor"\n')
    assert report.told == [(1, "Autor", "column_missing")]
    outcome, _ = take(service, "items", tmp_path / "x.csv", mapping=commented(ITEMS, "en"))
    assert outcome.new == 1


def test_a_field_left_out_is_not_read(service: Service, tmp_path: Path) -> None:
    content = "id;title;media_type;branch;fiction\n1;T;BOOK;N1;nonsense\n"
    outcome, _ = take(service, "items", tmp_path / "x.csv", content, FORMAT + "[csv]\nfiction = false\n")
    assert (outcome.new, rows(service, t.item)[0].fiction) == (1, None)


def test_constants_the_house_does_not_know_are_named_once_at_their_line(service: Service, tmp_path: Path) -> None:
    mapping = f"""{FORMAT}[csv]
branch = {{ always = "Nowhere" }}
media_type = {{ from = "media_type", values = {{ a = "BOOK", b = "VINYL" }}, otherwise = "" }}
"""
    content = "id;title;media_type\n" + "".join(f"{number};T;a\n" for number in range(5))
    with pytest.raises(MappingFileError) as found:
        take(service, "items", tmp_path / "x.csv", content, mapping)
    assert sorted((problem.number, problem.place, problem.fault.code) for problem in found.value.problems) == [
        (3, "csv.branch", "unknown_branch"),
        (4, "csv.media_type", "missing"),
        (4, "csv.media_type", "unknown_media_type"),
    ]
