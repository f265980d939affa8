"""CSV files: every fault at its line and field, and every way in which people write one."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

import wording
from circulation.importing.faults import Fault, Problem
from circulation.importing.report import place, sentence
from circulation.service import Service
from circulation.store import tables as t
from tests.circulation.taking import rows, take
from tests.circulation.world import World

HEADER = "id;title;author;title_id;media_type;branch;material_type;department;audience;fiction;parts;state;shelf;price"


def line(**cells: str) -> str:
    """A line of an item, right but for these cells."""
    right = {"id": "3001", "title": "T", "media_type": "BOOK", "branch": "N1", **cells}
    return ";".join(right.get(name, "") for name in HEADER.split(";"))


# Line, place and code of each fault, in the order of the file.
FAULTS: tuple[tuple[str, str, str], ...] = (
    (line(id=""), "id", "missing"),
    (line(id="a|b"), "id", "bad_code"),
    (line(id="x" * 65), "id", "bad_code"),
    (line(id="30\x0001"), "id", "control_character"),
    (line(id="4001", title=""), "title", "missing"),
    (line(id="4002", title="bell \x07"), "title", "control_character"),
    (line(id="4003", title="x" * 2001), "title", "too_long"),
    (line(id="4004", author="nul \x00"), "author", "control_character"),
    (line(id="4005", author="x" * 2001), "author", "too_long"),
    (line(id="4006", title_id="y" * 65), "title_id", "bad_code"),
    (line(id="4007", media_type=""), "media_type", "missing"),
    (line(id="4008", media_type="VINYL"), "media_type", "unknown_media_type"),
    (line(id="4009", branch=""), "branch", "missing"),
    (line(id="4010", branch="Nowhere"), "branch", "unknown_branch"),
    (line(id="4011", branch="n1"), "branch", "unknown_branch"),
    (line(id="4012", material_type="a|b"), "material_type", "bad_code"),
    (line(id="4013", department="d" * 65), "department", "bad_code"),
    (line(id="4014", audience="\x1b"), "audience", "control_character"),
    (line(id="4015", fiction="perhaps"), "fiction", "not_flag"),
    (line(id="4016", parts="0"), "parts", "number_range"),
    (line(id="4017", parts="-1"), "parts", "number_range"),
    (line(id="4018", parts="two"), "parts", "not_number"),
    (line(id="4019", parts="100"), "parts", "number_range"),
    (line(id="4020", state="gone"), "state", "unknown_state"),
    (line(id="4021", shelf="s" * 65), "shelf", "bad_code"),
    (line(id="4027", price="-24.90"), "price", "not_price"),
    (line(id="4028", price="much"), "price", "not_price"),
    (line(id="4029", price="1.234,50"), "price", "not_price"),
    (line(id="4030", price="DM 24.90"), "price", "not_price"),
    ("4022;T", "", "row_short"),
    (line(id="4023") + ";surplus", "", "row_long"),
    (line(id="4024"), "", "fine"),
    (line(id="4024"), "id", "twice_line"),
    ('4025;"a" b' + ";" * 12, "", "quote_inside"),
    (line(id="there"), "id", "there_already"),
    ('4026;"never closed', "", "quote_open"),
)


def test_every_one_of_thirty_faults_is_named_with_its_line_and_field_and_nothing_is_imported(
    service: Service, world: World, tmp_path: Path
) -> None:
    there = world.item()
    content = "\n".join((HEADER, *(text.replace("there", there) for text, _, _ in FAULTS)))
    outcome, report = take(service, "items", tmp_path / "x.csv", content)
    expected = [(number, where, code) for number, (_, where, code) in enumerate(FAULTS, start=2) if code != "fine"]
    assert sorted(report.told) == sorted(expected)
    assert len(expected) >= 30
    assert (outcome.done, [row.id for row in rows(service, t.item)]) == (False, [there])


def test_several_faults_of_one_line_are_all_named(service: Service, tmp_path: Path) -> None:
    wrong = line(id="", media_type="VINYL", branch="Nowhere", parts="0")
    _, report = take(service, "items", tmp_path / "x.csv", f"{HEADER}\n{wrong}")
    assert [where for _, where, _ in report.told] == ["id", "media_type", "branch", "parts"]


def test_what_was_found_is_told_and_what_is_known_instead(service: Service, tmp_path: Path) -> None:
    _, report = take(service, "items", tmp_path / "x.csv", f"{HEADER}\n{line(media_type='VINYL' * 20)}")
    (problem,) = report.problems
    assert (problem.found or "").startswith("VINYL")
    assert (len(problem.found or ""), place(problem, "en")) == (60, "line 2, media_type")
    assert "BOOK, CD, DVD" in sentence(problem, "en")
    assert "Gefunden: VINYL" in sentence(problem, "de")


# --- the first line ---------------------------------------------------------------------------------------------------

SHORT = "id;title;media_type;branch"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("title;media_type;branch", [(1, "id", "column_missing")]),
        (SHORT + ";title", [(1, "title", "column_twice")]),
        (SHORT + ";colour", [(1, "E", "unknown_column")]),
        (";;", [(1, "", "header_empty")]),
        ("", [(1, "", "header_empty")]),
        ('"id"x;title', [(1, "", "quote_inside")]),
        ("x", [(1, "A", "unknown_column"), *((1, name, "column_missing") for name in SHORT.split(";"))]),
    ],
)
def test_a_first_line_that_cannot_be_used(
    service: Service, tmp_path: Path, header: str, expected: list[tuple[int, str, str]]
) -> None:
    outcome, report = take(service, "items", tmp_path / "x.csv", f"{header}\n3001;T;BOOK;N1\n", skip_faulty=True)
    assert (outcome.done, report.told) == (False, expected)


def test_columns_far_to_the_right_are_called_as_spreadsheets_do(service: Service, tmp_path: Path) -> None:
    header = ";".join((SHORT, *(f"more{number}" for number in range(24))))
    _, report = take(service, "items", tmp_path / "x.csv", header + "\n")
    assert [(problem.place, problem.found) for problem in report.problems][-3:] == [
        ("Z", "more21"),
        ("AA", "more22"),
        ("AB", "more23"),
    ]


def test_a_file_of_people_without_a_header_tells_none_of_them(service: Service, tmp_path: Path) -> None:
    _, report = take(service, "patrons", tmp_path / "x.csv", "20001;Vogel;normal\n")
    said = " ".join(report.shown)
    assert ("20001" in said, "Vogel" in said, "unknown" in {code for *_, code in report.told}) == (False, False, False)
    assert (1, "A", "unknown_column") in report.told


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04\x14\x00\x06\x00", "wrong_kind"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "wrong_kind"),
        (b"%PDF-1.7", "wrong_kind"),
        (b"\x1f\x8b\x08\x00", "wrong_kind"),
        (b"SQLite format 3\x00", "wrong_kind"),
        ("id;title\n".encode("utf-16"), "wrong_kind"),
    ],
)
def test_a_file_of_another_kind_is_called_by_its_name(
    service: Service, tmp_path: Path, content: bytes, code: str
) -> None:
    outcome, report = take(service, "items", tmp_path / "x.csv", content)
    assert (outcome.done, report.told) == (False, [(0, "", code)])
    assert report.shown[0].startswith("file: ")


def test_patrons_do_not_come_as_marc_records(service: Service, tmp_path: Path) -> None:
    _, report = take(service, "patrons", tmp_path / "x.xml", "<collection/>")
    assert report.told == [(0, "", "no_marc")]


# --- how people write -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_way_to_write_lines_and_cells(
    service: Service, tmp_path: Path, delimiter: str, end: str, mark: bytes
) -> None:
    lines = (SHORT, "", '3001;"Über; ""alles"",\tund\nmehr";BOOK;N1', ";;;", "3002; Zwei ;BOOK;N1")
    body = (end.join(lines) + end).replace(";", delimiter)
    outcome, report = take(service, "items", tmp_path / "x.csv", mark + body.encode())
    assert (report.told, outcome.new) == ([], 2)
    titles = [row.title for row in rows(service, t.item)]
    assert titles == [f'Über{delimiter} "alles",\tund\nmehr', "Zwei"]


def test_lines_are_counted_as_a_spreadsheet_counts_rows(service: Service, tmp_path: Path) -> None:
    lines = (SHORT, "", '3001;"one\ntwo\nthree";BOOK;N1', "", "3002;T;VINYL;N1")
    _, report = take(service, "items", tmp_path / "x.csv", "\r\n".join(lines))
    assert report.told == [(5, "media_type", "unknown_media_type")]


def test_what_is_no_utf8_is_named_with_line_and_character(service: Service, tmp_path: Path) -> None:
    content = f"{SHORT}\n3001;Gut;BOOK;N1\n3002;Bücher;BOOK;N1\n".encode("latin-1")
    outcome, report = take(service, "items", tmp_path / "x.csv", content)
    (problem,) = report.problems
    assert (problem.number, problem.fault.code, problem.fault.params) == (3, "not_utf8", {"column": "7"})
    assert not outcome.done
    outcome, _ = take(service, "items", tmp_path / "x.csv", skip_faulty=True)
    assert ([row.id for row in rows(service, t.item)], outcome.new) == (["3001"], 1)


def test_a_line_without_an_end_is_given_up_in_time(service: Service, tmp_path: Path) -> None:
    content = f"{SHORT}\n3001;T;BOOK;N1\n3002;{'x' * 1_000_001};BOOK;N1\n3003;T;BOOK;N1\n"
    outcome, report = take(service, "items", tmp_path / "x.csv", content, skip_faulty=True)
    assert (outcome.done, report.told) == (False, [(3, "", "line_too_long")])


def test_a_cell_longer_than_any_text_is_named(service: Service, tmp_path: Path) -> None:
    content = f"{SHORT}\n3001;{'x' * 140_000};BOOK;N1\n3002;T;BOOK;N1\n"
    outcome, report = take(service, "items", tmp_path / "x.csv", content, skip_faulty=True)
    assert ((2, "", "cell_too_long") in report.told, outcome.new) == (True, 1)


def test_a_guard_against_formulas_is_taken_off(service: Service, tmp_path: Path) -> None:
    take(service, "items", tmp_path / "x.csv", f"{SHORT}\n3001;'=SUM(A1);BOOK;N1\n3002;'Tis;BOOK;N1\n")
    assert [row.title for row in rows(service, t.item)] == ["=SUM(A1)", "'Tis"]


def test_what_a_line_does_not_say_is_the_standard(service: Service, tmp_path: Path) -> None:
    take(service, "items", tmp_path / "x.csv", f"{SHORT}\n3001;Ein Titel;BOOK;N1\n")
    (row,) = rows(service, t.item)
    assert (row.author, row.title_id, row.parts, row.state, row.fiction) == ("", "3001", 1, "available", None)
    assert row.sought == "ein titel"


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("24.90", 2490),
        ("24,90", 2490),
        ("24", 2400),
        ("0.00", 0),
        ("999999.99", 99_999_999),
        ("24.900000", 2490),
        ("EUR 24.90", 2490),
        ("24,90 \N{EURO SIGN}", 2490),
        ("\N{EURO SIGN}24.90 ($30)", 2490),
        ("kart. : EUR 24.90 (DE), EUR 25.60 (AT)", 2490),
        ("EUR 24,--", 2400),
        ("", None),
    ],
)
def test_a_price_is_an_amount_or_a_catalogues_in_the_librarys_currency(
    service: Service, tmp_path: Path, text: str, minor: int | None
) -> None:
    _, report = take(service, "items", tmp_path / "x.csv", f"{HEADER}\n{line(price=text)}\n")
    assert (report.told, [row.price for row in rows(service, t.item)]) == ([], [minor])


@pytest.mark.parametrize(
    "text",
    [
        *("-24.90", "EUR -24.90", "24.9", "1.230", "1.234,50", "EUR 1,234.50", "EUR 1 234.50", "1000000", "free"),
        *("$24.90", "24.90 DM", "kart. : DM 24.80", "DM 24.80 EUR 12.70", "24.90 (DM)", "24.90 or 30.00"),
    ],
)
def test_what_is_no_price_or_could_be_another_is_a_problem(service: Service, tmp_path: Path, text: str) -> None:
    outcome, report = take(service, "items", tmp_path / "x.csv", f"{HEADER}\n{line(price=text)}\n")
    (problem,) = report.problems
    assert (outcome.done, report.told) == (False, [(2, "price", "not_price")])
    assert "or not in EUR. Found: " in sentence(problem, "en")


# --- patrons and loans ------------------------------------------------------------------------------------------------

PATRON = (
    "card;card_uid;category;first_name;last_name;born;valid_from;valid_until;blocked;language;home;email;phone;"
    "postal;prefers;pin"
)


def patron(**cells: str) -> str:
    right = {"card": "20001", "category": "normal", "last_name": "Vogel", **cells}
    return ";".join(right.get(name, "") for name in PATRON.split(";"))


PATRON_FAULTS = (
    (patron(card=""), "card", "missing"),
    (patron(card="1|1"), "card", "card_twice"),
    (patron(card="20002", card_uid="04G1"), "card_uid", "bad_uid"),
    (patron(card="20003", category="king"), "category", "unknown_category"),
    (patron(card="20004", last_name=""), "last_name", "missing"),
    (patron(card="20005", born="31.02.1990"), "born", "no_such_day"),
    (patron(card="20006", born="1.2.90"), "born", "not_day"),
    (patron(card="20007", born="2026-06-02"), "born", "not_birthday"),
    (patron(card="20008", born="1700-01-01"), "born", "not_birthday"),
    (patron(card="20009", valid_from="2026-02-01", valid_until="31.1.2026"), "valid_until", "dates_reversed"),
    (patron(card="20010", blocked="a bit"), "blocked", "not_flag"),
    (patron(card="20011", language="tlh"), "language", "unknown_language"),
    (patron(card="20012", home="Nowhere"), "home", "unknown_branch"),
    (patron(card="20013", email="mira(at)example.org"), "email", "not_mail"),
    (patron(card="20014", email="a@b@example.org"), "email", "not_mail"),
    (patron(card="20015", phone="1" * 201), "phone", "too_long"),
    (patron(card="20022", postal="|".join("123456789")), "postal", "bad_postal"),
    (patron(card="20023", postal="x" * 81), "postal", "bad_postal"),
    (patron(card="20024", postal="Waldweg\x073"), "postal", "control_character"),
    (patron(card="20025", prefers="pigeon"), "prefers", "unknown_channel"),
    (patron(card="20016", pin="123"), "pin", "bad_pin"),
    (patron(card="20017", pin="12a4"), "pin", "bad_pin"),
    (patron(card="20018"), "", "fine"),
    (patron(card="20018"), "card", "twice_line"),
    (patron(card="20019", card_uid="04:a1:b2:c3"), "", "fine"),
    (patron(card="20020", card_uid="04A1B2C3"), "card_uid", "twice_line"),
    (patron(card="20021|{other}"), "card", "card_taken"),
    (patron(card="{there}"), "card", "there_already"),
)


def test_every_fault_of_patrons_is_named_and_nothing_of_them_is_told(
    service: Service, world: World, tmp_path: Path
) -> None:
    there, other = world.patron(), world.patron()
    lines = [text.replace("{there}", there).replace("{other}", other) for text, _, _ in PATRON_FAULTS]
    content = "\n".join((PATRON, *lines))
    outcome, report = take(service, "patrons", tmp_path / "x.csv", content)
    faults = enumerate(PATRON_FAULTS, start=2)
    assert sorted(report.told) == sorted((number, where, code) for number, (_, where, code) in faults if where)
    assert (outcome.done, len(rows(service, t.patron))) == (False, 2)
    said = " ".join(report.shown)
    for private in ("2000", "2001", "Vogel", "1990", "mira", "12a4", there, other):
        assert private not in said


@pytest.mark.parametrize("lines", ["Mira Vogel|Waldweg 3|12345 Town", '"Mira Vogel\n\n Waldweg 3\n12345 Town"'])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_postal_address_has_its_lines_and_a_way_is_preferred(
    service: Service, tmp_path: Path, lines: str, end: str
) -> None:
    content = f"{PATRON}\n{patron(postal=lines, prefers='letter')}\n".replace("\n", end)
    _, report = take(service, "patrons", tmp_path / "x.csv", content)
    (row,) = rows(service, t.patron)
    assert (report.told, row.postal, row.prefers) == ([], "Mira Vogel\nWaldweg 3\n12345 Town", "letter")


LOAN = "item;card;out;due;branch;renewals;period"
LOAN_FAULTS = (
    ("{free};{card};2026-05-18;2026-05-17;N1;0;", "due", "due_before_out"),
    ("{free2};{card};2026-06-02;2026-06-20;N1;0;", "out", "future"),
    ("{lent};{card};2026-05-18;2026-06-20;N1;0;", "item", "on_loan"),
    ("nothing;{card};2026-05-18;2026-06-20;N1;0;", "item", "unknown_item"),
    ("{free3};nobody;2026-05-18;2026-06-20;N1;0;", "card", "unknown_card"),
    ("{free4};{card};25:00;2026-06-20;N1;0;", "out", "not_instant"),
    ("{free5};{card};2026-05-18 25:00;2026-06-20;N1;0;", "out", "not_instant"),
    ("{free6};{card};2026-05-18;2026-06-20;N1;-1;", "renewals", "number_range"),
    ("{free7};{card};2026-05-18;2026-06-20;N1;0;x", "period", "not_number"),
    ("{free};{card};2026-05-18;2026-06-20;N1;0;", "item", "twice_line"),
    ("{free8};;2026-05-18;2026-06-20;N1;0;", "card", "missing"),
    ("{free9};{card};2026-05-18 10:00 yesterday;;N1;0;", "due", "missing"),
)


def test_every_fault_of_loans_is_named(service: Service, world: World, tmp_path: Path) -> None:
    known = {"card": world.patron(), "free": world.item(), **{f"free{n}": world.item() for n in range(2, 10)}}
    known["lent"] = world.lent(known["card"])
    content = "\n".join((LOAN, *(text.format_map(known) for text, _, _ in LOAN_FAULTS)))
    outcome, report = take(service, "loans", tmp_path / "x.csv", content)
    expected = [(number, where, code) for number, (_, where, code) in enumerate(LOAN_FAULTS, start=2)]
    assert sorted(report.told) == sorted([*expected, (13, "out", "not_instant")])
    assert (outcome.done, len(world.open_loans())) == (False, 1)
    assert known["card"] not in " ".join(report.shown)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-05-18", datetime(2026, 5, 17, 22, tzinfo=UTC)),
        ("18.5.2026", datetime(2026, 5, 17, 22, tzinfo=UTC)),
        ("2026-05-18T10:15", datetime(2026, 5, 18, 8, 15, tzinfo=UTC)),
        ("18.05.2026 9:15:30", datetime(2026, 5, 18, 7, 15, 30, tzinfo=UTC)),
        ("2026-05-18T10:15:30.000001+00:00", datetime(2026, 5, 18, 10, 15, 30, 1, tzinfo=UTC)),
        ("2026-05-18 10:15Z", datetime(2026, 5, 18, 10, 15, tzinfo=UTC)),
        ("2026-01-18 10:15-05:00", datetime(2026, 1, 18, 15, 15, tzinfo=UTC)),
    ],
)
def test_instants_are_read_as_people_and_exports_write_them(
    service: Service, world: World, tmp_path: Path, text: str, at: datetime
) -> None:
    item, card = world.item(), world.patron()
    take(service, "loans", tmp_path / "x.csv", f"{LOAN}\n{item};{card};{text};30.06.2026;N1;2;28\n")
    (loan,) = world.open_loans()
    assert (loan.out_at, loan.due, loan.renewals, loan.period) == (at, date(2026, 6, 30), 2, 28)
    assert (loan.rule_set, loan.rules, loan.patron_id, loan.branch) == (0, {}, world.patron_id(card), "N1")


@pytest.mark.parametrize("text", ["0001-01-01 00:00+23:59", "9999-12-31", "10:15", "2026-05-18 1:2:3:4", "18.5.26"])
def test_what_is_no_instant_that_is_over(service: Service, world: World, tmp_path: Path, text: str) -> None:
    line_ = f"{world.item()};{world.patron()};{text};9999-12-31;N1;0;"
    _, report = take(service, "loans", tmp_path / "x.csv", f"{LOAN}\n{line_}\n")
    assert report.told in ([(2, "out", "not_instant")], [(2, "out", "future")])


def test_every_fault_has_its_words_in_every_language() -> None:
    codes = {code for *_, code in (*FAULTS, *PATRON_FAULTS, *LOAN_FAULTS)} - {"fine"}
    for language in wording.languages(wording.STAFF):
        assert {f"import.{code}" for code in codes} <= wording.codes(wording.STAFF), language


def test_the_place_of_the_whole_file_is_no_place() -> None:
    assert place(Problem(0, Fault("empty")), "en") == ""
