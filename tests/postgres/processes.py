"""``circulation serve`` as processes of their own: one on SQLite, two on PostgreSQL."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import text

from circulation.clock import real_clock
from circulation.jobs import tasks
from circulation.jobs.tasks import RunShown
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store.engine import Database
from tests.circulation.running import Central, server_process
from tests.circulation.world import World, fill_house
from tests.waiting import wait_for

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
Server = AbstractContextManager[tuple[str, subprocess.Popen[bytes]]]


@dataclass(frozen=True, slots=True)
class Library:
    """The test world and the addresses of the servers over it."""

    world: World
    urls: tuple[str, ...]

    @property
    def service(self) -> Service:
        """The service as this process uses it, beside the servers."""
        return self.world.service


@contextmanager
def served(database: str, secrets: Path, folder: Path) -> Iterator[str]:
    """A server until the end of the block; its address."""
    with process(database, secrets, folder) as (url, _):
        yield url


@contextmanager
def process(database: str, secrets: Path, folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A server until the end of the block, unless it is killed before; its address and its process."""
    folder.mkdir()
    env = {"CIRCULATION_DATABASE": database, "CIRCULATION_SECRETS": str(secrets)}
    with server_process(env, folder) as running:
        yield running


def filled(database: str, folder: Path) -> Service:
    """The test world in an empty database; the caller closes it."""
    service = Service(Database(database), Secrets(folder / "secrets", QUICK), real_clock)
    service.database.migrate()
    fill_house(service.database)
    return service


@contextmanager
def library(database: str, folder: Path, servers: int) -> Iterator[Library]:
    """The test world, served by so many processes."""
    service = filled(database, folder)
    try:
        with ExitStack() as stack:
            places = [folder / f"server-{number}" for number in range(servers)]
            urls = [stack.enter_context(served(database, folder / "secrets", place)) for place in places]
            yield Library(World(service), tuple(urls))
    finally:
        service.database.close()


@contextmanager
def doors(library: Library) -> Iterator[tuple[Central, Central]]:
    """Two servers to ask, where there is only one twice that; nothing stays open after the block."""
    first, last = (Central(library.service, url) for url in (library.urls[0], library.urls[-1]))
    try:
        yield first, last
    finally:
        first.close()
        last.close()
        library.service.database.close()  # its pool opens again when it is asked for


def ended(service: Service, task: int, states: list[str]) -> list[RunShown]:
    """Runs of a task, newest first, once they have these states."""

    def found() -> list[RunShown]:
        runs = tasks.runs(service, task)
        return runs if [run.state for run in runs] == states else []

    return wait_for(found, 60, f"runs of task {task} are {states}")


def reaching(service: Service) -> int:
    """How many connections wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with service.database.reading() as db:
        return int(db.execute(text(waiting)).scalar_one())
