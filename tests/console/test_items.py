"""Items in the console: finding, what a state means, marking, clearing a doubt, entering and changing (R84, R87)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, select

from circulation import audit
from circulation.service import Service
from circulation.staff.pages.items import effects
from circulation.staffing import DESK
from circulation.store import tables as t
from tests.circulation.running import Central
from tests.circulation.world import World
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, Reader, harmless, reader, text_of

NEW = {"title": "Momo", "author": "Michael Ende", "media_type": "BOOK", "branch": "N1", "parts": "1"}


def doubt(service: Service, machine: str, item: str) -> None:
    values = {"wanted": "armed", "last": "disarmed", "since": service.clock(), "cleared": False}
    with service.database.writing() as db:
        db.execute(insert(t.doubt).values(machine_id=machine, item=item, **values))


def lines(service: Service) -> list[tuple[str, str, str]]:
    with service.database.reading() as db:
        found = [(one["who"], one["action"], one["subject"]) for one in audit.listed(db)]
    return [line for line in found if line[1].startswith(("item.", "doubt."))]


def test_a_scanned_barcode_leads_to_the_item(world: World, central: Central, opened: Open) -> None:
    item = world.item(title="Nights")
    world.item(title="Days")
    page = opened(central, DESK)
    page.goto(f"{central.url}/staff/items")
    page.fill("#text", item)
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Nights")


def test_items_are_found_by_every_filter(world: World, central: Central) -> None:
    world.item(title="Nights", branch="N2")
    world.item("DVD", title="Days", state="missing")
    world.lent(world.patron(), title="Weeks")
    with reader(central, DESK) as anna:
        for asked, found in (
            ({"text": "nigh"}, {"Nights"}),
            ({"branch": "N2"}, {"Nights"}),
            ({"media_type": "DVD"}, {"Days"}),
            ({"state": "missing"}, {"Days"}),
            ({"on_loan": "yes"}, {"Weeks"}),
            ({"on_loan": "no"}, {"Nights", "Days"}),
            ({"text": "hours"}, set()),
        ):
            told = anna.read("/items", **asked)
            assert {title for title in ("Nights", "Days", "Weeks") if title in told} == found, asked


@pytest.mark.requirement("R84")
@pytest.mark.parametrize(
    ("state", "shown", "on_loan", "checkout", "given_back"),
    [
        ("available", "available", False, ("lent", "lent"), ("taken", "taken")),
        ("available", "on_loan", True, ("on_loan", "on_loan"), ("taken", "taken")),
        ("available", "set_aside", False, ("set_aside", "set_aside"), ("taken", "taken")),
        ("in_transit", "in_transit", False, ("refused_machine", "refused"), ("taken", "taken")),
        ("missing", "missing", False, ("found_machine", "found"), ("found_machine", "found")),
        ("lost", "lost", True, ("on_loan", "on_loan"), ("found_machine", "found")),
        ("withdrawn", "withdrawn", False, ("refused_machine", "refused"), ("refused_machine", "refused")),
    ],
)
def test_each_state_says_what_it_means_at_machine_and_desk(
    state: str, shown: str, on_loan: bool, checkout: tuple[str, str], given_back: tuple[str, str]
) -> None:
    out, back = effects(state, shown, on_loan=on_loan)
    assert (out.machine, out.desk) == checkout
    assert (back.machine, back.desk) == given_back


@pytest.mark.requirement("R84")
def test_an_item_is_marked_and_says_what_that_means(world: World, service: Service, central: Central) -> None:
    item = world.item()
    with reader(central, DESK) as anna:
        told = text_of(anna.send(f"/items/{item}", f"/items/{item}/state", state="withdrawn").text)
        assert "The mark is changed." in told
        assert "Checkout refused: “please give this to staff” refused; nobody can set this aside" in told
        wrong = anna.send(f"/items/{item}", f"/items/{item}/state", state="eaten")
        assert wrong.status_code == 422
        assert "There is no such mark." in text_of(wrong.text)
    assert world.item_row(item).state == "withdrawn"
    assert lines(service)[0] == ("anna", "item.state", f"item {item}")


@pytest.mark.requirement("R87")
def test_a_doubt_is_cleared_on_the_items_page(world: World, service: Service, central: Central) -> None:
    item = world.item()
    central.machine("N1")
    doubt(service, machine_id(service), item)
    with reader(central, DESK) as anna:
        assert "should be secured, last read released." in anna.read(f"/items/{item}")
        told = text_of(anna.send(f"/items/{item}", f"/items/{item}/clear").text)
        assert "last read" not in told
    assert lines(service)[0] == ("anna", "doubt.clear", item)


def machine_id(service: Service) -> str:
    with service.database.reading() as db:
        return str(db.execute(select(t.machine.c.id)).scalar_one())


def entered(anna: Reader, **more: str) -> Any:
    return anna.send("/items-new", "/items-new", **{**NEW, **more})


@pytest.mark.requirement("R87")
def test_an_item_is_entered_by_hand_and_changed(world: World, service: Service, central: Central) -> None:
    with reader(central, DESK) as anna:
        told = text_of(entered(anna, id="m 1/2", fiction="yes").text)
        assert "The item is entered." in told
        assert "Momo" in told
        assert 'value="Momo"' in anna.get("/items/m 1/2/change").text
        changed = anna.send("/items/m 1/2/change", "/items/m 1/2/change", **{**NEW, "title": "Jim Knopf"})
        assert "Jim Knopf" in text_of(changed.text)
        assert "Jim Knopf" in anna.read("/items", text="knopf")
        another = anna.get("/items-new", like="m 1/2").text
        assert 'value="Jim Knopf"' in another
        assert entered(anna, id="m2", title_id="m 1/2").status_code == 200
        assert "2 copies of this title" in anna.read("/items/m2")
    assert [line[1] for line in lines(service)] == ["item.create", "item.change", "item.create"]


@pytest.mark.requirement("R48")
@pytest.mark.parametrize(("language", "filled", "shown"), [("en", "24.90", "€24.90"), ("de", "24,90", "24,90 €")])
def test_a_price_is_entered_and_shown_as_the_language_writes_it(
    world: World, central: Central, opened: Open, language: str, filled: str, shown: str
) -> None:
    item = world.item()
    page = opened(central, DESK)
    page.context.add_cookies([{"name": "language", "value": language, "url": central.url}])
    page.goto(f"{central.url}/staff/items/{item}/change")
    page.fill("#price", filled)
    page.click("button.primary")
    expect(page.locator("dl.facts")).to_contain_text(shown)
    assert world.item_row(item).price == 2490
    page.goto(f"{central.url}/staff/items/{item}/change")
    expect(page.locator("#price")).to_have_value(filled)
    page.fill("#price", "")
    page.click("button.primary")
    expect(page.locator("dl.facts")).not_to_contain_text(shown)
    assert world.item_row(item).price is None


def test_what_is_wrong_with_an_item_is_told_and_what_was_typed_stays(world: World, central: Central) -> None:
    item = world.item()
    with reader(central, DESK) as anna:
        for given, told in (
            ({"id": item}, "There is an item with this barcode already."),
            ({"id": ""}, "This field has to be filled in."),
            ({"id": "n", "title": ""}, "This field has to be filled in."),
            ({"id": "n", "media_type": "SCROLL"}, "There is no such media type."),
            ({"id": "n", "parts": "100"}, "An item has 1 to 99 parts."),
            ({"id": "n", "parts": "many"}, "This is no whole number."),
            ({"id": "n", "price": "-1"}, "This is no amount."),
            ({"id": "n", "price": "24.9"}, "This is no amount."),
            ({"id": "n", "price": "9999999"}, "A price is at most 999999.99."),
            ({"id": "n", "title_id": "nobody's"}, "No item is a copy of this title."),
            ({"id": "n" * 65}, "This cannot be a barcode"),
        ):
            answer = entered(anna, **given)
            assert 400 <= answer.status_code < 500, given
            assert told in text_of(answer.text), given
            assert 'value="Michael Ende"' in answer.text
        assert anna.get("/items/nothing").status_code == 404


def test_hostile_text_is_shown_and_harmless(world: World, central: Central) -> None:
    with reader(central, DESK) as anna:
        given = {"id": HOSTILE, "title": HOSTILE, "author": HOSTILE, "department": HOSTILE, "audience": HOSTILE}
        answer = entered(anna, **given)
        assert answer.status_code == 200
        assert harmless(answer.text)
        for path in ("/items", "/items-new"):
            assert harmless(anna.get(path, text=HOSTILE, like=HOSTILE).text)
        assert harmless(entered(anna, **given, parts=HOSTILE).text)
