"""R20 and R21: what a limit covers, by playing the borrowing of the requirements."""

from __future__ import annotations

import pytest

from rules.compiled import CompiledRules
from rules.counting import count_covered, coverage, covers, item_conditions
from rules.refusals import Reason
from rules.rule import Facts
from rules.verdict import limit, permission
from tests.rules.made import compiled, decided, rule

THREE_LIMITS = compiled(
    rule("cd", "counts.max_loans", "A", 10, media_type="CD"),
    rule("dvd", "counts.max_loans", "A", 10, media_type="DVD"),
    rule("general", "counts.max_loans", "A", 15),
)


def borrow(rules: CompiledRules, loans: list[str], media_type: str, times: int = 100) -> int:
    """Borrow items of one type until refused; how many were lent."""
    lent = 0
    while lent < times:
        decision = decided(rules, "counts.max_loans", media_type=media_type, patron_category="normal")
        assert decision.rule is not None
        have = count_covered(decision.rule, [Facts(media_type=loan) for loan in loans])
        if limit(decision, have) is not None:
            break
        loans.append(media_type)
        lent += 1
    return lent


@pytest.mark.requirement("R20")
def test_a_full_media_type_leaves_the_others_free() -> None:
    loans = ["CD"] * 10
    assert borrow(THREE_LIMITS, loans, "CD") == 0
    assert borrow(THREE_LIMITS, loans, "DVD", 1) == 1


@pytest.mark.requirement("R20")
def test_limit_fifteen_means_the_fifteenth_loan_is_allowed() -> None:
    decision = decided(THREE_LIMITS, "counts.max_loans", media_type="BOOK")
    assert limit(decision, 14) is None
    refused = limit(decision, 15)
    assert refused is not None
    assert (refused.code, refused.params) == ("counts.max_loans", {"have": 15, "max": 15, "covers": "all"})


@pytest.mark.requirement("R20")
def test_a_limit_for_a_media_type_names_it_and_others_do_not() -> None:
    of_cds = limit(decided(THREE_LIMITS, "counts.max_loans", media_type="CD"), 10)
    assert of_cds is not None
    assert of_cds.params == {"have": 10, "max": 10, "covers": "media_type", "media_type": "CD"}
    novels = compiled(rule("novels", "counts.max_loans", "A", 2, fiction=True))
    of_novels = limit(decided(novels, "counts.max_loans", media_type="BOOK", fiction=True), 2)
    assert of_novels is not None
    assert of_novels.params == {"have": 2, "max": 2, "covers": "some"}


@pytest.mark.requirement("R6")
def test_a_default_that_refuses_has_no_message_of_a_rule() -> None:
    assert permission(decided(compiled(), "circulation.renewal_reserved")) == Reason("circulation.renewal_reserved", {})
    with pytest.raises(TypeError, match=r"periods\.loan is not a question of yes or no"):
        permission(decided(compiled(), "periods.loan"))


@pytest.mark.requirement("R20")
def test_the_general_rule_counts_all_loans_and_a_media_rule_its_own() -> None:
    loans = [Facts(media_type=code) for code in ("CD", "CD", "DVD", "BOOK")]
    general, cd, dvd = (
        decided(THREE_LIMITS, "counts.max_loans", media_type=code).rule for code in ("BOOK", "CD", "DVD")
    )
    assert general is not None
    assert cd is not None
    assert dvd is not None
    assert [count_covered(found, loans) for found in (general, cd, dvd)] == [4, 2, 1]


@pytest.mark.requirement("R20")
def test_patron_conditions_choose_the_rule_but_not_among_the_loans() -> None:
    teacher = rule("t", "counts.max_loans", "A", 50, patron_category="teacher", age_min=18, media_type="CD")
    assert item_conditions(teacher) == {"media_type": frozenset({"CD"})}
    assert covers(teacher, Facts(media_type="CD"))
    assert not covers(teacher, Facts(media_type="BOOK", patron_category="teacher", age=40))


@pytest.mark.requirement("R20")
def test_without_a_rule_there_is_no_limit() -> None:
    assert limit(decided(compiled(), "counts.max_loans", media_type="BOOK"), 4000) is None


@pytest.mark.requirement("R21")
@pytest.mark.parametrize(
    ("order", "cd", "dvd", "other", "total"),
    [
        ([("CD", 100), ("DVD", 100), ("BOOK", 100)], 10, 10, 0, 20),
        ([("CD", 100), ("BOOK", 100), ("DVD", 100)], 10, 10, 5, 25),
        ([("CD", 5), ("BOOK", 100), ("CD", 100), ("DVD", 100)], 10, 10, 10, 30),
        ([("BOOK", 100), ("CD", 100), ("DVD", 100)], 10, 10, 15, 35),
    ],
)
def test_the_total_varies_with_the_order_of_borrowing(
    order: list[tuple[str, int]], cd: int, dvd: int, other: int, total: int
) -> None:
    loans: list[str] = []
    for media_type, times in order:
        borrow(THREE_LIMITS, loans, media_type, times)
    assert (loans.count("CD"), loans.count("DVD"), loans.count("BOOK"), len(loans)) == (cd, dvd, other, total)


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        ({}, "all"),
        ({"patron_category": "teacher"}, "all"),
        ({"media_type": "CD"}, "media_type"),
        ({"media_type": ("CD", "DVD")}, "some"),
        ({"department": "bestseller"}, "some"),
        ({"media_type": "CD", "fiction": True}, "some"),
    ],
)
def test_the_patron_is_told_what_is_counted(conditions: dict[str, object], told: str) -> None:
    assert coverage(rule("r", "counts.max_loans", "A", 3, **conditions)) == told
    assert coverage(None) == "all"
