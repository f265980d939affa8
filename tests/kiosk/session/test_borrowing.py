"""Borrowing a stack, on the pure core."""

from __future__ import annotations

import pytest

from drivers.api import Security
from kiosk import effects as e
from kiosk import messages as m
from kiosk import screens as s
from kiosk.central import api as c
from tests.kiosk.session.made import make_world
from tests.kiosk.session.world import World


def _borrowing(**changes: object) -> World:
    world = make_world(**changes)
    world.sign_in()
    assert world.screen() == "Borrow"
    return world


@pytest.mark.scenario("S2")
@pytest.mark.requirement("R53")
def test_every_item_of_a_mixed_stack_gets_its_own_truth() -> None:
    world = _borrowing()
    world.items["damaged"] = world.items["book-2"]
    world.items["book-2"].damaged = True
    world.put("book-1", "book-2", "film-1", "set-3/1", "set-3/2", "lent-1", "kept-1")
    world.settle_down()
    damaged = str(world.items["book-2"].tags[0])
    assert world.rows() == {
        "book-1": "lent",
        damaged: "staff",
        "film-1": "refused",
        "set-3": "part_missing",
        "lent-1": "refused",
        "kept-1": "refused",
    }
    disarmed = {world.owners[uid][0] for uid, bit in world.bits.items() if bit is Security.DISARMED}
    assert disarmed == {"book-1", "lent-1", "mine-1", "game-1"}
    world.put("set-3/3")
    world.settle_down()
    assert world.rows()["set-3"] == "lent"
    assert all(world.bits[uid] is Security.DISARMED for uid in world.items["set-3"].tags)


def test_rows_stay_in_the_order_in_which_the_items_were_laid_down() -> None:
    world = _borrowing()
    world.put("kept-1")
    world.put("book-1")
    world.settle_down()
    world.put("set-3/2")
    assert list(world.rows()) == ["kept-1", "book-1", "set-3"]


@pytest.mark.requirement("R57")
def test_a_set_the_machine_may_not_lend_shows_only_that_reason_though_a_part_is_missing() -> None:
    world = make_world()
    world.items["set-3"].media_type = "DVD18"
    world.start()
    world.sign_in()
    world.put("set-3/1")
    world.settle_down()
    row = world.screens[-1].rows[0]  # type: ignore[union-attr]
    assert row.state is s.RowState.REFUSED
    assert "self_service.checkout" in row.says.code or row.says.code == "no.machine_out"


def test_what_is_laid_down_while_a_request_is_out_goes_into_the_next_one() -> None:
    world = _borrowing()
    world.put("book-1")
    world.put("book-2")
    world.put("mine-1")
    batches = [x for x in world.requests if isinstance(x, e.RunBatch)]
    assert [[o.item for o in x.batch.operations] for x in batches] == [["book-1"]]
    world.answer()
    batches = [x for x in world.requests if isinstance(x, e.RunBatch)]
    assert [[o.item for o in x.batch.operations] for x in batches] == [["book-2", "mine-1"]]


@pytest.mark.requirement("R20")
def test_a_batch_beyond_the_limit_is_lent_in_the_order_laid_down() -> None:
    world = _borrowing(limit=2)
    world.put("book-1", "book-2", "set-3")
    world.settle_down()
    assert world.rows() == {"book-1": "lent", "book-2": "refused", "set-3": "refused"}


def test_an_item_lifted_before_its_bit_is_written_is_asked_back_and_then_disarmed() -> None:
    world = _borrowing()
    world.put("book-1")
    world.answer()
    world.take("book-1")
    world.settle_down()
    assert world.rows() == {"book-1": "put_back"}
    assert world.screens[-1].headline.code == "stack.put_back"  # type: ignore[union-attr]
    world.put("book-1")
    world.pass_time(1)
    world.settle_down()
    assert world.rows() == {"book-1": "lent"}
    world.invariant()


def test_an_item_that_never_comes_back_is_listed_for_staff_and_the_loan_stands() -> None:
    world = _borrowing()
    world.put("book-1")
    world.answer()
    world.take("book-1")
    world.settle_down()
    world.send(m.Finish())
    assert world.screen() == "LeaveOpen"
    world.send(m.Finish())
    assert world.items["book-1"].loan == "patron-1"
    assert world.doubts() == {"book-1": "disarmed"}
    assert [row.says.code for row in world.screens[-1].staff] == ["row.door"]  # type: ignore[union-attr]


