"""An item that is on the patron's account already, laid down to borrow: its row offers to renew it (R86)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drivers.api import Security
from kiosk import effects as e
from kiosk import messages as m
from kiosk import screens as s
from kiosk.central import api as c
from tests.kiosk.session.made import make_world, no, rules_document
from tests.kiosk.session.world import TODAY, World

pytestmark = pytest.mark.requirement("R86")
MINE = "mine-1"
NEW_DAY = TODAY + timedelta(days=28)


def offered(*others: str, **changes: object) -> World:
    """The patron's own item lies on the pad, with others; everything has been asked and answered."""
    world = make_world(**changes)
    world.sign_in()
    world.put(MINE, *others)
    world.settle_down()
    return world


def row(world: World, key: str = MINE) -> s.Row:
    """A row of the newest screen."""
    shown: tuple[s.Row, ...] = getattr(world.screens[-1], "rows", ())
    (found,) = [row for row in shown if row.key == key]
    return found


def says(world: World) -> tuple[str, str]:
    """State and sentence of the item's row."""
    found = row(world)
    return found.state.value, found.says.code


def offers(world: World) -> set[str]:
    """Rows that offer a renewal."""
    return {row.key for row in getattr(world.screens[-1], "rows", ()) if row.can_renew}


def asked(world: World) -> list[c.Operation]:
    """Renewals that were sent, in order."""
    sent = [o for x in world.effects if isinstance(x, e.RunBatch) for o in x.batch.operations]
    return [operation for operation in sent if operation.action is c.Action.RENEWAL]


def steps(world: World, action: str = "renewal") -> list[e.Step]:
    """Journal steps of all renewals."""
    return [x.step for x in world.journal if isinstance(x, e.JournalEntry) and x.action == action]


def written(world: World) -> list[object]:
    """Bit commands for the item's tags."""
    commands = [x.command for x in world.effects if isinstance(x, e.Command)]
    return [command for command in commands if getattr(command, "uid", None) in world.items[MINE].tags]


def test_it_is_offered_for_the_patrons_own_item_and_no_other() -> None:
    world = offered("book-1", "lent-1", "kept-1", "film-1")
    assert offers(world) == {MINE}
    assert says(world) == ("refused", "row.already_yours")
    assert row(world).says.params == {"date": TODAY}
    for other in ("book-1", "lent-1", "kept-1", "film-1", "never-seen"):
        world.send(m.RenewRow(other))
    world.settle_down()
    assert asked(world) == []


def test_it_is_not_offered_where_nobody_is_signed_in_or_nobody_can_be_asked() -> None:
    world = make_world()
    world.send(m.Return())
    world.put("game-1")
    assert offers(world) == set()
    world = offered()
    world.send(m.CentralDown("gone"))
    assert offers(world) == set()
    world.send(m.RenewRow(MINE))
    world.send(m.CentralUp("generation-1"))
    assert offers(world) == {MINE}
    assert asked(world) == []


def test_it_is_renewed_under_an_operation_of_its_own_and_no_bit_is_touched() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    assert says(world) == ("checking", "row.checking")
    assert offers(world) == set()
    assert steps(world) == [e.Step.ASKED]
    world.settle_down()
    assert says(world) == ("renewed", "row.renewed")
    assert row(world).due == world.items[MINE].due == NEW_DAY
    assert steps(world) == [e.Step.ASKED, e.Step.CLOSED]
    ids = {x.operation for x in world.journal if isinstance(x, e.JournalEntry)}
    assert len(ids) == 2, "the refused checkout and the renewal"
    assert written(world) == []
    assert world.bits[world.items[MINE].tags[0]] is Security.DISARMED
    assert world.screens[-1].finish_now  # type: ignore[union-attr]
    world.invariant()


def test_a_refusal_of_the_central_service_is_told_on_the_row() -> None:
    world = offered(most_renewals=0)
    world.send(m.RenewRow(MINE))
    world.settle_down()
    assert says(world) == ("refused", "no.renew_limit")
    assert row(world).due == TODAY
    assert offers(world) == set()
    assert written(world) == []
    assert world.screens[-1].finish_now  # type: ignore[union-attr]


