"""The table of refusals: every code has its parameters, sentences and place in the order of telling (R76, R83)."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wording
from rules.kinds import KINDS, Unit
from rules.refusals import (
    REFUSALS,
    UNKNOWN_CODE_SENTENCE,
    ParamType,
    Reason,
    SolvedBy,
    choose,
    in_order,
    message_parameters,
    patron_sentence,
)

DUE = {"due": "2026-06-15"}
LATER = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("code", "params", "wording_code", "told"),
    [
        ("self_service.checkout", {"media_type": "DVD18"}, "no.machine_out", {"media_type": "DVD18"}),
        ("self_service.return", {"media_type": "GAME"}, "no.machine_in", {"media_type": "GAME"}),
        ("self_service.renewal", {"media_type": "DVD", **DUE}, "no.machine_renew", {"date": LATER}),
        ("self_service.renewal", {"media_type": "DVD"}, "no.machine_renew_undated", {}),
        ("circulation.checkout", {"media_type": "DVD18", "min_age": 18, "age_known": True}, "no.age", {"age": 18}),
        ("circulation.checkout", {"min_age": 18, "age_known": False}, "no.age_unknown", {}),
        ("circulation.checkout", {"media_type": "BOOK"}, "no.in_house", {}),
        ("circulation.renewal", {"media_type": "DVD", **DUE}, "no.renew_kind", {"date": LATER, "media_type": "DVD"}),
        ("counts.max_loans", {"have": 15, "max": 15, "covers": "all"}, "no.limit", {"have": 15, "max": 15}),
        (
            "counts.max_loans",
            {"have": 10, "max": 10, "covers": "media_type", "media_type": "CD"},
            "no.limit_kind",
            {"have": 10, "max": 10, "media_type": "CD"},
        ),
        ("counts.max_loans", {"have": 3, "max": 3, "covers": "some"}, "no.limit_some", {"have": 3, "max": 3}),
        ("patron.debt_block", {"amount": 1250, "currency": "EUR", "limit": 1000}, "no.debt", {"amount": (1250, "EUR")}),
        ("patron_state.expired", {"until": "2026-05-31"}, "no.card_expired", {"date": date(2026, 5, 31)}),
        ("patron_state.not_yet_valid", {"from": "2026-06-15"}, "no.card_not_yet", {"date": LATER}),
        ("patron_state.card_lost", {}, "no.card_lost", {}),
        ("patron_state.blocked", {}, "no.account", {}),
        ("item_state", {"state": "on_loan", "own": True, **DUE}, "row.already_yours", {"date": LATER}),
        ("item_state", {"state": "on_loan", "own": False, **DUE}, "no.on_loan", {}),
        ("item_state", {"state": "on_loan"}, "no.on_loan", {}),
        ("item_state", {"state": "set_aside"}, "no.held", {}),
        ("item_state", {"state": "in_transit"}, "no.in_transit", {}),
        ("item_state", {"state": "withdrawn"}, "no.withdrawn", {}),
        ("item_state", {"state": "lost"}, "no.give_to_staff", {}),
        ("item_state", {"state": "available"}, "no.not_on_loan", {}),
        ("no_loan_period", {"media_type": "GAME"}, "no.period", {}),
        ("no_loan_period", {"action": "renewal", **DUE}, "no.renew_period", {"date": LATER}),
        ("not_later", {**DUE, "from": "2026-06-02"}, "no.renew_early", {"date": LATER, "from": date(2026, 6, 2)}),
        ("calendar", {}, "no.calendar", {}),
        ("circulation.renewal_reserved", DUE, "no.renew_waiting", {"date": LATER}),
        ("circulation.renewal_reserved", {}, "no.renew_waiting_undated", {}),
        ("counts.max_renewals", {**DUE, "have": 2, "max": 2}, "no.renew_limit", {"date": LATER, "n": 2}),
        ("counts.max_renewals", {"have": 2, "max": 2}, "no.renew_limit_undated", {"n": 2}),
        ("patron.overdue_reminder_block", {"items": 1, "level": 3}, "no.overdue", {"n": 1}),
        ("patron.overdue_reminder_block", {}, "no.account", {}),
        (
            "patron.payment_reminder_block",
            {"amount": 10200, "currency": "EUR", "level": 2},
            "no.debt",
            {"amount": (10200, "EUR")},
        ),
        ("patron.payment_reminder_block", {"level": 2}, "no.account", {}),
        ("counts.max_reservations_per_title", {"have": 1, "max": 1}, "no.reserve_limit", {"max": 1}),
        ("counts.max_reservations_per_title", {}, "no.reserve", {}),
        ("reservation.item_on_shelf", {"branch": "N1"}, "no.reserve_on_shelf", {"branch": "N1"}),
        ("reservation.item_on_shelf", {}, "no.reserve", {}),
        ("reservation.already_on_loan", {}, "no.reserve_yours", {}),
        ("reservation.item_reservable", {"media_type": "DVD"}, "no.reserve_kind", {"media_type": "DVD"}),
        ("permission", {}, "no.permission", {}),
        ("abandoned", {}, "no.abandoned", {}),
        ("label_unreadable", {}, "row.label", {}),
        ("not_ours", {"library": "DE-9"}, "no.other_library", {"library": "DE-9"}),
        ("not_ours", {}, "stack.not_ours", {}),
        ("item_unknown", {}, "no.not_found", {}),
        ("set_incomplete", {"part": "disc 2", "here": 2, "of": 3}, "row.part", {"part": "disc 2", "k": 2, "n": 3}),
        ("set_incomplete", {"action": "return", "part": "disc 2"}, "no.set_in", {"part": "disc 2"}),
        ("set_incomplete", {}, "no.set_incomplete", {}),
    ],
)
def test_each_reason_is_told_in_its_sentence(
    code: str, params: dict[str, object], wording_code: str, told: dict[str, object]
) -> None:
    sentence = patron_sentence(code, params)
    assert (sentence.code, sentence.params) == (wording_code, told)
    named = dict(sentence.params)
    if "media_type" in named:
        named["kind"] = named.pop("media_type")
    for language in wording.languages():
        assert "{" not in wording.say(sentence.code, named, language)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_every_sentence_of_the_table_gets_exactly_its_parameters(code: str) -> None:
    refusal = REFUSALS[code]
    for sentence in refusal.sentences:
        names = {"kind" if name == "media_type" else name for name in sentence.params}
        assert names == wording.parameters(sentence.wording), sentence.wording
        assert set(sentence.params.values()) <= set(refusal.params)
        assert set(sentence.when) <= set(refusal.params)
        assert names <= message_parameters(code)
    assert refusal.wording == tuple(sentence.wording for sentence in refusal.sentences)


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_staff_read_every_reason_in_their_language(code: str) -> None:
    values = {
        ParamType.INT: 3,
        ParamType.DATE: LATER,
        ParamType.AMOUNT: (5, "EUR"),
        ParamType.TEXT: "x",
        ParamType.FLAG: 1,
    }
    params = {name: values[kind] for name, kind in REFUSALS[code].params.items()}
    for language in wording.languages():
        assert wording.say_staff(f"refusal.{code}", params, language)


def test_every_code_is_a_kind_or_one_of_the_codes_for_what_no_rule_decides() -> None:
    others = {
        *("item_state", "no_loan_period", "not_later", "calendar", "permission", "abandoned"),
        *("label_unreadable", "not_ours", "item_unknown", "set_incomplete"),
        *(f"patron_state.{state}" for state in ("not_yet_valid", "expired", "card_lost", "blocked")),
    }
    refusing = {key for key, kind in KINDS.items() if kind.unit is not Unit.DAYS}
    # What neither allows nor limits anything: fees, notices, and from when the rules for reserved items hold.
    silent = {key for key in refusing if key.startswith(("fees.", "circulation.enable_"))}
    silent |= {"counts.queue_min_renewals", "counts.queue_min_checkouts", "counts.payment_reminder_minimum"}
    assert set(REFUSALS) == others | (refusing - silent)


def test_reasons_are_told_first_what_can_be_solved_here_then_desk_then_later() -> None:
    places = [list(SolvedBy).index(refusal.solved_by) for refusal in REFUSALS.values()]
    assert all(one <= other for one, other in pairwise(places))
    reasons = [Reason("not_later"), Reason("item_state"), Reason("patron.debt_block"), Reason("counts.max_loans")]
    assert choose(reasons).code == "counts.max_loans"
    assert [reason.code for reason in in_order(reasons)] == [
        "counts.max_loans",
        "patron.debt_block",
        "item_state",
        "not_later",
    ]


def test_an_unknown_code_is_told_last_and_in_general_words() -> None:
    assert choose([Reason("of_the_future"), Reason("not_later")]).code == "not_later"
    assert patron_sentence("of_the_future", {"x": 1}).code == UNKNOWN_CODE_SENTENCE
    assert message_parameters("of_the_future") == frozenset()


def test_without_a_reason_nothing_is_chosen() -> None:
    with pytest.raises(ValueError, match="at least one reason"):
        choose([])


@pytest.mark.requirement("R83")
def test_what_is_about_the_item_itself_cannot_be_overridden() -> None:
    fixed = {code for code, refusal in REFUSALS.items() if not refusal.overridable}
    assert fixed == {"item_state", "item_unknown", "label_unreadable", "not_ours", "abandoned", "permission"}


scalars = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | st.sampled_from(["2026-02-30", "EUR", "on_loan"])
)


@given(
    st.sampled_from(sorted(REFUSALS)) | st.text(max_size=5),
    st.dictionaries(
        st.sampled_from(["due", "from", "until", "have", "max", "amount", "currency", "state", "own"]), scalars
    ),
)
def test_whatever_comes_over_the_network_there_is_a_sentence(code: str, params: dict[str, object]) -> None:
    sentence = patron_sentence(code, params)
    named = {("kind" if name == "media_type" else name): value for name, value in sentence.params.items()}
    assert re.search(r"\w", wording.say(sentence.code, named, "en"))
