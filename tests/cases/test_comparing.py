"""What is expected, in the words of cases, compared with what came out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.cases import settling, words
from tests.cases.comparing import same
from tests.cases.reading import CaseError

SENT = [{"patron": "p", "channel": "email", "kind": "overdue", "level": "invoice", "loans": ["B1"], "reason": None}]
SKIPPED = [{"patron": "q", "loan": "B2", "reason": "no_address"}, {"patron": "r", "loan": "B3", "reason": "missed"}]

FEE = [{"fee": "fees.overdue_reminder", "kind": "fees.overdue_reminder", "amount": "1.50", "patron": "p", "rule": "f"}]
RUNS = [{"task": "T", "at": "2026-06-15T08:02:00", "time": "08:02", "made_up": True}]
MOVES = [{"loan": "B1", "due": "2026-06-19", "new_due": "2026-06-26"}]
JUMPS = [{"days": 14, "amount": "28.00", "later_days": 15, "later_amount": "45.00"}]
SHELF = [{"item": "b1", "patron": "p"}, {"item": "b2", "patron": "q"}]
DESK = {"allowed": True, "refusals": [], "due": "2026-06-08", "periods.loan": "l7"}
WRONG = {"row": 3, "column": "media_type", "text": "VHS is not known"}
FOUND = [{"severity": "warning", "level": None, "rules": ["d7", "c14"], "text": "a child"}]


@pytest.mark.parametrize(
    ("fact", "expected", "actual", "is_same"),
    [
        ("notices", [{"channel": "e-mail", "kind": "overdue_reminder", "loans": "B1"}], SENT, True),
        ("notices", [{"kind": "invoice"}], SENT, True),
        ("notices", [{"kind": "due_warning"}], SENT, False),
        ("notices", [{"channel": "post"}], SENT, False),
        ("would_send", [{"channel": "E-Mail"}], SENT, True),
        ("address_flagged", {"p1": True, "p2": False}, [{"patron": "p1"}], True),
        ("address_flagged", {"p1": True, "p2": True}, [{"patron": "p1"}], False),
        ("notices", 1, SENT, True),
        ("notices", [], SENT, False),
        ("not_warned", [{"loan": "B2", "reason": "no e-mail or SMS address"}, {"loan": "B3"}], SKIPPED, True),
        ("not_warned", [{"loan": "B2", "reason": "missed"}, {"loan": "B3"}], SKIPPED, False),
        ("not_warned", [{"loan": "B2"}], SKIPPED, False),
        ("not_warned", {"no_address": 1, "missed": 1}, SKIPPED, True),
        ("charged", 2, [{}, {}], True),
        ("charged", 1, [], False),
        ("refusals", "patron_state", ["patron_state.expired"], True),
        ("refusals", "item_state", [], False),
        ("default_used", "periods.grace", ["periods.grace", "fees.overdue"], True),
        ("not_consulted", "periods.grace", ["periods.grace"], False),
        ("not_warned", {"no_address": 1}, SKIPPED, False),
        ("not_warned", {"B2": "no address", "r": "missed, now overdue"}, SKIPPED, True),
        ("would_be_missed_due_weekdays", ["Fri", "Saturday", "sunday"], ["Friday", "Saturday", "Sunday"], True),
        ("would_be_missed_due_weekdays", [], ["Sunday"], False),
        ("would_be_missed_due_weekdays", "none", [], True),
        ("notices", [{"type": "overdue_reminder", "channels": ["E-Mail"], "level": "invoice"}], SENT, True),
        ("notices", [{"what": "payment reminder"}], SENT, False),
        ("notices", [{"channels": ["sms"]}], SENT, False),
        ("not_warned", {"no_address": ["q"], "missed": ["B3"]}, SKIPPED, True),
        ("not_warned", {"no_address": ["r"], "missed": ["B2"]}, SKIPPED, False),
        ("not_warned", {"count": 1, "reason": "no address"}, SKIPPED[:1], True),
        ("not_warned", {"count": 2, "reason": "no address"}, SKIPPED, False),
        ("not_warned", [{"loans": ["B2", "B3"]}], SKIPPED, True),
        ("not_warned", [{"loans": ["B2"], "reason_says": "address"}], SKIPPED, False),
        ("charged", [{"what": "overdue reminder fee", "winner": "f"}], FEE, True),
        ("charged", [{"kind": "overdue_fee"}], FEE, False),
        ("charged", {"p": "1.50"}, FEE, True),
        ("charged", {"overdue_reminder": "1.50"}, FEE, True),
        ("charged", {"p": "1.50", "q": "1.00"}, FEE, False),
        ("charged", {"q": "0.00"}, FEE, False),
        ("charged", "1.50", FEE, True),
        ("charged", "0.00", FEE, False),
        ("runs", [{"task": "T", "at": "08:02", "made_up": True}], RUNS, True),
        ("runs", [{"task": "T", "at": "09:02"}], RUNS, False),
        ("runs", {"T": 1}, RUNS, True),
        ("runs", {"T": 2}, RUNS, False),
        ("preview", {"B1": "2026-06-26"}, MOVES, True),
        ("preview", {"B1": "2026-06-19"}, MOVES, False),
        ("preview", {"count": 1, "move_to": "2026-06-26"}, MOVES, True),
        ("preview", {"loans": ["B2"], "move_to": "2026-06-26"}, MOVES, False),
        ("preview", [{"loan": "B1", "from": "2026-06-19", "would_be": "2026-06-26"}], MOVES, True),
        ("preview", [{"loan": "B1", "due": "2026-06-20"}], MOVES, False),
        ("jumps", [[14, "28.00"], [15, "45.00"]], JUMPS, True),
        ("jumps", ["14 days 28.00, 15 days 45.00"], JUMPS, True),
        ("jumps", {"14": "28.00", "15": "45.00"}, JUMPS, True),
        ("jumps", [{"13": "28.00"}], JUMPS, False),
        ("jumps", ["a jump"], JUMPS, False),
        ("on_loan", {"CD": 10, "other": 5, "total": 15}, {"BOOK": 5, "CD": 10}, True),
        ("on_loan", {"BOOK": 5, "other": 5}, {"BOOK": 5, "CD": 10}, False),
        ("on_hold_shelf", {"b1": "p", "b2": "q"}, SHELF, True),
        ("on_hold_shelf", {"b1": "q", "b2": "p"}, SHELF, False),
        ("on_hold_shelf", {"b1": "p"}, SHELF, False),
        ("reservation_state", "on the hold shelf", "on_hold_shelf", True),
        ("reservation_state", "waiting", "on_hold_shelf", False),
        ("at_desk", "allowed until 2026-06-08", DESK, True),
        ("at_desk", "allowed until 2026-06-09", DESK, False),
        ("at_desk", {"periods.loan": "l7"}, DESK, True),
        ("not_checked_further", ["periods.loan"], True, False),
        ("error", {"row": 3, "says": "VHS"}, WRONG, True),
        ("error", {"row": 3, "value": "DVD"}, WRONG, False),
        ("error", ["3", "media_type"], WRONG, True),
        ("error", False, WRONG, False),
        ("findings", [{"level": "warning", "rule": "d7"}], FOUND, True),
        ("findings", [{"level": "error", "rule": "d7"}], FOUND, False),
        ("no_findings", True, FOUND, False),
        ("recommends", "the most general formulation", "use one general rule", True),
        ("logged", ["anna", "class"], {"user": "anna", "reason": "class"}, True),
        ("logged", ["bert"], {"user": "anna", "reason": "class"}, False),
        ("on_hold_shelf_for", "nobody", None, True),
        ("charged", "none", [], True),
        ("charged", "none", FEE, False),
        ("on_hold_shelf_for", "nobody", "p", False),
        ("due_warnings_sent", {"May": 1, "june": 0}, {"2026-05": 1, "2026-06": 0}, True),
        ("due_warnings_sent", {"May": 0, "june": 1}, {"2026-05": 1, "2026-06": 0}, False),
        ("overdue_reminders", {"2026-05": 120, "2026-06": 64}, {"2026-05": 120, "2026-06": 64}, True),
        ("overdue_reminders", [120, 63], {"2026-05": 120, "2026-06": 64}, False),
    ],
)
def test_what_was_sent_is_compared_in_the_words_of_cases(
    fact: str, expected: object, actual: object, is_same: bool
) -> None:
    assert same(fact, expected, {fact: actual}) == is_same


@pytest.mark.parametrize(("expected", "is_same"), [(2, True), (["B1", "B2"], True), (["B1"], False), (3, False)])
def test_a_number_may_be_expected_as_the_list_of_what_was_counted(expected: object, is_same: bool) -> None:
    assert same("loans", expected, {"loans": 2, "loans_listed": ["B1", "B2"]}) == is_same


def test_fees_of_several_loans_may_be_expected_as_one_or_as_one_for_each() -> None:
    facts = {"charged": [{"fee": "f", "amount": "3.00"}], "charged_listed": [{"fee": "f", "amount": "1.00"}] * 3}

    assert same("charged", [{"amount": "3.00"}], facts)
    assert same("charged", [{"amount": "1.00"}] * 3, facts)
    assert not same("charged", [{"amount": "1.00"}] * 2, facts)


def test_a_table_may_be_expected_of_what_came_out_for_each_kind_or_patron() -> None:
    facts = {"debt": "5.00", "debt_by_kind": {"p": "5.00", "q": "0.00"}}

    assert same("debt", {"p": "5.00"}, facts)
    assert not same("debt", {"q": "5.00"}, facts)


@pytest.mark.requirement("R35")
@pytest.mark.parametrize(
    ("made", "at_top", "at_branch"),
    [
        ({"grouping": "loan"}, {"grouping": "loan"}, {}),
        ({"N1": {"grouping": "loan"}}, {}, {"grouping": "loan"}),
        ([{"org": "N1", "setting": "grouping", "value": "loan"}], {}, {"grouping": "loan"}),
        (
            [{"branch": "N1", "backlog_limit": 3}, {"name": "floating", "value": False}],
            {"floating": False},
            {"backlog_limit": 3},
        ),
        ({"A": ["exclude_invoices_from_account_block"]}, {"exclude_invoices_from_block": True}, {}),
        ([], {}, {}),
    ],
)
def test_settings_are_made_where_they_say_so_or_at_the_top(made: Any, at_top: object, at_branch: object) -> None:
    assert settling.of("M", made, "A", ["A", "N1"], top=True) == at_top
    assert settling.of("M", made, "N1", ["A", "N1"], top=False) == at_branch


@pytest.mark.parametrize(
    ("made", "named"),
    [
        ({"grouping": "week"}, "grouping"),
        ({"weather": 1}, "weather"),
        ([{"org": "N9", "grouping": "loan"}], "N9"),
        ({"N1": 3}, "3"),
    ],
)
def test_a_setting_that_is_not_known_names_the_place(made: Any, named: str) -> None:
    with pytest.raises(CaseError, match=f"M: .*{named}"):
        settling.of("M", made, "A", ["A", "N1"], top=True)


@pytest.mark.requirement("R32")
@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("on hold shelf", words.SHELVED),
        ("to be collected", words.SHELVED),
        ("collected", "fulfilled"),
        ("in_queue", words.WAITING),
        ("inactive", words.RESTING),
        ("canceled", "cancelled"),
        ("somewhere", None),
    ],
)
def test_the_state_of_a_reservation_in_words(said: str, state: str | None) -> None:
    assert words.state(said) == state


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("due_warnings", "due_warning"),
        ("payment reminders", "payment"),
        ("invoices", "overdue"),
        ("reminders", "overdue"),
        ("orders", None),
    ],
)
def test_a_kind_of_notices_in_words(said: str, kind: str | None) -> None:
    assert words.kind(said) == kind


def test_days_are_found_in_dates_texts_and_lists_of_them() -> None:
    assert list(words.days([date(2026, 5, 1), "2026-06-01 to 2026-06-03"])) == [
        date(2026, 5, 1),
        date(2026, 6, 1),
        date(2026, 6, 3),
    ]
