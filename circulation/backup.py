"""Backup of a running database into one file, and its restore (R88).

A restore is all or nothing and gives the installation a new generation, by which machines know that they must send
again what happened since the backup. The server's secrets are not in the file: who carries backups about need not be
able to open sealed requests. Not responsible for what machines send again (api.operations).
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, MetaData, Table, inspect, literal, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.schema import CreateSchema, DropSchema

from circulation.errors import CirculationError
from circulation.one_server import only_server
from circulation.store import tables as t
from circulation.store.engine import Database

SIGNS = {"sqlite": b"SQLite format 3\0", "postgresql": b"PGDMP"}
VERSIONS = "alembic_version"
ASIDE = "before_restore"  # schema in which the old tables wait until the restored ones are in order
OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


def backup(database: Database, file: Path) -> None:
    """Write a database, as it is at this moment, into a file only its owner reads. Machines go on meanwhile.

    Raises:
        CirculationError: the file is there already or cannot be written, or the database cannot be read.
    """
    source = _sqlite_file(database)
    if source is not None and not source.exists():
        raise CirculationError("database", f"{source} is not there")
    if VERSIONS not in _tables(database):
        raise CirculationError("database", "there is nothing to back up: this database has no tables of ours")
    with _draft_of(file) as draft:
        if source is not None:
            _copy(source, draft)
        else:
            with draft.open("wb") as out:
                _postgresql(database, "pg_dump", "--format=custom", f"--exclude-schema={ASIDE}", stdout=out)


def restore(database: Database, file: Path, replace: bool) -> str:
    """Put a backup in the place of a database that no server has open; the new generation.

    Args:
        database: where to; as before if anything fails.
        file: a backup of the same kind of database.
        replace: also if there is something in it, which is then lost.

    Raises:
        CirculationError: the file is no such backup, a server is running, or the database is not empty.
    """
    target = _sqlite_file(database)
    _check_sign(file, database.url.get_backend_name())
    if target is None:
        return _restore_postgresql(database, file, replace)
    with only_server(target):
        return _restore_sqlite(database, target, file, replace)


# --- both databases ---------------------------------------------------------------------------------------------------


def _sqlite_file(database: Database) -> Path | None:
    """SQLite's file, None for PostgreSQL."""
    kind = database.url.get_backend_name()
    if kind not in SIGNS or (kind == "sqlite" and database.file is None):
        raise CirculationError("database", "only SQLite files and PostgreSQL are backed up and restored")
    return database.file


def _tables(database: Database) -> list[str]:
    try:
        return inspect(database.engine).get_table_names()
    except DatabaseError as error:
        raise CirculationError("database", f"the database cannot be used: {error.orig}") from None


def _refuse_content(database: Database, replace: bool) -> None:
    tables = [name for name in _tables(database) if name != VERSIONS]
    with database.reading() as db:
        if not replace and any(_has_rows(db, name) for name in tables):
            raise CirculationError("not_empty", "this database is not empty; --replace gives up what is in it")


def _has_rows(db: Connection, table: str) -> bool:
    query = select(literal(1)).select_from(Table(table, MetaData())).limit(1)
    return db.execute(query).first() is not None


def _check_sign(file: Path, kind: str) -> None:
    try:
        with file.open("rb") as content:
            sign = content.read(16)
    except OSError as error:
        raise CirculationError("backup", f"{file} cannot be read: {error.strerror}") from None
    if sign.startswith(SIGNS[kind]):
        return
    other = next((name for name, begins in SIGNS.items() if sign.startswith(begins)), None)
    raise CirculationError("backup", f"{file} is {f'a backup of {other}, not of {kind}' if other else 'no backup'}")


@contextmanager
def _draft_of(file: Path) -> Iterator[Path]:
    """A file only its owner reads; it takes the name once it is whole and on disk."""
    if file.exists():
        raise CirculationError("backup", f"{file} is there already")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.absolute().parent)
    except OSError as error:
        raise CirculationError("backup", f"{file} cannot be written: {error.strerror}") from None
    draft = Path(name)
    try:
        yield draft
        os.fsync(handle)
        draft.rename(file)
    except (OSError, sqlite3.Error) as error:
        raise CirculationError("backup", f"{file} cannot be written: {error}") from None
    finally:
        os.close(handle)
        draft.unlink(missing_ok=True)