@pytest.mark.requirement("R55")
def test_the_machines_own_rule_comes_first_and_nobody_is_asked() -> None:
    world = offered()
    world.send(m.RulesChanged(rules_document(no("self_service.renewal", "BOOK"))))
    world.send(m.RenewRow(MINE))
    assert says(world) == ("refused", "no.machine_renew")
    assert row(world).says.params == {"date": TODAY}
    assert asked(world) == []
    assert steps(world) == []


def test_an_answer_that_is_lost_is_settled_and_the_loan_renewed_once() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    world.answer("after")
    assert says(world) == ("asking", "row.asking")
    world.send(m.RenewRow(MINE))
    world.pass_time(2)
    world.settle_down()
    assert says(world) == ("renewed", "row.renewed")
    assert world.items[MINE].renewals == len(asked(world)) == 1


def test_a_request_that_never_arrived_is_abandoned_and_asked_under_another_id() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    world.answer("before")
    world.pass_time(2)
    world.settle_down()
    assert says(world) == ("renewed", "row.renewed")
    first, second = asked(world)
    assert first.id != second.id
    assert world.items[MINE].renewals == 1


def test_what_stays_unclear_is_said_and_told_to_staff() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    world.answer("after")
    world.send(m.CentralDown("gone"))
    world.pass_time(20)
    assert says(world) == ("unknown", "row.renew_unknown")
    world.send(m.Finish())
    world.send(m.Finish())
    assert world.screen() == "Goodbye"
    assert [row.says.code for row in world.screens[-1].staff] == ["row.renew_unknown"]  # type: ignore[union-attr]
    world.send(m.CentralUp("generation-1"))
    world.settle_down()
    assert not world.open_items()
    assert world.items[MINE].renewals == 1


def test_however_often_it_is_touched_it_is_one_operation() -> None:
    world = offered()
    for _ in range(3):
        world.send(m.RenewRow(MINE))
    world.answer()
    for _ in range(3):
        world.send(m.RenewRow(MINE))
        world.settle_down()
    assert len(asked(world)) == world.items[MINE].renewals == 1
    assert says(world) == ("renewed", "row.renewed")


def test_a_touch_while_other_items_are_being_lent_waits_for_the_next_request() -> None:
    world = offered()
    world.put("book-1")
    world.send(m.RenewRow(MINE))
    assert says(world) == ("checking", "row.checking")
    assert steps(world) == []
    world.settle_down()
    assert world.rows() == {MINE: "renewed", "book-1": "lent"}


def test_finishing_before_it_was_sent_begins_nothing() -> None:
    world = offered()
    world.put("book-1")
    world.send(m.RenewRow(MINE))
    world.send(m.Finish())
    assert world.screen() == "LeaveOpen"
    world.send(m.Finish())
    world.settle_down()
    assert asked(world) == []
    assert steps(world) == []
    assert not world.open_items()


def test_an_answer_after_the_session_closes_the_operation_and_shows_nothing() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    world.send(m.Finish())
    world.send(m.Finish())
    assert world.state.patron is None
    world.settle_down()
    world.pass_time(9)
    world.take(MINE)
    assert world.screen() == "Start"
    assert steps(world)[-1] is e.Step.CLOSED
    assert world.items[MINE].renewals == 1
    left = repr(world.state)
    for personal in ("Ada", "patron-1", "token", repr(NEW_DAY)):
        assert personal not in left


def test_an_answer_that_came_to_nothing_after_the_session_is_not_asked_again() -> None:
    world = offered("book-1")
    world.send(m.RenewRow(MINE))
    world.answer("before")
    world.send(m.Finish())
    world.send(m.Finish())
    world.pass_time(2)
    world.settle_down()
    assert len(asked(world)) == 1
    assert world.items[MINE].renewals == 0
    assert not world.open_items()


