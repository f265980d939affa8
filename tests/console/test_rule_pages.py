"""The pages about rules: all of them as lists (R8), one with its group (R7), sets (R78), the help (R9, R10, R22)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from circulation.rulebook import drafts
from circulation.service import Service
from circulation.staff import rule_words
from circulation.staff.pages import rules as rule_pages
from circulation.staff.rule_words import Names
from circulation.staff.words import LANGUAGES, Words
from circulation.staffing import DESK, RULES
from circulation.store import house
from rules.examples import EXAMPLES
from rules.flows import FLOWS
from rules.kinds import KINDS
from rules.rule import Rule
from rules.values import Fee, FeeBasis, FeeStep, MinAge, Value
from tests.circulation.running import Central
from tests.circulation.world import Amount, Days, World, rule
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, Reader, harmless, reader

PERIOD, ENABLE = "periods.overdue_reminder", "circulation.enable_overdue_reminder"
EN = Words("en")
NAMES = Names({"A": "Account A"}, {"DVD": {"en": "Films"}, "CD": {"en": "CDs"}})
REMINDERS = (
    rule("days-1", PERIOD, Days(7), level="1", name="A week"),
    rule("days-1-here", PERIOD, Days(10), "N1", level="1", name="Ten days here"),
    rule("days-invoice", PERIOD, Days(60), level="invoice", name="The invoice"),
    rule("on-1", ENABLE, value=True, level="1", name="First reminder"),
)


@pytest.fixture
def seen(central: Central) -> Iterator[Reader]:
    """Somebody who makes rules, at N1."""
    with reader(central, RULES) as found:
        yield found


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R25")
@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("counts.queue_min_renewals", 0, "from the 1st reservation"),
        ("counts.queue_min_renewals", 1, "from the 1st reservation"),
        ("counts.queue_min_checkouts", 2, "from 2 reservations on"),
        ("counts.max_loans", 10, "at most 10"),
        ("patron.overdue_reminder_block", 3, "from level 3 on"),
        ("patron.debt_block", Amount(1000), "from €10.00 on"),
        ("fees.overdue_max", Amount(500), "at most €5.00"),
        ("fees.due_warning", Amount(50), "€0.50"),
        ("periods.loan", Days(1), "1 day"),
        ("periods.loan", Days(28), "28 days"),
        ("periods.closing_adjustment", Days(0), "to the next open day"),
        ("circulation.checkout", MinAge(18), "from 18"),
        ("circulation.checkout", False, "no"),
        ("fees.overdue", Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),)), "€0.20 per day"),
        (
            "fees.overdue",
            Fee(FeeBasis.FIXED, (FeeStep(7, Amount(1000)), FeeStep(14, Amount(2000)))),
            "up to 7 days €10.00; up to 14 days €20.00",
        ),
        ("counts.max_loans", None, "none"),
    ],
)
def test_a_value_in_words(kind: str, value: Value | None, said: str) -> None:
    assert rule_words.value(EN, value, kind) == said


def test_conditions_in_words() -> None:
    def said(**when: Any) -> str:
        return rule_words.conditions(EN, rule("x", "periods.loan", Days(7), **when), NAMES)

    assert said() == "for all"
    assert said(media_type=("DVD", "CD", "GAME")) == "media type: Films, CDs or GAME"
    assert said(patron_category="staff", age_min=6, age_max=17) == "patron category: staff; age: 6 to 17"
    assert [said(age_min=18), said(age_max=12)] == ["age: from 18 on", "age: up to 12"]
    assert [said(fiction=True), said(fiction=False)] == ["fiction only", "non-fiction only"]


def test_validity_and_the_whole_in_words() -> None:
    first, last = date(2026, 6, 1), date(2026, 8, 31)
    summer = rule("x", "periods.loan", Days(42), media_type="DVD", valid_from=first, valid_until=last)
    assert rule_words.validity(EN, summer) == "Mon 1 June 2026 to Mon 31 August 2026"
    assert rule_words.validity(EN, replace(summer, valid_until=None)) == "from Mon 1 June 2026 on"
    assert rule_words.validity(EN, replace(summer, valid_from=None)) == "until Mon 31 August 2026"
    assert rule_words.validity(EN, replace(summer, valid_from=None, valid_until=None)) == ""
    whole = "loan period: 42 days (media type: Films; Account A), Mon 1 June 2026 to Mon 31 August 2026"
    assert rule_words.whole(EN, summer, NAMES) == whole
    leveled = rule("x", PERIOD, Days(60), level="invoice")
    assert rule_words.whole(EN, leveled, NAMES) == "overdue reminder period, the invoice: 60 days (for all; Account A)"


@pytest.mark.requirement("R6")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_says_what_holds_without_a_rule(kind: str, language: str) -> None:
    assert rule_words.default(Words(language), kind)


@pytest.mark.requirement("R6")
def test_defaults_are_those_of_the_requirement() -> None:
    wanted = {
        "circulation.renewal_reserved": "refused",
        "circulation.enable_reservation_notice": "on",
        "counts.max_reservations_per_title": "at most 1",
        "counts.queue_min_renewals": "from the 1st reservation",
        "patron.debt_block": "no block",
        "periods.closing_adjustment": "to the next open day",
        "periods.grace": "0 days",
        "reservation.item_on_shelf": "refused",
        "reservation.item_reservable": "allowed",
        "self_service.return": "allowed",
    }
    assert {kind: rule_words.default(EN, kind) for kind in wanted} == wanted


# --- all rules --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R8")
def test_overdue_reminder_periods_at_a_branch_in_effective_order_with_what_is_inherited(
    world: World, seen: Reader
) -> None:
    world.rules(*REMINDERS)
    page = seen.read("/rules", type="periods", kind=PERIOD, organisation="N1")
    levels = re.findall(r"Overdue reminder period, (level \d|the invoice)", page)
    assert levels == [*(f"level {n}" for n in range(1, 7)), "the invoice"]
    assert "1 Ten days here 10 days for all Branch N1 always holds 2 A week 7 days for all from Branch A" in page
    assert page.count("nothing set: none, so nothing is sent") == 5
    assert "set 1, in force" in page


@pytest.mark.requirement("R8")
def test_rules_that_are_over_yet_to_come_or_switched_off_are_marked_and_filtered(world: World, seen: Reader) -> None:
    day = date(2026, 6, 1)
    world.rules(
        rule("over", "periods.grace", Days(1), name="Was", valid_until=day - timedelta(days=1)),
        rule("soon", "periods.grace", Days(2), name="Comes", valid_from=day + timedelta(days=1)),
        rule("off", "periods.grace", Days(3), name="Sleeps", active=False),
    )
    page = seen.read("/rules", kind="periods.grace")
    for said in ("1 Was 1 day", "2 Comes 2 days", " Sleeps 3 days"):
        assert said in page
    states = {"expired": "Was", "future": "Comes", "inactive": "Sleeps", "active": ""}
    for state, name in states.items():
        found = seen.read("/rules", kind="periods.grace", state=state)
        assert [one for one in ("Was", "Comes", "Sleeps") if f" {one} " in found] == ([name] if name else [])
    assert "Was 1 day for all from Branch A" in seen.read(
        "/rules", kind="periods.grace", state="active", day="2026-05-31"
    )


@pytest.mark.requirement("R8")
def test_a_level_an_older_set_and_a_draft_can_be_asked_for(world: World, seen: Reader) -> None:
    world.rules(*REMINDERS)
    world.rules()
    draft = drafts.create(world.service, "anna", "Autumn", "1")["id"]
    assert "First reminder" not in seen.read("/rules")
    assert "First reminder" in seen.read("/rules", ruleset="1")
    assert "a draft, not in force" in seen.read("/rules", ruleset=str(draft))
    one = seen.read("/rules", ruleset="1", level="invoice", kind=PERIOD)
    assert "The invoice" in one
    assert "level 1 " not in one.partition("Period")[2]


def test_an_empty_library_is_told_what_to_do_next(seen: Reader) -> None:
    assert "There are no rules in this set. Begin a draft" in seen.read("/rules")
    assert "nothing published yet" in seen.read("/rules")
    assert "Nothing has been published yet" in seen.read("/rule-sets")
    assert "Nothing has been published yet" in seen.read("/rule-sets/use")
    assert "Both hold the same rules" in seen.read("/rule-sets/compare")


def test_many_rules_are_shown_part_by_part(world: World, seen: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_pages, "ROWS", 4)
    world.rules(*(rule(f"r{n}", "counts.max_loans", n, media_type="CD", name=f"Limit {n}") for n in range(6)))
    first = seen.get("/rules").text
    numbers = re.findall(r">Limit (\d)<", first)
    following = re.search(r'class="more"><a[^>]*href="([^"]+)"', first)
    assert following is not None
    second = seen.read(following[1].replace("&amp;", "&").removeprefix("/staff"))
    assert numbers == ["0", "1", "2", "3"]
    assert re.findall(r"Limit (\d)", second) == ["4", "5"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/rules?organisation=X", 404),
        ("/rules?ruleset=99", 404),
        ("/rule?id=none", 404),
        ("/rule-sets/99", 404),
        ("/rule-sets/12345678901", 404),
        ("/rule-sets?day=soon", 422),
        ("/rule-help/none", 404),
        ("/rule-help/flow/none", 404),
        ("/self-service?organisation=X", 404),
        ("/self-service?draft=none", 404),
    ],
)
def test_what_is_not_there_is_told_so(world: World, seen: Reader, path: str, code: int) -> None:
    world.rules()
    assert seen.get(path).status_code == code


# --- one rule ---------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R7")
def test_a_rule_shows_its_group_its_place_and_its_history(world: World, seen: Reader) -> None:
    world.rules(*REMINDERS)
    world.rules(*(replace(one, value=Days(9)) if one.id == "days-1" else one for one in REMINDERS))
    answer = seen.get("/rule", id="days-1")
    page = seen.read("/rule", id="days-1")
    assert "Branch N1 : rule 2 of 2" in page
    assert "Branch N2 : rule 1 of 1" in page
    assert 'href="/staff/rule?ruleset=live&amp;id=on-1"' in answer.text  # of its group and level
    assert "nothing set: no fee" in page
    assert 'href="/staff/drafts?from=live&amp;rule=days-1"' in answer.text
    history = page.partition("Its history")[2]
    assert re.search(r"2 Mon 1 June.*changed.*9 days.*1 Mon 1 June.*added.*7 days", history)
    older = seen.read("/rule", ruleset="1", id="days-1")
    assert "7 days" in older
    assert "Change it in a draft" not in older


@pytest.mark.requirement("R78")
def test_how_often_a_rule_decided_is_told(world: World, central: Central, seen: Reader) -> None:
    world.rules(rule("dvd", "periods.loan", Days(7), media_type="DVD"))
    assert "not once in the last 90 days" in seen.read("/rule", id="dvd")
    machine = central.machine("N1")
    machine.do("checkout", world.item("DVD"), machine.token(world.patron()))
    assert "once in the last 90 days" in seen.read("/rule", id="dvd")


def test_a_rule_of_odd_id_is_reached_by_its_link(world: World, seen: Reader) -> None:
    odd = "a/b c?&=%ü"
    world.rules(rule(odd, "periods.grace", Days(2)))
    page = seen.get("/rules", kind="periods.grace").text
    found = re.search(r'href="/staff(/rule\?[^"]+)"', page)
    assert found is not None
    assert odd in seen.read(found[1].replace("&amp;", "&"))


# --- sets -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R78")
def test_sets_are_listed_compared_and_found_by_day(world: World, seen: Reader) -> None:
    service = world.service
    longer = replace(REMINDERS[0], value=Days(9), name="Nine days")
    now = (longer, *REMINDERS[1:3], rule("g", "periods.grace", Days(2)))
    with service.database.writing() as db:
        house.publish(db, REMINDERS, service.clock() - timedelta(days=10), "ben", "Reminders")
        house.publish(db, now, service.clock(), "anna", "More")
    listed = seen.read("/rule-sets")
    assert re.search(
        r"2 Mon 1 June 2026 12:00 anna More 4 1 1 1 in force 1 Fri 22 May 2026 12:00 ben Reminders 4 4", listed
    )
    assert "Set 1 , since" in seen.read("/rule-sets", day="2026-05-25")
    assert "No set had been published" in seen.read("/rule-sets", day="2026-05-01")
    changes = seen.read("/rule-sets/compare", one="1", two="2")
    assert "1 rule added" in changes
    assert "1 rule removed" in changes
    assert re.search(r"1 rule changed .*Name A week Nine days.*7 days 9 days", changes, re.IGNORECASE)
    one = seen.read("/rule-sets/2")
    assert "What it changed against set 1" in one
    assert "The first set: all of its rules are new." in seen.read("/rule-sets/1")


def test_rules_that_soon_begin_or_end_and_rules_that_did_nothing_are_named(world: World, seen: Reader) -> None:
    world.rules(
        rule(
            "summer",
            "periods.grace",
            Days(9),
            name="Summer",
            valid_from=date(2026, 6, 15),
            valid_until=date(2026, 6, 20),
        ),
        rule("far", "periods.grace", Days(8), name="Far away", valid_from=date(2026, 9, 1)),
        rule("all", "counts.max_loans", 15, "N1", name="Fifteen"),
        rule("zz", "counts.max_loans", 9, "N1", name="Never asked"),
    )
    page = seen.read("/rule-sets")
    assert re.search(r"15 June 2026 begins, first day Summer .*20 June 2026 ends, last day Summer", page)
    assert "Far away" not in page
    use = seen.read("/rule-sets/use")
    never = use.partition("They can never decide")[2].partition("They could have")[0]
    assert "Never asked" in never
    assert "Fifteen" not in never


# --- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R9")
def test_the_help_has_every_kind_with_its_texts_example_and_relations(world: World, seen: Reader) -> None:
    world.rules()
    contents = seen.get("/rule-help").text
    for key, kind in KINDS.items():
        assert f'href="/staff/rule-help/{key}"' in contents
        page = seen.read(f"/rule-help/{key}")
        for code in (f"help.{key}", f"tip.{key}", f"example.{key}"):
            assert EN.say(code) in page
        example = EXAMPLES[key].rule(key, "N1")
        assert rule_words.value(EN, example.value, key) in page
        raw = seen.get(f"/rule-help/{key}").text
        assert [other for other in kind.depends_on if f'href="/staff/rule-help/{other}"' not in raw] == []


@pytest.mark.requirement("R22")
def test_maximum_loans_shows_the_totals_of_the_rules_and_the_counting_example(world: World, seen: Reader) -> None:
    world.rules(
        rule("cd", "counts.max_loans", 10, media_type="CD"),
        rule("dvd", "counts.max_loans", 10, media_type="DVD"),
        rule("all", "counts.max_loans", 15),
    )
    page = seen.read("/rule-help/counts.max_loans")
    assert "between 20 and 35 loans at most; use one general rule for a fixed total" in page
    assert re.search(r"10 10 0 20 .*10 10 5 25 .*10 10 10 30 .*10 10 15 35", page)
    assert 'href="#counting"' in seen.get("/rule-help/counts.max_loans").text
    world.rules(rule("all", "counts.max_loans", 15))
    assert "everybody: 15 loans at most" in seen.read("/rule-help/counts.max_loans")
    world.rules(rule("cd", "counts.max_loans", 10, media_type="CD"))
    assert "no limit in all" in seen.read("/rule-help/counts.max_loans")


@pytest.mark.requirement("R10")
def test_a_flow_is_told_step_by_step_and_put_into_a_draft(central: Central, opened: Open, service: Service) -> None:
    page = opened(central, RULES)
    page.goto(f"{central.url}/staff/rule-help")
    page.click("text=Setting up overdue notices")
    expect(page.locator("ol.flow > li")).to_have_count(len(FLOWS["overdue_notices"]))
    expect(page.locator("ol.flow")).to_contain_text("overdue reminder period, level 2: 14 days (for all)")
    page.select_option("#organisation", "A")
    page.click("text=Put these rules into a new draft")
    expect(page).to_have_url(re.compile(r"/staff/drafts/[0-9a-f-]+$"))
    with service.database.reading() as db:
        made = drafts.rule_set(db, page.url.rpartition("/")[2]).rules
    assert [one.value for one in made] == [one.value for step in FLOWS["overdue_notices"] for one in step]
    assert all(one.name for one in made)


def test_who_only_lends_reads_rules_and_their_help_but_changes_nothing(world: World, central: Central) -> None:
    world.rules(*REMINDERS)
    with reader(central, DESK, name="dora") as lending:
        assert "Change it in a draft" not in lending.read("/rule", id="on-1")
        assert "Put these rules" not in lending.read("/rule-help/flow/overdue_fees")
        answer = lending.send("/rule-help", "/rule-help/flow/overdue_fees", organisation="A")
        assert answer.status_code == 403
        assert lending.get("/rule-sets").status_code == 403
        assert lending.get("/self-service").status_code == 403


def test_an_organisation_that_is_none_is_marked_in_the_form_of_a_flow(world: World, seen: Reader) -> None:
    answer = seen.send("/rule-help/flow/overdue_fees", "/rule-help/flow/overdue_fees", organisation="X")
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert seen.send("/rule-help/flow/overdue_fees", "/rule-help/flow/overdue_fees").status_code == 422
    assert seen.send("/rule-help/flow/overdue_fees", "/rule-help/flow/none", organisation="A").status_code == 404


# --- hostile text -----------------------------------------------------------------------------------------------------


def hostile_rules() -> tuple[Rule, ...]:
    told = {"name": HOSTILE, "comment": HOSTILE, "message": {"en": HOSTILE}}
    return (
        rule(
            HOSTILE[:60],
            "self_service.checkout",
            value=False,
            org="N1",
            media_type="DVD",
            department=HOSTILE[:60],
            **told,
        ),
    )


def test_what_somebody_typed_is_shown_harmless_everywhere(world: World, seen: Reader) -> None:
    world.rules()
    with world.service.database.writing() as db:
        number = house.publish(db, hostile_rules(), world.service.clock(), "ben", HOSTILE)
    drafts.create(world.service, "anna", HOSTILE)
    pages = {
        "/rules": {},
        "/rule": {"id": HOSTILE[:60]},
        "/rule-sets": {},
        "/rule-sets/use": {},
        f"/rule-sets/{number}": {},
        "/rule-sets/compare": {"one": "1", "two": "live"},
        "/self-service": {},
    }
    for path, query in pages.items():
        assert harmless(seen.get(path, **query).text), path
    for path in ("/rules", "/rule-sets", "/rule-sets/compare", "/self-service", "/rule"):
        asked = dict.fromkeys(
            ("organisation", "kind", "type", "level", "state", "ruleset", "day", "one", "id"), HOSTILE
        )
        assert "<script>alert" not in seen.get(path, **asked).text