def _renew(database: Database) -> str:
    """Bring a restored database up to this version and make it known as restored."""
    database.migrate()
    generation = str(uuid4())
    with database.writing() as db:
        if db.execute(update(t.installation).values(generation=generation)).rowcount != 1:
            raise CirculationError("backup", "there is no library in this backup")
    return generation


# --- SQLite -----------------------------------------------------------------------------------------------------------


def _copy(source: Path, target: Path) -> None:
    """The whole of a SQLite database, in one transaction of the target; nobody waits for the reading of the source."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def _restore_sqlite(database: Database, target: Path, file: Path, replace: bool) -> str:
    if target.exists():
        _refuse_content(database, replace)
        database.close()
    try:
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.absolute().parent) as folder:
            draft = Path(folder) / "draft.db"
            shutil.copyfile(file, draft)
            generation = _checked(draft)
            _copy(draft, target)
    except (OSError, sqlite3.Error, DatabaseError) as error:
        raise CirculationError("backup", f"{file} cannot be restored: {getattr(error, 'orig', error)}") from None
    return generation


def _checked(draft: Path) -> str:
    with closing(sqlite3.connect(draft)) as db:
        if db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise CirculationError("backup", "this backup is damaged")
    restored = Database(f"sqlite:///{draft}")
    try:
        return _renew(restored)
    finally:
        restored.close()


# --- PostgreSQL -------------------------------------------------------------------------------------------------------


def _restore_postgresql(database: Database, file: Path, replace: bool) -> str:
    _refuse_content(database, replace)
    _refuse_others(database)
    old = _put_aside(database)
    try:
        with file.open("rb") as content:
            _postgresql(database, "pg_restore", "--single-transaction", stdin=content)
        generation = _renew(database)
    except BaseException:  # also when somebody ends the command
        _put_back(database, old)
        raise
    with database.writing() as db:
        db.execute(DropSchema(ASIDE, cascade=True))
    return generation


def _refuse_others(database: Database) -> None:
    """A running server would go on with rules it holds compiled, and write between the old and the new."""
    with database.reading() as db:
        others = db.execute(OTHERS).scalar_one()
    if others:
        raise CirculationError("second_server", f"{others} connections are open to this database: stop the servers")


def _put_aside(database: Database) -> list[str]:
    tables = _tables(database)
    if ASIDE in inspect(database.engine).get_schema_names():
        detail = f"a restore was broken off: what was there before is in the schema {ASIDE}; move or drop it first"
        raise CirculationError("database", detail)
    with database.writing() as db:
        db.execute(CreateSchema(ASIDE))
        _move(db, tables, None, ASIDE)
    return tables


def _put_back(database: Database, tables: list[str]) -> None:
    schema = inspect(database.engine).default_schema_name or "public"
    half = MetaData()
    with database.writing() as db:
        half.reflect(db)
        half.drop_all(db)
        _move(db, tables, ASIDE, schema)
        db.execute(DropSchema(ASIDE))


def _move(db: Connection, tables: list[str], source: str | None, target: str) -> None:
    quote = db.dialect.identifier_preparer.quote
    for name in tables:
        table = f"{quote(source)}.{quote(name)}" if source else quote(name)
        db.execute(text(f"ALTER TABLE {table} SET SCHEMA {quote(target)}"))


def _postgresql(
    database: Database, program: str, *options: str, stdin: IO[bytes] | None = None, stdout: IO[bytes] | None = None
) -> None:
    """Run one of PostgreSQL's programs. The password goes by its environment: every user sees a command line."""
    path = shutil.which(program)
    if path is None:
        detail = f"PostgreSQL's {program} is missing: install its client programs (Debian: postgresql-client)"
        raise CirculationError("database", detail)
    _, given = database.engine.dialect.create_connect_args(database.url)
    parameters = {name: value for name, value in given.items() if name != "context"}
    password = parameters.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": str(password)} if password is not None else {})}
    command = [
        path,
        *options,
        "--no-owner",
        "--no-privileges",
        "--no-password",
        "--dbname",
        make_conninfo(**parameters),
    ]
    done = subprocess.run(
        command,
        stdin=stdin or subprocess.DEVNULL,
        stdout=stdout or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").splitlines()
        why = next((line for line in said if "error:" in line), f"{program} failed")  # later lines may quote content
        raise CirculationError("database", why)
