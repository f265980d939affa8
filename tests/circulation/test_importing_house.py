"""Importing into a house and exporting from it, on both databases: all or nothing, updates, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, delete, event, insert, select, update

from circulation import audit
from circulation.errors import CirculationError
from circulation.importing import checking, exporting
from circulation.importing.fields import KINDS
from circulation.importing.taking_in import CHECKING, HASHING, WRITING
from circulation.service import Service
from circulation.store import tables as t
from tests.circulation.taking import rows, take
from tests.circulation.world import World

ITEMS = "id;title;author;media_type;branch"


def many(count: int, first: int = 0) -> str:
    return "\n".join((ITEMS, *(f"{number:05};Title {number};A;BOOK;N1" for number in range(first, first + count))))


def emptied(service: Service) -> None:
    """No item, patron or loan any more."""
    with service.database.writing() as db:
        for table in (t.loan, t.reservation, t.card, t.item, t.patron):
            db.execute(delete(table))


def same(service: Service, table: Table, without: tuple[str, ...] = ()) -> list[Mapping[str, Any]]:
    return [{k: v for k, v in row._asdict().items() if k not in without} for row in rows(service, table)]


# --- items ------------------------------------------------------------------------------------------------------------

ODD = ('=cmd|"x"', "'+quoted", "line\nbreak; and, comma", "-1", "@home", "'Tis", "Ü\u00a0ß", '"', "tab\tinside")


@pytest.mark.requirement("R79")
def test_items_exported_and_imported_into_an_empty_house_are_exported_alike(
    service: Service, world: World, tmp_path: Path
) -> None:
    for number, text in enumerate(ODD):
        facts = {
            "material_type": "=m",
            "department": "D",
            "audience": "kids",
            "fiction": number % 2 == 0,
            "shelf": "A 1",
            "price": number * 1234,
        }
        world.item("CD", title=text, author=text, title_id=f"t{number}", parts=number + 1, **facts)
    world.item(state="lost", branch="N2")
    before = same(service, t.item)
    assert exporting.export(service.database, KINDS["items"], tmp_path / "one.csv") == (len(ODD) + 1, 0)
    emptied(service)
    outcome, report = take(service, "items", tmp_path / "one.csv")
    assert (report.told, outcome.new) == ([], len(ODD) + 1)
    exporting.export(service.database, KINDS["items"], tmp_path / "two.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert same(service, t.item) == before


def test_a_long_file_is_written_in_batches_and_leaves_one_line_in_the_audit_log(
    service: Service, tmp_path: Path
) -> None:
    seen: dict[str, int] = {}

    def moved(doing: str, done: int, of: int) -> None:
        assert done >= seen.get(doing, 0)
        assert done <= of
        seen[doing] = done

    count = 2 * checking.TOGETHER + 7
    outcome, report = take(service, "items", tmp_path / "items.csv", many(count), moved=moved)
    assert (outcome.done, outcome.new, outcome.updated, report.told) == (True, count, 0, [])
    assert (set(seen), seen[WRITING]) == ({CHECKING, WRITING}, count)
    (line,) = rows(service, t.audit)
    assert (line.who, line.action, line.subject) == (audit.COMMAND_LINE, "items.import", "items.csv")
    assert line.details == {"new": count, "updated": 0, "problems": 0}
    found = rows(service, t.item)
    assert [row.id for row in found] == [f"{number:05}" for number in range(count)]
    assert {(row.title_id, row.sought) for row in found[:2]} == {("00000", "title 0 a"), ("00001", "title 1 a")}


def test_an_id_that_is_there_is_a_problem_unless_it_is_to_be_updated(
    service: Service, world: World, tmp_path: Path
) -> None:
    old = world.item("DVD", title="Alt", author="Wer", department="D", state="lost", set_aside=world.patron())
    content = f"id;title;media_type;branch\n{old};Neu;BOOK;N2\nother;T;BOOK;N1\n"
    outcome, report = take(service, "items", tmp_path / "x.csv", content)
    assert (outcome.done, report.told) == (False, [(2, "id", "there_already")])
    assert [row.id for row in rows(service, t.item)] == [old]
    outcome, _ = take(service, "items", tmp_path / "x.csv", update=True)
    assert (outcome.new, outcome.updated) == (1, 1)
    row = world.item_row(old)
    assert (row.title, row.media_type, row.branch, row.sought) == ("Neu", "BOOK", "N2", "neu wer")
    assert (row.author, row.department, row.state, row.title_id) == ("Wer", "D", "lost", old)
    assert row.set_aside_for is not None
    take(service, "items", tmp_path / "y.csv", f"{ITEMS};title_id;state\n{old};Neu;;BOOK;N2;;\n", update=True)
    row = world.item_row(old)
    assert (row.author, row.title_id, row.state, row.sought) == ("", old, "available", "neu")


def test_a_dry_run_changes_nothing_and_says_what_would_be(service: Service, world: World, tmp_path: Path) -> None:
    old = world.item()
    before = {table.name: same(service, table) for table in t.metadata.sorted_tables}
    content = f"{many(3)}\n{old};T;A;BOOK;N1\n"
    outcome, _ = take(service, "items", tmp_path / "x.csv", content, update=True, dry_run=True)
    assert (outcome.done, outcome.new, outcome.updated) == (True, 3, 1)
    outcome, report = take(service, "items", tmp_path / "x.csv", dry_run=True)
    assert (outcome.done, len(report.told)) == (False, 1)
    assert {table.name: same(service, table) for table in t.metadata.sorted_tables} == before


def test_faulty_lines_are_left_out_only_if_that_is_wanted(service: Service, tmp_path: Path) -> None:
    content = f"{many(2)}\n77777;T;A;VINYL;N1\n{many(2, 5).partition(chr(10))[2]}\n"
    outcome, _ = take(service, "items", tmp_path / "x.csv", content)
    assert (outcome.done, rows(service, t.item)) == (False, [])
    outcome, report = take(service, "items", tmp_path / "x.csv", skip_faulty=True)
    assert (outcome.done, outcome.new, len(report.told)) == (True, 4, 1)
    assert [row.id for row in rows(service, t.item)] == ["00000", "00001", "00005", "00006"]
    (line,) = rows(service, t.audit)
    assert line.details == {"new": 4, "updated": 0, "problems": 1}


def test_if_every_line_is_faulty_nothing_was_done(service: Service, tmp_path: Path) -> None:
    outcome, _ = take(service, "items", tmp_path / "x.csv", f"{ITEMS}\n1;T;A;VINYL;N1\n", skip_faulty=True)
    assert (outcome.done, rows(service, t.audit)) == (False, [])


class _KilledError(Exception):
    """The program ends here."""


def test_an_import_that_ends_in_the_middle_leaves_nothing(service: Service, tmp_path: Path) -> None:
    batches = []

    def die(*_: object) -> None:
        batches.append(1)
        if len(batches) == 2:
            raise _KilledError

    def watched(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        if statement.startswith("INSERT INTO item"):
            die()

    event.listen(service.database.engine, "after_cursor_execute", watched)
    with pytest.raises(_KilledError):
        take(service, "items", tmp_path / "x.csv", many(3 * checking.TOGETHER))
    event.remove(service.database.engine, "after_cursor_execute", watched)
    assert (len(batches), rows(service, t.item), rows(service, t.audit)) == (2, [], [])


def test_what_was_written_by_others_meanwhile_is_no_crash_and_leaves_nothing(
    service: Service, world: World, tmp_path: Path
) -> None:
    def moved(doing: str, done: int, of: int) -> None:
        if doing == CHECKING and not rows(service, t.item):
            values = {"title": "T", "author": "", "media_type": "BOOK", "branch": "N1", "parts": 1, "state": "lost"}
            with service.database.writing() as db:
                db.execute(insert(t.item).values(id="00003", **values))

    with pytest.raises(CirculationError, match="begin again"):
        take(service, "items", tmp_path / "x.csv", many(checking.TOGETHER + 1), moved=moved)
    assert [row.id for row in rows(service, t.item)] == ["00003"]


def test_a_house_that_was_not_set_up_is_named(service: Service, tmp_path: Path) -> None:
    with service.database.writing() as db:
        db.execute(delete(t.installation))
    with pytest.raises(CirculationError, match="empty"):
        take(service, "items", tmp_path / "x.csv", many(1))


# --- patrons ----------------------------------------------------------------------------------------------------------

PATRONS = "card;card_uid;category;last_name;first_name;pin"


def fits(service: Service, patron: str, pin: str) -> bool:
    with service.database.reading() as db:
        stored = db.execute(select(t.patron.c.pin_hash).where(t.patron.c.id == patron)).scalar_one()
    return service.secrets.pin_fits(stored, pin, patron)


def test_patrons_sign_in_with_the_pin_of_the_file_and_without_one_with_none(
    service: Service, world: World, tmp_path: Path
) -> None:
    seen: list[tuple[str, int, int]] = []
    content = f"{PATRONS}\n20001;04:A1:B2:C3;normal;Vogel;Mira;1234\n20002|20003;;staff;Öhl;;\n"
    outcome, report = take(
        service, "patrons", tmp_path / "x.csv", content, moved=lambda doing, done, of: seen.append((doing, done, of))
    )
    assert (report.told, outcome.new) == ([], 2)
    first, second = world.patron_id("20001"), world.patron_id("20002")
    assert world.patron_id("20003") == second
    assert world.patron_id("04A1B2C3") == first
    assert [fits(service, first, pin) for pin in ("1234", "1235", "")] == [True, False, False]
    assert [fits(service, second, pin) for pin in ("1234", "0000", "")] == [False, False, False]
    found = {row.last_name: row for row in rows(service, t.patron)}
    assert found["Öhl"].pin_hash.startswith("$argon2")
    assert (found["Öhl"].sought, found["Vogel"].sought, found["Öhl"].blocked) == ("ohl", "vogel mira", False)
    assert (HASHING, 1, 2) in seen


def test_an_update_of_patrons_keeps_the_pin_a_file_has_not_and_exchanges_cards(
    service: Service, world: World, tmp_path: Path
) -> None:
    barcode, other = world.patron(), world.patron()
    patron = world.patron_id(barcode)
    content = f"{PATRONS}\n{barcode}|29999;04A1B2C3;teacher;Neumann;Mira;\n{other};;normal;Vogel;;4321\n"
    outcome, report = take(service, "patrons", tmp_path / "x.csv", content, update=True)
    assert (report.told, outcome.updated) == ([], 2)
    assert (world.patron_id("29999"), world.patron_id("04A1B2C3")) == (patron, patron)
    assert (fits(service, patron, "1234"), fits(service, world.patron_id(other), "4321")) == (True, True)
    (row,) = (row for row in rows(service, t.patron) if row.id == patron)
    assert (row.last_name, row.category, row.sought) == ("Neumann", "teacher", "neumann mira")
    take(service, "patrons", tmp_path / "y.csv", "card;category;last_name\n29999;staff;N\n", update=True)
    assert {(card.kind, card.value) for card in rows(service, t.card) if card.patron_id == patron} == {
        ("barcode", "29999"),
        ("uid", "04A1B2C3"),
    }
    (row,) = (row for row in rows(service, t.patron) if row.id == patron)
    assert row.sought == "n mira"


def test_two_lines_may_not_mean_one_patron_by_different_cards(service: Service, world: World, tmp_path: Path) -> None:
    barcode = world.patron()
    with service.database.writing() as db:
        db.execute(insert(t.card).values(kind="barcode", value="29999", patron_id=world.patron_id(barcode)))
    content = f"card;category;last_name\n{barcode};normal;A\n29999;normal;B\n"
    _, report = take(service, "patrons", tmp_path / "x.csv", content, update=True)
    assert report.told == [(3, "card", "twice_line")]


def test_a_validity_is_compared_with_the_day_that_is_there(service: Service, world: World, tmp_path: Path) -> None:
    barcode = world.patron(valid_from=date(2026, 5, 1))
    content = f"card;category;last_name;valid_until\n{barcode};normal;A;30.4.2026\n"
    _, report = take(service, "patrons", tmp_path / "x.csv", content, update=True)
    assert report.told == [(2, "valid_until", "dates_reversed")]
    world.change_patron(barcode, valid_from=None, valid_until=date(2026, 5, 1))
    content = f"card;category;last_name;valid_from\n{barcode};normal;A;2.5.2026\n"
    _, report = take(service, "patrons", tmp_path / "x.csv", content, update=True)
    assert report.told == [(2, "valid_from", "dates_reversed")]


@pytest.mark.requirement("R79")
@pytest.mark.requirement("R89")
def test_patrons_exported_and_imported_into_an_empty_house_are_exported_alike_without_a_pin(
    service: Service, world: World, tmp_path: Path
) -> None:
    days: dict[str, Any] = {"valid_from": date(2026, 1, 1), "valid_until": date(2027, 12, 31)}
    more: dict[str, Any] = {
        "language": "de",
        "home": "N2",
        "email": "mira@example.org",
        "phone": "+49 30 1234",
        "postal": '=Mira Vogel\nWaldweg 3; 2. OG\n12345 "Town"',
        "prefers": "sms",
        "card_lost": True,
    }
    full = world.patron("staff", last_name='O\'Neil; "x"', first_name="=Mira", blocked=True, **days, **more)
    world.patron(born=None)
    with service.database.writing() as db:
        for kind, value in (("barcode", "10000"), ("uid", "04A1B2C3"), ("uid", "04A1B2C4")):
            db.execute(insert(t.card).values(kind=kind, value=value, patron_id=world.patron_id(full)))
        values = {"first_name": "", "last_name": "Nobody", "blocked": False, "card_lost": False, "pin_hash": "x"}
        db.execute(insert(t.patron).values(id="p", category="normal", **values))
    assert exporting.export(service.database, KINDS["patrons"], tmp_path / "one.csv") == (2, 1)
    before = same(service, t.patron, ("id", "pin_hash"))
    emptied(service)
    _, report = take(service, "patrons", tmp_path / "one.csv")
    exporting.export(service.database, KINDS["patrons"], tmp_path / "two.csv")
    content = (tmp_path / "one.csv").read_bytes()
    assert (report.told, content) == ([], (tmp_path / "two.csv").read_bytes())
    assert (b"argon2" in content, b"pin" in content) == (False, False)
    assert (tmp_path / "one.csv").stat().st_mode & 0o077 == 0
    after = same(service, t.patron, ("id", "pin_hash"))
    assert sorted(map(str, after)) == sorted(map(str, (row for row in before if row["last_name"] != "Nobody")))


# --- loans ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R79")
def test_loans_exported_and_imported_again_are_exported_alike(service: Service, world: World, tmp_path: Path) -> None:
    barcode = world.patron()
    for at in (datetime(2026, 5, 18, 8, 15, 30, 123456, tzinfo=UTC), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)):
        item = world.lent(barcode)
        with service.database.writing() as db:
            db.execute(update(t.loan).where(t.loan.c.item_id == item).values(out_at=at, period=28, renewals=3))
    ended = world.lent(barcode)
    with service.database.writing() as db:
        db.execute(update(t.loan).where(t.loan.c.item_id == ended).values(returned_at=service.clock()))
    before = [loan._asdict() for loan in world.open_loans()]
    assert exporting.export(service.database, KINDS["loans"], tmp_path / "one.csv") == (2, 0)
    with service.database.writing() as db:
        db.execute(delete(t.loan))
    _, report = take(service, "loans", tmp_path / "one.csv")
    exporting.export(service.database, KINDS["loans"], tmp_path / "two.csv")
    assert (report.told, (tmp_path / "one.csv").read_bytes()) == ([], (tmp_path / "two.csv").read_bytes())
    kept = ("item_id", "patron_id", "branch", "out_at", "due", "renewals", "period")
    after = [loan._asdict() for loan in world.open_loans()]
    assert [[loan[name] for name in kept] for loan in after] == [[loan[name] for name in kept] for loan in before]
    assert {loan["rule_set"] for loan in after} == {0}


def test_an_update_changes_a_loan_of_the_same_patron_only(service: Service, world: World, tmp_path: Path) -> None:
    barcode, other = world.patron(), world.patron()
    item = world.lent(barcode)
    header = "item;card;out;due;branch"
    _, report = take(
        service, "loans", tmp_path / "x.csv", f"{header}\n{item};{other};1.5.2026;1.7.2026;N2", update=True
    )
    assert report.told == [(2, "item", "on_loan_to_another")]
    take(service, "loans", tmp_path / "x.csv", f"{header}\n{item};{barcode};1.5.2026;1.7.2026;N2", update=True)
    (loan,) = world.open_loans()
    assert (loan.due, loan.branch, loan.rule_set) == (date(2026, 7, 1), "N2", 1)


def test_loans_of_a_patron_without_a_barcode_are_counted(service: Service, world: World, tmp_path: Path) -> None:
    barcode = world.patron()
    world.lent(barcode)
    with service.database.writing() as db:
        db.execute(delete(t.card))
    assert exporting.export(service.database, KINDS["loans"], tmp_path / "x.csv") == (0, 1)


def test_a_file_that_is_there_is_not_written_over(service: Service, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("mine")
    with pytest.raises(CirculationError, match="cannot be written"):
        exporting.export(service.database, KINDS["items"], tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == "mine"


def test_an_export_that_fails_leaves_no_file(service: Service, tmp_path: Path) -> None:
    with service.database.writing() as db:
        db.execute(delete(t.installation))
    with pytest.raises(CirculationError):
        exporting.export(service.database, KINDS["items"], tmp_path / "x.csv")
    assert list(tmp_path.glob("*.csv")) == []
