"""Rule documents for spreadsheets (R79)."""

from __future__ import annotations

from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules import csv, toml
from rules.order import document_order
from rules.problems import RuleFileError
from rules.rule import Rule
from rules.values import Amount, Days, Fee, FeeBasis, FeeStep, MinAge, Value
from tests.rules import generated
from tests.rules.made import CODES, TREE, rule

HEAD = "id;kind;org;value;unit;media_type;valid_from;valid_until;name\n"
ALL_COLUMNS = (
    "id;kind;level;name;org;patron_category;age_group;age_min;age_max;media_type;material_type;department;audience;"
    "fiction;value;unit;valid_from;valid_until;position;active;message_de;message_en;comment"
)


def problems_of(document: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(RuleFileError) as caught:
        csv.read(document, CODES)
    assert all(problem.text for problem in caught.value.problems)
    return [(problem.place, problem.code) for problem in caught.value.problems]


@pytest.mark.requirement("R79")
@given(generated.rule_sets)
def test_export_import_export_is_identical_in_csv_and_from_one_format_to_the_other(rules: tuple[Rule, ...]) -> None:
    ordered = document_order(rules, TREE)
    exported = csv.write(rules, TREE)
    again = csv.read(exported, CODES)
    assert again == ordered
    assert csv.write(again, TREE) == exported
    assert toml.write(again) == toml.write(ordered)
    assert csv.write(toml.read(toml.write(again), CODES), TREE) == exported


@pytest.mark.requirement("R79")
def test_the_columns_are_those_of_the_notation() -> None:
    written = csv.write((), TREE)
    assert written == b"\xef\xbb\xbf" + ALL_COLUMNS.encode() + b"\r\n"
    assert csv.read(written, CODES) == ()


@pytest.mark.requirement("R79")
def test_a_row_as_a_german_spreadsheet_opens_it() -> None:
    fee = Fee(FeeBasis.PER_DAY, (FeeStep(7, Amount(100)), FeeStep(14, Amount(200))))
    rules = (
        rule("cap", "fees.overdue_max", "A", Amount(250), name="=1+1", media_type=("CD", "DVD")),
        rule("fee", "fees.overdue", "A", fee, valid_until=date(2026, 8, 31), active=False, message={"de": "a;b\n'c"}),
    )
    lines = csv.write(rules, TREE).decode("utf-8-sig").split("\r\n")
    assert lines[1] == 'fee;fees.overdue;;;A;;;;;;;;;;7:1.00|14:2.00;per_day;;2026-08-31;;false;"a;b\n\'c";;'
    assert lines[2] == "cap;fees.overdue_max;;'=1+1;A;;;;;CD|DVD;;;;;2,50;amount;;;;;;;"


@pytest.mark.requirement("R79")
def test_an_unknown_media_type_is_named_with_row_and_column_and_nothing_is_imported() -> None:
    text = HEAD + "good;periods.loan;A;28;days;;;;\n\nbad;periods.loan;A;7;days;VHS|DVD;;;\n"
    with pytest.raises(RuleFileError) as caught:
        csv.read(text, CODES)
    (problem,) = caught.value.problems
    assert str(problem) == 'row 4, column media_type: "VHS" is not known here.'
    assert (problem.rule, problem.key, problem.line) == ("bad", "when.media_type", 4)


@pytest.mark.requirement("R79")
def test_a_cell_with_line_breaks_is_one_row() -> None:
    text = HEAD + 'a;periods.loan;A;28;days;;;;"one\ntwo\r\nthree"\r\nb;periods.loan;A;7;days;VHS;;;\r\n'
    assert problems_of(text) == [("row 3, column media_type", "code_unknown")]
    assert csv.read(text.replace("VHS", "DVD"), CODES)[0].name == "one\ntwo\nthree"


@pytest.mark.requirement("R79")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiter_mark_and_line_ends_may_be_any(encoding: str, delimiter: str, line_end: str) -> None:
    text = (HEAD + "a;periods.loan;A;28;days;DVD|CD;1.6.2026;31.08.2026;Länger\n").replace(";", delimiter)
    wanted = rule(
        *("a", "periods.loan", "A", Days(28)),
        media_type=("DVD", "CD"),
        valid_from=date(2026, 6, 1),
        valid_until=date(2026, 8, 31),
        name="Länger",
    )
    text = text.replace("\n", line_end)
    assert csv.read(text.encode(encoding), CODES) == (wanted,)
    assert csv.read(text, CODES) == (wanted,)


def test_what_is_not_utf_8_is_told_with_its_line() -> None:
    assert problems_of((HEAD + "a;periods.loan;A;28;days;;;;Länger\n").encode("latin-1")) == [("document", "not_utf8")]
    with pytest.raises(RuleFileError, match="Line 2 is not UTF-8 text"):
        csv.read((HEAD + "ä").encode("latin-1"), CODES)


@pytest.mark.requirement("R79")
@pytest.mark.parametrize(
    ("kind", "value", "unit", "wanted"),
    [
        ("circulation.renewal", "true", "", True),
        ("circulation.renewal", "FALSCH", "", False),
        ("circulation.checkout", "18", "min_age", MinAge(18)),
        ("counts.max_loans", "10", "", 10),
        ("patron.debt_block", "10,5", "amount", Amount(1050)),
        ("patron.debt_block", "10.05", "amount", Amount(1005)),
        ("patron.debt_block", "10", "amount", Amount(1000)),
        ("fees.overdue", "0,2", "per_day", Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))),
        (
            *("fees.overdue", "7:10.00|14:20,00", "fixed"),
            Fee(FeeBasis.FIXED, (FeeStep(7, Amount(1000)), FeeStep(14, Amount(2000)))),
        ),
    ],
)
def test_every_value_and_unit(kind: str, value: str, unit: str, wanted: Value) -> None:
    assert csv.read(f"{HEAD}a;{kind};A;{value};{unit};;;;\n", CODES)[0].value == wanted


