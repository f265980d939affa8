"""The database: migrations, constraints, transactions, and how many statements a checkout takes."""

from __future__ import annotations

import stat
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from unicodedata import category

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given
from hypothesis.strategies import text
from sqlalchemy import MetaData, event, insert, select
from sqlalchemy import text as sql
from sqlalchemy.exc import IntegrityError, StatementError

from benchmarks import statements
from circulation import lockout, operations, signin
from circulation.errors import CirculationError
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store import house, people
from circulation.store import tables as t
from circulation.store.engine import Database
from circulation.store.folding import PART_LENGTH, fold
from tests.circulation.night import tidy
from tests.circulation.running import TestClock
from tests.circulation.world import World

# --- transactions -----------------------------------------------------------------------------------------------------


def _waits_for_the_disk(service: Service, **more: bool) -> bool:
    """Whether a transaction that writes is on the disk when it has ended."""
    with service.database.writing(**more) as db:
        if db.dialect.name == "postgresql":
            return bool(db.execute(sql("SHOW synchronous_commit")).scalar_one() == "on")
        return bool(db.execute(sql("PRAGMA synchronous")).scalar_one() == 2)


@pytest.mark.requirement("R67")
def test_only_a_lazy_transaction_does_not_wait_for_the_disk(service: Service) -> None:
    usual = _waits_for_the_disk(service)
    assert [_waits_for_the_disk(service, lazily=lazily) for lazily in (True, False, True, False)] == [
        False,
        usual,
        False,
        usual,
    ]


@pytest.mark.requirement("R67")
def test_what_is_written_lazily_is_seen_at_once(service: Service) -> None:
    service.database.again_if_overtaken(lambda db: house.changed(db), lazily=True)
    with service.database.reading() as db:
        assert house.installation(db).version == 2


# --- tables -----------------------------------------------------------------------------------------------------------


def test_the_migrations_make_the_tables_of_the_program(service: Service) -> None:
    with service.database.reading() as db:
        assert compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), t.metadata) == []


def test_every_constraint_has_a_name() -> None:
    for table in t.metadata.tables.values():
        assert all(constraint.name for constraint in table.constraints), table.name
        assert all(index.name for index in table.indexes), table.name


def test_migrating_again_changes_nothing(service: Service) -> None:
    service.database.migrate()
    with service.database.reading() as db:
        assert len(db.execute(select(t.organisation)).all()) == 5


