"""What staff are told while they write a rule: advice on totals, a rule looked at before it is in any draft."""

from __future__ import annotations

from typing import Any

import pytest

from circulation import staffing
from tests.circulation.running import Central, Staff
from tests.circulation.world import World, rule

LIMITS = "counts.max_loans"
SEED = (
    rule("cd", LIMITS, 10, media_type="CD"),
    rule("dvd", LIMITS, 10, media_type="DVD"),
    rule("all", LIMITS, 15),
)
PER_DAY = [
    {"up_to_days": 7, "amount": "1.00"},
    {"up_to_days": 14, "amount": "2.00"},
    {"up_to_days": 9999, "amount": "3.00"},
]


@pytest.fixture
def staff(central: Central) -> Staff:
    """Somebody who writes rules."""
    return central.staff(staffing.RULES)


def fee(**value: Any) -> dict[str, Any]:
    return {"id": "fee", "kind": "fees.overdue", "org": "A", "value": value}


def look(staff: Staff, rule: dict[str, Any], **query: str) -> dict[str, Any]:
    return staff.told("POST", "/rules/look", rule, **query)


# --- advice -----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R22")
def test_cd_10_dvd_10_general_15_are_20_to_35_loans_and_one_general_rule_is_recommended(
    world: World, staff: Staff
) -> None:
    world.rules(*SEED)
    advice = staff.told("GET", "/rules/advice", kind=LIMITS)
    (total,) = advice["totals"]
    assert (advice["organisation"], advice["ruleset"]) == ("N1", "live")
    assert (total["smallest"], total["largest"], total["varies"]) == (20, 35, True)
    assert (total["patron"], total["who"], set(total["rules"])) == ({}, "everybody", {"cd", "dvd", "all"})
    assert "between 20 and 35 loans at most; use one general rule for a fixed total" in total["text"]
    german = staff.told("GET", "/rules/advice", kind=LIMITS, organisation="A", language="de")["totals"][0]
    assert "20" in german["text"]
    assert german["text"] != total["text"]


@pytest.mark.requirement("R22")
def test_a_fixed_total_and_no_limit_need_no_advice(world: World, staff: Staff) -> None:
    world.rules(SEED[2])
    (fixed,) = staff.told("GET", "/rules/advice", kind=LIMITS)["totals"]
    assert (fixed["smallest"], fixed["largest"], fixed["varies"], fixed["text"]) == (15, 15, False, None)
    world.rules(*SEED[:2])
    (unlimited,) = staff.told("GET", "/rules/advice", kind=LIMITS)["totals"]
    assert (unlimited["smallest"], unlimited["largest"], unlimited["text"]) == (None, None, None)


@pytest.mark.requirement("R22")
def test_each_kind_of_patron_has_a_total_of_its_own_and_a_draft_can_be_asked(world: World, staff: Staff) -> None:
    world.rules(*SEED)
    draft = staff.told("POST", "/drafts", {"name": "x"})["id"]
    teacher = {"id": "t", "kind": LIMITS, "org": "A", "when": {"patron_category": ["teacher"]}, "value": 100}
    staff.told("POST", f"/drafts/{draft}/rules", teacher)
    totals = staff.told("GET", "/rules/advice", kind=LIMITS, ruleset=draft)["totals"]
    found = {one["patron"]["patron_category"]: (one["smallest"], one["largest"]) for one in totals}
    assert found == {**dict.fromkeys(("normal", "staff", "home_service"), (20, 35)), "teacher": (100, 120)}
    assert len(staff.told("GET", "/rules/advice", kind=LIMITS)["totals"]) == 1


def test_only_limits_of_loans_add_up_and_what_is_asked_for_must_be_there(world: World, staff: Staff) -> None:
    world.rules(*SEED)
    assert staff.told("GET", "/rules/advice", kind="periods.loan")["totals"] == []
    for query, error in (
        ({"kind": "no.such"}, "kind_unknown"),
        ({"kind": LIMITS, "organisation": "N9"}, "organisation_unknown"),
    ):
        answer = staff.get("/rules/advice", **query)
        assert (answer.status_code, answer.json()["error"]) == (422, error)
    assert staff.get("/rules/advice", kind=LIMITS, ruleset="99").status_code == 404


