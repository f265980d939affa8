"""The benchmark of throughput compares the same work: what the driver sends is what a checkout sends, and is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import cycle
from typing import Any
from uuid import uuid4

import pytest

from benchmarks import direct, throughput
from benchmarks.direct import Recorded
from benchmarks.throughput import Library, Rate, add_machine, record
from circulation import operations
from circulation.service import Service
from tests.circulation.running import Central
from tests.circulation.world import World

SOON = 0.2  # seconds of one part


@pytest.fixture
def library(world: World, central: Central) -> Library:
    """Four machines with a patron each, and twenty items."""
    world.rules()
    machines = tuple(add_machine(world.service) for _ in range(4))
    return Library(world.service, central.url.removeprefix("http://"), machines, cycle(world.items(20)))


def other(library: Library, item: str) -> dict[str, str]:
    """What belongs to a checkout of the second machine."""
    machine = library.machines[1]
    return {"operation": str(uuid4()), "item": item, "machine": machine.id, "patron": machine.patron}


def test_the_driver_does_for_another_item_and_patron_what_the_checkout_did(world: World, library: Library) -> None:
    recorded = record(library)
    first = world.operation_row(recorded.own["operation"])
    own = other(library, world.item())
    connection = direct.connect(world.service.database)
    direct.replay(connection, [recorded.of(own)], time.perf_counter())
    connection.close()
    (loan,) = world.open_loans()
    assert (loan.item_id, loan.patron_id, loan.branch) == (own["item"], own["patron"], "N1")
    row = world.operation_row(own["operation"])
    assert (row.machine_id, row.outcome) == (own["machine"], {**first.outcome, "id": row.id, "item": own["item"]})
    assert row.trace == first.trace


def test_the_drivers_connection_is_set_up_as_the_services(service: Service, world: World, library: Library) -> None:
    sqlite = service.database.file is not None
    names = (
        ("journal_mode", "synchronous", "foreign_keys", "busy_timeout") if sqlite else ("fsync", "synchronous_commit")
    )
    asked = "PRAGMA" if sqlite else "SHOW"
    connection = direct.connect(service.database)
    with service.database.reading() as db:
        for name in names:
            expected = db.exec_driver_sql(f"{asked} {name}").scalar()
            assert connection.execute(f"{asked} {name}", ()).fetchone()[0] == expected
    connection.close()


def test_a_driver_that_is_late_begins_no_other_checkout(world: World, library: Library) -> None:
    recorded = record(library)
    connection = direct.connect(world.service.database)
    two = [recorded.of(other(library, item)) for item in world.items(2)]
    assert len(direct.replay(connection, two, 0.0)) == 1
    connection.close()
    assert len(world.open_loans()) == 1


@pytest.mark.parametrize("clients", [1, 4])
def test_every_part_lends_and_gives_back(world: World, library: Library, clients: int) -> None:
    recorded, rate = record(library), Rate()
    throughput.send(library, recorded, clients, 8, rate, SOON)
    throughput.ask(library, clients, 1, 8, rate, SOON)
    throughput.ask(library, clients, 2, 8, rate, SOON)
    assert (rate.failed, len(rate.each) <= 20, rate.done >= 3 * clients) == (0, True, True)
    assert world.open_loans() == []


def test_a_checkout_that_is_refused_counts_as_failed(world: World, library: Library) -> None:
    lent = world.lent(world.patron())
    rate = Rate()
    throughput.ask(Library(library.service, library.host, library.machines, cycle([lent])), 1, 2, 2, rate, SOON)
    assert (rate.done, rate.failed) == (0, 2)


def failing(*_: object) -> Any:
    """What a checkout must not meet."""
    raise RuntimeError


@pytest.mark.parametrize(("place", "name"), [(operations, "run"), (Service, "place_in")])
def test_a_service_that_fails_counts_as_failed(
    library: Library, monkeypatch: pytest.MonkeyPatch, place: object, name: str
) -> None:
    """At the operation its line is left out; before it the answer is a 500."""
    monkeypatch.setattr(place, name, failing)
    rate = Rate()
    throughput.ask(library, 1, 2, 2, rate, SOON)
    assert (rate.done, rate.failed) == (0, 2)


def test_patrons_have_as_many_loans_however_many_clients_there_are(library: Library) -> None:
    for clients in (1, 2, 4):
        shares = library.shares(clients)
        assert (len(shares), {len(share) for share in shares}) == (clients, {4 // clients})
        assert {machine.id for share in shares for machine in share} == {machine.id for machine in library.machines}


def test_only_what_is_an_operations_own_is_exchanged() -> None:
    recorded = Recorded((("x", ("item-1", "on loan: item-1, item-2", 1, None)), ("y", {"a": "me"})), {"i": "item-1"})
    assert recorded.of({"i": "Z"}) == [("x", ("Z", "on loan: Z, item-2", 1, None)), ("y", {"a": "me"})]


def test_all_begin_at_once_and_the_last_one_ends_it() -> None:
    def worker(seconds: float) -> Callable[[float], list[float]]:
        def work(until: float) -> list[float]:
            while time.perf_counter() < until + seconds:
                pass
            return [seconds]

        return work

    seconds, spent = throughput.together([worker(0.0), worker(0.05)], 0.05)
    assert spent == [0.0, 0.05]
    assert seconds >= 0.1


def test_rounds_add_up() -> None:
    rate = Rate()
    for _ in range(2):
        rate.add(50, 0, 0.5, [0.01] * 97 + [1.0] * 3)
    assert (rate.per_second, rate.p99) == (100.0, 1.0)
