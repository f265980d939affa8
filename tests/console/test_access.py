"""Signing in and out, roles, forms of ours, sessions that end, and the headers every answer carries."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from circulation.staffing import DESK
from tests.circulation.running import Central
from tests.console.conftest import Open


def test_whoever_signs_in_comes_to_what_they_wanted(central: Central, opened: Open) -> None:
    page = opened(central, DESK)
    page.click("text=Sign out")
    expect(page).to_have_title(re.compile("Sign in"))
    page.goto(f"{central.url}/staff/?x=1")
    page.fill("#name", "anna")
    page.fill("#password", "a good long password")
    page.click("main button")
    expect(page).to_have_url(re.compile(r"/staff/\?x=1$"))


def test_a_wrong_password_is_told_and_what_was_typed_stays(central: Central, opened: Open) -> None:
    page = opened(central, DESK)
    page.click("text=Sign out")
    page.fill("#name", "anna")
    page.fill("#password", "not the right one")
    page.click("main button")
    expect(page.locator("[role=alert]")).to_have_text("Name or password is wrong.")
    assert page.input_value("#name") == "anna"
    assert page.input_value("#password") == ""


def test_the_language_is_chosen_once(central: Central, opened: Open) -> None:
    page = opened(central, DESK)
    page.click("text=Deutsch")
    expect(page.locator("h1")).to_have_text("Start")
    expect(page.locator("text=Abmelden")).to_be_visible()


def test_the_menu_opens_on_a_narrow_screen_without_a_script(central: Central, opened: Open) -> None:
    page: Page = opened(central, DESK)
    page.set_viewport_size({"width": 700, "height": 900})
    expect(page.locator("nav")).to_be_hidden()
    page.click(".menu-button")
    expect(page.locator("nav")).to_be_visible()
