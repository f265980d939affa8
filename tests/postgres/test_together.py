"""What happens at the same time at the shipped servers: one on SQLite, two processes on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from circulation.store import house
from circulation.store import tables as t
from circulation.store.engine import Database
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.running import Central, Machine, Staff, codes, operation, together
from tests.circulation.world import Amount, World, rule
from tests.postgres.cluster import Cluster
from tests.postgres.invariants import broken
from tests.postgres.processes import Library, doors, library

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("programs")]  # the servers are started once for all tests
ROUNDS = 20
DUE = date(2020, 1, 1)  # long ago: a renewal moves it
OVERDUE = rule("overdue", "fees.overdue", Fee(FeeBasis.FIXED, (FeeStep(None, Amount(150)),)))
UNCOLLECTED = rule("uncollected", "fees.uncollected_reservation", Amount(100))


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
def world(running: Library) -> Iterator[World]:
    """The world behind the doors. Whatever won in it, nothing is half done."""
    yield running.world
    left = broken(running.service)
    running.service.database.close()
    assert left == []


def charged(world: World, patron: str) -> Counter[str]:
    """How many fees a patron has been charged, by reason."""
    query = select(t.fee.c.reason).where(t.fee.c.patron_id == world.patron_id(patron))
    with world.service.database.reading() as db:
        return Counter(db.execute(query).scalars())


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
    world.rules(OVERDUE)
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
    assert charged(world, patron) == Counter({"overdue": ROUNDS})


def test_a_return_during_a_renewal_is_before_or_after_it(world: World, machines: tuple[Machine, Machine]) -> None:
    world.rules(OVERDUE)
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
    assert charged(world, patron) == Counter({"overdue": ROUNDS})


def test_of_two_returns_at_once_one_ends_the_loan(world: World, machines: tuple[Machine, Machine]) -> None:
    world.rules(OVERDUE)
    one, two = machines
    patron = world.patron()
    for _ in range(ROUNDS):
        item = world.lent(patron, due=DUE)
        lines = together(lambda item=item: one.do("return", item), lambda item=item: two.do("return", item))
        assert [line["outcome"] for line in lines] == ["done", "done"]
        assert sorted(line["was_on_loan"] for line in lines) == [False, True]
    assert charged(world, patron) == Counter({"overdue": ROUNDS})


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


# --- reservations and money -------------------------------------------------------------------------------------------


@pytest.fixture
def desks(centrals: tuple[Central, Central]) -> tuple[Staff, Staff]:
    """A desk at each door."""
    one, two = (central.staff("desk", name=f"desk-{uuid4()}") for central in centrals)
    return one, two


def reserved(desk: Staff, world: World, patron: str, title: str) -> str:
    """A reservation of a title, to be collected at N1; its id."""
    body = {"patron": world.patron_id(patron), "title": title, "pickup": "N1"}
    made = desk.told("POST", "/reservations", body)
    assert made["reservation"] is not None, made["reasons"]
    return str(made["reservation"])


def row_of(world: World, reservation: str) -> Any:
    """A reservation as it stands."""
    with world.service.database.reading() as db:
        return db.execute(select(t.reservation).where(t.reservation.c.id == reservation)).one()


def copies(world: World, count: int) -> tuple[str, list[str]]:
    """A title all copies of which are on loan, and the copies."""
    title = f"title-{uuid4()}"
    return title, [world.lent(world.patron(), title_id=title) for _ in range(count)]


@pytest.mark.requirement("R32")
def test_a_reservation_is_fulfilled_or_cancelled_and_never_both(
    world: World, machines: tuple[Machine, Machine], desks: tuple[Staff, Staff]
) -> None:
    world.rules(UNCOLLECTED)
    one, two = machines
    for _ in range(ROUNDS):
        title, (item,) = copies(world, 1)
        patron = world.patron()
        token, other = one.token(patron), two.token(patron)
        number = reserved(desks[0], world, patron, title)
        assert one.do("return", item)["outcome"] == "done"
        assert world.item_row(item).set_aside_for == world.patron_id(patron)
        line, answer = together(
            partial(one.do, "checkout", item, token),
            partial(two.post, f"/reservations/{number}/cancel", Library_Session=other),
        )
        assert line["outcome"] == "done"  # a copy whose reservation was cancelled is free
        state = row_of(world, number).state
        assert (answer.status_code, state) in ((200, "cancelled"), (404, "fulfilled"))
        assert charged(world, patron) == Counter({"uncollected": 1} if state == "cancelled" else {})


@pytest.mark.requirement("R32")
def test_a_reservation_cancelled_while_its_copy_comes_back_leaves_the_copy_free(
    world: World, machines: tuple[Machine, Machine], desks: tuple[Staff, Staff]
) -> None:
    world.rules(UNCOLLECTED)
    for _ in range(ROUNDS):
        title, (item,) = copies(world, 1)
        patron = world.patron()
        number = reserved(desks[0], world, patron, title)
        line, answer = together(
            partial(machines[0].do, "return", item), partial(desks[1].post, f"/reservations/{number}/cancel")
        )
        assert (line["outcome"], answer.status_code) == ("done", 200)
        assert row_of(world, number).state == "cancelled"
        found = world.item_row(item)
        assert (found.set_aside_for, found.state) == (None, "available")
        assert charged(world, patron)["uncollected"] == len(answer.json()["charged"])


@pytest.mark.requirement("R24")
def test_of_two_copies_that_come_back_at_once_one_is_set_aside(
    world: World, machines: tuple[Machine, Machine], desks: tuple[Staff, Staff]
) -> None:
    world.rules()
    for _ in range(ROUNDS):
        title, both = copies(world, 2)
        patron = world.patron()
        number = reserved(desks[0], world, patron, title)
        lines = together(*(partial(at.do, "return", item) for at, item in zip(machines, both, strict=True)))
        assert [line["was_on_loan"] for line in lines] == [True, True]
        aside = [item for item in both if world.item_row(item).set_aside_for == world.patron_id(patron)]
        assert aside == [row_of(world, number).copy_id]


@pytest.mark.requirement("R24")
def test_a_reader_takes_one_copy_while_another_is_set_aside_for_them(
    world: World, machines: tuple[Machine, Machine], desks: tuple[Staff, Staff]
) -> None:
    """Either the loan fulfils the reservation and the copy that came back is free, or that copy still waits."""
    world.rules()
    one, two = machines
    for _ in range(ROUNDS):
        title, (back,) = copies(world, 1)
        patron = world.patron()
        token = one.token(patron)
        number = reserved(desks[0], world, patron, title)
        new = world.item(title_id=title)
        lines = together(partial(one.do, "checkout", new, token), partial(two.do, "return", back))
        assert [line["outcome"] for line in lines] == ["done", "done"]
        row, aside = row_of(world, number), world.item_row(back).set_aside_for
        whole = (("fulfilled", None, None), ("on_its_way", back, world.patron_id(patron)))
        assert (row.state, row.copy_id, aside) in whole


@pytest.mark.requirement("R24")
def test_copies_of_one_title_change_hands_in_every_way_at_once(
    world: World, machines: tuple[Machine, Machine], desks: tuple[Staff, Staff]
) -> None:
    """Two copies on the hold shelf are freed and a third comes back: who waits longest gets them, nobody is stuck."""
    world.rules()
    for _ in range(ROUNDS):
        title, items = copies(world, 3)
        numbers = [reserved(desks[0], world, world.patron(), title) for _ in range(5)]
        waiting, on_shelf = numbers[::2], numbers[1::2]  # those on the shelf stand between those that wait
        for number in waiting:
            assert desks[0].post(f"/reservations/{number}/suspend").status_code == 204
        for item in items[:2]:
            assert machines[0].do("return", item)["outcome"] == "done"
        for number in waiting:
            assert desks[0].post(f"/reservations/{number}/resume").status_code == 204
        line, *answers = together(
            partial(machines[0].do, "return", items[2]),
            *(partial(desk.post, f"/reservations/{n}/cancel") for desk, n in zip(desks, on_shelf, strict=True)),
        )
        assert (line["outcome"], [answer.status_code for answer in answers]) == ("done", [200, 200])
        assert {row_of(world, number).copy_id for number in waiting} == set(items)


@pytest.mark.requirement("R87")
def test_one_fee_is_paid_once_at_two_desks(world: World, desks: tuple[Staff, Staff]) -> None:
    world.rules()
    for _ in range(ROUNDS):
        account = f"/patrons/{world.patron_id(world.patron(owes=500))}"
        (fee,) = desks[0].told("GET", account)["fees"]
        payment = {"amount": 500, "fees": [fee["id"]]}
        answers = together(*(partial(desk.post, f"{account}/payments", payment) for desk in desks))
        assert sorted(answer.status_code for answer in answers) == [200, 404]
        assert desks[0].told("GET", account)["sums"]["owed"] == 0


@pytest.mark.requirement("R87")
def test_a_fee_is_paid_at_one_desk_or_waived_at_another(world: World, desks: tuple[Staff, Staff]) -> None:
    world.rules()
    for _ in range(ROUNDS):
        account = f"/patrons/{world.patron_id(world.patron(owes=500))}"
        (fee,) = desks[0].told("GET", account)["fees"]
        paid, waived = together(
            partial(desks[0].post, f"{account}/payments", {"amount": 500}),
            partial(desks[1].post, f"/fees/{fee['id']}/waive", {"reason": "it was here all the time"}),
        )
        assert (paid.status_code, waived.status_code) in ((200, 404), (409, 200))
        assert desks[0].told("GET", account)["sums"]["owed"] == 0


# --- asked twice, and started together --------------------------------------------------------------------------------


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
