"""Which notice is due on a day, by the worked examples; no database (R14-R17, R44, R46-R49, R64)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from circulation.domain.charges import Person
from circulation.domain.noticing import (
    ALL_SENT,
    FILTERED,
    GONE,
    JUST_LENT,
    NO_PERIOD,
    NOT_ENABLED,
    OFF,
    OVERDUE,
    TOO_EARLY,
    WAITS,
    Debt,
    Lent,
    Noticed,
    Wanted,
    due_warning,
    overdue_reminder,
    payment_reminder,
    rank,
    reservation_notice,
)
from circulation.domain.records import House, Item, Place
from circulation.domain.settings import Settings
from rules.compiled import RuleSet, compile_rules
from rules.duedate import BranchCalendar
from rules.kinds import OVERDUE_LEVELS, PAYMENT_LEVELS
from rules.organisation import Organisation, OrganisationTree
from rules.rule import Rule
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.world import Amount, Days, rule

TREE = OrganisationTree(
    {
        "A": Organisation("A", "A", None, "account"),
        "North": Organisation("North", "North", "A", "authority"),
        "N1": Organisation("N1", "N1", "North", "branch"),
        "N2": Organisation("N2", "N2", "North", "branch"),
    }
)
NORMAL, STAFF = Person("p", "normal", date(1990, 5, 17)), Person("s", "staff", date(1990, 5, 17))
ANY = Wanted()
DUE = date(2026, 6, 1)
PERIODS = {"1": 7, "2": 14, "3": 21, "4": 28, "5": 35, "6": 42, "invoice": 60}


def _place(today: date, *rules: Rule, **settings: int) -> Place:
    made = Settings(**settings)  # type: ignore[arg-type]
    compiled = compile_rules(RuleSet(1, rules, TREE))
    calendars = {org: BranchCalendar() for org in TREE.nodes}
    groups = {"child": (0, 17), "adult": (18, 150)}
    house = House(compiled, calendars, dict.fromkeys(TREE.nodes, made), groups, "EUR", "Europe/Berlin")
    return Place("system", "A", today, house)


def _item(media_type: str = "BOOK") -> Item:
    return Item("i", media_type, None, None, None, None, "available", None, "N1", "t")


def _lent(due: date = date(2026, 6, 18), period: int | None = 28, **more: Any) -> Lent:
    values: dict[str, Any] = {"branch": "N1", "due": due, "since": due - timedelta(days=28), "period": period}
    return Lent(**{**values, **more})


def _warned(day: str, *rules: Rule, wanted: Wanted = ANY, media: str = "BOOK", who: Person = NORMAL) -> Noticed:
    return due_warning(_place(date.fromisoformat(day), *rules), _item(media), _lent(), who, wanted)


# --- before the due date ----------------------------------------------------------------------------------------------

THREE = Wanted(days=3)
ON_FOR_BOOKS = rule("on", "circulation.enable_due_warning", True, media_type="BOOK")
THREE_DAYS = rule("days", "periods.due_warning", Days(3))


@pytest.mark.requirement("R66")
@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2026-06-14", TOO_EARLY),
        ("2026-06-15", None),
        ("2026-06-16", None),
        ("2026-06-18", None),
        ("2026-06-19", OVERDUE),
    ],
)
def test_a_warning_is_due_from_so_many_days_before_until_the_due_date(day: str, why: str | None) -> None:
    found = _warned(day, wanted=THREE)
    assert (found.why, found.on) == (why, date(2026, 6, 15))


@pytest.mark.requirement("R16")
def test_a_warning_is_for_what_a_rule_names() -> None:
    rules = (ON_FOR_BOOKS, THREE_DAYS)
    assert _warned("2026-06-15", *rules).due
    assert _warned("2026-06-15", *rules, media="DVD").why == NOT_ENABLED


@pytest.mark.requirement("R64")
def test_days_of_a_task_go_before_those_of_a_rule_but_a_rule_that_says_no_before_all() -> None:
    no = rule("no", "circulation.enable_due_warning", False, patron_category="staff")
    five = rule("days", "periods.due_warning", Days(5))
    assert _warned("2026-06-13", five, no, wanted=THREE).why == TOO_EARLY
    assert _warned("2026-06-15", five, no, wanted=THREE).due
    refused = _warned("2026-06-15", five, no, wanted=THREE, who=STAFF)
    assert (refused.why, refused.winners["circulation.enable_due_warning"]) == (OFF, "no")
    assert _warned("2026-06-14", five, no, wanted=THREE, who=STAFF).why == TOO_EARLY
    assert _warned("2026-06-19", five, no, wanted=THREE, who=STAFF).why == OFF


@pytest.mark.requirement("R49")
def test_without_days_of_the_task_the_rule_has_them() -> None:
    assert _warned("2026-06-15", ON_FOR_BOOKS, THREE_DAYS).due
    assert _warned("2026-06-14", ON_FOR_BOOKS, THREE_DAYS).why == TOO_EARLY
    assert _warned("2026-06-15", ON_FOR_BOOKS).why == NO_PERIOD
    assert _warned("2026-06-15", THREE_DAYS).why == NOT_ENABLED


@pytest.mark.requirement("R64")
@pytest.mark.parametrize(
    ("media", "period", "category", "taken"),
    [
        ("BOOK", 28, "normal", True),
        ("BOOK", 14, "normal", True),
        ("BOOK", 13, "normal", False),
        ("BOOK", None, "normal", False),
        ("DVD", 28, "normal", False),
        ("BOOK", 28, "staff", False),
    ],
)
def test_filters_of_a_task_must_all_be_met(media: str, period: int | None, category: str, taken: bool) -> None:
    wanted = Wanted(3, 14, frozenset({"BOOK", "CD"}), frozenset({"normal"}))
    who = Person("p", category, None)
    found = due_warning(_place(date(2026, 6, 15)), _item(media), _lent(period=period), who, wanted)
    assert found.why == (None if taken else FILTERED)


@pytest.mark.requirement("R66")
def test_no_warning_on_the_day_of_checkout_and_none_of_a_loan_for_a_day() -> None:
    today = date(2026, 6, 15)
    place = _place(today)
    assert due_warning(place, _item(), _lent(date(2026, 6, 17), since=today), NORMAL, THREE).why == JUST_LENT
    yesterday = today - timedelta(days=1)
    short = due_warning(place, _item(), _lent(date(2026, 6, 17), since=yesterday), NORMAL, THREE)
    assert (short.due, short.on) == (True, today)
    assert due_warning(place, _item(), _lent(yesterday, since=yesterday), NORMAL, THREE).why == JUST_LENT


@pytest.mark.requirement("R30")
def test_what_a_warning_costs_is_decided_only_where_there_is_one() -> None:
    fee = rule("fee", "fees.due_warning", Amount(50))
    assert _warned("2026-06-15", fee, wanted=THREE).fee == 50
    assert _warned("2026-06-14", fee, wanted=THREE).fee == 0
    assert [step.kind for step in _warned("2026-06-15", fee, wanted=THREE).steps] == [
        "circulation.enable_due_warning",
        "fees.due_warning",
    ]


# --- after the due date -----------------------------------------------------------------------------------------------


def _levels(*levels: str, **when: str) -> list[Rule]:
    enable, period = "circulation.enable_overdue_reminder", "periods.overdue_reminder"
    return [
        *(rule(f"e{level}", enable, True, level=level, **when) for level in levels),
        *(rule(f"p{level}", period, Days(PERIODS[level]), level=level) for level in levels),
    ]


def _played(days: list[date], *rules: Rule, who: Person = NORMAL, **settings: int) -> list[tuple[str, str]]:
    """Reminders of a loan due on 1 June when there is a run on each of these days."""
    reached, reached_on, sent = 0, None, []
    for day in days:
        lent = _lent(DUE, reminded=reached, reminded_on=reached_on)
        found = overdue_reminder(_place(day, *rules, **settings), _item(), lent, who)
        if found.due:
            reached, reached_on = rank(OVERDUE_LEVELS, found.level), day
            sent.append((day.isoformat()[5:], found.level))
    return sent


def _every_day(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


JUNE_TO_AUGUST = _every_day(DUE, date(2026, 8, 31))


@pytest.mark.requirement("R46", "R48")
def test_every_level_counts_from_the_due_date_and_the_invoice_is_the_last() -> None:
    expected = ["06-08", "06-15", "06-22", "06-29", "07-06", "07-13", "07-31"]
    assert _played(JUNE_TO_AUGUST, *_levels(*OVERDUE_LEVELS)) == list(zip(expected, OVERDUE_LEVELS, strict=True))


@pytest.mark.requirement("R15")
def test_a_level_nobody_uses_is_skipped() -> None:
    sent = _played(JUNE_TO_AUGUST, *_levels("1", "2", "3", "invoice"))
    assert [level for _, level in sent] == ["1", "2", "3", "invoice"]


@pytest.mark.requirement("R15")
def test_a_level_in_use_that_is_off_for_somebody_stops_the_chain() -> None:
    off = rule("off", "circulation.enable_overdue_reminder", False, level="1", patron_category="staff")
    rules = (off, *_levels("1", "2"))
    assert _played(JUNE_TO_AUGUST, *rules, who=STAFF) == []
    assert len(_played(JUNE_TO_AUGUST, *rules)) == 2
    first_only = _levels("1", patron_category="normal") + _levels("2")
    assert _played(JUNE_TO_AUGUST, *first_only, who=STAFF) == []


@pytest.mark.requirement("R47")
def test_a_late_run_begins_with_the_first_level_and_sends_one_a_day() -> None:
    late = _every_day(date(2026, 6, 26), date(2026, 6, 29))
    rules = _levels("1", "2", "3", "4")
    assert _played(late, *rules) == [("06-26", "1"), ("06-27", "2"), ("06-28", "3"), ("06-29", "4")]
    assert _played([late[0]] * 3, *rules) == [("06-26", "1")]


@pytest.mark.requirement("R47")
def test_levels_can_be_kept_apart() -> None:
    late = _every_day(date(2026, 6, 26), date(2026, 7, 10))
    sent = _played(late, *_levels("1", "2", "3"), min_days_between_levels=7)
    assert sent == [("06-26", "1"), ("07-03", "2"), ("07-10", "3")]
    with_invoice = _played(JUNE_TO_AUGUST, *_levels("6", "invoice"), min_days_between_levels=30)
    assert with_invoice == [("07-13", "6"), ("08-12", "invoice")]


def test_why_there_is_no_reminder_is_said() -> None:
    def why(day: str, *rules: Rule, **lent: Any) -> str | None:
        return overdue_reminder(_place(date.fromisoformat(day), *rules), _item(), _lent(DUE, **lent), NORMAL).why

    assert why("2026-06-30") == NOT_ENABLED
    assert why("2026-06-07", *_levels("1")) == TOO_EARLY
    assert why("2026-06-30", *_levels("1"), reminded=1) == ALL_SENT
    assert why("2026-06-30", *_levels("1", "2"), reminded=1, reminded_on=date(2026, 6, 30)) == WAITS
    enabled_only = rule("e", "circulation.enable_overdue_reminder", True, level="1")
    assert why("2026-06-30", enabled_only) == NO_PERIOD


@pytest.mark.requirement("R31", "R48")
def test_an_invoice_asks_for_the_price_and_the_overdue_fee_so_far_else_for_a_fixed_amount() -> None:
    rules = (
        *_levels("invoice"),
        rule("fee", "fees.overdue_reminder", Amount(2500), level="invoice"),
        rule("late", "fees.overdue", Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))),
        rule("most", "fees.overdue_max", Amount(500)),
    )

    def invoice(price: int | None) -> tuple[int, int]:
        lent = _lent(DUE, price=price)
        found = overdue_reminder(_place(date(2026, 7, 31), *rules), _item(), lent, NORMAL)
        return found.fee, found.invoiced

    assert invoice(1990) == (0, 1990 + 500)
    assert invoice(None) == (0, 2500)


# --- debts and reservations -------------------------------------------------------------------------------------------


def _dunning(*levels: tuple[str, int], **when: str) -> list[Rule]:
    enable, period = "circulation.enable_payment_reminder", "periods.payment_reminder"
    return [
        *(rule(f"e{level}", enable, True, level=level, **when) for level, _ in levels),
        *(rule(f"p{level}", period, Days(days), level=level) for level, days in levels),
    ]


@pytest.mark.requirement("R14", "R27", "R44")
def test_payment_reminders_count_from_the_day_the_minimum_was_reached() -> None:
    rules = [
        *_dunning(("1", 7), ("2", 21), ("invoice", 30)),
        rule("f", "fees.payment_reminder", Amount(200), level="1"),
    ]
    level, level_on, sent = 0, None, []
    for day in _every_day(date(2026, 3, 2), date(2026, 4, 10)):
        debt = Debt("North", date(2026, 3, 2), level, level_on)
        found = payment_reminder(_place(day, *rules), debt, NORMAL)
        if found.due:
            level, level_on = rank(PAYMENT_LEVELS, found.level), day
            sent.append((day.isoformat(), found.level, found.fee))
    assert sent == [("2026-03-09", "1", 200), ("2026-03-23", "2", 0), ("2026-04-01", "invoice", 0)]
    assert level == 5


@pytest.mark.requirement("R44", "R47")
@pytest.mark.parametrize(("apart", "days"), [(0, ["03-26", "03-27", "03-28"]), (7, ["03-26", "04-02", "04-09"])])
def test_late_payment_reminders_begin_at_level_1_and_are_spread_as_those_of_loans(apart: int, days: list[str]) -> None:
    rules = _dunning(("1", 7), ("2", 14), ("3", 21))
    level, level_on, sent = 0, None, []
    for day in _every_day(date(2026, 3, 26), date(2026, 4, 20)):
        debt = Debt("North", date(2026, 3, 2), level, level_on)
        found = payment_reminder(_place(day, *rules, min_days_between_levels=apart), debt, NORMAL)
        if found.due:
            level, level_on = rank(PAYMENT_LEVELS, found.level), day
            sent.append((f"{day:%m-%d}", found.level))
    assert sent == list(zip(days, "123", strict=True))


@pytest.mark.requirement("R14")
def test_staff_may_owe_without_being_reminded() -> None:
    off = rule("off", "circulation.enable_payment_reminder", False, level="1", patron_category="staff")
    place = _place(date(2026, 3, 9), *_dunning(("1", 7)), off)
    debt = Debt("North", date(2026, 3, 2))
    assert (payment_reminder(place, debt, STAFF).why, payment_reminder(place, debt, NORMAL).due) == (OFF, True)


@pytest.mark.requirement("R17")
def test_a_reservation_notice_is_on_unless_a_rule_of_the_pick_up_branch_says_no() -> None:
    off = rule("off", "circulation.enable_reservation_notice", False, "N1", patron_category="home_service")
    place = _place(date(2026, 6, 1), off)
    at_home = Person("h", "home_service", None)

    def why(who: Person, pickup: str, until: date | None) -> str | None:
        return reservation_notice(place, _item(), pickup, until, who).why

    assert why(NORMAL, "N1", date(2026, 6, 1)) is None
    assert why(at_home, "N1", None) == OFF
    assert why(at_home, "N2", None) is None
    assert why(NORMAL, "N1", date(2026, 5, 31)) == GONE
