"""Backup and restore on both databases: what is lost comes back from the machines, and a failure changes nothing."""

from __future__ import annotations

import base64
import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PublicKey, SealedBox
from sqlalchemy import func, insert, select, text, update
from typer.testing import CliRunner, Result

from circulation import backup
from circulation.cli import app
from circulation.clock import real_clock
from circulation.one_server import only_server
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store import house
from circulation.store import tables as t
from circulation.store.engine import Database
from tests.circulation.running import Line, Machine, operation, serving
from tests.circulation.world import World
from tests.postgres.cluster import PASSWORD, Cluster
from tests.postgres.processes import QUICK, filled
from tests.waiting import wait_for

KINDS = ("sqlite", "postgresql")
ITEMS = 30
ONE_ITEM = {"title": "Title", "author": "A. Author", "parts": 1}


@dataclass(frozen=True, slots=True)
class Place:
    """A database with the test world in it, that nobody has open, and a folder for backups."""

    kind: str
    url: str
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / "backup"

    @contextmanager
    def opened(self) -> Iterator[Service]:
        service = Service(Database(self.url), Secrets(self.folder / "secrets", QUICK), real_clock)
        try:
            yield service
        finally:
            service.database.close()

    def type(self, *command: str) -> Result:
        """A command as a person types it."""
        env = {"CIRCULATION_DATABASE": self.url}
        return CliRunner().invoke(app, [*command], env=env, catch_exceptions=False)

    def state(self) -> tuple[str, int]:
        """Generation, and how many items there are."""
        with self.opened() as service, service.database.reading() as db:
            count = db.execute(select(func.count()).select_from(t.item)).scalar_one()
            return house.installation(db).generation, int(count)

    def backed_up(self) -> None:
        done = self.type("backup", str(self.file))
        assert done.exit_code == 0, done.output


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest, cluster: Cluster) -> str:
    """Each database in turn."""
    return str(request.param)


@pytest.fixture
def empty_url(kind: str, tmp_path: Path, cluster: Cluster) -> Iterator[str]:
    """A database that was never used."""
    if kind == "sqlite":
        yield f"sqlite:///{tmp_path}/other.db"
        return
    name = cluster.create()
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def place(kind: str, tmp_path: Path, cluster: Cluster) -> Iterator[Place]:
    """The test world with one item and a rule set."""
    name = cluster.create() if kind == "postgresql" else ""
    url = cluster.url(name) if name else f"sqlite:///{tmp_path}/circulation.db"
    service = filled(url, tmp_path)
    World(service).rules()
    with service.database.writing() as db:
        db.execute(insert(t.item).values(id="one", media_type="BOOK", branch="N1", state="available", **ONE_ITEM))
    service.database.close()
    yield Place(kind, url, tmp_path)
    if name:
        cluster.drop(name)


def sealed(service: Service, asked: Line, patron: str) -> Line:
    """As a machine seals a request before it is sent."""
    request = {**asked, "patron": patron, "rules": 1, "at": service.clock().isoformat()}
    box = SealedBox(PublicKey(service.secrets.public_key)).encrypt(json.dumps(request).encode())
    return {"id": asked["id"], "sealed": base64.b64encode(box).decode()}


# --- what it is for ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R88")
def test_a_loan_made_since_the_backup_is_there_again_once_its_machine_was_heard(place: Place) -> None:
    with place.opened() as service, serving(service) as central:
        world = World(service)
        machine, patron, item = central.machine(), world.patron(), world.item()
        key, patron_id = machine.key, world.patron_id(patron)
        place.backed_up()
        asked = operation("checkout", item)
        (lent,) = machine.batch([asked], machine.token(patron))
        assert lent["outcome"] == "done"
        again = sealed(service, asked, patron_id)
    before, _ = place.state()

    done = place.type("restore", str(place.file), "--replace")
    assert done.exit_code == 0, done.output

    with place.opened() as service, serving(service) as central:
        world, machine = World(service), central.known(key)
        assert world.open_loans() == []
        assert world.operation_row(asked["id"]) is None
        answer = machine.post("/operations/resend", {"operations": [again]})
        assert answer.headers["Library-Generation"] not in (before, "")
        assert answer.headers["Library-Generation"] in done.output
        assert answer.json()["operations"] == [lent]
        assert [(loan.item_id, loan.patron_id) for loan in world.open_loans()] == [(item, patron_id)]
        assert world.operation_row(asked["id"]).outcome["outcome"] == "done"


