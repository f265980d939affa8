"""Due warnings: once for every loan period, in one message for each patron, whatever happens (R16, R49, R62-R69)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import update

from circulation.domain.noticing import Wanted
from circulation.notices import runs
from circulation.notices.content import DUE_WARNING
from circulation.notices.lines import Asked
from circulation.notices.types import EMAIL, SMS, Accepted, Refused
from circulation.service import Service
from circulation.store import tables as t
from tests.circulation.posting import ALL_WAYS, Post, at_seven, change_loan, later, lend, owed, set_clock, set_up
from tests.circulation.world import Amount, World, rule


@pytest.fixture
def post(service: Service, world: World) -> Post:
    world.rules()
    return Post(service)


def _reader(world: World, **more: Any) -> str:
    return world.patron_id(world.patron(**{"email": "mira@example.org", **more}))


@pytest.mark.requirement("R58", "R66", "R67")
def test_a_loan_is_warned_of_once_however_often_and_by_however_many_tasks(
    service: Service, world: World, post: Post
) -> None:
    loan = lend(service, world.item(), _reader(world), "2026-06-18")
    task, other = post.task(days=3), post.task(days=5)
    post.on("2026-06-14", task)
    assert post.messages() == []
    sent = [post.on(f"2026-06-{day}", task) for day in (15, 15, 16, 17, 18)]
    assert [[one.text for one in found] for found in sent] == [[str(loan)], [], [], [], []]
    assert post.on("2026-06-18", other) == []
    assert post.states() == [("sent", None)]
    (content,) = post.contents
    assert (content.loans[0].due, content.branch.name, content.today) == (
        date(2026, 6, 18),
        "Branch N1",
        date(2026, 6, 15),
    )


@pytest.mark.requirement("R66")
def test_a_missed_day_is_made_up_and_a_missed_window_is_told_once(service: Service, world: World, post: Post) -> None:
    reader = _reader(world)
    lend(service, world.item(), reader, "2026-06-18")
    task = post.task(days=3)
    post.on("2026-06-12", task)
    assert len(post.on("2026-06-16", task)) == 1
    missed = lend(service, world.item(), reader, "2026-06-25")
    before = lend(service, world.item(), reader, "2026-06-10")
    assert post.on("2026-06-26", task) == []
    assert post.on("2026-06-27", task) == []
    skipped = [(one.loan_id, one.reason) for one in post.notices() if one.state == "skipped"]
    assert skipped == [(missed, "missed")]
    assert before not in {one.loan_id for one in post.notices()}


@pytest.mark.requirement("R66", "R75")
def test_a_dry_run_tells_of_loans_whose_window_was_missed(service: Service, world: World, post: Post) -> None:
    task = post.task(days=3)
    post.on("2026-06-12", task)
    missed = lend(service, world.item(), _reader(world), "2026-06-18")
    at_seven(service, "2026-06-19")
    (line,) = runs.dry_run(service, post.asked_of(task)).lines
    assert (line["loan"], line["channel"], line["why"]) == (str(missed), "", "missed")


@pytest.mark.requirement("R66")
def test_a_loan_is_not_warned_of_on_the_day_it_was_lent(service: Service, world: World, post: Post) -> None:
    lent_today = datetime(2026, 6, 15, 4, tzinfo=UTC)
    loan = lend(service, world.item(), _reader(world), "2026-06-17", out_at=lent_today, period=2)
    task = post.task(days=3)
    assert post.on("2026-06-15", task) == []
    assert [one.text for one in post.on("2026-06-16", task)] == [str(loan)]


@pytest.mark.requirement("R62")
def test_who_has_no_address_is_listed_once_and_warned_when_one_is_known(
    service: Service, world: World, post: Post
) -> None:
    reader, silent = _reader(world), _reader(world, email=None)
    lend(service, world.item(), reader, "2026-06-18")
    lend(service, world.item(), reader, "2026-06-18")
    lend(service, world.item(), silent, "2026-06-18")
    task = post.task(days=3)
    assert len(post.on("2026-06-15", task)) == 1
    assert post.on("2026-06-16", task) == []
    assert [one.reason for one in post.notices() if one.state == "skipped"] == ["no_address"]
    with service.database.writing() as db:
        db.execute(update(t.patron).where(t.patron.c.id == silent).values(email="new@example.org"))
    assert [one.to for one in post.on("2026-06-17", task)] == ["new@example.org"]


@pytest.mark.requirement("R49")
def test_a_warning_takes_one_way_and_never_paper(service: Service, world: World, post: Post) -> None:
    both = _reader(world, phone="+4915112345")
    asked = _reader(world, phone="+4915112346", prefers=SMS)
    paper = _reader(world, email=None, postal="Street 1\n12345 Town")
    for who in (both, asked, paper):
        lend(service, world.item(), who, "2026-06-18")
    sent = post.on("2026-06-15", post.task(days=3))
    assert [one.to for one in sent] == ["mira@example.org"]
    assert [one.to for one in post.boxes[SMS].taken] == ["+4915112346"]
    assert [one.reason for one in post.notices() if one.state == "skipped"] == ["no_address"]


@pytest.mark.requirement("R68")
def test_a_renewed_loan_is_warned_of_again_and_a_moved_one_is_not(service: Service, world: World, post: Post) -> None:
    reader = _reader(world)
    renewed = lend(service, world.item(), reader, "2026-06-18")
    moved = lend(service, world.item(), reader, "2026-06-18")
    task = post.task(days=3)
    assert len(post.on("2026-06-15", task)) == 1
    on_the_16th = datetime(2026, 6, 16, 9, tzinfo=UTC)
    change_loan(service, renewed, due=date(2026, 7, 14), renewals=1, renewed_at=on_the_16th)
    change_loan(service, moved, due=date(2026, 7, 14))
    assert post.on("2026-07-10", task) == []
    assert [one.text for one in post.on("2026-07-11", task)] == [str(renewed)]


@pytest.mark.requirement("R68")
def test_where_a_loan_is_warned_of_once_and_for_all_a_renewal_changes_nothing(
    service: Service, world: World, post: Post
) -> None:
    set_up(service, warn_once_per="loan")
    loan = lend(service, world.item(), _reader(world), "2026-06-18")
    task = post.task(days=3)
    assert len(post.on("2026-06-15", task)) == 1
    renewed_at = datetime(2026, 6, 16, 9, tzinfo=UTC)
    change_loan(service, loan, due=date(2026, 7, 14), renewals=1, renewed_at=renewed_at)
    assert post.on("2026-07-11", task) == []


@pytest.mark.requirement("R69")
def test_loans_selected_together_are_listed_together(service: Service, world: World, post: Post) -> None:
    reader = _reader(world)
    first = [lend(service, world.item(), reader, "2026-06-18") for _ in range(3)]
    fourth = lend(service, world.item(), reader, "2026-06-19")
    task = post.task(days=3)
    assert [one.text for one in post.on("2026-06-15", task)] == [",".join(map(str, first))]
    assert [one.text for one in post.on("2026-06-16", task)] == [str(fourth)]


@pytest.mark.requirement("R69")
def test_each_loan_may_have_a_message_of_its_own(service: Service, world: World, post: Post) -> None:
    set_up(service, grouping="loan")
    reader = _reader(world)
    loans = [lend(service, world.item(), reader, "2026-06-18") for _ in range(3)]
    assert [one.text for one in post.on("2026-06-15", post.task(days=3))] == [str(loan) for loan in loans]


@pytest.mark.requirement("R30", "R31")
@pytest.mark.parametrize(("basis", "total"), [("message", 50), ("item", 100)])
def test_a_warning_costs_once_what_its_dearest_loan_costs_or_each_of_them(
    service: Service, world: World, post: Post, basis: str, total: int
) -> None:
    set_up(service, fee_basis=basis)
    world.rules(rule("w", "fees.due_warning", Amount(50)))
    reader = _reader(world)
    for _ in range(2):
        lend(service, world.item(), reader, "2026-06-18")
    post.on("2026-06-15", post.task(days=3))
    assert owed(service, reader) == total
    assert post.messages()[0].fees != []


@pytest.mark.requirement("R74")
def test_a_loan_returned_between_selection_and_sending_is_not_warned_of(
    service: Service, world: World, post: Post
) -> None:
    reader = _reader(world)
    loan, stays = (lend(service, world.item(), reader, "2026-06-18") for _ in range(2))
    other = lend(service, world.item(), _reader(world), "2026-06-18")

    def bring_back(point: str) -> None:
        if point == "composed":
            change_loan(service, loan, returned_at=service.clock())
            change_loan(service, other, returned_at=service.clock())

    post.at = bring_back
    assert [one.text for one in post.on("2026-06-15", post.task(days=3))] == [str(stays)]
    assert sorted(post.states()) == [("cancelled", "returned"), ("sent", None)]
    assert {one.loan_id: one.state for one in post.notices()} == {
        loan: "cancelled",
        stays: "sent",
        other: "cancelled",
    }


@pytest.mark.requirement("R74")
def test_a_refused_address_is_flagged_and_the_warning_goes_by_text_message(
    service: Service, world: World, post: Post
) -> None:
    post.boxes[EMAIL].answer = lambda _: Refused("550 no such user", permanent=True)
    reader = _reader(world, phone="+4915112345")
    alone = _reader(world)
    for who in (reader, alone):
        lend(service, world.item(), who, "2026-06-18")
    task = post.task(days=3)
    post.on("2026-06-15", task)
    assert [one.to for one in post.boxes[SMS].taken] == ["+4915112345"]
    assert sorted(post.states()) == [("failed", "address_refused"), ("failed", "address_refused"), ("sent", None)]
    post.boxes[EMAIL].answer = lambda _: Accepted("250")
    lend(service, world.item(), alone, "2026-06-19")
    assert post.on("2026-06-16", task) == []
    assert [one.reason for one in post.notices() if one.state == "skipped"] == ["no_address"]


@pytest.mark.requirement("R74")
def test_one_of_a_hundred_is_refused_for_now_and_tried_ten_minutes_later(
    service: Service, world: World, post: Post
) -> None:
    for number in range(100):
        lend(service, world.item(), _reader(world, email=f"r{number}@example.org"), "2026-06-18")
    refusals = iter([Refused("451 later", permanent=False)])
    post.boxes[EMAIL].answer = lambda given: (
        next(refusals, Accepted("250")) if given.to == "r39@example.org" else Accepted("250")
    )
    task = post.task(days=3)
    assert len(post.on("2026-06-15", task)) == 99
    assert post.jobs[-1].asked_again == datetime(2026, 6, 15, 5, 10, tzinfo=UTC)
    assert [one.address for one in post.messages() if one.state == "planned"] == ["r39@example.org"]
    later(service, minutes=9)
    assert post.run(task).get("sent", 0) == 0
    later(service, minutes=1)
    assert post.run(task)["sent"] == 1
    assert {one.state for one in post.messages()} == {"sent"}


@pytest.mark.requirement("R74")
def test_a_warning_is_tried_until_the_due_date_is_over(service: Service, world: World, post: Post) -> None:
    post.boxes[EMAIL].answer = lambda _: Refused("421 busy", permanent=False)
    lend(service, world.item(), _reader(world), "2026-06-18")
    task = post.task(days=3)
    post.on("2026-06-15", task)
    waits = []
    while post.messages()[0].state == "planned":
        waits.append(post.messages()[0].try_at - service.clock())
        set_clock(service, post.messages()[0].try_at)
        post.run(task)
    assert [wait.total_seconds() / 60 for wait in waits[:7]] == [10, 20, 40, 80, 160, 320, 360]
    assert post.states() == [("failed", "gave_up")]
    assert service.clock() < datetime(2026, 6, 18, 22, tzinfo=UTC)


@pytest.mark.requirement("R74")
def test_what_waits_for_its_turn_is_not_being_sent_yet(service: Service, world: World, post: Post) -> None:
    """Most of a slow run is waiting: a server that dies then leaves nothing in doubt."""
    loan = lend(service, world.item(), _reader(world), "2026-06-18")
    seen: list[list[tuple[str, str | None]]] = []

    def wait() -> None:
        seen.append(post.states())
        change_loan(service, loan, returned_at=service.clock())

    post.boxes[EMAIL].wait = wait
    assert post.on("2026-06-15", post.task(days=3)) == []
    assert (seen, post.states()) == ([[("planned", None)]], [("cancelled", "returned")])


@pytest.mark.requirement("R75")
def test_a_dry_run_lists_what_would_be_sent_and_changes_nothing(service: Service, world: World, post: Post) -> None:
    for _ in range(42):
        lend(service, world.item(), _reader(world), "2026-06-18")
    busy = _reader(world)
    for _ in range(15):
        lend(service, world.item(), busy, "2026-06-18")
    for _ in range(3):
        lend(service, world.item(), _reader(world, email=None), "2026-06-18")
    at_seven(service, "2026-06-15")
    found = runs.dry_run(service, Asked(DUE_WARNING, ALL_WAYS, Wanted(days=3)))
    expected = {"messages": 43, "notices": 57, "without_address": 3, "estimated_fees": 0}
    assert found.counts == expected
    assert len(found.lines) == 60
    assert len({tuple(line) for line in found.lines}) == 1
    assert (post.messages(), post.notices()) == ([], [])