@pytest.mark.parametrize(
    ("value", "unit", "column", "code"),
    [
        ("28", "weeks", "unit", "unit_unknown"),
        ("x", "", "value", "value_without_unit"),
        ("x", "days", "value", "value_notation"),
        ("-1", "days", "value", "value_notation"),
        ("1.000,00", "amount", "value", "value_notation"),
        ("7:1.00|x", "fixed", "value", "value_notation"),
        ("", "days", "value", "missing"),
        ("28", "", "value", "value_unit.days"),
    ],
)
def test_a_wrong_value_is_one_finding(value: str, unit: str, column: str, code: str) -> None:
    assert problems_of(f"{HEAD}a;periods.loan;A;{value};{unit};;;;\n") == [(f"row 2, column {column}", code)]


@pytest.mark.requirement("R56")
@pytest.mark.requirement("R79")
def test_everything_wrong_is_listed_at_once() -> None:
    head = "id,kind,org,value,unit,level,patron_category,age_min,fiction,position,valid_from,active,message_en\n"
    text = (
        head
        + "s,self_service.checkout,N1,false,,,child,,,,,,\n"
        + "t,periods.loan,N9,7,days,1,,x,maybe,-1,2026-02-30,no,{due}\n"
        + "t,periods.loan,A,7,days,,a||b,,,,,,,more\n"
    )
    assert problems_of(text) == [
        ("row 2, column patron_category", "patron_field"),
        ("row 2, column patron_category", "code_unknown"),
        ("row 3, column position", "number_range"),
        ("row 3, column valid_from", "not_date"),
        ("row 3, column active", "not_flag"),
        ("row 3, column age_min", "not_number"),
        ("row 3, column fiction", "not_flag"),
        ("row 3, column org", "code_unknown"),
        ("row 3, column level", "level_unleveled"),
        ("row 3, column message_en", "bad_parameter"),
        ("row 3, column id", "id_duplicate"),
        ("row 4", "cells_surplus"),
        ("row 4, column patron_category", "bad_code"),
        ("row 4, column id", "id_duplicate"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [("row 1", "column_missing")] * 4),
        (HEAD.replace("name", "colour"), [("row 1, column colour", "unknown_column")]),
        (HEAD.replace("name", "unit"), [("row 1, column unit", "column_twice")]),
        (HEAD.replace("org;", ""), [("row 1", "column_missing")]),
        (HEAD + 'a;"b"c;d\n', [("row 2", "not_csv")]),
        (HEAD + 'a;"b', [("row 2", "not_csv")]),
    ],
)
def test_a_document_without_its_columns_is_refused(text: str, found: list[tuple[str, str]]) -> None:
    assert problems_of(text) == found


def test_empty_columns_and_rows_at_the_ends_do_not_matter() -> None:
    text = HEAD.replace("\n", ";;\n") + "a;periods.loan;A;28;days;;;;;;\n;;;;;;;;;;\n"
    assert csv.read(text, CODES) == (rule("a", "periods.loan", "A", Days(28)),)


@given(st.text(st.sampled_from("=+-@'a"), max_size=5))
def test_the_guard_is_reversible_and_no_formula_is_left(cell: str) -> None:
    assert csv.unguarded(csv.guarded(cell)) == cell
    assert not csv.guarded(cell).startswith(("=", "+", "-", "@"))


def test_an_apostrophe_typed_before_a_letter_stays() -> None:
    assert csv.unguarded("'n Abend") == "'n Abend"


pieces = st.lists(
    st.sampled_from([*'";,|\n\r:.', "'=", "\x00", "a", "7", "periods.loan", "A", "28", "days", "2026-06-01", HEAD]),
    max_size=25,
).map("".join)


@given(st.binary(max_size=60) | (st.text(max_size=60) | pieces).map(lambda text: HEAD + text))
def test_any_document_gives_rules_or_a_rule_file_error(document: str | bytes) -> None:
    with suppress(RuleFileError):
        csv.read(document, CODES)
