"""What happens at the same time: exactly one wins, nobody slips past a limit, the second of the same id waits."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest

from circulation import operations
from circulation.store import circulating
from tests.circulation.running import Central, Machine, codes, operation, together
from tests.circulation.world import World, rule

ROUNDS = 10


def test_two_machines_lend_the_same_item_and_exactly_one_wins(world: World, central: Central) -> None:
    world.rules()
    one, two = central.machine("N1"), central.machine("N2")
    first, second = one.token(world.patron()), two.token(world.patron())
    for item in world.items(ROUNDS):
        lines = together(
            lambda item=item: one.do("checkout", item, first), lambda item=item: two.do("checkout", item, second)
        )
        assert sorted(line["outcome"] for line in lines) == ["done", "refused"]
        (lost,) = [line for line in lines if line["outcome"] == "refused"]
        assert lost["reason"]["params"] == {"state": "on_loan", "own": False, "action": "checkout"}
    assert len(world.open_loans()) == ROUNDS


@pytest.mark.requirement("R20")
def test_the_last_loan_before_the_limit_is_lent_once_on_two_machines(world: World, central: Central) -> None:
    world.rules(rule("all", "counts.max_loans", 15))
    one, two = central.machine("N1"), central.machine("N2")
    for _ in range(ROUNDS):
        patron = world.patron()
        for _ in range(14):
            world.lent(patron)
        first, second = one.token(patron), two.token(patron)
        here, there = world.items(2)
        lines = together(
            lambda item=here, token=first: one.do("checkout", item, token),
            lambda item=there, token=second: two.do("checkout", item, token),
        )
        assert sorted(line["outcome"] for line in lines) == ["done", "refused"]
        assert len(world.open_loans(patron)) == 15


def test_the_same_id_twice_at_once_is_carried_out_once(world: World, central: Central) -> None:
    world.rules()
    machine, patron = central.machine(), world.patron()
    same = central.known(machine.key)
    token = machine.token(patron)
    for item in world.items(ROUNDS):
        asked = operation("checkout", item)
        one, two = together(
            lambda asked=asked: machine.batch([asked], token), lambda asked=asked: same.batch([asked], token)
        )
        assert one == two
        assert one[0]["outcome"] == "done"
    assert len(world.open_loans(patron)) == ROUNDS


def test_the_second_of_the_same_id_waits_while_the_first_is_running(
    world: World, central: Central, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.rules()
    machine = central.machine()
    same = central.known(machine.key)
    token = machine.token(world.patron())
    asked = operation("checkout", world.item())
    inside, go_on, came = threading.Event(), threading.Event(), threading.Semaphore(0)
    real_run, real_loan = operations.run, circulating.open_loan

    def noted(*given: Any) -> Any:
        came.release()
        return real_run(*given)

    def held(*given: Any) -> Any:
        inside.set()
        assert go_on.wait(20)
        return real_loan(*given)

    monkeypatch.setattr(operations, "run", noted)
    monkeypatch.setattr(circulating, "open_loan", held)
    answers: list[Any] = []
    first = threading.Thread(target=lambda: answers.append(("first", machine.batch([asked], token))))
    # The patron's session is touched in a transaction of its own, so the second is asked for by settling.
    second = threading.Thread(target=lambda: answers.append(("second", same.settle(asked["id"]))))
    first.start()
    assert inside.wait(20)
    assert came.acquire(timeout=20)
    second.start()
    assert answers == []
    go_on.set()
    first.join(20)
    second.join(20)
    found = dict(answers)
    assert found["first"] == [found["second"]]
    assert found["second"]["outcome"] == "done"


def test_settling_races_the_operation_and_both_say_the_same(world: World, central: Central) -> None:
    world.rules()
    machine, patron = central.machine(), world.patron()
    same = central.known(machine.key)
    token = machine.token(patron)
    done = 0
    for item in world.items(ROUNDS):
        id_ = str(uuid4())
        line, settled = together(
            lambda item=item, id_=id_: machine.do("checkout", item, token, id_), lambda id_=id_: same.settle(id_)
        )
        assert line["outcome"] == settled["outcome"]
        if line["outcome"] == "done":
            assert line == settled
            done += 1
        else:
            assert codes(line) == codes(settled) == ["abandoned"]
        assert len(world.open_loans(patron)) == done


@pytest.mark.parametrize("tries", [8])
def test_tries_at_the_same_time_cannot_exceed_the_limit(world: World, central: Central, tries: int) -> None:
    world.rules()
    patron = world.patron()
    machines = [central.machine() for _ in range(tries)]
    answers = together(*(lambda machine=machine: machine.sign_in(patron, "9999") for machine in machines))
    told = sorted(str(answer.get("tries_left", answer["code"])) for answer in answers)
    assert told.count("1") == told.count("2") == 1
    assert [answer["code"] for answer in answers].count("locked") == tries - 2
    assert machines[0].sign_in(patron)["code"] == "locked"  # also with the right PIN


def test_machines_keep_reading_while_one_is_writing(world: World, machine: Machine) -> None:
    world.rules()
    item = world.item()
    with world.service.database.writing():
        assert machine.post("/items/look-up", {"items": [item]}).json()["items"][0]["state"] == "available"
