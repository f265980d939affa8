"""Returning a stack, leftovers, self-heal and the end of a session, on the pure core."""

from __future__ import annotations

import pytest

from drivers.api import CardSeen, CardUid, Security
from kiosk import effects as e
from kiosk import messages as m
from kiosk.central import api as c
from tests.kiosk.session.made import make_world
from tests.kiosk.session.world import World


def _returning() -> World:
    world = make_world()
    world.send(m.Return())
    assert world.screen() == "Return"
    return world


@pytest.mark.scenario("S3")
@pytest.mark.requirement("R54")
def test_a_stack_comes_back_without_a_card() -> None:
    world = _returning()
    world.put("mine-1", "lent-1", "book-1", "game-1", "set-3/1")
    world.settle_down()
    assert world.rows() == {
        "mine-1": "returned",
        "lent-1": "returned",
        "book-1": "not_on_loan",
        "game-1": "refused",
        "set-3": "part_missing",
    }
    assert world.items["game-1"].loan == "patron-2"
    game = world.items["game-1"].tags[0]
    assert world.bits[game] is Security.DISARMED
    written = [x.command.uid for x in world.effects if isinstance(x, e.Command)]  # type: ignore[union-attr]
    assert game not in written
    assert world.screens[-1].frame.first_name is None
    world.invariant()


def test_arming_comes_before_the_central_service_is_asked() -> None:
    world = _returning()
    world.put("lent-1")
    assert not world.requests
    world.do_command()
    assert isinstance(world.requests[-1], e.RunBatch)
    steps = [x.step for x in world.journal if isinstance(x, e.JournalEntry)]
    assert steps == [e.Step.RETURNING, e.Step.ARMED]


def test_a_return_without_an_answer_stays_armed_and_is_asked_again_under_the_same_id() -> None:
    world = _returning()
    world.put("lent-1")
    world.do_command()
    world.answer("before")
    world.pass_time(3)
    world.settle_down()
    ids = [o.id for x in world.effects if isinstance(x, e.RunBatch) for o in x.batch.operations]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert world.rows() == {"lent-1": "returned"}


def test_a_return_is_asked_again_after_the_session_and_after_a_power_cut() -> None:
    world = _returning()
    world.put("lent-1")
    world.do_command()
    world.answer("before")
    world.send(m.CentralDown("gone"))
    world.pass_time(16)
    assert world.rows() == {"lent-1": "kept"}
    world.power_cut()
    world.settle_down()
    assert world.items["lent-1"].loan is None
    assert not world.open_items()


def test_a_refused_return_of_an_item_still_on_loan_gets_its_former_state_back() -> None:
    world = _returning()
    world.put("lent-1")
    world.do_command()
    batch = world.requests.popleft()
    assert isinstance(batch, e.RunBatch)
    (operation,) = batch.batch.operations
    refused = c.Refused(c.Reason("self_service.return", {"media_type": "BOOK"}), (), still_on_loan=True)
    world.send(m.OperationAnswered(operation.id, refused))
    world.send(m.BatchEnded((operation.id,)))
    world.settle_down()
    assert world.rows() == {"lent-1": "refused"}
    assert world.bits[world.items["lent-1"].tags[0]] is Security.DISARMED
    assert not world.open_items()


def test_leftovers_of_one_session_are_never_returned_by_the_next() -> None:
    world = make_world()
    world.sign_in()
    world.put("book-1", "book-2")
    world.settle_down()
    world.send(m.Finish())
    world.send(m.ChooseReceipt("none"))
    world.send(m.Return())
    world.put("lent-1", "mine-1")
    world.settle_down()
    assert world.items["book-1"].loan == world.items["book-2"].loan == "patron-1"
    assert [world.items[name].loan for name in ("lent-1", "mine-1")] == [None, None]
    assert world.rows()["book-1"] == "take_off"
    assert world.screens[-1].headline.code == "stack.before_you"  # type: ignore[union-attr]


def test_items_laid_down_before_the_card_belong_to_the_coming_session() -> None:
    world = make_world()
    world.put("book-1")
    assert world.screens[-1].headline.code == "start.waiting"  # type: ignore[union-attr]
    world.sign_in()
    world.settle_down()
    assert world.rows() == {"book-1": "lent"}