@pytest.fixture(params=["sqlite", "postgresql"])
def unmigrated(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with no tables yet."""
    postgresql = request.param == "postgresql"
    database = Database(request.getfixturevalue("postgres_url") if postgresql else f"sqlite:///{tmp_path}/first.db")
    yield database
    database.close()


FIRST_ROWS = (
    ("installation", {"id": 1, "generation": "g" * 36, "library": "L", "isils": [], "currency": "EUR"}),
    ("organisation", {"id": "A", "name": "A", "kind": "account"}),
    ("media_type", {"code": "BOOK", "names": {}}),
    ("patron_category", {"code": "normal"}),
    ("patron", {"id": "p", "category": "normal", "first_name": "M", "last_name": "V", "pin_hash": "x"}),
    ("card", {"kind": "barcode", "value": "1", "patron_id": "p"}),
    ("fee", {"id": 1, "patron_id": "p", "reason": "overdue", "amount": 250, "open": True}),
    ("item", {"id": "i", "title": "T", "author": "", "media_type": "BOOK", "branch": "A", "parts": 1}),
    ("loan", {"id": 1, "item_id": "i", "patron_id": "p", "branch": "A", "renewals": 0, "rule_set": 1, "rules": {}}),
    ("machine", {"id": "m", "name": "M", "branch": "A", "key_hash": "k"}),
    ("operation", {"machine_id": "m", "id": "o", "content": "c"}),
    ("admin", {"name": "anna", "password_hash": "h", "roles": ["desk"]}),
)
FILLED: dict[str, Any] = {
    **{"time_zone": "Europe/Berlin", "blocked": False, "card_lost": False, "state": "available"},
    **{key: datetime(2026, 6, 1, tzinfo=UTC) for key in ("at", "out_at", "enrolled_at", "created_at")},
    "due": date(2026, 6, 29),
}


def test_a_database_of_the_first_version_is_brought_up_with_everything_in_it(unmigrated: Database) -> None:
    unmigrated.migrate("0001")
    first = MetaData()
    first.reflect(unmigrated.engine)
    with unmigrated.writing() as db:
        for name, values in FIRST_ROWS:
            table = first.tables[name]
            needed = {
                key: FILLED[key]
                for key in (column.name for column in table.columns)
                if key in FILLED and key not in values
            }
            db.execute(insert(table).values({**needed, **values}))
    unmigrated.migrate()
    with unmigrated.reading() as db:
        assert db.execute(select(t.loan.c.item_id, t.loan.c.due, t.loan.c.reminded, t.loan.c.channel)).one() == (
            "i",
            date(2026, 6, 29),
            0,
            "kiosk",
        )
        assert db.execute(select(t.item.c.title_id)).scalar_one() == "i"
        assert db.execute(select(t.fee.c.amount, t.fee.c.paid, t.fee.c.invoice)).one() == (250, 0, False)
        assert db.execute(select(t.card.c.patron_id)).scalar_one() == "p"
        staff = db.execute(select(t.staff.c.name, t.staff.c.roles, t.staff.c.may_override)).one()
        assert tuple(staff) == ("anna", ["desk"], True)
        assert compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), t.metadata) == []
    with pytest.raises(IntegrityError), unmigrated.writing() as db:
        db.execute(insert(t.card).values(kind="barcode", value="2", patron_id="nobody"))


def test_what_is_searched_is_made_for_every_row_of_an_older_database(unmigrated: Database) -> None:
    unmigrated.migrate("0002")
    older = MetaData()
    older.reflect(unmigrated.engine)
    named = {"last_name": "Özdemir", "first_name": "Ayşe", "category": "normal", "pin_hash": "x"}
    titled = {"author": "Michael Ende", "media_type": "BOOK", "branch": "A", "parts": 1, "state": "available"}
    rows: tuple[tuple[str, list[dict[str, Any]]], ...] = (
        ("organisation", [{"id": "A", "name": "A", "kind": "account"}]),
        ("media_type", [{"code": "BOOK", "names": {}}]),
        ("patron_category", [{"code": "normal"}]),
        ("patron", [{"id": "p", "blocked": False, "card_lost": False, **named}]),
        ("item", [{"id": f"{n:05}", "title": f"Größe {n}", "title_id": "x", **titled} for n in range(2500)]),
    )
    with unmigrated.writing() as db:
        for name, many in rows:
            db.execute(insert(older.tables[name]), many)
    unmigrated.migrate()
    with unmigrated.reading() as db:
        assert db.execute(select(t.patron.c.sought)).scalars().all() == ["ozdemir ayse"]
        found = db.execute(select(t.item.c.sought).order_by(t.item.c.id)).scalars().all()
        assert found == [f"grosse {n} michael ende" for n in range(2500)]
        assert compare_metadata(MigrationContext.configure(db, opts={"compare_type": True}), t.metadata) == []


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Özdemir", "ozdemir"),
        ("STRASSE, Straße", "strasse strasse"),
        ("Łódź Y\N{LATIN SMALL LETTER DOTLESS I}ld\N{LATIN SMALL LETTER DOTLESS I}z Œuvre", "lodz yildiz oeuvre"),
        ("O\N{RIGHT SINGLE QUOTATION MARK}Brien-d'Arc (Hg.)", "o brien d arc hg"),
        ("100% C++ a_b \\", "100% c++ a_b \\"),
        ("a\0b\ud800c\n", "a b c"),
        ("", ""),
    ],
)
def test_a_word_is_found_however_it_is_spelt(written: str, found: str) -> None:
    assert fold(written) == found
    assert fold(found) == found


@given(text())
def test_folding_again_changes_nothing_and_any_text_can_be_kept(written: str) -> None:
    found = fold(written)
    assert fold(found) == found == found.casefold()
    assert not {sign for sign in found if category(sign) in {"Mn", "Cc", "Cs"}}


def test_what_is_searched_fits_into_an_index_and_follows_the_names(world: World) -> None:
    item = world.item(title="Ж" * 5000, author="Ünal \N{MATHEMATICAL FRAKTUR CAPITAL A}" * 900)
    patron = world.patron_id(world.patron(last_name="Özdemir", first_name="Ayşe"))
    with world.service.database.writing() as db:
        people.change(db, t.patron, patron, {"last_name": "Çelik"})
        people.change(db, t.patron, patron, {"blocked": True})
        people.change(db, t.item, item, {"title": "Größe"})
        assert db.execute(select(t.patron.c.sought)).scalar_one() == "celik ayse"
        sought = str(db.execute(select(t.item.c.sought)).scalar_one())
    assert sought.startswith("grosse unal a")
    assert len(sought) <= 2 * PART_LENGTH + 1


def test_an_item_has_at_most_one_open_loan(world: World) -> None:
    world.rules()
    one, two = world.patron(), world.patron()
    item = world.lent(one)
    again = {"item_id": item, "branch": "N1", "out_at": datetime.now(UTC), "renewals": 0, "rule_set": 1, "rules": {}}
    with pytest.raises(IntegrityError), world.service.database.writing() as db:
        db.execute(insert(t.loan).values(patron_id=world.patron_id(two), due=date(2026, 6, 1), **again))


def test_foreign_keys_are_kept(world: World) -> None:
    with pytest.raises(IntegrityError), world.service.database.writing() as db:
        db.execute(insert(t.card).values(kind="uid", value="1", patron_id="nobody"))


@pytest.mark.parametrize(
    "instant",
    [
        datetime(2026, 6, 1, 10, 0, tzinfo=UTC),
        datetime(2026, 6, 1, 12, 0, tzinfo=timezone(timedelta(hours=2))),
        datetime(2026, 6, 1, 5, 30, tzinfo=timezone(timedelta(hours=-4, minutes=-30))),
    ],
)
def test_an_instant_is_kept_in_universal_time(service: Service, instant: datetime) -> None:
    with service.database.writing() as db:
        db.execute(insert(t.rule_set).values(number=1, rules=[], checksum="", published_at=instant))
        found = db.execute(select(t.rule_set.c.published_at)).scalar_one()
    assert found == datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused(service: Service) -> None:
    naive = datetime(2026, 6, 1, 10, 0)  # noqa: DTZ001 - this is what is refused
    with pytest.raises(StatementError, match="without a time zone"), service.database.writing() as db:
        db.execute(insert(t.rule_set).values(number=1, rules=[], checksum="", published_at=naive))


# --- transactions -----------------------------------------------------------------------------------------------------


def test_sqlite_is_set_up_to_survive_a_power_cut_and_to_wait(service: Service) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 20_000}
    with service.database.reading() as db:
        assert {name: db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected} == expected


def test_a_writing_transaction_takes_its_lock_before_it_reads(service: Service) -> None:
    began: list[str] = []
    event.listen(service.database.engine, "before_cursor_execute", lambda *args: began.append(args[2]))
    with service.database.writing() as db:
        db.execute(select(t.installation))
    with service.database.reading() as db:
        db.execute(select(t.installation))
    assert [statement for statement in began if statement.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN"]


def test_two_writers_that_read_first_wait_for_one_another(service: Service) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def count(held: bool) -> None:
        with service.database.writing() as db:
            if held:
                inside.set()
                assert go_on.wait(20)
            lockout.count(db, "x", signin.MACHINE, service.clock())

    threads = [threading.Thread(target=count, args=(held,)) for held in (True, False)]
    threads[0].start()
    assert inside.wait(20)
    threads[1].start()
    go_on.set()
    for thread in threads:
        thread.join(20)
    with service.database.reading() as db:
        assert db.execute(select(t.lock_out.c.failures)).scalar_one() == 2


def test_a_transaction_that_fails_leaves_nothing(service: Service) -> None:
    with pytest.raises(RuntimeError), service.database.writing() as db:  # noqa: PT012 - the block is what fails
        db.execute(insert(t.patron_category).values(code="extra"))
        raise RuntimeError
    with service.database.reading() as db:
        assert "extra" not in db.execute(select(t.patron_category.c.code)).scalars().all()


@pytest.mark.parametrize("url", ["nonsense", "sqlite+nothing:///x", "oracle9://x/y", ""])
def test_an_address_that_is_not_understood_is_said_so(url: str) -> None:
    with pytest.raises(CirculationError, match="not understood"):
        Database(url)


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "letters.db"
    file.write_bytes(b"Dear Sir or Madam, " * 100)
    database = Database(f"sqlite:///{file}")
    with pytest.raises(CirculationError, match="cannot be used"):
        database.migrate()
    database.close()
    assert file.read_bytes().startswith(b"Dear")


def test_a_database_of_a_newer_program_is_said_so_and_left_alone(service: Service) -> None:
    with service.database.writing() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(CirculationError, match="newer version"):
        service.database.migrate()
    with service.database.reading() as db:
        assert db.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all() == ["9999"]
        assert len(db.execute(select(t.organisation)).all()) == 5


# --- statements -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R20")
@pytest.mark.requirement("R81")
@pytest.mark.parametrize("action", operations.ACTIONS)
def test_a_transaction_takes_as_many_statements_for_400_loans_and_a_long_queue_as_for_few(
    world: World, action: str
) -> None:
    statements.prepare(world)
    first, *others = (statements.sent(world, action, *case) for case in statements.CASES)
    assert all(other == first for other in others)
    counts = [statement for statement in first if "count(*)" in statement.lower() and "loan" in statement]
    assert len(counts) == (1 if action == "checkout" else 0)


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_secrets_are_made_once_and_read_by_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    one, two = Secrets(folder), Secrets(folder)
    assert one.public_key == two.public_key
    assert one.keyed("x", "y") == two.keyed("x", "y") != one.keyed("z", "y")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("name", ["server.key", "sealed.key"])
def test_a_secret_others_can_read_or_that_is_damaged_is_refused(tmp_path: Path, name: str) -> None:
    Secrets(tmp_path)
    file = tmp_path / name
    file.chmod(0o640)
    with pytest.raises(CirculationError, match="chmod 600"):
        Secrets(tmp_path)
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(CirculationError, match="damaged"):
        Secrets(tmp_path)


def test_a_secrets_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CirculationError, match="cannot be used"):
        Secrets(tmp_path / "file" / "secrets")


# --- tidying ----------------------------------------------------------------------------------------------------------


def test_what_has_had_its_time_is_forgotten_and_the_rest_kept(service: Service, clock: TestClock) -> None:
    now = clock()
    with service.database.writing() as db:
        lockout.count(db, "old", signin.CARD, now - timedelta(days=2))
        lockout.count(db, "new", signin.CARD, now)
        for code, age in (("old", 32), ("new", 1)):
            expires = now - timedelta(days=age)
            db.execute(insert(t.enrolment).values(code_hash=code, branch="N1", expires=expires))
    tidy(service)
    with service.database.reading() as db:
        assert db.execute(select(t.lock_out.c.subject)).scalars().all() == ["new"]
        assert db.execute(select(t.enrolment.c.code_hash)).scalars().all() == ["new"]
