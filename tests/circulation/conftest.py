"""Databases that are filled once and copied for each test, and the service over them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from circulation import demo, logs
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store.engine import Database
from tests.circulation.running import Central, Machine, TestClock, serving
from tests.circulation.world import World, fill_house

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # KiB; what is tested is not how hard hashes are
MONDAY = datetime(2026, 6, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="session")
def log_as_served() -> None:
    """Log as the shipped program does."""
    logs.configure()


@pytest.fixture
def clock() -> TestClock:
    """Monday, 1 June 2026, ten in the morning UTC."""
    return TestClock(MONDAY)


def _template(folder: Path, fill: Callable[[Service], object]) -> Path:
    database = Database(f"sqlite:///{folder}/circulation.db")
    database.migrate()
    fill(Service(database, Secrets(folder / "secrets", QUICK), TestClock(MONDAY)))
    database.close()
    return folder


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Organisations and codes, nothing else."""
    return _template(tmp_path_factory.mktemp("house"), lambda service: fill_house(service.database))


@pytest.fixture(scope="session")
def demo_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo library on 1 June 2026."""
    return _template(tmp_path_factory.mktemp("demo"), demo.fill)


def _copy(template: Path, folder: Path, clock: TestClock) -> Iterator[Service]:
    shutil.copytree(template, folder)
    database = Database(f"sqlite:///{folder}/circulation.db")
    yield Service(database, Secrets(folder / "secrets", QUICK), clock)
    database.close()


@pytest.fixture
def service(empty_house: Path, tmp_path: Path, clock: TestClock) -> Iterator[Service]:
    """The service over the test world."""
    yield from _copy(empty_house, tmp_path / "house", clock)


@pytest.fixture
def world(service: Service) -> World:
    """The test world, with nothing in it."""
    return World(service)


@pytest.fixture
def central(service: Service) -> Iterator[Central]:
    """The test world's service over HTTP."""
    with serving(service) as running:
        yield running


@pytest.fixture
def machine(central: Central) -> Machine:
    """A machine of branch N1."""
    return central.machine("N1")


@pytest.fixture
def demo_service(demo_house: Path, tmp_path: Path, clock: TestClock) -> Iterator[Service]:
    """The service over the demo library."""
    yield from _copy(demo_house, tmp_path / "demo", clock)


@pytest.fixture
def demo_central(demo_service: Service) -> Iterator[Central]:
    """The demo library's service over HTTP."""
    with serving(demo_service) as running:
        yield running
