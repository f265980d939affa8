"""Random histories of the pure core: any order of hands, faults and power cuts keeps design 5's promise."""

from __future__ import annotations

import random

import pytest

from kiosk import messages as m
from kiosk.session.state import Page
from tests.kiosk.session.made import make_world
from tests.kiosk.session.world import World

STEPS = 70


def _hands(world: World, chance: random.Random) -> None:
    name = chance.choice(list(world.items))
    if chance.random() < 0.5:
        world.put(name)
    else:
        world.take(name)


def _machine(world: World, chance: random.Random) -> None:
    fault = chance.choice([None, None, None, "lost", "lost_after", "lies"])
    if world.commands:
        world.do_command(fault)


def _central(world: World, chance: random.Random) -> None:
    fault = chance.choice([None, None, None, "before", "after"])
    if world.requests:
        world.answer(fault)


def _person(world: World, chance: random.Random) -> None:
    choices: list[m.Message] = [
        m.Borrow(),
        m.Return(),
        m.Finish(),
        m.Back(),
        m.MoreTime(),
        m.ShowAccount(),
        m.Renew(),
        m.RenewRow(chance.choice(list(world.items))),
        m.AskHelp(),
    ]
    offered = [row.key for row in getattr(world.screens[-1], "rows", ()) if row.can_renew]
    if world.screen() in ("Start", "Card") and chance.random() < 0.6:
        if not world.requests:
            world.sign_in()
    elif world.screen() == "ReceiptChoice":
        world.send(m.ChooseReceipt(chance.choice(["print", "mail", "none"])))
    elif offered and chance.random() < 0.4:
        for _ in range(chance.choice([1, 1, 2])):
            world.send(m.RenewRow(offered[0]))
    else:
        world.send(chance.choice(choices))


def _trouble(world: World, chance: random.Random) -> None:
    what = chance.choice(["cut", "down", "up", "full", "time", "time"])
    if what == "cut":
        world.power_cut()
    elif what == "down":
        world.send(m.CentralDown("gone"))
    elif what == "up":
        world.send(m.CentralUp("generation-1"))
    elif what == "full":
        world.journal_full = not world.journal_full
        if not world.journal_full:
            world.send(m.JournalWorks())
    else:
        world.pass_time(chance.choice([1, 5, 40, 130]))


def _play(seed: int) -> World:
    chance = random.Random(seed)
    world = make_world(mail=True)
    for _ in range(STEPS):
        act = chance.choices([_hands, _machine, _central, _person, _trouble], weights=[4, 6, 6, 4, 1])[0]
        act(world, chance)
    return world


def _come_to_rest(world: World) -> None:
    world.journal_full = False
    world.send(m.JournalWorks())
    world.send(m.CentralUp("generation-1"))
    for _ in range(6):
        world.settle_down()
        world.pass_time(200)
    world.settle_down()


@pytest.mark.parametrize("seed", range(400))
def test_after_any_history_disarmed_means_on_loan_or_the_item_is_on_the_staff_list(seed: int) -> None:
    world = _play(seed)
    _come_to_rest(world)
    world.invariant()
    assert not world.open_items(), "an operation stays open although everything was answered"
    assert world.state.page not in (Page.START, Page.CLEAR) or "token" not in repr(world.state)


@pytest.mark.parametrize("seed", range(0, 400, 4))
def test_seeing_every_item_once_more_empties_the_staff_list(seed: int) -> None:
    world = _play(seed)
    _come_to_rest(world)
    for name in world.items:
        world.take(name)
    world.pass_time(200)
    for name in world.items:
        world.put(name)
        world.settle_down()
        world.take(name)
    assert world.doubts() == {}
    world.invariant()


@pytest.mark.soak
@pytest.mark.parametrize("first", range(1_000, 21_000, 1_000))
def test_a_thousand_long_histories_keep_the_promise(first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.kiosk.session.test_random_histories.STEPS", 150)
    for seed in range(first, first + 1_000):
        world = _play(seed)
        _come_to_rest(world)
        world.invariant()
        assert not world.open_items(), f"seed {seed}"