def test_after_a_power_cut_it_is_settled_before_the_item_is_asked_for_again() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    world.answer("after")
    world.power_cut()
    assert world.open_items() == {MINE}
    world.answer("before")
    world.sign_in()
    assert says(world) == ("checking", "row.checking")
    world.pass_time(2)
    world.settle_down()
    assert not world.open_items()
    assert says(world) == ("refused", "row.already_yours")
    assert row(world).says.params == {"date": NEW_DAY}
    assert world.items[MINE].renewals == 1
    assert written(world) == []


def test_while_the_central_service_is_away_it_waits_and_says_so() -> None:
    world = offered()
    world.put("book-1")
    world.send(m.RenewRow(MINE))
    world.send(m.CentralDown("gone"))
    assert says(world) == ("refused", "no.offline_renew")
    world.send(m.CentralUp("generation-1"))
    world.settle_down()
    assert says(world) == ("renewed", "row.renewed")


def test_a_lifted_item_keeps_its_row_and_is_renewed_all_the_same() -> None:
    world = offered()
    world.take(MINE)
    assert offers(world) == {MINE}
    world.send(m.RenewRow(MINE))
    world.settle_down()
    assert says(world) == ("renewed", "row.renewed")


def test_a_lifted_item_keeps_its_row_while_it_is_asked_once_more() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    world.take(MINE)
    world.answer("before")
    world.pass_time(2)
    world.settle_down()
    assert says(world) == ("renewed", "row.renewed")
    assert len(asked(world)) == 2


def test_after_a_refused_renewal_it_can_be_laid_down_for_another_try() -> None:
    world = offered(most_renewals=0)
    world.send(m.RenewRow(MINE))
    world.take(MINE)
    world.put(MINE)
    world.settle_down()
    assert says(world) == ("refused", "no.renew_limit"), "lifted while it was asked: the answer stays to be read"
    world.take(MINE)
    world.put(MINE)
    world.settle_down()
    assert offers(world) == {MINE}


def test_a_bit_that_is_wrong_is_put_right_though_the_loan_was_renewed_meanwhile() -> None:
    world = make_world()
    world.bits[world.items[MINE].tags[0]] = Security.ARMED
    world.sign_in()
    world.put(MINE)
    world.answer()
    world.send(m.RenewRow(MINE))
    world.settle_down()
    assert says(world) == ("renewed", "row.renewed")
    assert world.bits[world.items[MINE].tags[0]] is Security.DISARMED
    assert [x.item for x in world.journal if isinstance(x, e.HealEntry)] == [MINE]


def test_summary_and_receipt_tell_what_was_renewed_beside_what_was_lent() -> None:
    world = offered("book-1", "book-2")
    world.send(m.RenewRow(MINE))
    world.settle_down()
    world.send(m.Finish())
    choice = world.screens[-1]
    assert isinstance(choice, s.ReceiptChoice)
    assert (choice.summary.code, choice.summary.params) == ("receipt.sum", {"n": 2})
    assert choice.also == s.Sentence("receipt.renewed_sum", {"n": 1})
    assert {row.key: row.due for row in choice.rows}[MINE] == NEW_DAY
    world.send(m.ChooseReceipt("print"))
    (receipt,) = world.receipts
    assert receipt.also == choice.also
    (line,) = [line for line in receipt.lines if line.title == f"Title {MINE}"]
    assert (line.says.code, line.due) == ("row.renewed", NEW_DAY)


def test_a_renewal_alone_is_the_summary() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    world.settle_down()
    world.send(m.Finish())
    choice = world.screens[-1]
    assert isinstance(choice, s.ReceiptChoice)
    assert (choice.summary, choice.also) == (s.Sentence("receipt.renewed_sum", {"n": 1}), None)


def test_no_time_runs_out_while_it_is_asked() -> None:
    world = offered()
    world.send(m.RenewRow(MINE))
    world.pass_time(600)
    assert world.screen() == "Borrow"


def test_nothing_is_asked_that_could_not_be_made_durable() -> None:
    world = offered()
    world.journal_full = True
    world.send(m.RenewRow(MINE))
    assert world.screen() == "OutOfOrder"
    assert asked(world) == []
    world.journal_full = False
    world.send(m.JournalWorks())
    world.settle_down()
    assert asked(world) == []
    assert world.items[MINE].renewals == 0
