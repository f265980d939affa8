"""A real PostgreSQL of our own: made in a temporary folder, reached by a socket in it, and gone with the tests.

PostgreSQL refuses to run as root; root therefore starts it as a user without rights.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL

from tests.waiting import wait_for

OWNER = "library"
PASSWORD = "100% of it: a/b@c"  # needs quoting wherever it is written
UNPRIVILEGED = ("postgres", "nobody")
DEBIAN = Path("/usr/lib/postgresql")
MEMORY = Path("/dev/shm")
ROOM = 2**30  # bytes; a cluster grows to a quarter of that
PR_SET_PDEATHSIG = 1
SECONDS = 60
# What a power cut would leave is of no interest here, speed is.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "200",
}
# As Debian ships it: every commit is on the disk before it is answered. Only the network is left out.
DEBIAN_SETTINGS = {"listen_addresses": ""}


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running PostgreSQL. Databases are copies of templates, which nobody may be connected to."""

    folder: Path
    numbers: Iterator[int] = field(default_factory=count)

    def url(self, name: str) -> str:
        """The address of a database as an administrator would write it."""
        found = URL.create("postgresql", OWNER, PASSWORD, database=name, query={"host": str(self.folder)})
        return found.render_as_string(hide_password=False)

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of a template; its name."""
        name = f"test_{next(self.numbers)}"
        self.run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.run("DROP DATABASE {} WITH (FORCE)", name)

    def run(self, statement: str, *names: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement with names in it."""
        with self.connect(database) as db:
            done = db.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
            return done.fetchall() if done.description else []

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of the test's own."""
        return psycopg.connect(
            host=str(self.folder), user=OWNER, password=PASSWORD, dbname=database, autocommit=True, connect_timeout=10
        )


@contextmanager
def running(settings: Mapping[str, str] = SETTINGS) -> Iterator[Cluster]:
    """A cluster until the end of the block; whatever is not among its settings is as PostgreSQL has it."""
    # Short and traversable: a socket's path has 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=_where(settings)))
    try:
        with _started(folder, settings):
            yield Cluster(folder)
    finally:
        shutil.rmtree(folder)


def _where(settings: Mapping[str, str]) -> Path | None:
    """Where a cluster lies: in memory if it need not survive anything, as most of a test's time went into its files."""
    lasting = settings.get("fsync") != "off"
    return None if lasting or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM else MEMORY


@contextmanager
def _started(folder: Path, given: Mapping[str, str]) -> Iterator[None]:
    who = _who()
    if who:
        os.chown(folder, who["user"], who["group"])
    password = folder / "password"
    password.write_text(PASSWORD)
    log = folder / "log"
    made = subprocess.run(
        [
            *(program("initdb"), "--pgdata", folder / "data", "--username", OWNER, "--pwfile", password),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
        **who,
    )
    if made.returncode:
        pytest.fail(f"initdb failed: {made.stdout}{made.stderr}", pytrace=False)
    settings = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    command = [str(program("postgres")), "-D", str(folder / "data"), "-k", str(folder), *settings]
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, preexec_fn=_end_with_us, **who)
    try:
        cluster = Cluster(folder)
        wait_for(lambda: _ready(cluster) or process.poll() is not None, SECONDS, "PostgreSQL answers")
        if process.poll() is not None:
            pytest.fail(f"PostgreSQL did not start: {log.read_text()}", pytrace=False)
        yield
    finally:
        process.send_signal(signal.SIGQUIT)  # at once
        process.wait(SECONDS)


def program(name: str) -> Path:
    """One of PostgreSQL's programs; Debian keeps them out of the path."""
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    found = versions[-1] if versions else shutil.which(name)
    if found is None:
        pytest.fail(f"PostgreSQL's {name} is missing: apt-get install postgresql", pytrace=False)
    return Path(found)


def _who() -> dict[str, Any]:
    """As whom PostgreSQL is started: ourselves, unless we are root."""
    if os.geteuid() != 0:
        return {}
    for name in UNPRIVILEGED:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    pytest.fail(f"none of the users {UNPRIVILEGED} is there to run PostgreSQL, which refuses root", pytrace=False)


def _end_with_us() -> None:
    """Tests that are killed leave no PostgreSQL behind."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGQUIT)


def _ready(cluster: Cluster) -> bool:
    try:
        cluster.run("SELECT 1")
    except psycopg.OperationalError:
        return False
    return True
