"""Databases that are filled once and copied for each test, and the service over them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from tests.postgres.cluster import Cluster

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # KiB; what is tested is not how hard hashes are
MONDAY = datetime(2026, 6, 1, 10, tzinfo=UTC)
# Modules whose tests with a service run on both databases, but for some.
ON_BOTH = (
    *("test_concurrency", "test_decisions", "test_item_states", "test_operations", "test_signin", "test_store"),
    *("test_staff_access", "test_staff_drafts", "test_staff_house", "test_staff_texts", "test_bench_throughput"),
    "test_cataloguing",
    *("test_moving", "test_machine_settings", "test_advising"),
    *("test_importing_house",),
    *("test_self_service", "test_following"),
    *("test_searching", "test_rule_history", "test_remaining", "test_blocking", "test_enrolling"),
    *("test_draft_rules",),
    "test_house_changes",
    *("test_mail_accounts", "test_mail_gateways"),
    *("test_jobs_claiming", "test_jobs_running", "test_jobs_tasks"),
    *("test_notices_warning", "test_notices_reminding", "test_notices_ledger", "test_notices_tasks"),
    "test_usage",
    *("test_notice_templates", "test_notices_looking", "test_notices_killed"),
    "test_receipts",
)
SQLITE_ONLY = (
    "test_sqlite_is_set_up_to_survive_a_power_cut_and_to_wait",
    "test_a_writing_transaction_takes_its_lock_before_it_reads",
    # Nothing of these reaches the database: once is enough.
    "test_an_odd_authorization_is_nobody",
    "test_what_is_unfit_makes_nobody",
    "test_a_token_is_for_somebody_somewhere",
    "test_a_wrong_setting_is_named_and_nothing_is_kept",
    "test_a_calendar_says_what_is_wrong_with_it",
    "test_what_cannot_be_a_code_is_none",
    "test_a_body_that_is_no_json_object_is_refused",
    *("test_a_mistake_is_named_with_its_field", "test_a_mistake_of_a_gateway_is_named_with_its_field"),
    "test_a_run_killed_at_any_moments_tells_of_no_loan_twice",  # its points are killed at on both
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on both databases."""
    module = metafunc.module.__name__.rpartition(".")[2]
    if "service" in metafunc.fixturenames and module in ON_BOTH and metafunc.function.__name__ not in SQLITE_ONLY:
        metafunc.parametrize("service", ["sqlite", "postgresql"], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """PostgreSQL starts before a test is watched for what it leaves behind."""
    for item in items:
        given = item.callspec.params if hasattr(item, "callspec") else {}
        if isinstance(item, pytest.Function) and "postgresql" in given.values():
            item.fixturenames.insert(0, "cluster")


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


@contextmanager
def copied(template: Path, folder: Path, clock: TestClock) -> Iterator[Service]:
    """A service over a copy of a filled house."""
    shutil.copytree(template, folder)
    database = Database(f"sqlite:///{folder}/circulation.db")
    yield Service(database, Secrets(folder / "secrets", QUICK), clock)
    database.close()


@pytest.fixture(scope="session")
def postgres_house(cluster: Cluster, empty_house: Path) -> str:
    """The same as ``empty_house``, as a template of PostgreSQL."""
    name = cluster.create()
    database = Database(cluster.url(name))
    database.migrate()
    fill_house(database)
    database.close()
    return name


@pytest.fixture
def service(request: pytest.FixtureRequest, tmp_path: Path, clock: TestClock) -> Iterator[Service]:
    """The service over the test world, on SQLite unless the test is run on both databases."""
    house: Path = request.getfixturevalue("empty_house")
    if getattr(request, "param", "sqlite") == "sqlite":
        with copied(house, tmp_path / "house", clock) as found:
            yield found
        return
    cluster: Cluster = request.getfixturevalue("cluster")
    name = cluster.create(request.getfixturevalue("postgres_house"))
    shutil.copytree(house / "secrets", tmp_path / "house" / "secrets")
    database = Database(cluster.url(name))
    yield Service(database, Secrets(tmp_path / "house" / "secrets", QUICK), clock)
    database.close()
    cluster.drop(name)


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
    with copied(demo_house, tmp_path / "demo", clock) as found:
        yield found


@pytest.fixture
def demo_central(demo_service: Service) -> Iterator[Central]:
    """The demo library's service over HTTP."""
    with serving(demo_service) as running:
        yield running
