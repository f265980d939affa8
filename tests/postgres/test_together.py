"""What happens at the same time at the shipped servers: one on SQLite, two processes on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from circulation.store import house
from circulation.store.engine import Database
from tests.circulation.running import Central, Machine, codes, operation, together
from tests.circulation.world import World, rule
from tests.postgres.cluster import Cluster
from tests.postgres.processes import Library, doors, library

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("programs")]  # the servers are started once for all tests
ROUNDS = 20
DUE = date(2020, 1, 1)  # long ago: a renewal moves it


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Library]:
    """The servers over the test world."""
    folder = tmp_path_factory.mktemp("together")
    if request.param == "sqlite":
        with library(f"sqlite:///{folder}/circulation.db", folder, servers=1) as found:
            yield found
        return
    name = cluster.create()
    with library(cluster.url(name), folder, servers=2) as found:
        yield found
    cluster.drop(name)


@pytest.fixture
def centrals(running: Library) -> Iterator[tuple[Central, Central]]:
    """Two doors into the same library."""
    with doors(running) as found:
        yield found


@pytest.fixture
def machines(centrals: tuple[Central, Central]) -> tuple[Machine, Machine]:
    """A machine at each door."""
    return centrals[0].machine("N1"), centrals[1].machine("N2")


@pytest.fixture
def world(running: Library) -> World:
    """The world behind the doors."""
    return running.world


@pytest.mark.requirement("R20")
def test_one_item_is_lent_to_exactly_one_of_two(world: World, machines: tuple[Machine, Machine]) -> None:
    world.rules()
    one, two = machines
    readers = world.patron(), world.patron()
    first, second = one.token(readers[0]), two.token(readers[1])
    for item in world.items(ROUNDS):
        lines = together(
            lambda item=item: one.do("checkout", item, first), lambda item=item: two.do("checkout", item, second)
        )
        assert sorted(line["outcome"] for line in lines) == ["done", "refused"]
        (lost,) = [line for line in lines if line["outcome"] == "refused"]
        assert lost["reason"]["params"] == {"state": "on_loan", "own": False, "action": "checkout"}
    assert len(world.open_loans(readers[0])) + len(world.open_loans(readers[1])) == ROUNDS


@pytest.mark.requirement("R20")
def test_the_only_loan_of_a_patron_is_lent_once(world: World, machines: tuple[Machine, Machine]) -> None:
    world.rules(rule("all", "counts.max_loans", 1))
    one, two = machines
    for _ in range(ROUNDS):
        patron = world.patron()
        first, second = one.token(patron), two.token(patron)
        here, there = world.items(2)
        lines = together(
            lambda item=here, token=first: one.do("checkout", item, token),
            lambda item=there, token=second: two.do("checkout", item, token),
        )
        assert sorted(line["outcome"] for line in lines) == ["done", "refused"]
        assert len(world.open_loans(patron)) == 1


def test_two_renewals_at_once_move_the_due_date_once(world: World, machines: tuple[Machine, Machine]) -> None:
    world.rules()
    one, two = machines
    patron = world.patron()
    first, second = one.token(patron), two.token(patron)
    for _ in range(ROUNDS):
        item = world.lent(patron, due=DUE)
        lines = together(
            lambda item=item: one.do("renewal", item, first), lambda item=item: two.do("renewal", item, second)
        )
        (loan,) = [loan for loan in world.open_loans(patron) if loan.item_id == item]
        assert sorted(line["outcome"] for line in lines) == ["done", "refused"]
        assert loan.renewals == 1


def test_a_return_during_a_renewal_is_before_or_after_it(world: World, machines: tuple[Machine, Machine]) -> None:
    world.rules()
    one, two = machines
    patron = world.patron()
    token = one.token(patron)
    for _ in range(ROUNDS):
        item = world.lent(patron, due=DUE)
        before = len(world.open_loans(patron))
        renewed, returned = together(
            lambda item=item: one.do("renewal", item, token), lambda item=item: two.do("return", item)
        )
        assert (returned["outcome"], returned["was_on_loan"]) == ("done", True)
        assert renewed["outcome"] == "done" or codes(renewed) == ["item_state"]
        assert len(world.open_loans(patron)) == before - 1


def test_of_two_returns_at_once_one_ends_the_loan(world: World, machines: tuple[Machine, Machine]) -> None:
    world.rules()
    one, two = machines
    patron = world.patron()
    for _ in range(ROUNDS):
        item = world.lent(patron)
        lines = together(lambda item=item: one.do("return", item), lambda item=item: two.do("return", item))
        assert [line["outcome"] for line in lines] == ["done", "done"]
        assert sorted(line["was_on_loan"] for line in lines) == [False, True]


def test_a_loan_is_decided_by_one_rule_set_while_another_is_published(
    world: World, machines: tuple[Machine, Machine]
) -> None:
    one, two = machines
    periods = {world.rules(): 28}
    patron = world.patron()
    first, second = one.token(patron), two.token(patron)
    for days in range(1, ROUNDS + 1):
        here, there, later = world.items(3)
        *lines, number = together(
            lambda item=here: one.do("checkout", item, first),
            lambda item=there: two.do("checkout", item, second),
            lambda days=days: world.rules(periods=days),
        )
        periods[number] = days
        lines.append(two.do("checkout", later, second))
        assert [line["outcome"] for line in lines] == ["done"] * 3
        loans = {loan.item_id: loan for loan in world.open_loans(patron)}
        for loan in (loans[here], loans[there], loans[later]):
            today = loan.out_at.date()
            expected = {today + timedelta(days=periods[loan.rule_set] + zone) for zone in (0, 1)}
            assert loan.due in expected  # in Berlin a day may have begun already
        assert loans[later].rule_set == number


def test_two_rule_sets_published_at_once_follow_one_another(world: World) -> None:
    for _ in range(ROUNDS):
        before = world.rules()
        numbers = together(world.rules, world.rules)
        assert sorted(numbers) == [before + 1, before + 2]
        with world.service.database.reading() as db:
            assert house.installation(db).live == before + 2
    world.service.database.close()


def test_one_operation_at_two_servers_is_carried_out_once(
    world: World, centrals: tuple[Central, Central], machines: tuple[Machine, Machine]
) -> None:
    world.rules()
    one = machines[0]
    same = centrals[1].known(one.key)
    patron = world.patron()
    token = one.token(patron)
    for item in world.items(ROUNDS):
        asked = operation("checkout", item)
        lines = together(lambda asked=asked: one.batch([asked], token), lambda asked=asked: same.batch([asked], token))
        assert lines[0] == lines[1]
        assert lines[0][0]["outcome"] == "done"
    assert len(world.open_loans(patron)) == ROUNDS


def test_a_patron_may_sign_in_at_two_machines_at_once(world: World, machines: tuple[Machine, Machine]) -> None:
    world.rules()
    one, two = machines
    for _ in range(ROUNDS):
        patron = world.patron()
        answers = together(lambda who=patron: one.sign_in(who), lambda who=patron: two.sign_in(who))
        assert [answer["outcome"] for answer in answers] == ["signed_in", "signed_in"]


def test_a_machine_may_send_a_sign_in_again_before_the_first_is_answered(
    world: World, centrals: tuple[Central, Central], machines: tuple[Machine, Machine]
) -> None:
    world.rules()
    one, same = machines[0], centrals[1].known(machines[0].key)
    patron = world.patron()
    for _ in range(ROUNDS):
        answers = together(lambda: one.sign_in(patron), lambda: same.sign_in(patron))
        assert [answer["outcome"] for answer in answers] == ["signed_in", "signed_in"]


def test_machines_may_be_enrolled_at_the_same_time(centrals: tuple[Central, Central]) -> None:
    one, two = centrals
    for _ in range(ROUNDS):
        found = together(lambda: one.machine("N1"), lambda: two.machine("N2"))
        assert len({machine.key for machine in found}) == 2


def test_servers_may_start_at_the_same_time_on_an_empty_database(cluster: Cluster, postgres_url: str) -> None:
    databases = [Database(postgres_url) for _ in range(4)]
    try:
        together(*(database.migrate for database in databases))
    finally:
        for database in databases:
            database.close()
    assert cluster.run("SELECT count(*) FROM alembic_version", database=databases[0].url.database or "") == [(1,)]
