"""The ledger of notices: what waits is still right when it leaves (R74), what is forgotten (R89), how much is held."""

from __future__ import annotations

import tracemalloc
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from circulation import money, people
from circulation.errors import CirculationError
from circulation.notices import briefs, selecting
from circulation.notices.content import OVERDUE
from circulation.notices.lines import Asked
from circulation.notices.types import EMAIL, Accepted, Message, Refused
from circulation.service import Service, Workplace
from circulation.store import notices as store
from circulation.store import tables as t
from circulation.store.notice_tables import bad_address
from tests.circulation.posting import ALL_WAYS, Post, at_seven, change_loan, later, lend, rows, set_up
from tests.circulation.world import Amount, Days, World, rule

DESK = Workplace("m", "N1", "desk", "anna")


@pytest.fixture
def post(service: Service, world: World) -> Post:
    world.rules(
        rule("e1", "circulation.enable_overdue_reminder", True, level="1"),
        rule("p1", "periods.overdue_reminder", Days(7), level="1"),
        rule("f1", "fees.overdue_reminder", Amount(100), level="1"),
    )
    return Post(service)


def _reader(world: World, **more: Any) -> str:
    return world.patron_id(world.patron(**{"email": "mira@example.org", **more}))


@pytest.mark.requirement("R74")
def test_what_a_dead_run_had_planned_is_sent_only_if_it_is_still_due(
    service: Service, world: World, post: Post
) -> None:
    stays, back = (lend(service, world.item(), _reader(world), "2026-06-01") for _ in range(2))
    post.boxes[EMAIL].answer = lambda _: Refused("421 busy", permanent=False)
    task = post.task(OVERDUE)
    post.on("2026-06-08", task)
    post.boxes[EMAIL].answer = lambda _: Accepted("250")
    change_loan(service, back, returned_at=service.clock())
    later(service, minutes=10)
    post.run(task)
    assert [one.text for one in post.boxes[EMAIL].taken] == [str(stays)]
    assert {one.loan_id: (one.state, one.reason) for one in post.notices()} == {
        stays: ("sent", None),
        back: ("cancelled", "returned"),
    }


def test_the_next_message_is_composed_while_the_answer_to_one_is_waited_for(
    service: Service, world: World, post: Post
) -> None:
    loans = [lend(service, world.item(), _reader(world), "2026-06-01") for _ in range(3)]
    composed: list[list[int]] = []

    def answer(_: Message) -> Accepted:
        composed.append([content.loans[0].id for content in post.contents])
        return Accepted("250")

    post.boxes[EMAIL].answer = answer
    post.on("2026-06-08", post.task(OVERDUE))
    assert [sorted(told) for told in composed] == [sorted(composed[-1][:2]), sorted(loans), sorted(loans)]
    assert len(post.contents) == len(loans)


@pytest.mark.parametrize(("seconds", "owed"), [(3600, 0), (0, 300)])
def test_messages_are_read_together_and_anew_where_they_leave_slowly(
    service: Service, world: World, post: Post, monkeypatch: pytest.MonkeyPatch, seconds: int, owed: int
) -> None:
    monkeypatch.setattr(briefs, "FRESH", seconds)
    readers = sorted(_reader(world) for _ in range(3))  # as they are written to
    loans = [lend(service, world.item(), reader, "2026-06-01") for reader in readers]

    def answer(message: Message) -> Accepted:
        if message.text == str(loans[0]):
            money.charge(service, DESK, readers[2], {"amount": 300, "reason": "other"})
        return Accepted("250")

    post.boxes[EMAIL].answer = answer
    post.on("2026-06-08", post.task(OVERDUE))
    assert [content.sums.owed for content in post.contents] == [0, 0, owed]


