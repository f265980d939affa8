"""Processes that are killed while they send by a real mail server: no loan is told of twice, each comes to an end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select, update

from circulation.jobs import tasks
from circulation.notices import looking, receipts, sending
from circulation.notices.content import DUE_WARNING, OVERDUE
from circulation.notices.ending import CUT_OFF
from circulation.notices.sending import HANDED_OVER, SENDING
from circulation.service import Service
from circulation.store import tables as t
from circulation.store.notice_tables import message
from circulation.store.notices import SENT, UNCERTAIN
from tests.circulation import mortal
from tests.circulation.mail_server import mail_server
from tests.circulation.mailed import ACCOUNT, Mailed, readers
from tests.circulation.mortal import ANY, KILLED, End
from tests.circulation.posting import DAILY, at_seven, rows
from tests.circulation.running import Machine
from tests.circulation.visiting import Visit
from tests.circulation.world import Amount, Days, World, rule

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
FEE = 50
FIRST, SECOND = "2026-06-02", "2026-07-02"  # when a task runs in each of two loan periods
DUE = {DUE_WARNING: ("2026-06-05", "2026-07-05"), OVERDUE: ("2026-05-20", "2026-06-20")}
OPTIONS: dict[str, dict[str, Any]] = {DUE_WARNING: {"days": 3}, OVERDUE: {}}
TIMES = (1, 3, 1, 2, 1)  # for which time a process comes to where it is killed
KILLS, READERS, LOANS = 20, 250, 2  # loans of each reader
POINTS = READERS * len(sending.POINTS)  # a run that is let alone comes to
STEP = 0.005  # seconds: about what one message takes


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    mortal.warm_up()


@pytest.fixture
def mailed(service: Service, world: World) -> Iterator[Mailed]:
    world.rules(
        rule("w1", "fees.due_warning", Amount(FEE)),
        rule("e1", "circulation.enable_overdue_reminder", True, level="1"),
        rule("p1", "periods.overdue_reminder", Days(7), level="1"),
        rule("f1", "fees.overdue_reminder", Amount(FEE), level="1"),
    )
    with mail_server() as server:
        yield Mailed(service, server)


class Lives:
    """Processes that run one task, one after the other."""

    def __init__(self, service: Service, folder: Path, task: int) -> None:
        self._service, self._secrets, self._task = service, folder / "house" / "secrets", task

    def killed(self, end: End) -> None:
        """One that is killed, and found dead."""
        assert mortal.live(self._service, self._secrets, self._task, end) == KILLED
        mortal.not_heard_of(self._service)

    def through(self, day: str) -> None:
        """One that comes through, one that finds nothing left to do, and one the next day."""
        for on in (day, day, str(date.fromisoformat(day) + timedelta(days=1))):
            at_seven(self._service, on)
            assert mortal.live(self._service, self._secrets, self._task) == 0


def unknown(mailed: Mailed, loans: list[int], period: int = 1) -> int:
    """Of how many loans nobody knows; all others were told of, none twice, and each message that left was paid for."""
    told = mailed.told()
    assert set(told.values()) == {1}
    ends = {loan: end for (loan, of), end in mailed.ends().items() if of == period}
    assert set(ends) == set(loans)
    cut_off = {loan for loan, end in ends.items() if end == (UNCERTAIN, CUT_OFF)}
    assert {loan for loan, end in ends.items() if end == (SENT, None)} == set(loans) - cut_off
    assert set(loans) - cut_off <= {loan for loan, of in told if of == period}
    listed = looking.log(mailed.service, looking.search(mailed.service, state=UNCERTAIN), rows=len(loans))
    assert cut_off <= {one.loan_id for entry in listed.lines for one in entry.notices}
    (sent,) = rows(mailed.service, select(func.count()).where(message.c.state == SENT))
    (fees,) = rows(mailed.service, select(func.sum(t.fee.c.amount)))
    assert fees[0] == FEE * sent[0]
    return len(cut_off)


def renew(service: Service, due: str) -> None:
    """Renew every loan."""
    at = datetime(2026, 6, 4, 10, tzinfo=UTC)
    with service.database.writing() as db:
        db.execute(update(t.loan).values(due=date.fromisoformat(due), renewals=1, renewed_at=at, reminded=0))


def survives_a_point(service: Service, mailed: Mailed, folder: Path, kind: str, point: str) -> None:
    """Five processes are killed there; then the loans are renewed, and one more is."""
    loans = mailed.lend(DUE[kind][0], *readers(12), loans=2)
    lives = Lives(service, folder, mailed.task(kind, **OPTIONS[kind]))
    lost = 2 if point in (SENDING, HANDED_OVER) else 0  # loans of a message
    at_seven(service, FIRST)
    for times in TIMES:
        lives.killed(End(point, times))
    lives.through(FIRST)
    assert unknown(mailed, loans) == lost * len(TIMES)
    renew(service, DUE[kind][1])
    at_seven(service, SECOND)
    lives.killed(End(point, 2))
    lives.through(SECOND)
    assert unknown(mailed, loans, period=2) == lost
    left = 0 if point == SENDING else lost * (len(TIMES) + 1)  # though nobody noted it
    assert len(mailed.told()) == 2 * len(loans) - lost * (len(TIMES) + 1) + left


@pytest.mark.requirement("R67", "R68", "R74")
@pytest.mark.parametrize("point", sending.POINTS)
def test_five_processes_killed_at_a_point_tell_of_no_loan_twice(
    service: Service, mailed: Mailed, tmp_path: Path, point: str
) -> None:
    survives_a_point(service, mailed, tmp_path, DUE_WARNING, point)


@pytest.mark.soak
@pytest.mark.requirement("R74")
@pytest.mark.parametrize("point", sending.POINTS)
def test_five_processes_killed_at_a_point_remind_of_no_loan_twice(
    service: Service, mailed: Mailed, tmp_path: Path, point: str
) -> None:
    survives_a_point(service, mailed, tmp_path, OVERDUE, point)


@pytest.mark.requirement("R67", "R74")
@pytest.mark.parametrize("point", sending.POINTS[1:])  # a run writes nothing down: receipts stand there already
def test_a_process_killed_at_any_point_sends_no_receipt_twice(
    service: Service, world: World, mailed: Mailed, machine: Machine, tmp_path: Path, point: str
) -> None:
    wanted = tasks.Wanted(receipts.TASK, "receipts", {"account": ACCOUNT}, DAILY)
    lives = Lives(service, tmp_path, tasks.create(service, "anna", wanted))
    items = world.items(3)
    for item in items:
        visit = Visit(machine, world.patron(email="mira@example.org"))
        visit.do("checkout", item)
        assert visit.ask() == ""
    lives.killed(End(point, 2))
    lives.through(FIRST)
    told = [item for letter in mailed.server.letters for item in items if f"Title {item}" in letter.text]
    cut_off = int(point in (SENDING, HANDED_OVER))
    assert len(set(told)) == len(told) == len(items) - (point == SENDING)
    ends = [(one.state, one.reason) for one in rows(service, select(message))]
    assert sorted(ends, key=str) == [(SENT, None)] * (3 - cut_off) + [(UNCERTAIN, CUT_OFF)] * cut_off


def survives_any_moment(service: Service, mailed: Mailed, folder: Path, seed: int) -> None:
    """One run of many loans: so many processes are killed wherever they are, spread over the whole of it."""
    chance = Random(seed)
    loans = mailed.lend(DUE[DUE_WARNING][0], *readers(READERS), loans=LOANS)
    lives = Lives(service, folder, mailed.task(DUE_WARNING, **OPTIONS[DUE_WARNING]))
    at_seven(service, FIRST)
    # Not in its last fifth: what a killed process had passed on its last steps is not passed again.
    moments = sorted(chance.sample(range(1, POINTS * 4 // 5), KILLS))
    for before, at in pairwise((0, *moments)):
        lives.killed(End(ANY, at - before, chance.uniform(0, STEP)))
    lives.through(FIRST)
    assert unknown(mailed, loans) <= LOANS * KILLS


@pytest.mark.requirement("R67", "R74")
def test_a_run_killed_at_any_moments_tells_of_no_loan_twice(service: Service, mailed: Mailed, tmp_path: Path) -> None:
    survives_any_moment(service, mailed, tmp_path, seed=0)


@pytest.mark.soak
@pytest.mark.requirement("R67", "R74")
@pytest.mark.parametrize("seed", range(1, 6))
def test_runs_killed_at_a_hundred_moments_tell_of_no_loan_twice(
    service: Service, mailed: Mailed, tmp_path: Path, seed: int
) -> None:
    survives_any_moment(service, mailed, tmp_path, seed)