# --- one rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R33")
def test_a_fee_per_day_shows_where_it_jumps(staff: Staff) -> None:
    looked = look(staff, fee(per_day=PER_DAY))
    assert looked["jumps"] == [
        {"days": 7, "amount": 700, "later_days": 8, "later_amount": 1600},
        {"days": 14, "amount": 2800, "later_days": 15, "later_amount": 4500},
    ]
    assert looked["problems"] == []
    assert [one["code"] for one in looked["findings"]] == ["fee_jump", "fee_jump"]
    assert "14 days 28.00, 15 days 45.00" in looked["findings"][1]["text"]
    assert looked["value"] == "7: 1.00, 14: 2.00, 9999: 3.00 per day"


@pytest.mark.requirement("R33")
@pytest.mark.parametrize("value", [{"fixed": PER_DAY}, {"per_day": "1.00"}, {"per_day": PER_DAY[:1]}])
def test_a_fee_that_does_not_jump_shows_none(staff: Staff, value: dict[str, Any]) -> None:
    looked = look(staff, fee(**value))
    assert (looked["jumps"], looked["findings"], looked["problems"]) == ([], [], [])


def test_everything_wrong_with_a_rule_is_told_and_nothing_is_kept(world: World, staff: Staff) -> None:
    world.rules()
    half = {**fee(per_day=PER_DAY), "org": "N9", "when": {"media_type": ["VINYL"]}, "colour": "red"}
    looked = look(staff, half, language="de")
    assert {(one["key"], one["code"]) for one in looked["problems"]} == {
        ("org", "code_unknown"),
        ("when.media_type", "code_unknown"),
        ("colour", "unknown_key"),
    }
    assert len(looked["jumps"]) == 2  # what can be read is shown all the same
    assert looked["value"].endswith("je Tag")
    assert looked["findings"] == []
    assert staff.told("GET", "/drafts")["drafts"] == []


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"kind": "no.such", "value": 3},
        {"kind": "periods.loan", "value": True},
        {"kind": "periods.loan", "value": {"days": "many"}},
        {"kind": ["periods.loan"], "value": {"days": 3}},
    ],
)
def test_a_value_that_says_nothing_has_no_words(staff: Staff, rule: dict[str, Any]) -> None:
    looked = look(staff, rule)
    assert (looked["value"], looked["jumps"]) == (None, [])
    assert looked["problems"]


@pytest.mark.requirement("R25")
@pytest.mark.parametrize("kind", ["counts.queue_min_renewals", "counts.queue_min_checkouts"])
@pytest.mark.parametrize(
    ("value", "english", "german"),
    [
        (0, "from the 1st reservation", "ab der 1. Reservierung"),
        (1, "from the 1st reservation", "ab der 1. Reservierung"),
        (2, "once 2 reservations wait", "ab der 2. Reservierung"),
    ],
)
def test_a_queue_minimum_is_told_in_words(staff: Staff, kind: str, value: int, english: str, german: str) -> None:
    written = {"id": "q", "kind": kind, "org": "A", "value": value}
    assert look(staff, written)["value"] == english
    assert look(staff, written, language="de")["value"] == german
    assert look(staff, {**written, "kind": LIMITS})["value"] == str(value)


def test_a_rule_that_is_over_or_switched_off_is_told_of_as_such(staff: Staff) -> None:
    over = {**fee(per_day=PER_DAY), "valid_until": "2026-05-31"}
    assert [one["code"] for one in look(staff, over)["findings"]] == ["expired"]
    off = look(staff, {**over, "active": False})
    assert (off["findings"], len(off["jumps"])) == ([], 2)
