"""The table of what machines may do: switches, the draft they go into, rules it cannot show (R53-R56)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from circulation.rulebook import publishing
from circulation.service import Service
from circulation.staffing import RULES
from circulation.store import house, rulesets
from rules.compiled import compile_rules
from rules.evaluate import decide
from rules.rule import Facts
from tests.circulation.running import Central
from tests.circulation.world import Days, World, rule
from tests.console.conftest import Open
from tests.console.looking import Reader, reader
from tests.rules.made import MONDAY

CHECKOUT = "self_service.checkout"
CELL = 'select[name="checkout/DVD"]'


@pytest.fixture
def seen(central: Central) -> Iterator[Reader]:
    """Somebody who makes rules, at N1."""
    with reader(central, RULES) as found:
        yield found


@pytest.mark.requirement("R53")
def test_a_switch_is_set_seen_beside_what_is_in_force_and_published(
    world: World, central: Central, opened: Open, service: Service
) -> None:
    world.rules(rule("games", CHECKOUT, False, "A", name="Games at the desk", media_type="GAME"))
    page = opened(central, RULES)
    page.goto(f"{central.url}/staff/self-service")
    expect(page.locator(f"{CELL} option:checked")).to_have_text("not set: yes")
    expect(page.locator('select[name="checkout/GAME"] option:checked')).to_have_text("inherited: no")
    page.select_option(CELL, "no")
    page.select_option('select[name="checkout/GAME"]', "yes")
    page.click("text=Save these switches")
    expect(page.locator("main h2").first).to_have_text("2 changes not yet in force")
    expect(page.locator("[role=status]")).to_contain_text("not in force yet")
    expect(page.locator("td", has=page.locator(CELL))).to_contain_text("in force: yes")
    page.select_option("#organisation", "N2")
    page.click("form.filter button")
    expect(page.locator(f"{CELL} option:checked")).to_have_text("not set: yes")
    page.click("text=Check and publish")
    expect(page).to_have_url(re.compile(r"/staff/drafts/[0-9a-f-]+$"))
    publishing.publish(service, "anna", page.url.rpartition("/")[2])
    with service.database.reading() as db:
        live = compile_rules(house.rule_set(db, 2))
    decided = [decide(live, CHECKOUT, org, Facts(media_type="DVD"), MONDAY).value for org in ("N1", "N2")]
    assert decided == [False, True]
    assert decide(live, CHECKOUT, "N1", Facts(media_type="GAME"), MONDAY).value is True


def test_the_table_says_where_a_value_comes_from_and_what_it_cannot_show(world: World, seen: Reader) -> None:
    world.rules(
        rule("both", "self_service.renewal", False, "A", name="Films and discs", media_type=("DVD", "CD")),
        rule("rare", CHECKOUT, False, "A", name="Rare games", media_type="GAME", department="treasure"),
        rule("here", CHECKOUT, False, "N1", name="No films here", media_type="DVD"),
    )
    page = seen.read("/self-service")
    assert "set here: No films here" in page
    assert "Branch A Films and discs" in page
    assert "but no for media type: GAME; department: treasure: Rare games" in page
    others = page.partition("cannot show by itself")[2]
    assert [name in others for name in ("Films and discs", "Rare games", "No films here")] == [True, True, False]
    above = seen.read("/self-service", organisation="A")
    assert "by another rule: no" in above
    assert "no at Branch N1" in above


def test_nothing_is_saved_where_nothing_differs_or_somebody_was_first(world: World, seen: Reader) -> None:
    world.rules()
    path = "/self-service"
    first = re.search('name="seen" value="([^"]+)"', seen.get(path).text)
    assert first is not None
    given = {"organisation": "N1", "seen": first[1], "checkout/DVD": "inherited", "return/CD": "inherited"}
    answer = seen.send(path, path, **given)
    assert "Nothing was different" in answer.text
    with world.service.database.reading() as db:
        assert rulesets.drafts(db) == []
    assert "Saved in the draft" in seen.send(path, path, **{**given, "checkout/DVD": "no"}).text
    late = seen.send(path, path, **{**given, "return/CD": "no"})
    assert late.status_code == 409
    assert "Somebody else has changed this table" in late.text
    chosen = late.text.partition('name="return/CD"')[2].partition("</select>")[0]
    assert '<option value="no" selected>' in chosen  # what was entered stays


def test_changes_of_an_outdated_draft_are_taken_over(world: World, seen: Reader) -> None:
    world.rules()
    path = "/self-service"
    first = re.search('name="seen" value="([^"]+)"', seen.get(path).text)
    assert first is not None
    seen.send(path, path, **{"organisation": "N1", "seen": first[1], "checkout/DVD": "no"})
    world.rules(rule("grace", "periods.grace", Days(2)))
    page = seen.get(path).text
    assert "Another set has been published since" in page
    found = re.search('name="draft" value="([^"]+)"', page)
    assert found is not None
    answer = seen.send(path, "/self-service/begin-again", draft=found[1], organisation="N1")
    assert "The changes now stand in a new draft" in answer.text
    assert "1 change not yet in force" in answer.text
    assert "Another set has been published since" not in answer.text


def test_a_library_without_media_types_is_led_to_them(world: World, seen: Reader) -> None:
    with world.service.database.writing() as db:
        db.exec_driver_sql("DELETE FROM media_type")
    assert "There are no media types yet" in seen.read("/self-service")