@pytest.mark.parametrize(("fault", "lent"), [("before", True), ("after", True)])
def test_an_unanswered_checkout_is_settled_and_never_asked_twice_under_one_id(fault: str, lent: bool) -> None:
    world = _borrowing()
    world.put("book-1")
    world.answer(fault)
    assert world.rows() == {"book-1": "asking"}
    assert world.bits[world.items["book-1"].tags[0]] is Security.ARMED
    world.pass_time(2)
    world.settle_down()
    assert world.rows() == {"book-1": "lent"}
    sent = [o.id for x in world.effects if isinstance(x, e.RunBatch) for o in x.batch.operations]
    assert len(sent) == len(set(sent))
    assert (world.items["book-1"].loan == "patron-1") is lent


def test_what_stays_unknown_is_said_and_goes_to_staff() -> None:
    world = _borrowing()
    world.put("book-1")
    world.answer("after")
    world.send(m.CentralDown("gone"))
    world.pass_time(20)
    assert world.rows() == {"book-1": "unknown"}
    world.send(m.Finish())
    assert world.screen() == "LeaveOpen"
    world.send(m.Finish())
    assert world.screen() == "Goodbye"
    assert [row.says.code for row in world.screens[-1].staff] == ["row.unknown"]  # type: ignore[union-attr]
    world.send(m.CentralUp("generation-1"))
    world.settle_down()
    assert not world.open_items()
    world.invariant()


def test_two_labels_with_one_number_are_both_switched_both_shown_and_told_to_staff() -> None:
    world = make_world()
    twin = world.items["book-2"].tags[0]
    world.owners[twin] = ("book-1", 1)
    world.items["book-1"].tags += (twin,)
    del world.items["book-2"]
    world.sign_in()
    world.put("book-1")
    world.settle_down()
    assert world.rows() == {"book-1": "lent", str(twin): "staff"}
    assert all(world.bits[uid] is Security.DISARMED for uid in world.items["book-1"].tags)
    assert any(isinstance(x, e.DoubtEntry) and x.why == "duplicate_tag" for x in world.journal)


def test_nothing_is_lent_while_the_journal_cannot_be_written() -> None:
    world = _borrowing()
    world.journal_full = True
    world.put("book-1")
    world.settle_down()
    assert world.screen() == "OutOfOrder"
    assert world.items["book-1"].loan is None
    assert not any(isinstance(x, e.RunBatch) for x in world.effects)
    world.journal_full = False
    world.send(m.JournalWorks())
    assert world.screen() != "OutOfOrder"


def test_an_item_of_another_library_is_refused_without_asking_anybody() -> None:
    world = _borrowing()
    world.items["book-1"].owner = "DE-Other"
    world.put("book-1")
    assert world.rows() == {"book-1": "refused"}
    assert not [x for x in world.requests if isinstance(x, e.RunBatch)]


def test_an_item_the_list_does_not_know_is_looked_up_before_anything_is_decided() -> None:
    world = _borrowing()
    world.send(m.ItemListChanged(c.ItemList("2", {})))
    world.put("film-1", "book-1")
    assert set(world.rows().values()) == {"checking"}
    world.settle_down()
    assert world.rows() == {"film-1": "refused", "book-1": "lent"}


def test_the_receipt_lists_what_was_lent_with_due_dates_and_no_card_number() -> None:
    world = _borrowing()
    world.put("book-1", "lent-1")
    world.settle_down()
    world.send(m.Finish())
    assert world.screen() == "ReceiptChoice"
    world.send(m.ChooseReceipt("print"))
    (receipt,) = world.receipts
    assert [(line.title, str(line.due)) for line in receipt.lines] == [("Title book-1", "2026-06-29")]
    assert "04112233" not in repr(receipt)
    assert world.screen() == "Goodbye"


def test_nothing_of_the_patron_is_left_in_the_state_after_the_session() -> None:
    world = _borrowing()
    world.put("book-1")
    world.settle_down()
    world.take("book-1")
    world.send(m.Finish())
    world.send(m.ChooseReceipt("none"))
    world.pass_time(9)
    assert world.screen() == "Start"
    left = repr(world.state)
    for personal in ("Ada", "patron-1", "token", "04112233", "1234", "2026, 6, 29"):
        assert personal not in left
