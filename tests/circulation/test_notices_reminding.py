"""Reminders, invoices and reservation notices as they are sent and booked (R14, R17, R27, R29-R31, R36-R37, R47)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from circulation import money
from circulation.errors import CirculationError
from circulation.fees import fee
from circulation.notices import runs, sending, settling
from circulation.notices.content import OVERDUE, PAYMENT, RESERVATION, Content
from circulation.notices.sender import nowhere
from circulation.notices.types import EMAIL, LETTER, SMS, Accepted, Lost, Message, Refused
from circulation.service import Service, Workplace
from circulation.store import tables as t
from circulation.store.notice_tables import message, notice
from rules.rule import Rule
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.posting import (
    Post,
    at_desk,
    at_seven,
    change_item,
    change_loan,
    fees,
    lend,
    owed,
    rows,
    set_clock,
    set_up,
)
from tests.circulation.running import together
from tests.circulation.world import Amount, Days, World, rule

DESK = Workplace("desk", "N1", "desk", "anna")
POSTAL = "Mira Vogel\nStreet 1\n12345 Town"


def _levels(**days: int) -> list[Rule]:
    """Overdue levels of A: l1=7 is level 1 after 7 days."""
    named = {name.removeprefix("l"): number for name, number in days.items()}
    return [
        *(rule(f"e{level}", "circulation.enable_overdue_reminder", True, level=level) for level in named),
        *(rule(f"p{level}", "periods.overdue_reminder", Days(number), level=level) for level, number in named.items()),
    ]


@pytest.fixture
def post(service: Service, world: World) -> Post:
    world.rules(*_levels(l1=7, l2=14))
    return Post(service)


def _reader(world: World, **more: Any) -> str:
    return world.patron_id(world.patron(**{"email": "mira@example.org", **more}))


def _loan(service: Service, loan: int) -> Any:
    (found,) = rows(service, select(t.loan).where(t.loan.c.id == loan))
    return found


@pytest.mark.requirement("R37", "R46", "R47")
def test_the_level_of_a_loan_is_raised_when_its_reminder_has_left_and_only_then(
    service: Service, world: World, post: Post
) -> None:
    loan = lend(service, world.item(), _reader(world), "2026-06-01")
    task = post.task(OVERDUE)
    levels = []
    for day in ("2026-06-07", "2026-06-08", "2026-06-08", "2026-06-14", "2026-06-15", "2026-06-30"):
        sent = post.on(day, task)
        levels.append(([one.subject for one in sent], _loan(service, loan).reminded))
    assert levels == [
        ([], 0),
        (["overdue 1 0 0"], 1),
        ([], 1),
        ([], 1),
        (["overdue 2 0 0"], 2),
        ([], 2),
    ]


@pytest.mark.requirement("R47")
def test_after_a_pause_there_is_one_level_a_day(service: Service, world: World, post: Post) -> None:
    lend(service, world.item(), _reader(world), "2026-06-01")
    task = post.task(OVERDUE)
    sent = [post.on(f"2026-06-{day}", task) for day in (26, 26, 27, 28)]
    assert [[one.subject[:9] for one in found] for found in sent] == [["overdue 1"], [], ["overdue 2"], []]


@pytest.mark.requirement("R86")
def test_reminders_of_a_renewed_loan_begin_anew(service: Service, world: World, post: Post) -> None:
    loan = lend(service, world.item(), _reader(world), "2026-06-01")
    task = post.task(OVERDUE)
    post.on("2026-06-08", task)
    renewed = datetime(2026, 6, 9, 9, tzinfo=UTC)
    change_loan(service, loan, due=date(2026, 7, 7), renewals=1, renewed_at=renewed, reminded=0)
    assert [one.subject[:9] for one in post.on("2026-07-14", task)] == ["overdue 1"]


@pytest.mark.requirement("R12", "R31")
def test_messages_are_split_by_branch_and_each_costs_once_what_its_dearest_loan_does(
    service: Service, world: World, post: Post
) -> None:
    dvd = rule("dvd", "fees.overdue_reminder", Amount(300), level="1", media_type="DVD")
    world.rules(*_levels(l1=7), dvd, rule("all", "fees.overdue_reminder", Amount(100), level="1"))
    reader = _reader(world)
    for media, branch in (("BOOK", "N1"), ("DVD", "N1"), ("BOOK", "N2"), ("BOOK", "N2")):
        lend(service, world.item(media), reader, "2026-06-01", branch=branch)
    sent = post.on("2026-06-08", post.task(OVERDUE))
    assert [one.subject for one in sent] == ["overdue 1 300 0", "overdue 1 100 0"]
    booked = [
        (one.reason, one.amount, one.branch, one.rule_set, one.rules["fees.overdue_reminder"])
        for one in fees(service, reader)
    ]
    assert booked == [("overdue_reminder", 300, "N1", 2, "dvd"), ("overdue_reminder", 100, "N2", 2, "all")]


@pytest.mark.requirement("R31")
def test_a_reminder_costs_the_same_by_every_way(service: Service, world: World, post: Post) -> None:
    world.rules(*_levels(l1=7), rule("all", "fees.overdue_reminder", Amount(100), level="1"))
    readers = [
        _reader(world, postal=POSTAL),
        _reader(world, email=None, phone="+4915112345", postal=POSTAL),
        _reader(world, email=None, postal=POSTAL),
    ]
    for reader in readers:
        lend(service, world.item(), reader, "2026-06-01")
    post.on("2026-06-08", post.task(OVERDUE))
    assert [len(post.boxes[way].taken) for way in (EMAIL, SMS, LETTER)] == [1, 1, 1]
    assert [owed(service, reader) for reader in readers] == [100, 100, 100]


@pytest.mark.requirement("R31", "R49", "R74")
def test_a_refused_reminder_goes_by_letter_on_the_next_day_and_costs_once(
    service: Service, world: World, post: Post
) -> None:
    world.rules(*_levels(l1=7, l2=14), rule("all", "fees.overdue_reminder", Amount(100), level="1"))
    post.boxes[EMAIL].answer = lambda _: Refused("550 no such user", permanent=True)
    known, unknown = _reader(world, postal=POSTAL, phone="+4915112345"), _reader(world)
    loan, other = (lend(service, world.item(), who, "2026-06-01") for who in (known, unknown))
    task = post.task(OVERDUE)
    post.on("2026-06-08", task)
    post.run(task)
    assert (post.boxes[LETTER].taken, post.boxes[SMS].taken, owed(service, known)) == ([], [], 0)
    assert _loan(service, loan).reminded == 0
    post.on("2026-06-09", task)
    assert [one.to for one in post.boxes[LETTER].taken] == [POSTAL]
    assert (owed(service, known), _loan(service, loan).reminded) == (100, 1)
    assert {one.loan_id: one.state for one in post.notices()} == {loan: "sent", other: "failed"}
    post.on("2026-06-15", task)
    assert [one.text for one in post.boxes[SMS].taken] == [str(loan)]
    assert _loan(service, other).reminded == 0


@pytest.mark.requirement("R48", "R35")
def test_an_invoice_is_booked_as_one_loan_by_loan(service: Service, world: World, post: Post) -> None:
    world.rules(*_levels(linvoice=60), rule("f", "fees.overdue_reminder", Amount(500), level="invoice"))
    reader = _reader(world)
    lend(service, world.item(price=1990), reader, "2026-06-01")
    lend(service, world.item(price=None), reader, "2026-06-01")
    post.on("2026-07-31", post.task(OVERDUE))
    assert [(one.reason, one.amount, one.invoice) for one in fees(service, reader)] == [
        ("invoice", 1990, True),
        ("invoice", 500, True),
    ]
    assert post.contents[0].sums.total == 1990 + 500


TEN_A_DAY = Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(10)),))
LATE_FEE = (rule("o", "fees.overdue", TEN_A_DAY), rule("m", "fees.overdue_max", Amount(700)))


@pytest.mark.requirement("R48", "R33", "R28")
@pytest.mark.parametrize(("back_on", "charged"), [("2026-08-05", [50]), ("2026-09-30", [100]), ("2026-07-31", [])])
def test_a_return_after_an_invoice_charges_only_what_came_to_the_overdue_fee_since(
    service: Service, world: World, post: Post, back_on: str, charged: list[int]
) -> None:
    world.rules(*_levels(linvoice=60), *LATE_FEE)
    reader, item = _reader(world), world.item(price=1990)
    lend(service, item, reader, "2026-06-01")
    post.on("2026-07-31", post.task(OVERDUE))
    assert [(one.reason, one.amount) for one in fees(service, reader)] == [("invoice", 1990 + 600)]
    set_clock(service, datetime.fromisoformat(f"{back_on}T10:00+02:00"))
    at_desk(service, "return", item)
    booked = [one for one in fees(service, reader) if not one.invoice]
    assert [one.amount for one in booked] == charged
    assert [fee(service, one.id)["story"].invoiced for one in booked] == [600] * len(charged)


@pytest.mark.requirement("R48", "R86")
def test_a_renewal_after_an_invoice_begins_the_overdue_fee_anew(service: Service, world: World, post: Post) -> None:
    world.rules(*_levels(linvoice=60), *LATE_FEE)
    reader, item = _reader(world), world.item(price=1990)
    loan = lend(service, item, reader, "2026-06-01")
    post.on("2026-07-31", post.task(OVERDUE))
    set_clock(service, datetime(2026, 8, 1, 8, tzinfo=UTC))
    at_desk(service, "renewal", item, reader)
    due = _loan(service, loan).due
    set_clock(service, datetime.combine(due + timedelta(days=3), time(8), UTC))
    at_desk(service, "return", item)
    assert [one.amount for one in fees(service, reader) if one.reason == "overdue"] == [10, 30]


@pytest.mark.requirement("R84")
def test_nobody_is_reminded_of_what_they_say_is_back(service: Service, world: World, post: Post) -> None:
    item = world.item()
    loan = lend(service, item, _reader(world), "2026-06-01")
    task = post.task(OVERDUE)

    def state(name: str) -> None:
        change_item(service, item, state=name)

    state("claimed_returned")
    assert post.on("2026-06-08", task) == []
    state("available")
    post.at = lambda point: state("claimed_returned") if point == sending.COMPOSED else None
    assert post.on("2026-06-09", task) == []
    assert post.states() == [("cancelled", "claimed_returned")]
    post.at = nowhere
    state("available")
    assert [one.text for one in post.on("2026-06-10", task)] == [str(loan)]


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R74")
def test_what_stops_one_message_stops_no_other(
    service: Service, world: World, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    loans = [lend(service, world.item(), _reader(world, email=f"{n}@example.org"), "2026-06-01") for n in range(3)]
    say = post._say

    def stumble(content: Content) -> Message:
        if content.loans[0].id == loans[1]:
            raise KeyError("template")
        return say(content)

    monkeypatch.setattr(post, "_say", stumble)
    task = post.task(OVERDUE)
    assert {one.text for one in post.on("2026-06-08", task)} == {str(loans[0]), str(loans[2])}
    assert sorted(post.states()) == [("failed", "not_composed"), ("sent", None), ("sent", None)]
    monkeypatch.undo()
    assert post.on("2026-06-08", task) == []
    assert [one.text for one in post.on("2026-06-09", task)] == [str(loans[1])]


@pytest.mark.requirement("R67", "R74")
@pytest.mark.parametrize("left", [True, False])
def test_what_may_have_left_is_uncertain_until_somebody_says(
    service: Service, world: World, post: Post, left: bool
) -> None:
    world.rules(*_levels(l1=7, l2=14), rule("f", "fees.overdue_reminder", Amount(100), level="1"))
    reader = _reader(world)
    loan = lend(service, world.item(), reader, "2026-06-01")
    post.boxes[EMAIL].answer = lambda _: Lost("connection lost")
    task = post.task(OVERDUE)
    post.on("2026-06-08", task)
    post.boxes[EMAIL].answer = lambda _: Accepted("250")
    assert post.on("2026-06-20", task) == []
    assert (post.states(), owed(service, reader)) == ([("uncertain", "lost")], 0)
    settling.settle(service, "anna", post.messages()[0].id, left=left)
    assert (owed(service, reader), _loan(service, loan).reminded) == ((100, 1) if left else (0, 0))
    with pytest.raises(CirculationError) as refused:
        settling.settle(service, "anna", post.messages()[0].id, left=left)
    assert refused.value.code == "message_state"
    assert [one.subject[:9] for one in post.on("2026-06-21", task)] == ["overdue 2" if left else "overdue 1"]


@pytest.mark.requirement("R74")
def test_a_content_refused_for_good_is_not_sent_again(service: Service, world: World, post: Post) -> None:
    lend(service, world.item(), _reader(world, postal=POSTAL), "2026-06-01")
    post.boxes[EMAIL].answer = lambda _: Refused("554 spam", permanent=True, about="message")
    task = post.task(OVERDUE)
    post.on("2026-06-08", task)
    post.on("2026-06-12", task)
    assert (post.states(), post.boxes[LETTER].taken) == ([("failed", "message_refused")], [])


@pytest.mark.requirement("R74")
def test_a_wrong_account_is_no_reason_to_give_anybody_up_at_once(service: Service, world: World, post: Post) -> None:
    lend(service, world.item(), _reader(world), "2026-06-01")
    post.boxes[EMAIL].answer = lambda _: Refused("535 password", permanent=True, about="server")
    task = post.task(OVERDUE)
    post.on("2026-06-08", task)
    while post.messages()[0].state == "planned":
        set_clock(service, post.messages()[0].try_at)
        post.run(task)
    assert post.states() == [("failed", "gave_up")]
    assert timedelta(days=2, hours=12) < service.clock() - datetime(2026, 6, 8, 5, tzinfo=UTC) < timedelta(days=3)
    post.boxes[EMAIL].answer = lambda _: Accepted("250")
    assert len(post.on("2026-06-12", task)) == 1


@pytest.mark.requirement("R67", "R71")
def test_two_runs_at_once_send_each_loan_once(service: Service, world: World, post: Post) -> None:
    for number in range(20):
        lend(service, world.item(), _reader(world, email=f"{number}@example.org"), "2026-06-01")
    first, second = post.task(OVERDUE), post.task(OVERDUE)
    at_seven(service, "2026-06-08")
    together(lambda: post.run(first), lambda: post.run(second))
    texts = [one.text for one in post.boxes[EMAIL].taken]
    assert len(texts) == len(set(texts)) == 20
    assert {one.state for one in post.messages()} == {"sent"}


@pytest.mark.requirement("R74")
def test_a_new_address_between_planning_and_sending_is_used_in_the_same_run(
    service: Service, world: World, post: Post
) -> None:
    reader = _reader(world)
    lend(service, world.item(), reader, "2026-06-01")

    def move(point: str) -> None:
        if point == "planned":
            with service.database.writing() as db:
                db.execute(update(t.patron).where(t.patron.c.id == reader).values(email="new@example.org"))

    post.at = move
    assert [one.to for one in post.on("2026-06-08", post.task(OVERDUE))] == ["new@example.org"]
    assert post.states() == [("cancelled", "address_changed"), ("sent", None)]


@pytest.mark.requirement("R67", "R74")
def test_a_process_that_was_taken_for_dead_still_notes_that_a_message_left(
    service: Service, world: World, post: Post
) -> None:
    world.rules(*_levels(l1=7), rule("f", "fees.overdue_reminder", Amount(100), level="1"))
    reader = _reader(world)
    loan = lend(service, world.item(), reader, "2026-06-01")

    def bury(point: str) -> None:
        if point == sending.HANDED_OVER:
            with service.database.writing() as db:
                db.execute(update(message).values(state="uncertain", reason="cut_off"))
                db.execute(update(notice).values(state="uncertain", reason="cut_off"))

    post.at = bury
    post.on("2026-06-08", post.task(OVERDUE))
    assert post.states() == [("sent", None)]
    assert (owed(service, reader), _loan(service, loan).reminded) == (100, 1)


@pytest.mark.requirement("R74")
def test_a_message_waits_for_a_run_that_has_its_way(service: Service, world: World, post: Post) -> None:
    lend(service, world.item(), _reader(world, email=None, phone="+4915112345"), "2026-06-01")
    post.boxes[SMS].answer = lambda _: Refused("busy", permanent=False)
    both, mail_only = post.task(OVERDUE), post.task(OVERDUE, frozenset({EMAIL}))
    post.on("2026-06-08", both)
    assert post.jobs[-1].asked_again == service.clock() + timedelta(minutes=10)
    set_clock(service, service.clock() + timedelta(minutes=11))
    post.run(mail_only)
    assert [job.asked_again for job in post.jobs][-1] is None
    assert post.states() == [("planned", None)]
    post.boxes[SMS].answer = lambda _: Accepted("taken")
    assert post.run(both)["sent"] == 1


# --- a backlog --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R47")
def test_a_backlog_waits_for_confirmation(service: Service, world: World, post: Post) -> None:
    set_up(service, backlog_limit=5)
    task = post.task(OVERDUE)

    def lend_to(count: int, due: str) -> None:
        for _ in range(count):
            lend(service, world.item(), _reader(world), due)

    lend_to(6, "2026-06-01")
    at_seven(service, "2026-06-08")
    assert post.run(task)[runs.WAITING] == 6
    assert post.messages() == []
    runs.confirm(service, "anna", task)
    with pytest.raises(CirculationError) as refused:
        runs.confirm(service, "anna", task)
    assert refused.value.code == "nothing_waits"
    assert post.run(task)["sent"] == 6
    lend_to(7, "2026-06-02")
    assert len(post.on("2026-06-09", task)) == 7  # at most three times the usual 6
    lend_to(20, "2026-06-03")
    at_seven(service, "2026-06-10")
    assert post.run(task)[runs.WAITING] == 20


# --- debts ------------------------------------------------------------------------------------------------------------


def _dunned(world: World, *more: Rule, first: int = 7) -> None:
    world.rules(
        rule("min", "counts.payment_reminder_minimum", Amount(10000)),
        *(rule(f"e{level}", "circulation.enable_payment_reminder", True, level=level) for level in "12"),
        rule("p1", "periods.payment_reminder", Days(first), level="1"),
        rule("p2", "periods.payment_reminder", Days(21), level="2"),
        rule("f1", "fees.payment_reminder", Amount(200), level="1"),
        rule("blk", "patron.payment_reminder_block", 2),
        *more,
    )


def _charge(service: Service, patron: str, amount: int) -> None:
    fee = {"reason": "other", "amount": amount, "title": None, "invoice": False}
    money.charge(service, DESK, patron, fee)


@pytest.mark.requirement("R14", "R27", "R29", "R36", "R44")
def test_payment_reminders_run_from_the_minimum_until_less_is_owed(service: Service, world: World, post: Post) -> None:
    _dunned(world)
    reader = _reader(world)
    at_seven(service, "2026-03-01")
    _charge(service, reader, 9999)
    task = post.task(PAYMENT)
    at_seven(service, "2026-03-02")
    _charge(service, reader, 1)
    days = [date(2026, 3, 2) + timedelta(days=number) for number in range(25)]
    sent = [(day.isoformat(), one.subject) for day in days for one in post.on(day.isoformat(), task)]
    assert sent == [("2026-03-09", "payment 1 200 0"), ("2026-03-23", "payment 2 0 0")]
    assert owed(service, reader) == 10200
    (series,) = rows(service, select(t.debt_series))
    assert (series.organisation, series.reached_on, series.level) == ("North", date(2026, 3, 2), 2)
    money.pay(service, DESK, reader, 300)
    assert rows(service, select(t.debt_series)) == []
    later = "2026-03-28"
    at_seven(service, later)
    _charge(service, reader, 200)
    assert post.on("2026-04-03", task) == []
    assert [one.subject for one in post.on("2026-04-04", task)] == ["payment 1 200 0"]


@pytest.mark.requirement("R44")
def test_a_series_that_ends_and_begins_anew_on_one_day_goes_on(service: Service, world: World, post: Post) -> None:
    _dunned(world, first=0)
    reader = _reader(world)
    at_seven(service, "2026-03-02")
    _charge(service, reader, 10000)
    task = post.task(PAYMENT)
    assert [one.subject for one in post.on("2026-03-02", task)] == ["payment 1 200 0"]
    money.pay(service, DESK, reader, 5000)
    _charge(service, reader, 5000)
    days = [date(2026, 3, 2) + timedelta(days=number) for number in range(25)]
    sent = [(day.isoformat(), one.subject) for day in days for one in post.on(day.isoformat(), task)]
    assert sent == [("2026-03-23", "payment 2 0 0")]


@pytest.mark.requirement("R44", "R74")
def test_a_debt_paid_between_planning_and_sending_is_not_reminded_of(
    service: Service, world: World, post: Post
) -> None:
    _dunned(world)
    reader = _reader(world)
    at_seven(service, "2026-03-02")
    _charge(service, reader, 10000)
    task = post.task(PAYMENT)

    def pay(point: str) -> None:
        if point == "composed":
            money.pay(service, DESK, reader, 1)

    post.at = pay
    assert post.on("2026-03-09", task) == []
    assert post.states() == [("cancelled", "series_over")]


# --- reservations -----------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R17")
def test_who_reserved_is_told_once_that_it_is_there_unless_they_do_not_come_themselves(
    service: Service, world: World, post: Post
) -> None:
    world.rules(rule("home", "circulation.enable_reservation_notice", False, patron_category="home_service"))
    reader = _reader(world)
    for who, id_ in ((reader, "r1"), (reader, "r2"), (_reader(world, category="home_service"), "r3")):
        _put_on_shelf(service, world.item(), who, id_)
    task = post.task(RESERVATION)
    assert [one.text for one in post.on("2026-06-02", task)] == ["r1,r2"]
    assert post.on("2026-06-03", task) == []
    assert [(one.reservation_id, one.reason, one.rule) for one in post.notices() if one.state == "skipped"] == [
        ("r3", "off", "home")
    ]


def _put_on_shelf(service: Service, item: str, patron: str, id_: str) -> None:
    values = {"title_id": item, "pickup": "N1", "made_at": service.clock(), "channel": "web", "state": "on_shelf"}
    more = {"suspended": False, "copy_id": item, "collect_by": date(2026, 6, 10), "rule_set": 1, "rules": {}}
    with service.database.writing() as db:
        db.execute(insert(t.reservation).values(id=id_, patron_id=patron, **values, **more))
