"""Journeys of a person with a question, in a browser: why was it refused, why is it due then, what if (R76, R77)."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from circulation import organising
from circulation.organising import Closing
from circulation.rulebook import drafts
from circulation.service import Service
from tests.circulation.running import Central, Machine, TestClock
from tests.circulation.world import Amount, Days, MinAge, World, rule
from tests.console.conftest import Open

SELF_SERVICE = rule(
    "films-18-desk", "self_service.checkout", False, "N1", media_type="DVD18", name="films from 18 only at the desk"
)
FILMS_7 = rule("films-7", "periods.loan", Days(7), media_type=("DVD", "DVD18"), name="one week for films")
AGE = rule("age", "circulation.checkout", MinAge(18), media_type="DVD18", name="films from 18")


@pytest.fixture
def machine(central: Central) -> Machine:
    """A machine of branch N1."""
    return central.machine("N1")


def first_row(page: Page) -> None:
    """From the list of decisions to the newest."""
    page.locator("main tbody tr a").first.click()


@pytest.mark.requirement("R76")
@pytest.mark.requirement("R87")
def test_why_can_this_film_not_be_borrowed_at_the_machine_and_at_the_desk(
    world: World, central: Central, machine: Machine, opened: Open
) -> None:
    world.rules(SELF_SERVICE, FILMS_7, AGE)
    patron, film = world.patron(), world.item("DVD18")
    assert machine.do("checkout", film, machine.token(patron))["outcome"] == "refused"
    page = opened(central)
    page.goto(f"{central.url}/staff/decisions")
    first_row(page)  # the first click
    expect(page.locator(".verdict")).to_have_text(re.compile("^Refused: Not at the machine"))
    steps = page.locator("section:has(#steps) tbody tr")
    expect(steps).to_have_count(1)
    expect(steps).to_contain_text("self-service control")
    expect(steps).to_contain_text("rule 1 of 1: films from 18 only at the desk (Branch N1, media type DVD18)")
    desk = page.locator("section:has(#desk)")
    expect(desk).to_contain_text("Allowed until Mon 8 June 2026.")
    expect(desk).to_contain_text(
        "loan period: rule 1 of 2: one week for films (Branch A, media type DVD | DVD18): 7 days."
    )
    expect(page.locator("blockquote")).to_contain_text("Please borrow this at the desk")
    expect(page.locator(".asked a", has_text="Set 1")).to_have_attribute("href", "/staff/rule-sets/1")


@pytest.mark.requirement("R77")
def test_what_would_happen_if_she_came_tomorrow_on_her_birthday_at_the_other_branch(
    world: World, central: Central, machine: Machine, opened: Open
) -> None:
    world.rules(SELF_SERVICE, FILMS_7, AGE)
    patron, film = world.patron(born=date(2008, 6, 20)), world.item("DVD18")
    machine.do("checkout", film, machine.token(patron))
    page = opened(central)
    page.goto(f"{central.url}/staff/decisions")
    first_row(page)
    page.click("text=Ask again with")  # the second click
    rows = page.locator("section:has(#others) tbody tr")
    expect(rows.filter(has_text="at the desk")).to_contain_text("refused")
    expect(rows.filter(has_text="in Branch N2")).to_contain_text("refused The checkout rule does not allow it.")
    expect(rows.filter(has_text="a day later, Tue 2 June 2026")).to_contain_text("refused")
    birthday = rows.filter(has_text="on the birthday, Sat 20 June 2026")
    expect(birthday).to_contain_text("refused Not at the machine")
    birthday.locator("a").click()
    expect(page).to_have_url(re.compile("on=2026-06-20"))
    page.locator("section:has(#others) tbody tr").filter(has_text="at the desk").locator("a").click()
    expect(page.locator(".verdict")).to_have_text("Allowed until Sat 27 June 2026.")


@pytest.mark.requirement("R77")
def test_the_same_film_on_another_day_with_the_draft_shows_due_date_and_the_rule_that_differs(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules(FILMS_7)
    made = str(drafts.create(service, "anna", "Autumn")["id"])
    longer = {"id": "autumn", "kind": "periods.loan", "org": "N1", "name": "two weeks in autumn", "value": {"days": 14}}
    drafts.insert_rule(service, "anna", made, longer)
    world.patron(last_name="Schneider", first_name="Kim")
    film = world.item("DVD")
    page = opened(central)
    page.goto(f"{central.url}/staff/what-if")
    page.fill("#item_text", film)
    page.fill("#patron_text", "schnei")
    page.fill("#on", "2026-08-31")
    page.select_option("#rules", made)
    page.click("main form button")
    expect(page.locator(".verdict")).to_have_text("Allowed until Mon 14 September 2026.")
    assert "schnei" not in page.url.lower()
    beside = page.locator("section:has(#beside) tbody tr")
    expect(beside.filter(has_text="Answer")).to_contain_text("Allowed until Mon 7 September 2026.")
    differing = beside.filter(has_text="differs").filter(has_text="loan period")
    expect(differing).to_contain_text("one week for films")
    expect(differing).to_contain_text("two weeks in autumn")
    expect(beside.filter(has_text="debt block")).not_to_contain_text("differs")


@pytest.mark.requirement("R38")
@pytest.mark.requirement("R78")
def test_why_is_this_due_then_and_not_a_week_earlier(
    world: World, service: Service, central: Central, machine: Machine, clock: TestClock, opened: Open
) -> None:
    summer = {"valid_from": date(2026, 6, 1), "valid_until": date(2026, 8, 31), "name": "summer"}
    world.rules(
        rule("summer", "periods.loan", Days(14), "N1", **summer),
        rule("closing", "periods.closing_adjustment", Days(7), "N1", name="a week for closings"),
    )
    organising.add_closing(service, "anna", "N1", Closing(date(2026, 6, 15), date(2026, 6, 15), False, "works"))
    patron, book = world.patron(), world.item()
    assert machine.do("checkout", book, machine.token(patron))["due"] == "2026-06-22"
    world.rules()  # another set afterwards changes nothing of this loan
    page = opened(central)
    page.goto(f"{central.url}/staff/loans")
    page.locator("main tbody tr th a").first.click()
    expect(page.locator(".verdict")).to_have_text("On loan, due Mon 22 June 2026")
    why = page.locator("section:has(#due)")
    expect(why).to_contain_text("Mon 1 June 2026 and 14 days make Mon 15 June 2026.")
    expect(why).to_contain_text("“summer” holds from Mon 1 June 2026 to Mon 31 August 2026 only.")
    expect(why).to_contain_text("Mon 15 June 2026 is a closing day: moved to Mon 22 June 2026.")
    rules = page.locator("section:has(#rules)")
    expect(rules).to_contain_text("The rules of set 1 that decided it")
    expect(rules.locator("tr", has_text="closing-day adjustment")).to_contain_text("a week for closings")
    link = rules.locator("tr", has_text="loan period").locator("td a")
    expect(link).to_have_attribute("href", "/staff/rule?ruleset=1&id=summer")
    page.click("text=The decision in full")
    expect(page.locator("section:has(#due)")).to_contain_text(
        "Mon 15 June 2026 lies in a closing: moved by 7 days, then to the next open day: Mon 22 June 2026."
    )


@pytest.mark.requirement("R18")
@pytest.mark.requirement("R77")
def test_why_can_this_not_be_renewed_and_until_when_would_it_be_otherwise(
    world: World, central: Central, machine: Machine, clock: TestClock, opened: Open
) -> None:
    world.rules(
        rule("no-dvd", "circulation.renewal", False, media_type="DVD", name="films are not renewed"),
        rule("debt", "patron.debt_block", Amount(1000)),
    )
    patron = world.patron()
    film = world.lent(patron, "DVD")
    assert machine.do("renewal", film, machine.token(patron))["outcome"] == "refused"
    page = opened(central)
    page.goto(f"{central.url}/staff/items/{film}")
    page.locator("section:has(#decisions) li a").first.click()
    expect(page.locator(".verdict")).to_have_text("Refused: The renewal rule does not allow it.")
    page.click("text=Ask again with")
    expect(page.locator("main")).to_contain_text("Were this set aside by staff: until Mon 29 June 2026.")
    steps = page.locator("section:has(#steps)")
    expect(steps.locator("tr", has_text="renewalcirculation control")).to_contain_text("films are not renewed")
