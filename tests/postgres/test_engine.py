"""What PostgreSQL is asked for beside SQLite's ways: addresses, time limits, held names, and what is begun again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from circulation.errors import CirculationError
from circulation.store.engine import Database, address, hold, overtaken
from tests.circulation.running import together
from tests.postgres import cluster as clusters
from tests.postgres.cluster import PASSWORD


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """A database with two rows of a table of the test's own."""
    found = Database(postgres_url)
    with found.writing() as db:
        db.execute(text("CREATE TABLE pair (id integer PRIMARY KEY, value integer)"))
        db.execute(text("INSERT INTO pair VALUES (1, 0), (2, 0)"))
    yield found
    found.close()


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_form_of_a_postgresql_address_is_understood(scheme: str) -> None:
    found = address(f"{scheme}://anna:secret@db.example:5433/library?sslmode=verify-full")
    assert found.drivername == "postgresql+psycopg"
    assert (found.host, found.port, found.database, found.query["sslmode"]) == (
        "db.example",
        5433,
        "library",
        "verify-full",
    )


@pytest.mark.parametrize("wrong", ["password", "name", "folder"])
def test_a_database_that_cannot_be_reached_is_said_so_without_its_password(postgres_url: str, wrong: str) -> None:
    url = address(postgres_url)
    changed = {
        "password": url.set(password=f"{PASSWORD}?"),
        "name": url.set(database="nowhere"),
        "folder": url.set(query={"host": "/nowhere"}),
    }
    database = Database(changed[wrong].render_as_string(hide_password=False))
    with pytest.raises(CirculationError, match="cannot be used") as told:
        database.migrate()
    assert PASSWORD not in told.value.detail
    database.close()


def test_a_transaction_waits_as_long_as_on_sqlite_and_a_lost_server_holds_nothing(database: Database) -> None:
    expected = {
        "lock_timeout": "20s",
        "idle_in_transaction_session_timeout": "1min",
        "transaction_isolation": "read committed",
    }
    with database.reading() as db:
        assert {name: db.execute(text(f"SHOW {name}")).scalar_one() for name in expected} == expected


def test_only_a_lazy_transaction_does_not_wait_for_the_disk(database: Database) -> None:
    with database.writing() as db:
        name = db.execute(text("SELECT current_database()")).scalar_one()
        db.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = on"))  # the tests' cluster has it off
    database.close()
    found = []
    for lazily in (False, True, False):
        with database.writing(lazily=lazily) as db:
            found.append(db.execute(text("SHOW synchronous_commit")).scalar_one())
    assert found == ["on", "off", "on"]


def test_who_holds_a_name_keeps_others_waiting_until_its_transaction_ends(database: Database) -> None:
    inside, order = threading.Event(), list[str]()

    def first() -> None:
        with database.writing() as db:
            hold(db, "name")
            inside.set()
            _wait_until_somebody_waits(db)
            order.append("first")

    def second() -> None:
        assert inside.wait(20)
        with database.writing() as db:
            hold(db, "another name")  # waits for nobody
            hold(db, "name")
            order.append("second")

    together(first, second)
    assert order == ["first", "second"]


def _wait_until_somebody_waits(db: Any) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while not db.execute(waiting).scalar_one():
        pass


def test_the_loser_of_a_deadlock_may_begin_again_and_then_gets_through(database: Database) -> None:
    gate = threading.Barrier(2)
    lost: list[DBAPIError] = []

    def crosswise(rows: tuple[int, int], wait: bool) -> None:
        with database.writing() as db:
            for row in rows:
                db.execute(text("UPDATE pair SET value = value + 1 WHERE id = :id"), {"id": row})
                if wait and row == rows[0]:
                    gate.wait(20)

    def work(rows: tuple[int, int]) -> None:
        for wait in (True, *[False] * 9):
            try:
                return crosswise(rows, wait)
            except DBAPIError as error:  # whoever begins again may be quicker than the other once more
                lost.append(error)
        return None

    together(lambda: work((1, 2)), lambda: work((2, 1)))
    assert {overtaken(error) for error in lost} == {True}
    with database.reading() as db:
        assert db.execute(text("SELECT value FROM pair")).scalars().all() == [2, 2]


def test_only_what_another_transaction_caused_is_begun_again() -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    assert overtaken(IntegrityError("", {}, Exception()))
    assert overtaken(OperationalError("", {}, Deadlock()))
    assert not overtaken(OperationalError("", {}, Exception("the server has gone")))


def test_where_postgresql_is_missing_its_tests_fail_and_say_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clusters, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.fail.Exception, match="apt-get install postgresql"), clusters.running():
        pass
