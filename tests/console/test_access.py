"""Signing in and out, roles, forms of ours, sessions that end, and the headers every answer carries."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from circulation.secrets import Secrets
from circulation.service import Service
from circulation.staff.page import SESSION
from circulation.staffing import DESK
from circulation.store.engine import Database
from tests.circulation.conftest import QUICK
from tests.circulation.running import SECONDS, STAFF_PASSWORD, Central, TestClock, serving
from tests.console.conftest import Open, session_of


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


def test_where_nothing_is_set_up_the_first_page_says_what_to_do(tmp_path: Path, clock: TestClock) -> None:
    database = Database(f"sqlite:///{tmp_path}/circulation.db")
    database.migrate()
    with serving(Service(database, Secrets(tmp_path / "secrets", QUICK), clock)) as running:
        page = requests.get(running.url, timeout=SECONDS)
        assert page.status_code == 200
        assert "circulation init" in page.text
        given = {"name": "anna", "password": "x", "branch": "N1"}
        assert requests.post(f"{running.url}/staff/sign-in", data=given, timeout=SECONDS).status_code == 422
    database.close()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "same-origin"}, 401),
        ({}, 401),
    ],
)
def test_nobody_is_signed_in_by_a_page_from_elsewhere(central: Central, headers: dict[str, str], status: int) -> None:
    given = {"name": "nobody", "password": "x", "branch": "N1"}
    answer = requests.post(f"{central.url}/staff/sign-in", data=given, headers=headers, timeout=SECONDS)
    assert answer.status_code == status


def test_a_form_without_the_mark_of_its_session_does_nothing(central: Central) -> None:
    token = session_of(central.service)
    for mark in ({}, {"csrf": "x"}, {"csrf": "\u00e9"}):
        answer = requests.post(f"{central.url}/staff/sign-out", data=mark, cookies={SESSION: token}, timeout=SECONDS)
        assert answer.status_code == 403
    page = requests.get(f"{central.url}/staff/", cookies={SESSION: token}, timeout=SECONDS)
    assert "Sign out" in page.text
    mark = {"csrf": re.findall(r'name="csrf" value="([0-9a-f]+)"', page.text)[0]}
    requests.post(f"{central.url}/staff/sign-out", data=mark, cookies={SESSION: token}, timeout=SECONDS)
    ended = requests.get(f"{central.url}/staff/", cookies={SESSION: token}, timeout=SECONDS)
    assert ended.url.endswith("/staff/sign-in")


@pytest.mark.parametrize("back", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere", "x"])
def test_nothing_leads_to_another_site(central: Central, back: str) -> None:
    answer = requests.get(
        f"{central.url}/staff/language/de", params={"back": back}, allow_redirects=False, timeout=SECONDS
    )
    assert answer.headers["location"] == "/staff/"


def test_the_cookie_of_a_session_is_out_of_reach_of_scripts_and_other_sites(central: Central) -> None:
    session_of(central.service)
    given = {"name": "anna", "password": STAFF_PASSWORD, "branch": "N1"}
    answer = requests.post(f"{central.url}/staff/sign-in", data=given, allow_redirects=False, timeout=SECONDS)
    cookie = next(one for one in answer.headers["set-cookie"].split(", ") if one.startswith(f"{SESSION}="))
    assert {"HttpOnly", "Path=/staff", "SameSite=lax"} <= set(cookie.split("; "))
