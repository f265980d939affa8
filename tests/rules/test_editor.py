"""What the editor shows of a rule and of a list: jumps of a fee, advice on totals, a queue minimum in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.finding import Words, rule_value_words, value_words
from rules.overdue import FeeJump, fee_jumps, overdue_fee
from rules.publishing import rule_findings, total_finding
from rules.totals import KIND, advice
from rules.values import MOST_MINOR, Amount, Days, Fee, FeeBasis, FeeStep, Value, minor_to_text
from tests.rules.made import CODES, MONDAY, compiled, rule


def per_day(*steps: tuple[int, int], basis: FeeBasis = FeeBasis.PER_DAY) -> Fee:
    return Fee(basis, tuple(FeeStep(days, Amount(minor)) for days, minor in steps))


@pytest.mark.requirement("R33")
def test_a_fee_per_day_jumps_where_the_whole_delay_costs_another_amount() -> None:
    fee = per_day((7, 100), (14, 200), (9999, 300))
    assert fee_jumps(fee) == (FeeJump(7, 700, 8, 1600), FeeJump(14, 2800, 15, 4500))
    for jump in fee_jumps(fee):
        assert overdue_fee(jump.days, Days(0), fee, None).amount == Amount(jump.amount)
        assert overdue_fee(jump.later_days, Days(0), fee, None).amount == Amount(jump.later_amount)


@pytest.mark.requirement("R33")
@pytest.mark.parametrize(
    ("fee", "expected"),
    [
        (Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),)), ()),
        (per_day((7, 100)), ()),
        (per_day((7, 100), (14, 100), (21, 50)), (FeeJump(14, 1400, 15, 750),)),
        (per_day((7, 1000), (14, 2000), basis=FeeBasis.FIXED), ()),
    ],
)
def test_where_a_day_more_costs_one_day_more_nothing_jumps(fee: Fee, expected: tuple[FeeJump, ...]) -> None:
    assert fee_jumps(fee) == expected


def test_what_is_only_shown_may_be_more_than_an_amount_holds() -> None:
    (jump,) = fee_jumps(per_day((20_000, MOST_MINOR), (30_000, 1)))
    assert minor_to_text(jump.amount) == f"{MOST_MINOR * 20_000 // 100}.00"
    assert [minor_to_text(minor) for minor in (0, 5, 120, 4500)] == ["0.00", "0.05", "1.20", "45.00"]


@pytest.mark.requirement("R22")
def test_advice_is_given_for_each_kind_of_patron_whose_total_varies() -> None:
    limits = (rule("cd", KIND, "A", 10, media_type="CD"), rule("all", KIND, "A", 15))
    teacher = rule("teacher", KIND, "A", 5, patron_category="teacher", media_type="CD")
    told = list(advice(compiled(*limits, teacher), "N1", CODES, MONDAY))
    assert {patron.patron_category for patron, _ in told} == set(CODES.patron_categories)
    found = {patron.patron_category: total_finding("N1", patron, result) for patron, result in told}
    varies = found["teacher"]
    assert varies is not None
    assert (varies.code, varies.organisation, varies.kind) == ("total_varies", "N1", KIND)
    assert (varies.params["smallest"], varies.params["largest"]) == (15, 20)
    assert varies.params["who"] == Words("case.patron", {"patron": "teacher"})
    (everybody,) = advice(compiled(limits[1]), "N1", CODES, MONDAY)
    assert total_finding("N1", *everybody) is None


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("counts.queue_min_renewals", 0, Words("value.queue", {"n": 1})),
        ("counts.queue_min_checkouts", 1, Words("value.queue", {"n": 1})),
        ("counts.queue_min_renewals", 2, Words("value.queue", {"n": 2})),
        ("counts.max_loans", 2, value_words(2)),
        ("periods.loan", Days(7), value_words(Days(7))),
        ("counts.queue_min_renewals", True, value_words(True)),
    ],
)
@pytest.mark.requirement("R25")
def test_a_queue_minimum_of_0_or_1_means_from_the_first_reservation(kind: str, value: Value, expected: Words) -> None:
    assert rule_value_words(kind, value) == expected


def test_one_rule_alone_is_told_of_as_in_a_set() -> None:
    zero = rule("zero", "periods.loan", "A", Days(0))
    over = rule("over", "periods.loan", "A", Days(0), valid_until=MONDAY - timedelta(days=1))
    assert [one.code for one in rule_findings(zero, MONDAY)] == ["period_zero"]
    assert [one.code for one in rule_findings(over, MONDAY)] == ["expired"]
    assert list(rule_findings(rule("fine", "periods.loan", "A", Days(28)), MONDAY)) == []
