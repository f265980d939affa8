"""The cap on the overdue fee of one loan holds for all its loan periods together, whoever asks for them (R28)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import update

from circulation import whatif
from circulation.fees import Story, fee
from circulation.notices.content import OVERDUE
from circulation.service import Service
from circulation.store import tables as t
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.posting import Post, at_desk, change_loan, fees, lend, set_clock
from tests.circulation.world import Amount, Days, World, rule

pytestmark = pytest.mark.requirement("R28", "R86")

ONE_A_DAY = rule("late", "fees.overdue", Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(100)),)))
GRACE, RENEWED = rule("grace", "periods.grace", Days(2)), rule("again", "periods.renewal", Days(28))


def _at_ten(service: Service, day: date) -> None:
    set_clock(service, datetime.combine(day, time(10), UTC))


def _story(service: Service, number: int) -> Story:
    found: Story = fee(service, number)["story"]
    return found


@pytest.mark.parametrize(
    ("cap", "booked"),
    [(None, [300, 200]), (1000, [300, 200]), (400, [300, 100]), (300, [300]), (200, [200])],
)
def test_what_was_charged_at_a_renewal_leaves_less_of_the_cap(
    service: Service, world: World, cap: int | None, booked: list[int]
) -> None:
    most = [rule("most", "fees.overdue_max", Amount(cap))] if cap is not None else []
    world.rules(ONE_A_DAY, GRACE, RENEWED, *most)
    reader, item = world.patron_id(world.patron()), world.item()
    lend(service, item, reader, "2026-06-01")
    _at_ten(service, date(2026, 6, 6))  # five days late
    at_desk(service, "renewal", item, reader)
    _at_ten(service, date(2026, 7, 8))  # due on 4 July: four days late
    asked = whatif.Question("return", None, item, "desk", "N1", date(2026, 7, 8))
    assert whatif.ask(service, asked).fee == sum(booked[1:])
    at_desk(service, "return", item)
    found = fees(service, reader)
    assert [one.amount for one in found] == booked
    if len(booked) == 1:
        return
    for _ in ("recorded", "worked out again"):
        story = _story(service, found[1].id)
        assert (story.uncapped, story.amount, story.earlier) == (200, booked[1], 300 if cap is not None else 0)
        with service.database.writing() as db:
            db.execute(update(t.operation).values(trace=None))


@pytest.mark.requirement("R48")
def test_an_invoice_asks_for_no_more_than_the_cap_leaves_and_counts_towards_it(service: Service, world: World) -> None:
    world.rules(
        *(ONE_A_DAY, GRACE, RENEWED, rule("most", "fees.overdue_max", Amount(1000))),
        rule("enable", "circulation.enable_overdue_reminder", True, level="invoice"),
        rule("after", "periods.overdue_reminder", Days(6), level="invoice"),
    )
    post = Post(service)
    reader, item = world.patron_id(world.patron(email="mira@example.org")), world.item(price=2000)
    loan = lend(service, item, reader, "2026-06-01")
    _at_ten(service, date(2026, 6, 6))
    at_desk(service, "renewal", item, reader)  # 3.00
    task = post.task(OVERDUE)
    post.on("2026-07-10", task)  # six days late: 4.00 and the price
    _at_ten(service, date(2026, 7, 11))
    at_desk(service, "renewal", item, reader)  # a day more: 1.00
    change_loan(service, loan, due=date(2026, 7, 20))
    post.on("2026-07-28", task)  # 6.00, of which 2.00 are left
    assert [(one.reason, one.amount) for one in fees(service, reader)] == [
        ("overdue", 300),
        ("invoice", 2000 + 400),
        ("overdue", 100),
        ("invoice", 2000 + 200),
    ]