def test_what_goes_wrong_with_the_next_message_concerns_no_other(
    service: Service, world: World, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = sorted(_reader(world) for _ in range(3))  # as they are written to
    loans = [lend(service, world.item(), reader, "2026-06-01") for reader in readers]
    planned, ids = store.planned, []

    def gone(db: Connection, wanted: Sequence[int], now: datetime) -> Sequence[Row[Any]]:
        ids.append(wanted[0])
        if len(set(ids)) == 2:  # the second is read ahead and in its turn
            raise OperationalError("", {}, Exception())
        return planned(db, wanted, now)

    monkeypatch.setattr(briefs, "FRESH", 0)
    monkeypatch.setattr(store, "planned", gone)
    task = post.task(OVERDUE)
    assert {one.text for one in post.on("2026-06-08", task)} == {str(loans[0]), str(loans[2])}
    monkeypatch.undo()
    assert [one.text for one in post.on("2026-06-08", task)] == [str(loans[1])]


@pytest.mark.requirement("R74")
def test_a_way_that_is_switched_off_in_a_run_ends_it_and_what_has_not_left_waits(
    service: Service, world: World, post: Post
) -> None:
    for _ in range(3):
        lend(service, world.item(), _reader(world), "2026-06-01")
    box, task = post.boxes[EMAIL], post.task(OVERDUE)

    def wait() -> None:
        if box.taken:
            raise CirculationError("mail_inactive", "not in use", 409)

    box.wait = wait
    with pytest.raises(AssertionError, match="failed"):
        post.on("2026-06-08", task)
    assert (len(box.taken), sorted(post.states())) == (1, [("planned", None), ("planned", None), ("sent", None)])
    box.wait = lambda: None
    post.run(task)
    assert (len(box.taken), set(post.states())) == (3, {("sent", None)})


@pytest.mark.requirement("R74")
def test_what_is_noted_again_because_another_was_first_is_counted_once(
    service: Service, world: World, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    lend(service, world.item(), _reader(world), "2026-06-01")
    post.boxes[EMAIL].answer = lambda _: Refused("554 spam", permanent=True, about="message")
    noting = store.set_notices
    overtaken = iter([IntegrityError("", {}, Exception())])

    def set_notices(db: Connection, ids: Collection[int], values: store.Values) -> None:
        noting(db, ids, values)
        if values["state"] == store.FAILED:
            for error in overtaken:
                raise error

    monkeypatch.setattr(store, "set_notices", set_notices)
    at_seven(service, "2026-06-08")
    assert post.run(post.task(OVERDUE))["failed"] == 1
    assert post.states() == [("failed", "message_refused")]


@pytest.mark.requirement("R89")
def test_addresses_and_names_are_forgotten_in_their_time(service: Service, world: World, post: Post) -> None:
    set_up(service, traces_days=90, history_days=30)
    reader = _reader(world)
    loan = lend(service, world.item(), reader, "2026-06-01")
    post.on("2026-06-08", post.task(OVERDUE))
    with service.database.writing() as db:
        store.flag(db, reader, EMAIL, {"address": "mira@example.org", "at": service.clock(), "reply": "550"})
        db.execute(update(t.fee).values(open=False, paid=100, settled_at=service.clock()))
    change_loan(service, loan, returned_at=service.clock())
    at_seven(service, "2026-07-07")
    people.forget(service)
    assert [(one.patron_id, one.address) for one in post.messages()] == [(reader, "mira@example.org")]
    at_seven(service, "2026-07-10")
    people.forget(service)
    assert [one.patron_id for one in post.messages()] == [None]
    assert [one.patron_id for one in post.notices()] == [None]
    assert [one.address for one in post.messages()] == [None]


@pytest.mark.requirement("R89")
def test_what_is_known_of_notices_is_exported_and_erased_with_the_patron(
    service: Service, world: World, post: Post
) -> None:
    reader = _reader(world)
    loan = lend(service, world.item(), reader, "2026-06-01")
    post.on("2026-06-08", post.task(OVERDUE))
    with service.database.writing() as db:
        store.flag(db, reader, EMAIL, {"address": "mira@example.org", "at": service.clock(), "reply": "550"})
        db.execute(update(t.fee).values(open=False, paid=100, settled_at=service.clock()))
    change_loan(service, loan, returned_at=service.clock())
    told = people.export(service, reader)
    assert [one["address"] for one in told["message"]] == ["mira@example.org"]
    assert (len(told["notice"]), len(told["bad_address"])) == (1, 1)
    people.erase(service, reader, "anna")
    assert [(one.patron_id, one.address) for one in post.messages()] == [(None, None)]
    assert rows(service, select(bad_address)) == []


def test_a_selection_needs_no_more_memory_for_more_loans(service: Service, world: World, post: Post) -> None:
    assert post.messages() == []

    def most(readers: int) -> int:
        _many(service, world, readers)
        tracemalloc.start()
        found = sum(len(one.messages) for one in selecting.chosen(service, Asked(OVERDUE, ALL_WAYS)))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found == readers
        return peak

    at_seven(service, "2026-06-08")
    most(2 * selecting.PAGE)  # what is imported and remembered once
    few = most(4 * selecting.PAGE)
    assert most(12 * selecting.PAGE) < 1.5 * few


def _many(service: Service, world: World, readers: int) -> None:
    """So many readers with a loan each, in all."""
    there = len(rows(service, select(t.patron.c.id)))
    wanted = range(there, readers)
    patron = {"category": "normal", "first_name": "M", "last_name": "V", "blocked": False, "card_lost": False}
    item = {"title": "T", "author": "A", "media_type": "BOOK", "branch": "N1", "parts": 1, "state": "available"}
    loan = {"branch": "N1", "out_at": service.clock(), "renewals": 0, "rule_set": 1, "rules": {}}
    with service.database.writing() as db:
        db.execute(
            insert(t.patron),
            [{**patron, "id": f"p{n:07}", "email": f"{n}@example.org", "pin_hash": "none"} for n in wanted],
        )
        db.execute(insert(t.item), [{**item, "id": f"i{n:07}"} for n in wanted])
        due = {**loan, "due": date(2026, 6, 1)}
        db.execute(insert(t.loan), [{**due, "item_id": f"i{n:07}", "patron_id": f"p{n:07}"} for n in wanted])
