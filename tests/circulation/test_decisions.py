"""Worked examples of the requirements, asked by a machine over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.circulation.running import Central, Machine, TestClock, codes, operation
from tests.circulation.world import Amount, Days, MinAge, World, rule


@pytest.mark.requirement("R11")
@pytest.mark.parametrize(
    ("day", "born", "outcome"),
    [
        ("2026-06-09", date(2008, 6, 10), "refused"),
        ("2026-06-10", date(2008, 6, 10), "done"),
        ("2026-02-28", date(2008, 2, 29), "refused"),
        ("2026-03-01", date(2008, 2, 29), "done"),
        ("2026-06-10", None, "refused"),
    ],
)
def test_a_minimum_age_is_reached_on_the_birthday(
    world: World, machine: Machine, clock: TestClock, day: str, born: date | None, outcome: str
) -> None:
    world.rules(rule("from-18", "circulation.checkout", MinAge(18), media_type="DVD18"))
    clock.set_day(day)
    line = machine.do("checkout", world.item("DVD18"), machine.token(world.patron(born=born)))
    assert line["outcome"] == outcome
    if outcome == "refused":
        assert line["reason"]["code"] == "circulation.checkout"
        assert line["reason"]["params"] == {"min_age": 18, "age_known": born is not None, "media_type": "DVD18"}


@pytest.mark.requirement("R12")
@pytest.mark.parametrize(("branch", "due"), [("N1", "2026-06-29"), ("N2", "2026-06-15")])
@pytest.mark.parametrize("home", ["N1", "N2"])
def test_a_checkout_is_decided_by_the_branch_of_the_machine_not_of_the_item(
    world: World, central: Central, branch: str, due: str, home: str
) -> None:
    world.rules(rule("n1", "periods.loan", Days(28), "N1"), rule("n2", "periods.loan", Days(14), "N2"), periods=None)
    machine = central.machine(branch)
    assert machine.do("checkout", world.item(branch=home), machine.token(world.patron()))["due"] == due


@pytest.mark.requirement("R13")
def test_renewals_use_the_branch_of_the_first_checkout_each_time(
    world: World, central: Central, clock: TestClock
) -> None:
    world.rules(rule("n2", "periods.renewal", Days(14), "N2"))
    patron, item = world.patron(), world.item()
    n1, n2 = central.machine("N1"), central.machine("N2")
    assert n1.do("checkout", item, n1.token(patron))["due"] == "2026-06-29"
    clock.set_day("2026-06-20")
    assert n2.do("renewal", item, n2.token(patron))["due"] == "2026-07-18"
    clock.set_day("2026-07-10")
    assert n2.do("renewal", item, n2.token(patron))["due"] == "2026-08-07"
    (loan,) = world.open_loans(patron)
    assert (loan.branch, loan.renewals) == ("N1", 2)


@pytest.mark.requirement("R13")
def test_a_renewal_that_would_not_come_later_is_refused_with_the_first_day_it_would(
    world: World, machine: Machine, clock: TestClock
) -> None:
    world.rules()
    patron, item = world.patron(), world.item()
    token = machine.token(patron)
    assert machine.do("checkout", item, token)["due"] == "2026-06-29"
    line = machine.do("renewal", item, token)
    assert line["reason"] == {
        "code": "not_later",
        "params": {"due": "2026-06-29", "from": "2026-06-02"},
        "site_text": {},
    }
    clock.set_day("2026-06-02")
    assert machine.do("renewal", item, machine.token(patron))["due"] == "2026-06-30"


@pytest.mark.requirement("R18")
def test_a_media_type_that_may_not_be_renewed_is_refused_with_its_due_date(world: World, machine: Machine) -> None:
    world.rules(rule("no-dvd", "circulation.renewal", False, media_type="DVD"))
    patron = world.patron()
    dvd, book = world.lent(patron, "DVD"), world.lent(patron)
    token = machine.token(patron)
    refused = machine.do("renewal", dvd, token)
    assert refused["reason"]["code"] == "circulation.renewal"
    assert refused["reason"]["params"] == {"media_type": "DVD", "due": "2026-06-15"}
    assert machine.do("renewal", book, token)["outcome"] == "done"


@pytest.mark.requirement("R6")
def test_without_a_loan_period_nothing_is_lent(world: World, machine: Machine) -> None:
    world.rules(periods=None)
    line = machine.do("checkout", world.item("GAME"), machine.token(world.patron()))
    assert line["reason"]["code"] == "no_loan_period"
    assert line["reason"]["params"] == {"action": "checkout", "media_type": "GAME"}


@pytest.mark.requirement("R5")
def test_the_rules_of_the_day_of_checkout_decide(world: World, machine: Machine, clock: TestClock) -> None:
    world.rules(rule("summer", "periods.loan", Days(42), valid_from=date(2026, 6, 1), valid_until=date(2026, 8, 31)))
    patron = world.patron()
    for day, due in (
        ("2026-05-30", "2026-06-27"),
        ("2026-06-01", "2026-07-13"),
        ("2026-08-31", "2026-10-12"),
        ("2026-09-01", "2026-09-29"),
    ):
        clock.set_day(day)
        assert machine.do("checkout", world.item(), machine.token(patron))["due"] == due


def test_the_day_is_that_of_the_library_not_of_universal_time(world: World, machine: Machine, clock: TestClock) -> None:
    world.rules()
    clock.set_day("2026-06-01")
    clock.later(hours=12, minutes=30)  # 22:30 UTC is half past midnight on 2 June in Berlin
    assert machine.do("checkout", world.item(), machine.token(world.patron()))["due"] == "2026-06-30"


# --- counts -----------------------------------------------------------------------------------------------------------

CD10_DVD10_ALL15 = (
    rule("cd", "counts.max_loans", 10, media_type="CD"),
    rule("dvd", "counts.max_loans", 10, media_type="DVD"),
    rule("all", "counts.max_loans", 15),
)


def borrow(world: World, machine: Machine, token: str, media_type: str, most: int) -> int:
    """Borrow one after the other until it is refused or there are ``most``; how many were lent."""
    lent = 0
    while lent < most:
        lines = machine.batch([operation("checkout", item) for item in world.items(5, media_type)], token)
        for line in lines:
            if line["outcome"] != "done":
                assert codes(line) == ["counts.max_loans"]
                return lent
            lent += 1
    return lent


@pytest.mark.requirement("R20")
def test_a_limit_counts_the_loans_its_own_rule_covers(world: World, machine: Machine) -> None:
    world.rules(*CD10_DVD10_ALL15)
    patron = world.patron()
    for _ in range(10):
        world.lent(patron, "CD")
    token = machine.token(patron)
    cd = machine.do("checkout", world.item("CD"), token)
    assert cd["reason"]["params"] == {"have": 10, "max": 10, "covers": "media_type", "media_type": "CD"}
    assert machine.do("checkout", world.item("DVD"), token)["outcome"] == "done"


@pytest.mark.requirement("R20")
def test_loans_of_every_branch_count(world: World, central: Central) -> None:
    world.rules(rule("all", "counts.max_loans", 2))
    patron = world.patron()
    n1, n2 = central.machine("N1"), central.machine("N2")
    assert n1.do("checkout", world.item(), n1.token(patron))["outcome"] == "done"
    assert n2.do("checkout", world.item(), n2.token(patron))["outcome"] == "done"
    assert codes(n1.do("checkout", world.item(), n1.token(patron))) == ["counts.max_loans"]


@pytest.mark.requirement("R20")
def test_what_was_returned_counts_no_more(world: World, machine: Machine) -> None:
    world.rules(rule("dvd", "counts.max_loans", 1, media_type="DVD"), rule("all", "counts.max_loans", 1))
    patron = world.patron()
    token = machine.token(patron)
    for media_type in ("BOOK", "BOOK", "DVD", "DVD"):
        item = world.item(media_type)
        assert machine.do("checkout", item, token)["outcome"] == "done"
        assert codes(machine.do("checkout", world.item(media_type), token)) == ["counts.max_loans"]
        machine.do("return", item)
    assert machine.sign_in(patron)["loans"] == 0


@pytest.mark.requirement("R21")
@pytest.mark.parametrize(
    ("order", "totals"),
    [
        ([("CD", 99), ("DVD", 99), ("BOOK", 99)], {"CD": 10, "DVD": 10, "BOOK": 0}),
        ([("CD", 99), ("BOOK", 99), ("DVD", 99)], {"CD": 10, "DVD": 10, "BOOK": 5}),
        ([("CD", 5), ("BOOK", 99), ("CD", 99), ("DVD", 99)], {"CD": 10, "DVD": 10, "BOOK": 10}),
        ([("BOOK", 99), ("CD", 99), ("DVD", 99)], {"CD": 10, "DVD": 10, "BOOK": 15}),
    ],
)
def test_the_total_depends_on_the_order(
    world: World, machine: Machine, order: list[tuple[str, int]], totals: dict[str, int]
) -> None:
    world.rules(*CD10_DVD10_ALL15)
    token = machine.token(world.patron())
    had = dict.fromkeys(totals, 0)
    for media_type, most in order:
        had[media_type] += borrow(world, machine, token, media_type, most)
    assert had == totals


@pytest.mark.requirement("R20")
@pytest.mark.scenario("S5")
def test_a_batch_of_three_at_fourteen_of_fifteen_lends_the_first(world: World, machine: Machine) -> None:
    world.rules(rule("all", "counts.max_loans", 15))
    patron = world.patron()
    for _ in range(14):
        world.lent(patron)
    items = world.items(3)
    lines = machine.batch([operation("checkout", item) for item in items], machine.token(patron))
    assert [(line["item"], line["outcome"]) for line in lines] == list(
        zip(items, ("done", "refused", "refused"), strict=True)
    )
    assert lines[1]["reason"]["params"] == {"have": 15, "max": 15, "covers": "all"}
    assert len(world.open_loans(patron)) == 15


# --- patrons ----------------------------------------------------------------------------------------------------------

STATES = [
    ({"valid_until": date(2026, 5, 31)}, "patron_state.expired", {"until": "2026-05-31"}),
    ({"valid_from": date(2026, 6, 2)}, "patron_state.not_yet_valid", {"from": "2026-06-02"}),
    ({"card_lost": True}, "patron_state.card_lost", {}),
    ({"blocked": True}, "patron_state.blocked", {}),
]


@pytest.mark.requirement("R85")
@pytest.mark.parametrize(("state", "code", "params"), STATES)
def test_a_patron_state_refuses_borrowing_and_renewing_but_no_return(
    world: World, machine: Machine, state: dict[str, Any], code: str, params: dict[str, str]
) -> None:
    world.rules()
    patron = world.patron(**state)
    held = world.lent(patron)
    answer = machine.sign_in(patron)
    assert [(notice["code"], notice["params"]) for notice in answer["notices"]] == [(code, params)]
    for action, item in (("checkout", world.item()), ("renewal", held)):
        line = machine.do(action, item, answer["token"])
        assert (line["reason"]["code"], line["reason"]["params"]) == (code, params)
    assert machine.do("return", held, answer["token"])["outcome"] == "done"
    assert world.open_loans(patron) == []


@pytest.mark.requirement("R85")
@pytest.mark.parametrize("state", [{"valid_until": date(2026, 6, 1)}, {"valid_from": date(2026, 6, 1)}])
def test_the_first_and_the_last_day_of_a_card_are_valid(world: World, machine: Machine, state: dict[str, Any]) -> None:
    world.rules()
    assert machine.do("checkout", world.item(), machine.token(world.patron(**state)))["outcome"] == "done"


@pytest.mark.requirement("R34")
@pytest.mark.parametrize(("owes", "outcome"), [(999, "done"), (1000, "refused"), (1250, "refused")])
def test_debt_blocks_from_its_limit_on_but_no_return(world: World, machine: Machine, owes: int, outcome: str) -> None:
    world.rules(rule("debt", "patron.debt_block", Amount(1000)))
    patron = world.patron(owes=owes)
    held = world.lent(patron)
    token = machine.token(patron)
    for action, item in (("checkout", world.item()), ("renewal", held)):
        line = machine.do(action, item, token)
        assert line["outcome"] == outcome
        if outcome == "refused":
            assert line["reason"]["code"] == "patron.debt_block"
            assert line["reason"]["params"] == {"amount": owes, "currency": "EUR", "limit": 1000}
    assert machine.do("return", held, token)["outcome"] == "done"


# --- self-service control ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("R53")
@pytest.mark.requirement("R57")
def test_self_service_comes_first_and_ends_it_there(world: World, machine: Machine) -> None:
    world.rules(
        rule("machine", "self_service.checkout", False, media_type="DVD18", message={"en": "Please ask at the desk."}),
        rule("age", "circulation.checkout", MinAge(18), media_type="DVD18"),
        rule("debt", "patron.debt_block", Amount(1)),
    )
    patron = world.patron(born=date(2016, 1, 1), owes=5000, blocked=True)
    line = machine.do("checkout", world.item("DVD18", state="withdrawn"), machine.token(patron))
    assert codes(line) == ["self_service.checkout"]
    assert line["reason"]["site_text"] == {"en": "Please ask at the desk."}
    steps = world.operation_row(line["id"]).trace["steps"]
    assert [step["kind"] for step in steps] == ["self_service.checkout"]


@pytest.mark.requirement("R54")
@pytest.mark.parametrize("on_loan", [True, False])
def test_a_media_type_the_machine_does_not_take_back_stays_on_loan(
    world: World, machine: Machine, on_loan: bool
) -> None:
    world.rules(rule("games", "self_service.return", False, media_type="GAME"))
    patron = world.patron()
    game = world.lent(patron, "GAME") if on_loan else world.item("GAME")
    line = machine.do("return", game)
    assert (line["reason"]["code"], line["still_on_loan"]) == ("self_service.return", on_loan)
    assert len(world.open_loans(patron)) == on_loan


@pytest.mark.requirement("R55")
def test_self_service_renewal_is_the_machines_branch_and_the_rest_is_the_first_checkouts(
    world: World, central: Central, clock: TestClock
) -> None:
    world.rules(
        rule("machine-n2", "self_service.renewal", False, "N2", media_type="DVD"),
        rule("period-n2", "periods.renewal", Days(7), "N2"),
    )
    patron = world.patron()
    dvd, book = world.lent(patron, "DVD"), world.lent(patron)
    n1, n2 = central.machine("N1"), central.machine("N2")
    refused = n2.do("renewal", dvd, n2.token(patron))
    assert (codes(refused), refused["reason"]["params"]["due"]) == (["self_service.renewal"], "2026-06-15")
    assert n1.do("renewal", dvd, n1.token(patron))["due"] == "2026-06-29"
    assert n2.do("renewal", book, n2.token(patron))["due"] == "2026-06-29"


@pytest.mark.requirement("R57")
def test_every_reason_is_collected_and_one_is_told(world: World, machine: Machine) -> None:
    world.rules(
        rule("age", "circulation.checkout", MinAge(18), media_type="DVD18"),
        rule("debt", "patron.debt_block", Amount(100)),
        rule("none", "counts.max_loans", 0),
        periods=None,
    )
    patron = world.patron(born=date(2016, 1, 1), owes=100)
    other = world.patron()
    line = machine.do("checkout", world.lent(other, "DVD18"), machine.token(patron))
    assert sorted(codes(line)) == sorted(
        [
            "circulation.checkout",
            "counts.max_loans",
            "patron.debt_block",
            "item_state",
        ]
    )
    assert line["reason"] == line["all_reasons"][0]


# --- versions and traces ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R78")
def test_a_loan_keeps_the_rule_set_and_rules_that_decided_it(world: World, machine: Machine) -> None:
    world.rules(rule("books", "periods.loan", Days(21), media_type="BOOK"))
    patron, item = world.patron(), world.item()
    token = machine.token(patron)
    assert machine.do("checkout", item, token)["due"] == "2026-06-22"
    number = world.rules(periods=7)
    (loan,) = world.open_loans(patron)
    assert (number, loan.rule_set, loan.due) == (2, 1, date(2026, 6, 22))
    assert loan.rules["periods.loan"] == "books"
    assert loan.rules["circulation.checkout"] is None  # the default decided
    assert machine.do("checkout", world.item(), token)["due"] == "2026-06-08"


@pytest.mark.requirement("R78")
def test_a_published_set_is_live_with_the_next_transaction(world: World, machine: Machine) -> None:
    world.rules()
    assert machine.get("/rules").headers["Library-Rules"] == "1"
    world.rules()
    answer = machine.get("/rules")
    assert (answer.headers["Library-Rules"], answer.json()["number"]) == ("2", 2)


@pytest.mark.requirement("R76")
def test_a_trace_names_kinds_rules_and_winner_but_nothing_of_the_patron(world: World, machine: Machine) -> None:
    world.rules(
        rule("teachers", "counts.max_loans", 50, patron_category="teacher"),
        rule("children", "counts.max_loans", 5, age_group="child"),
        rule("young", "counts.max_loans", 6, age_min=0, age_max=12),
        rule("dvds", "counts.max_loans", 3, media_type="DVD"),
        rule("all", "counts.max_loans", 15),
    )
    patron = world.patron("home_service", born=date(1941, 2, 3))
    line = machine.do("checkout", world.item(), machine.token(patron))
    row = world.operation_row(line["id"])
    trace = row.trace
    assert (trace["channel"], trace["branch"], trace["ruleset"]) == ("kiosk", "N1", 1)
    step = next(step for step in trace["steps"] if step["kind"] == "counts.max_loans")
    assert (step["winner"], step["value"], step["default_used"]) == ("all", 15, False)
    skipped = {looked["rule"]: (looked["field"], looked["was"]) for looked in step["looked_at"][:-1]}
    assert skipped == {
        "teachers": ("patron_category", None),
        "children": ("age_group", None),
        "young": ("age", None),
        "dvds": ("media_type", "BOOK"),
    }
    kept = f"{row.content} {trace} {row.outcome}"
    for personal in (world.patron_id(patron), patron, "Mira", "home_service", "adult", "'85'"):
        assert personal not in kept