@pytest.mark.requirement("R88")
def test_a_backup_made_while_machines_lend_is_of_one_moment(place: Place) -> None:
    with place.opened() as service, serving(service) as central:
        world = World(service)
        token = (machine := central.machine()).token(world.patron())
        items = world.items(ITEMS)
        thread = threading.Thread(target=_lend_all, args=(machine, token, items))
        thread.start()
        wait_for(world.open_loans)
        place.backed_up()
        thread.join(60)
        assert len(world.open_loans()) == ITEMS
    assert place.type("restore", str(place.file), "--replace").exit_code == 0
    with place.opened() as service, service.database.reading() as db:
        lent = set(db.execute(select(t.loan.c.item_id)).scalars())
        told = {row.outcome["item"] for row in db.execute(select(t.operation.c.outcome))}
        assert lent == told != set()


def _lend_all(machine: Machine, token: str, items: list[str]) -> None:
    for item in items:
        machine.do("checkout", item, token)


@pytest.mark.requirement("R88")
def test_a_backup_can_be_restored_into_a_database_that_was_never_used(place: Place, empty_url: str) -> None:
    place.backed_up()
    other = Place(place.kind, empty_url, place.folder)
    assert other.type("restore", str(place.file)).exit_code == 0
    assert place.state()[1] == other.state()[1] == 1
    assert place.state()[0] != other.state()[0]


# --- the file ---------------------------------------------------------------------------------------------------------


def test_only_its_owner_reads_a_backup_and_nothing_else_is_left(place: Place) -> None:
    before = set(place.folder.iterdir())
    place.backed_up()
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    assert set(place.folder.iterdir()) - before == {place.file}


def test_a_backup_takes_no_other_file_s_place(place: Place) -> None:
    place.file.write_text("kept")
    done = place.type("backup", str(place.file))
    assert (done.exit_code, "there already" in done.output) == (1, True)
    assert place.file.read_text() == "kept"


@pytest.mark.parametrize("where", ["nowhere/backup", "secrets/server.key/backup"])
def test_a_backup_that_cannot_be_written_is_said_so(place: Place, where: str) -> None:
    done = place.type("backup", str(place.folder / where))
    assert (done.exit_code, "cannot be written" in done.output) == (1, True)


def test_a_database_that_was_never_used_is_not_backed_up(kind: str, empty_url: str, tmp_path: Path) -> None:
    place = Place(kind, empty_url, tmp_path)
    done = place.type("backup", str(place.file))
    assert done.exit_code == 1
    assert "there is no database" in done.output or "nothing to back up" in done.output
    assert not place.file.exists()
    assert not (tmp_path / "other.db").exists()


# --- what is refused, and changes nothing -----------------------------------------------------------------------------


def refused(place: Place, said: str, *options: str, file: Path | None = None) -> None:
    """A restore ends with a reason and leaves everything as it was."""
    before = place.state()
    files = set(place.folder.iterdir())
    done = place.type("restore", str(file or place.file), *options)
    assert (done.exit_code, said in done.output) == (1, True), done.output
    assert place.state() == before
    assert {path.name for path in set(place.folder.iterdir()) - files} <= {"circulation.db.server"}
    with place.opened() as service, service.database.reading() as db:
        if place.kind == "postgresql":
            schemas = "SELECT count(*) FROM pg_namespace WHERE nspname = 'before_restore'"
            assert db.execute(text(schemas)).scalar_one() == 0


def test_a_database_with_content_is_replaced_only_if_that_is_said(place: Place) -> None:
    place.backed_up()
    refused(place, "--replace")


