"""Tasks in the shipped program: two servers on one PostgreSQL, and one that is killed in a run."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from circulation.clock import real_clock
from circulation.jobs import claiming, system, tasks
from circulation.jobs.tasks import Wanted
from circulation.jobs.types import BACKUP, TIDYING
from circulation.service import Service
from circulation.store.job_tables import task, task_run
from tests.circulation.running import together
from tests.postgres.processes import Server, ended, filled, process, reaching
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@pytest.fixture
def shared(postgres_url: str, tmp_path: Path) -> Iterator[Service]:
    """A library in PostgreSQL, with the real clock."""
    service = filled(postgres_url, tmp_path)
    yield service
    service.database.close()


@pytest.fixture
def server(postgres_url: str, tmp_path: Path) -> Callable[[str], Server]:
    """Servers of that library, by name."""
    return lambda name: process(postgres_url, tmp_path / "secrets", tmp_path / name)


@pytest.mark.requirement("R65")
@pytest.mark.requirement("R72")
def test_two_servers_run_a_task_once_though_it_is_due_for_both_at_the_same_instant(
    shared: Service, server: Callable[[str], Server], tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    id_ = tasks.create(shared, "anna", Wanted(BACKUP, "backup", {"folder": str(folder)}, {"times": ["03:00"]}))
    with shared.database.writing() as db:
        db.execute(update(task).where(task.c.id == id_).values(next_due=real_clock()))
    with ExitStack() as servers:
        with shared.database.writing() as db:  # both reach for the task, and may have it when this transaction ends
            db.execute(select(task).where(task.c.id == id_).with_for_update())
            together(*(partial(servers.enter_context, server(name)) for name in ("one", "two")))
            wait_for(lambda: reaching(shared) == 2, 20, "both servers reach for the task")
        ended(shared, id_, ["done"])
    assert [len(tasks.runs(shared, one.id)) for one in tasks.listed(shared)] == [1, 1, 1, 1, 1]  # the system's, too
    assert len(list(folder.iterdir())) == 1


@pytest.mark.requirement("R71")
def test_a_run_whose_server_was_killed_is_made_up_once_by_the_next_server(
    shared: Service, server: Callable[[str], Server]
) -> None:
    system.ensure(shared)
    id_ = tasks.named(shared, TIDYING)
    with shared.database.writing() as db:
        db.execute(text("LOCK TABLE operation IN ACCESS EXCLUSIVE MODE"))  # the run waits for it
        with server("killed") as (_, first):
            ended(shared, id_, ["running"])
            first.kill()
            first.wait(20)
    with shared.database.writing() as db:
        db.execute(update(task_run).where(task_run.c.state == "running").values(claim_until=LONG_AGO))
    with server("next") as (_, second):
        again, died = ended(shared, id_, ["done", "taken_over"])
        second.send_signal(signal.SIGTERM)
        assert second.wait(20) == 0
    assert (again.slot, again.attempt, again.made_up) == (died.slot, 2, True)
    assert died.note == claiming.PROCESS_GONE
