"""Two shipped servers on one PostgreSQL that have the same loans to warn of at the same time, by a real mail server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select, update

from circulation import staffing
from circulation.clock import local_day, real_clock
from circulation.jobs import system, tasks
from circulation.notices.content import RESERVATION
from circulation.service import Service
from circulation.store import tables as t
from circulation.store.job_tables import task, task_run
from tests.circulation.mail_server import mail_server
from tests.circulation.mailed import Mailed, readers
from tests.circulation.posting import rows
from tests.circulation.running import STAFF_PASSWORD, Central, together
from tests.circulation.world import World
from tests.console.sending import Sending
from tests.postgres.processes import Server, ended, filled, process, reaching
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.requirement("R67", "R72")]
READERS, LOANS = 40, 2  # loans of each


@pytest.fixture
def shared(postgres_url: str, tmp_path: Path) -> Iterator[Service]:
    """A library in PostgreSQL, with the real clock."""
    service = filled(postgres_url, tmp_path)
    World(service).rules()
    yield service
    service.database.close()


@pytest.fixture
def server(postgres_url: str, tmp_path: Path) -> Callable[[str], Server]:
    """Servers of that library, by name."""
    return lambda name: process(postgres_url, tmp_path / "secrets", tmp_path / name)


@pytest.fixture
def mailed(shared: Service) -> Iterator[Mailed]:
    with mail_server() as running:
        yield Mailed(shared, running)


def lent(mailed: Mailed) -> list[int]:
    """Loans that are due the day after tomorrow."""
    due = local_day(real_clock(), "Europe/Berlin") + timedelta(days=2)
    return mailed.lend(str(due), *readers(READERS), loans=LOANS)


@pytest.fixture
def urls(shared: Service, server: Callable[[str], Server]) -> Iterator[list[str]]:
    """Addresses of two servers that have nothing to do: at the end of each run they would look for what else is due."""
    system.ensure(shared)
    for one in tasks.listed(shared):
        tasks.pause(shared, "anna", one.id)
    with ExitStack() as servers:
        started = together(*(partial(servers.enter_context, server(name)) for name in ("one", "two")))
        yield [url for url, _ in started]


@pytest.fixture
def anna(shared: Service) -> str:
    """The session of an administrator."""
    staffing.create(shared, "test", "anna", STAFF_PASSWORD, ("admin",))
    return str(staffing.sign_in(shared, "anna", STAFF_PASSWORD, "N1")["token"])


def run_now(service: Service, url: str, anna: str, id_: int) -> None:
    """Ask a server for a run, which wakes it and no other."""
    asking = Sending(Central(service, url), anna)
    with asking.http:
        assert asking.post(f"/tasks/{id_}/run").ok


def reached_by(service: Service, servers: int) -> None:
    """Wait until so many servers reach for what is locked."""
    wait_for(lambda: reaching(service) == servers, 15, f"{servers} servers reach for it")


def each_told_once(mailed: Mailed, loans: list[int]) -> None:
    """Each loan was told of in one mail, each reader had one, and nothing is open."""
    assert mailed.told() == {(loan, 1): 1 for loan in loans}
    assert Counter(letter.to for letter in mailed.server.letters) == {
        (f"{one}@example.org",): 1 for one in readers(READERS)
    }
    assert mailed.ends() == {(loan, 1): ("sent", None) for loan in loans}


@pytest.mark.requirement("R65")
def test_a_task_that_is_due_for_two_servers_at_once_mails_each_loan_once(
    shared: Service, mailed: Mailed, urls: list[str], anna: str
) -> None:
    loans, id_, other = lent(mailed), mailed.task(days=3), mailed.task(RESERVATION)
    with shared.database.writing() as db:
        db.execute(update(task).where(task.c.id == id_).values(next_due=real_clock()))
    with shared.database.writing() as db:  # both reach for the task, and may have it when this transaction ends
        db.execute(select(task).where(task.c.id == id_).with_for_update())
        for number, url in enumerate(urls, 1):
            run_now(shared, url, anna, other)  # which is looked at after what is due
            reached_by(shared, number)
    ended(shared, id_, ["done"])
    each_told_once(mailed, loans)


def test_tasks_that_overlap_on_two_servers_at_once_mail_each_loan_once(
    shared: Service, mailed: Mailed, urls: list[str], anna: str
) -> None:
    loans = lent(mailed)
    both = [mailed.task(name="three days", days=3), mailed.task(name="books, a week", days=7, media_types=["BOOK"])]
    with shared.database.writing() as db:  # both have chosen the same loans before either may write one down
        db.execute(select(t.patron).with_for_update())
        for number, (url, id_) in enumerate(zip(urls, both, strict=True), 1):
            run_now(shared, url, anna, id_)
            reached_by(shared, number)
    for id_ in both:
        ended(shared, id_, ["done"])
    assert len({run.claimed_by for run in rows(shared, select(task_run))}) == len(both)
    each_told_once(mailed, loans)