def test_a_restore_waits_for_nobody_while_a_server_is_running(place: Place) -> None:
    place.backed_up()
    if place.kind == "sqlite":
        with only_server(place.folder / "circulation.db"):
            refused(place, "another server is running", "--replace")
        return
    with place.opened() as service:
        service.database.migrate()  # as a server does; its connection stays open
        refused(place, "stop the servers", "--replace")


@pytest.mark.parametrize("content", [b"", b"Dear Sir or Madam", *backup.SIGNS.values()])
def test_a_file_that_is_no_backup_of_this_database_is_refused(place: Place, content: bytes) -> None:
    place.file.write_bytes(content)
    refused(place, "circulation: ", "--replace")


def test_a_file_that_is_not_there_is_said_so(place: Place) -> None:
    refused(place, "cannot be read", "--replace")


@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_backup_that_was_cut_off_changes_nothing(place: Place, part: float) -> None:
    place.backed_up()
    content = place.file.read_bytes()
    place.file.write_bytes(content[: int(len(content) * part)])
    refused(place, "circulation: ", "--replace")


def test_a_backup_of_a_newer_program_changes_nothing(place: Place) -> None:
    with place.opened() as service, service.database.writing() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    place.backed_up()
    refused(place, "newer version", "--replace")


def test_a_backup_without_a_library_changes_nothing(place: Place) -> None:
    with place.opened() as service, service.database.writing() as db:
        db.execute(t.installation.delete())
    place.backed_up()
    with place.opened() as service, service.database.writing() as db:
        values: dict[str, Any] = {"library": "L", "isils": [], "currency": "EUR", "time_zone": "Europe/Berlin"}
        db.execute(t.installation.insert().values(id=1, generation="g", **values))
    refused(place, "no library", "--replace")


def test_a_restore_that_somebody_ends_changes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.backed_up()
    before = place.state()

    def ended(_: Database) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(backup, "_renew", ended)
    with place.opened() as service, pytest.raises(KeyboardInterrupt):
        backup.restore(service.database, place.file, replace=True)
    assert place.state() == before


def test_what_a_killed_restore_put_aside_is_not_lost_by_the_next(place: Place) -> None:
    if place.kind == "sqlite":  # one transaction of the file: there is nothing that could be left
        return
    place.backed_up()
    with place.opened() as service:
        backup._put_aside(service.database)
        with service.database.reading() as db:
            assert db.execute(text("SELECT count(*) FROM before_restore.item")).scalar_one() == 1
    done = place.type("restore", str(place.file), "--replace")
    assert (done.exit_code, "broken off" in done.output) == (1, True)


# --- PostgreSQL's programs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_the_password_is_on_no_command_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    program = place.folder / "bin" / "pg_dump"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" > {place.folder}/words\necho "$PGPASSWORD" > {place.folder}/given\nexit 1\n'
    )
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent))
    done = place.type("backup", str(place.file))
    assert (done.exit_code, "pg_dump failed" in done.output) == (1, True)
    assert PASSWORD not in (place.folder / "words").read_text()
    assert "user=" in (place.folder / "words").read_text()
    assert (place.folder / "given").read_text() == PASSWORD + "\n"
    assert not place.file.exists()


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
@pytest.mark.parametrize("command", ["backup", "restore"])
def test_a_missing_program_is_said_so(place: Place, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    if command == "restore":
        place.backed_up()
    before = place.state()
    monkeypatch.setenv("PATH", str(place.folder))
    done = place.type(command, str(place.file), *(["--replace"] if command == "restore" else []))
    assert (done.exit_code, "postgresql-client" in done.output) == (1, True), done.output
    assert place.state() == before


def test_an_older_database_is_backed_up_as_it_is(place: Place) -> None:
    with place.opened() as service, service.database.writing() as db:
        db.execute(update(t.installation).values(library="as it was"))
        db.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    place.backed_up()
    with place.opened() as service, service.database.reading() as db:
        assert db.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "0000"
