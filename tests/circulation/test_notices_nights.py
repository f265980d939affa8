"""The nights in which clocks are changed: a task at half past two runs once in each, and warns of each loan once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from circulation.jobs import tasks
from circulation.service import Service
from tests.circulation.mail_server import mail_server
from tests.circulation.mailed import Mailed
from tests.circulation.posting import later, set_clock
from tests.circulation.scheduling import Process, local, shown
from tests.circulation.world import World

# A night, and the instant of half past two in it: right after the hour that is left out, in the first of two hours.
NIGHTS = (("2027-03-28", local("2027-03-28T03:00")), ("2027-10-31", local("2027-10-31T02:30", fold=0)))
DAYS = 3  # before the due day
STEP = 15  # minutes after which each process looks for what is due


@pytest.fixture
def mailed(service: Service, world: World) -> Iterator[Mailed]:
    world.rules()
    with mail_server() as server:
        yield Mailed(service, server)


@pytest.mark.requirement("R65", "R67")
@pytest.mark.parametrize(("night", "instant"), NIGHTS, ids=[night for night, _ in NIGHTS])
def test_a_night_in_which_clocks_are_changed_has_one_run_that_warns_of_each_loan_once(
    service: Service, mailed: Mailed, night: str, instant: datetime
) -> None:
    first = date.fromisoformat(night)
    days = [str(first + timedelta(days=ahead)) for ahead in range(DAYS + 4)]
    loans = {day: mailed.lend(day, f"due-{day}", loans=2) for day in days}
    set_clock(service, local(f"{first - timedelta(days=1)}T12:00"))
    id_, processes = mailed.task(days=DAYS, at="02:30"), (Process(service), Process(service))
    while service.clock() < local(f"{days[2]}T12:00"):
        for process in processes:
            process.wake()
        later(service, minutes=STEP)
    assert shown(tasks.runs(service, id_)) == [(f"{day}T02:30", 1, "done", False) for day in days[:3]]
    assert tasks.runs(service, id_)[-1].started == instant
    assert mailed.told() == {(loan, 1): 1 for day in days[: DAYS + 3] for loan in loans[day]}
    warned = Counter(letter.to[0].partition("@")[0] for letter in mailed.server.letters)
    assert warned == {f"due-{day}": 1 for day in days[: DAYS + 3]}  # what is due later waits for its night