@pytest.mark.parametrize(
    ("bit", "right"), [(Security.ARMED, Security.DISARMED), (Security.DISARMED, Security.DISARMED)]
)
def test_a_bit_that_disagrees_with_the_loan_state_is_put_right_when_the_item_is_refused(
    bit: Security, right: Security
) -> None:
    world = make_world()
    uid = world.items["lent-1"].tags[0]
    world.bits[uid] = bit
    world.sign_in()
    world.put("lent-1")
    world.settle_down()
    assert world.bits[uid] is right
    heals = [x for x in world.journal if isinstance(x, e.HealEntry)]
    assert len(heals) == (bit is not right)


def test_an_item_set_aside_is_never_disarmed_by_healing() -> None:
    world = make_world()
    world.sign_in()
    world.put("kept-1")
    world.settle_down()
    assert world.bits[world.items["kept-1"].tags[0]] is Security.ARMED


def test_an_old_answer_moves_no_bit() -> None:
    world = make_world()
    world.bits[world.items["lent-1"].tags[0]] = Security.ARMED
    world.sign_in()
    world.put("lent-1")
    world.answer()
    look_up = world.requests.popleft()
    assert isinstance(look_up, e.LookUp)
    states = tuple(world.item_state(item) for item in look_up.items)
    world.pass_time(6)
    world.send(m.ItemsLookedUp(states))
    assert world.bits[world.items["lent-1"].tags[0]] is Security.ARMED
    assert not world.commands


def test_a_doubt_that_staff_cleared_is_gone() -> None:
    world = make_world()
    world.sign_in()
    world.put("book-1")
    world.answer()
    world.take("book-1")
    world.settle_down()
    world.send(m.Finish())
    world.send(m.Finish())
    assert world.doubts()
    world.send(m.HeartbeatAnswered(c.HeartbeatAnswer(("book-1",))))
    assert world.doubts() == {}


def test_the_time_out_warns_can_be_extended_and_ends_the_session() -> None:
    world = make_world()
    world.sign_in()
    for _ in range(12):
        world.pass_time(91)
        assert world.screen() == "TimeOutWarning"
        world.send(m.MoreTime())
        assert world.screen() == "Borrow"
    world.pass_time(91)
    assert world.screens[-1].seconds >= 20  # type: ignore[union-attr]
    world.pass_time(31)
    assert world.screen() == "Start"
    assert world.state.patron is None


def test_no_time_out_while_items_are_in_work() -> None:
    world = make_world()
    world.sign_in()
    world.put("book-1")
    world.pass_time(600)
    assert world.screen() == "Borrow"


@pytest.mark.requirement("R55")
def test_renewals_say_for_each_loan_what_became_of_it() -> None:
    world = make_world()
    world.items["game-1"].loan = "patron-1"
    world.send(m.ShowAccount())
    world.sign_in()
    world.settle_down()
    assert world.screen() == "Account"
    world.send(m.Renew())
    world.settle_down()
    assert world.rows() == {"mine-1": "renewed", "game-1": "renewed"}
    world.send(m.Finish())
    assert world.screen() == "ReceiptChoice"


def test_a_late_answer_to_a_sign_in_signs_that_patron_out_again() -> None:
    world = make_world()
    world.send(m.Borrow())
    world.send(CardSeen("card", CardUid(b"\x04\x11\x22\x33")))
    world.send(m.Pin("1234"))
    session = world.state.session
    world.send(m.Back())
    world.send(m.SignedIn(session, world.patron_session()))
    assert world.state.patron is None
    assert isinstance(world.effects[-1], e.SignOut)


def test_an_item_is_lent_only_after_an_unanswered_return_of_it_has_been_answered() -> None:
    world = _returning()
    world.put("lent-1")
    world.do_command()
    world.answer("before")
    world.power_cut()
    (again,) = [x for x in world.requests if isinstance(x, e.RunBatch)]
    world.requests.remove(again)
    world.requests.appendleft(again)
    world.answer("before")
    world.sign_in()
    assert world.rows() == {"lent-1": "checking"}
    asked = [o.action for x in world.effects if isinstance(x, e.RunBatch) for o in x.batch.operations]
    assert c.Action.CHECKOUT not in asked
    world.pass_time(5)
    world.settle_down()
    assert world.rows() == {"lent-1": "lent"}
    assert world.items["lent-1"].loan == "patron-1"
    world.invariant()
    assert not world.open_items()
