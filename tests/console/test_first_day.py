"""The first day of a library, by the shipped programs and a browser: from an empty computer to a refusal explained."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from tests.circulation.running import SECONDS, STAFF_PASSWORD, Machine, codes, server_process
from tests.console.conftest import sign_in

ITEMS = """id;title;author;media_type;branch
30000000000012;Pride and Prejudice;Jane Austen;BOOK;N1
30000000000376;The Long Night;Ana Prieto;DVD18;N1
"""
PATRONS = """card;first_name;last_name;category;born;pin
20000000000014;Mira;Vogel;normal;14.03.1988;1234
"""


def circulation(env: Mapping[str, str], *words: str) -> str:
    """A command of the central service; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "circulation", *words],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def name_codes(page: Page, url: str) -> None:
    """Media types and a patron category, by the page."""
    page.goto(f"{url}/staff/")
    page.click("text=Name the media types")
    page.wait_for_load_state()
    for code, name in (("BOOK", "Books"), ("DVD18", "Films from 18")):
        if not page.locator("#media_type-code").is_visible():
            page.locator("summary", has_text="Add a media type").click()
        page.fill("#media_type-code", code)
        page.fill("#media_type-name_en", name)
        page.locator("form[action$='/codes/media_type/add'] button").click()
        expect(page.locator("main")).to_contain_text(name)
    page.fill("#patron_category-code", "normal")
    page.locator("form[action$='/codes/patron_category/add'] button").click()
    expect(page.locator("main")).to_contain_text("normal")


def publish(page: Page) -> None:
    """Check the draft that is open and publish it."""
    page.click("text=Check and publish")
    expect(page.locator(".badge.stop")).to_have_count(0)
    page.locator("form[action$='/publish'] button").click()
    expect(page).to_have_url(re.compile(r"/rule-sets/\d+$"))


@pytest.mark.slow
@pytest.mark.requirement("R8")
@pytest.mark.requirement("R53")
@pytest.mark.requirement("R76")
def test_from_the_first_administrator_to_the_first_refusal_at_a_machine_explained(
    context: BrowserContext, tmp_path: Path
) -> None:
    env = {"CIRCULATION_DATABASE": f"sqlite:///{tmp_path}/circulation.db"}
    (tmp_path / "password").write_text(STAFF_PASSWORD)
    (tmp_path / "items.csv").write_text(ITEMS)
    (tmp_path / "patrons.csv").write_text(PATRONS)
    place = ("--branch", "N1", "--branch-name", "Main library")
    circulation(
        env, "init", "Lindenau", "--isil", "DE-Mus1", "--currency", "EUR", "--time-zone", "Europe/Berlin", *place
    )
    circulation(env, "admin", "create", "anna", "--password-file", str(tmp_path / "password"))
    with server_process(env, tmp_path) as (url, _):
        page = context.new_page()
        sign_in(page, url, "anna")
        expect(page.locator("main")).to_contain_text("Before the first loan")
        name_codes(page, url)
        # The service runs while a house is brought in.
        circulation(env, "import", "items", str(tmp_path / "items.csv"))
        circulation(env, "import", "patrons", str(tmp_path / "patrons.csv"))
        page.goto(f"{url}/staff/")
        page.click("text=Publish the first rules")
        page.locator("form[action$='/drafts/sets'] button").first.click()
        publish(page)
        page.goto(f"{url}/staff/self-service")
        page.select_option("select[name='checkout/DVD18']", label="no")
        page.locator("form.switches button.primary").click()
        page.locator("main a", has_text="Check").first.click()
        publish(page)
        page.goto(f"{url}/staff/machines")
        page.locator("form[action$='/machines/code'] button").click()
        code = page.locator(".told-once").inner_text()
        machine = enrolled(url, code)
        try:
            token = machine.token("20000000000014")
            assert machine.do("checkout", "30000000000012", token)["outcome"] == "done"
            refused = machine.do("checkout", "30000000000376", token)
        finally:
            machine.http.close()
        assert codes(refused) == ["self_service.checkout"]
        page.goto(f"{url}/staff/decisions")
        page.locator("tr", has_text="The Long Night").locator("a").first.click()
        expect(page.locator("main")).to_contain_text("Not at the machine")
        expect(page.locator("main")).to_contain_text("And at the desk?")
        page.goto(f"{url}/staff/")
        expect(page.locator("main")).not_to_contain_text("Before the first loan")


def enrolled(url: str, code: str) -> Machine:
    """A machine that was given a code by the page."""
    body = {"code": code.replace(" ", ""), "name": "Entrance", "version": "1.0"}
    answer = requests.post(f"{url}/v1/enrol", json=body, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    return Machine(url, answer.json()["key"], "N1")
