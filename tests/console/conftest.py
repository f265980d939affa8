"""The staff console in a real browser: Debian's Chromium, the service over real HTTP, members of staff signed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from circulation import staffing
from circulation.service import Service
from circulation.staffing import ROLES, RULES
from tests.circulation.conftest import central as central_of_the_test_world
from tests.circulation.conftest import (  # noqa: F401 - fixtures
    clock,
    demo_central,
    demo_house,
    demo_service,
    empty_house,
    log_as_served,
    world,
)
from tests.circulation.conftest import service as service_of_the_test_world
from tests.circulation.running import STAFF_PASSWORD, Central
from tests.console.sending import Sending
from tools.pictures import CHROMIUM, FLAGS

central = central_of_the_test_world
service = service_of_the_test_world
WIDE = {"width": 1280, "height": 900}
PATIENCE = 15_000  # ms until what a test waits for must be there

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One browser for all: it starts before a test is watched for what it leaves behind, and in one process."""
    for item in items:
        if isinstance(item, pytest.Function) and {"browser", "opened", "context"} & set(item.fixturenames):
            item.fixturenames.insert(0, "browser")
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium without a window."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield found
        found.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A person's browser: cookies of its own. What the console's script complains of fails the test."""
    found = browser.new_context(viewport=WIDE, locale="en-GB")  # type: ignore[arg-type]  # a plain dict fits
    found.set_default_timeout(PATIENCE)
    faults: list[str] = []
    found.on("weberror", lambda error: faults.append(str(error.error)))
    found.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield found
    found.close()
    # What the server refuses is said in the console too; that is what such a test is about.
    assert [one for one in faults if not re.search("status of 4|Failed to load resource", one)] == []


def sign_in(page: Page, url: str, name: str, branch: str = "N1", password: str = STAFF_PASSWORD) -> None:
    """Sign in by the page, as a person does."""
    page.goto(f"{url}/staff/sign-in")
    page.fill("#name", name)
    page.fill("#password", password)
    page.select_option("#branch", branch)
    page.click("main button")
    page.wait_for_url(re.compile(r"/staff/$"))


@pytest.fixture
def opened(context: BrowserContext) -> Open:
    """A page of somebody who is signed in: ``opened(central, *roles, branch=..., name=...)``; all roles if none."""

    def open_page(running: Central, *roles: str, branch: str = "N1", name: str = "anna", **more: Any) -> Page:
        staffing.create(running.service, "test", name, STAFF_PASSWORD, roles or ROLES, **{"may_override": True, **more})
        page = context.new_page()
        sign_in(page, running.url, name, branch)
        return page

    return open_page


def session_of(service: Service, *roles: str, name: str = "anna", branch: str = "N1") -> str:
    """The cookie of somebody who is signed in, for tests that need no browser."""
    staffing.create(service, "test", name, STAFF_PASSWORD, roles or ROLES, may_override=True)
    return str(staffing.sign_in(service, name, STAFF_PASSWORD, branch)["token"])


@pytest.fixture
def sending(central: Central, service: Service) -> Iterator[Sending]:
    """Somebody with every role, without a browser."""
    found = Sending(central, session_of(service))
    yield found
    found.http.close()


@pytest.fixture
def maker(central: Central, service: Service) -> Iterator[Sending]:
    """Somebody who makes rules, without a browser."""
    found = Sending(central, session_of(service, RULES))
    yield found
    found.http.close()


def too_wide(page: Page) -> list[str]:
    """Whether the page is wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{wide} px wider than the screen"] if wide > 0 else []


def faults(page: Page) -> list[str]:
    """What axe finds, and whether the page is wider than the screen."""
    page.evaluate(AXE_SCRIPT)
    # What is well stays in the browser: it is long, and nobody reads it.
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations)")
    return [*(f"{one['id']}: {[node['html'][:120] for node in one['nodes']][:3]}" for one in found), *too_wide(page)]
