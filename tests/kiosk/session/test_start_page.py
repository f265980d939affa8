"""The start page, and pages on which nobody can do anything but read."""

from __future__ import annotations

from drivers.api import DeviceDown, DeviceInfo, DeviceUp
from kiosk import messages as m
from kiosk.session.machine import next_deadline
from tests.kiosk.session.made import make_world
from tests.kiosk.session.world import World


def language(world: World) -> str:
    return world.screens[-1].frame.language


def test_a_start_page_nobody_touches_goes_back_to_the_machines_own_language() -> None:
    world = make_world()
    world.send(m.ChooseLanguage("de"))
    assert language(world) == "de"
    world.pass_time(60)
    world.send(m.MoreTime())
    world.pass_time(60)
    assert language(world) == "de", "somebody was there a minute ago"
    world.pass_time(31)
    assert language(world) == "en"


def test_the_core_asks_to_be_woken_for_it() -> None:
    world = make_world()
    assert next_deadline(world.state, world.now) is None
    world.send(m.ChooseLanguage("de"))
    assert next_deadline(world.state, world.now) == world.now + 90


def test_a_language_can_be_chosen_while_the_machine_is_out_of_order_and_nothing_else() -> None:
    world = make_world()
    world.send(DeviceDown("pad", "lost", ""))
    world.pass_time(31)
    assert world.screen() == "OutOfOrder"
    world.send(m.ChooseLanguage("de"))
    assert language(world) == "de"
    world.send(m.Borrow())
    world.send(m.AskHelp())
    assert world.screen() == "OutOfOrder"
    world.send(DeviceUp("pad", DeviceInfo("pad", "1")))
    assert world.screen() == "Start"
