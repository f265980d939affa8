"""Pages of organisations with their settings, and of codes."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from circulation import inherited, organising, staffing
from circulation.domain.settings import DEFAULTS
from circulation.store import tables as t
from circulation.store.house import organisations
from tests.circulation.running import Central
from tests.circulation.world import World
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, harmless, reader, text_of

N1 = "/organisations/N1"


def test_an_organisation_is_added_renamed_and_moved(central: Central, opened: Open) -> None:
    page = opened(central, staffing.ADMIN)
    page.click("nav >> text=Organisations")
    page.fill("#id", "S1")
    page.fill("#name", "South")
    page.select_option("#parent", label="\u2003Branch North")
    page.click("main >> button:text('Add')")
    page.wait_for_url(re.compile("/organisations/S1$"))
    page.fill("#name", "Süd")
    page.select_option("#parent", "A")
    page.click("section button")
    page.wait_for_selector("[role=status]")
    page.click("text=All organisations")
    expect(page.locator("tbody th")).to_have_text(
        ["Branch A", "Branch North", "Branch BUS", "Branch N1", "Branch N2", "Süd"]
    )
    with central.service.database.reading() as db:
        assert organisations(db).nodes["S1"].parent == "A"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"id": "N1", "name": "x", "kind": "branch"}, "is there already"),
        ({"id": "a|b", "name": "x", "kind": "branch"}, "A code is short"),
        ({"id": "S1", "name": "", "kind": "branch"}, "has to be filled in"),
        ({"id": "S1", "name": "x", "kind": "branch", "parent": "S9"}, "no such organisation"),
    ],
)
def test_what_is_wrong_in_an_organisation_is_told(central: Central, given: dict[str, str], said: str) -> None:
    with reader(central, staffing.ADMIN) as anna:
        answer = anna.send("/organisations", "/organisations", **given)
    assert answer.status_code in (409, 422)
    assert said in text_of(answer.text)


def test_no_organisation_can_be_put_below_itself(central: Central) -> None:
    with reader(central, staffing.ADMIN) as anna:
        given = {"name": "North", "kind": "authority", "parent": "N1"}
        answer = anna.send("/organisations/North", "/organisations/North/change", **given)
        assert (answer.status_code, "stand above itself" in answer.text) == (409, True)
        assert anna.get("/organisations/S9").status_code == 404


@pytest.mark.requirement("R35", "R84")
def test_every_setting_is_made_here_or_inherited(central: Central) -> None:
    service = central.service
    with reader(central, staffing.ADMIN) as anna:
        anna.send(N1, "/organisations/A/settings", floating="no", history_days="10", exclude_invoices_from_block="yes")
        page = anna.get(N1).text
        assert set(re.findall(r'<(?:select|input) id="(\w+)" name="\1"', page)) >= set(DEFAULTS)
        assert "as Branch A: are sent home" in text_of(page)
        assert "Empty = as Branch A: 10" in text_of(page)
        answer = anna.send(N1, f"{N1}/settings", floating="yes", backlog_limit="0")
        assert "hold from now on" in text_of(answer.text)
        assert organising.settings(service, "N1")["own"] == {"floating": True, "backlog_limit": 0}
        assert inherited.settings(service, "N1")["exclude_invoices_from_block"].holds is True
        anna.send(N1, f"{N1}/settings")
        assert organising.settings(service, "N1")["own"] == {}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"history_days": "many"}, "no whole number"),
        ({"floating": "perhaps"}, "cannot have this value"),
        ({"renewal_from": "tomorrow"}, "cannot have this value"),
    ],
)
def test_a_wrong_setting_is_told_and_nothing_is_kept(central: Central, given: dict[str, str], said: str) -> None:
    with reader(central, staffing.ADMIN) as anna:
        answer = anna.send(N1, f"{N1}/settings", **given, backlog_limit="7")
    assert (answer.status_code, said in text_of(answer.text)) == (422, True)
    assert 'value="7"' in answer.text
    assert organising.settings(central.service, "N1")["own"] == {}


def codes(central: Central, table: object) -> list[dict[str, object]]:
    return organising.codes(central.service, table)  # type: ignore[arg-type]  # one of the tables of codes


def test_codes_are_added_named_and_deleted(central: Central, opened: Open) -> None:
    page = opened(central, staffing.ADMIN)
    page.click("nav >> text=Codes")
    page.click("text=Add a media type")
    page.fill("#media_type-code", "MAP")
    page.fill("#media_type-name_en", "Maps")
    page.fill("#media_type-name_de", "Karten")
    page.fill("#media_type-more_language", "fr")
    page.fill("#media_type-more_name", "Cartes")
    page.click("details.panel button")
    page.wait_for_selector("[role=status]")
    row = page.locator("tr", has_text="MAP")
    expect(row.locator(".named")).to_have_text(["en Maps", "de Karten", "fr Cartes"])
    row.locator("summary", has_text="Names").click()
    row.locator("input[name=name_de]").fill("Landkarten")
    row.locator("input[name=name_fr]").fill("")
    row.locator("text=Save").click()
    page.wait_for_selector("text=Landkarten")
    (found,) = [one for one in codes(central, t.media_type) if one["code"] == "MAP"]
    assert found["names"] == {"en": "Maps", "de": "Landkarten"}
    row.locator("summary", has_text="Delete").click()
    row.locator("text=Delete for good").click()
    page.wait_for_selector("text=The code is deleted.")
    assert "MAP" not in [one["code"] for one in codes(central, t.media_type)]


def test_a_code_that_is_used_stays_and_says_where(world: World, central: Central) -> None:
    world.rules()
    world.items(2, "DVD")
    with reader(central, staffing.ADMIN) as anna:
        answer = anna.send("/codes", "/codes/media_type/delete", code="DVD")
        assert answer.status_code == 409
        assert "It is named by: 2 items" in text_of(answer.text)
        assert anna.send("/codes", "/codes/media_type/delete", code="VHS").status_code == 404
        assert anna.send("/codes", "/codes/colour/delete", code="red").status_code == 404
    assert "DVD" in [one["code"] for one in codes(central, t.media_type)]


@pytest.mark.parametrize(
    ("table", "given", "said"),
    [
        ("media_type", {"code": "BOOK", "name_en": "Books"}, "This code is there already."),
        ("media_type", {"code": "MAP"}, "has to be filled in"),
        ("media_type", {"code": "MAP", "more_language": "f r", "more_name": "x"}, "Write a language as fr"),
        ("patron_category", {"code": ""}, "has to be filled in"),
        ("age_group", {"code": "teen", "least": "12", "most": "x"}, "no whole number"),
        ("age_group", {"code": "teen", "least": "12", "most": ""}, "has to be filled in"),
        ("age_group", {"code": "teen", "least": "12", "most": "20"}, "belong to another group"),
        ("age_group", {"code": "teen", "least": "300", "most": "200"}, "lower than the lowest"),
    ],
)
def test_a_wrong_code_is_told_and_not_kept(central: Central, table: str, given: dict[str, str], said: str) -> None:
    before = [codes(central, one) for one in (t.media_type, t.patron_category, t.age_group)]
    with reader(central, staffing.ADMIN) as anna:
        answer = anna.send("/codes", f"/codes/{table}/add", **given)
    assert answer.status_code in (409, 422)
    assert said in text_of(answer.text)
    assert [codes(central, one) for one in (t.media_type, t.patron_category, t.age_group)] == before


def test_categories_and_age_groups_are_added(central: Central) -> None:
    with reader(central, staffing.ADMIN) as anna:
        anna.send("/codes", "/codes/patron_category/add", code="guest")
        anna.send("/codes", "/codes/age_group/add", code="ancient", least="151", most="200")
        told = anna.read("/codes")
    assert "guest" in told
    assert "ancient 151 to 200 years" in told


def test_hostile_text_is_shown_as_text(central: Central) -> None:
    with reader(central, staffing.ADMIN) as anna:
        given = {"id": "S1", "name": HOSTILE, "kind": HOSTILE, "parent": "A"}
        assert harmless(anna.send("/organisations", "/organisations", **given).text)
        assert harmless(anna.get("/organisations").text)
        assert harmless(anna.get("/calendar").text)
        assert harmless(anna.send("/organisations", "/organisations", **{**given, "id": HOSTILE + "|"}).text)
        assert harmless(anna.send(N1, f"{N1}/settings", history_days=HOSTILE).text)
        assert harmless(anna.send("/codes", "/codes/media_type/add", code=HOSTILE, name_en=HOSTILE).text)
        assert harmless(anna.send("/codes", "/codes/patron_category/add", code=HOSTILE).text)
