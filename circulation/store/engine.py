"""Opening the database and its transactions. Not responsible for statements (the other modules of store)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from circulation.errors import CirculationError

T = TypeVar("T")
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 20
# Connections of one server process, none of which is opened and closed for one request; more requests wait for them.
POOL: dict[str, Any] = {"poolclass": QueuePool, "pool_size": 15, "max_overflow": 0}
LOST_SECONDS = 60  # after them PostgreSQL gives up the transaction of a server that is no longer heard of
POSTGRESQL = ("postgres", "postgresql")
# SQLSTATE: not serializable, deadlock.
OVERTAKEN = ("40001", "40P01")
TRIES_BEFORE_LAST = 2
MIGRATING = "migrating"


class Database:
    """An open database. ``writing`` and ``reading`` are its only transactions."""

    def __init__(self, url: str) -> None:
        self._turn = threading.Lock()
        try:
            self.url = address(url)
            self.engine = _engine(self.url)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise CirculationError("database", f"the database address is not understood: {error}") from None

    @property
    def file(self) -> Path | None:
        """The SQLite file, None for another database."""
        name = self.url.database
        return Path(name) if self.url.get_backend_name() == "sqlite" and name and name != ":memory:" else None

    @contextmanager
    def writing(self, *, lazily: bool = False) -> Iterator[Connection]:
        """A transaction that may write.

        On SQLite it holds the write lock from its first statement. On PostgreSQL it runs beside others, sees what they
        have committed with each statement, and locks the rows it decides on (``with_for_update``, ``hold``).

        Args:
            lazily: nobody waits until it is on the disk: it is there before the next transaction that is not lazy, for
                both databases write them down in their order. Only a power cut before that undoes it.
        """
        options = {"writes": True, "lazily": lazily}
        with self._in_turn(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def again_if_overtaken(self, work: Callable[[Connection], T], *, lazily: bool = False) -> T:
        """Do work in a writing transaction, and begin it again, twice at most, if another one was first.

        Raises:
            DBAPIError: it failed for another reason, or a third time.
        """
        for _ in range(TRIES_BEFORE_LAST):
            try:
                with self.writing(lazily=lazily) as db:
                    return work(db)
            except DBAPIError as error:
                if not overtaken(error):
                    raise
        with self.writing(lazily=lazily) as db:
            return work(db)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        """SQLite's writers sleep and ask again: those of this process take turns instead, others wait as before."""
        taken = self.url.get_backend_name() == "sqlite" and self._turn.acquire(timeout=BUSY_SECONDS)
        try:
            yield
        finally:
            if taken:
                self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads; never waits for a writer on SQLite (WAL)."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    def migrate(self, version: str = "head") -> None:
        """Bring the tables up to a version of theirs, the newest unless a test wants an older one.

        Raises:
            CirculationError: the file is no database of ours, or is newer than this program.
        """
        try:
            with (
                self.engine.connect().execution_options(writes=True) as connection,
                _keys_unchecked(connection),
                connection.begin(),
            ):
                hold(connection, MIGRATING)  # several servers may start at once
                _upgrade(connection, version)
        except DatabaseError as error:
            raise CirculationError("database", f"the database cannot be used: {error.orig}") from None
        except CommandError:  # its version is not among our migrations
            raise CirculationError("database", "the database belongs to a newer version of this program") from None

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _upgrade(connection: Connection, version: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
    if connection.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise CirculationError("database", "this database refers to rows that are not there; nothing was changed")


@contextmanager
def _keys_unchecked(connection: Connection) -> Iterator[None]:
    """SQLite changes a table by copying and dropping it, which its foreign keys must not see; checked at the end."""
    if connection.dialect.name != "sqlite":
        yield
        return
    raw: Any = connection.connection.driver_connection  # the pragma does nothing inside a transaction
    raw.execute("PRAGMA foreign_keys=OFF").close()
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON").close()


def address(url: str) -> URL:
    """A database address as SQLAlchemy reads it; PostgreSQL's own form means the one driver of it we bring.

    Raises:
        ArgumentError: it is none.
    """
    found = make_url(url)
    return found.set(drivername="postgresql+psycopg") if found.drivername in POSTGRESQL else found


def hold(db: Connection, name: str) -> None:
    """Keep other transactions that hold the same name waiting until the end of this one.

    For what has no row yet that could be locked. On SQLite a writing transaction keeps all others waiting anyway.
    """
    if db.dialect.name == "postgresql":
        db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def overtaken(error: DBAPIError) -> bool:
    """Whether a transaction failed only because another was first, so that it may be begun again."""
    if isinstance(error, IntegrityError):
        return True
    return getattr(error.orig, "sqlstate", None) in OVERTAKEN


def _engine(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS}, hide_parameters=True, **POOL)
        event.listen(engine, "connect", _sqlite_settings)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    if url.get_backend_name() == "postgresql":
        more = {"pool_pre_ping": True, "isolation_level": "READ COMMITTED", **POOL}
        engine = create_engine(url, hide_parameters=True, **more)
        event.listen(engine, "connect", _postgresql_settings)
        event.listen(engine, "begin", _postgresql_begin)
        return engine
    return create_engine(url, pool_pre_ping=True, hide_parameters=True)


def _postgresql_settings(connection: Any, _: Any) -> None:
    """Wait for locks no longer than SQLite does, and hold none for a server that has gone."""
    seconds = {"lock_timeout": BUSY_SECONDS, "idle_in_transaction_session_timeout": LOST_SECONDS}
    for name, value in seconds.items():
        connection.execute(f"SET {name} = '{value}s'")
    connection.commit()


def _sqlite_settings(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # sqlite3 would begin deferred transactions of its own
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_SECONDS * 1000}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _sqlite_begin(connection: Connection) -> None:
    """A read-then-write in a deferred transaction fails at once in spite of the busy time-out: take the lock first."""
    options = connection.get_execution_options()
    if not options.get("writes", False):
        connection.exec_driver_sql("BEGIN")
        return
    raw: Any = connection.connection.driver_connection
    raw.execute(f"PRAGMA synchronous={'NORMAL' if options.get('lazily', False) else 'FULL'}").close()
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _postgresql_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("lazily", False):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
