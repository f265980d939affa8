"""Ways of sending in the console: mail accounts and gateways, their tests, and what uses them (R60, R61)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from circulation.jobs import tasks
from circulation.notices import accounts, gateways
from circulation.notices.accounts import Account
from circulation.service import Service
from circulation.staff.mail_form import ACCOUNTS, GATEWAYS, Kind
from tests.circulation.mail_server import MAIL, RCPT, MailServer, mail_server
from tests.circulation.running import Central
from tests.circulation.world import World
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, Reader, harmless, reader, text_of

PASSWORD = "geheimes Wort"
NEW, PAGE = "/mail/new/accounts", "/mail/accounts/office"


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server of this computer, with one account; begun aside, for the browser's loop runs in this thread."""
    begun = mail_server(MailServer(accounts={"library": PASSWORD}))
    with ThreadPoolExecutor(1) as aside:
        yield aside.submit(begun.__enter__).result()
        aside.submit(begun.__exit__, None, None, None).result()


@pytest.fixture
def admin(central: Central, world: World) -> Iterator[Reader]:
    """Somebody who may do everything, in a small library."""
    with reader(central) as found:
        yield found


def fields(server: MailServer, **more: str) -> dict[str, str]:
    """What is typed into the form of an account of that server."""
    given = {"code": "office", "name": "Office", "host": "127.0.0.1", "port": str(server.port), "security": "none"}
    signed_in = {"user": "library", "password": PASSWORD, "sender": "library@example.com", "per_minute": "60"}
    return {**given, **signed_in, "active": "1", **more}


def usable(service: Service) -> bool:
    return accounts.one(service, "office").usable


def faults(page: str) -> dict[str, str]:
    return {
        name: html.unescape(said) for name, said in re.findall(r'<span class="fault" id="([\w.]+)-hint">([^<]*)', page)
    }


# --- field by field ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R61")
def test_an_account_is_entered_and_its_password_never_shown(admin: Reader, world: World, server: MailServer) -> None:
    assert "There is no mail account yet." in admin.read("/mail")
    answer = admin.send(NEW, NEW, **fields(server))
    assert "Entered. Now send a test." in text_of(answer.text)
    shown = admin.read("/mail")
    assert f"Office office 127.0.0.1:{server.port} none library@example.com not tested" in shown
    for path in ("/mail", PAGE):
        assert PASSWORD not in admin.get(path).text
    assert "One is kept. Leave empty to keep it." in admin.read(PAGE)
    admin.send(PAGE, f"{PAGE}/change", **fields(server, password="", name="Reading room"))
    assert accounts.one(world.service, "office").has_secret
    assert "Reading room" in admin.read("/mail")


@pytest.mark.requirement("R61")
def test_every_mistake_stands_at_its_field_and_nothing_is_stored(
    admin: Reader, world: World, server: MailServer
) -> None:
    wrong = {"code": "a|b", "name": "", "host": "not a host", "port": "x", "sender": "nobody", "per_minute": "0"}
    answer = admin.send(NEW, NEW, **fields(server, **wrong, password=""))
    assert answer.status_code == 422
    assert faults(answer.text).keys() == {*wrong, "password", "security"}
    assert faults(answer.text)["port"] == "A whole number from 1 to 65,535 has to stand here."
    assert 'value="not a host"' in answer.text
    assert accounts.listed(world.service) == []


def test_a_code_that_is_taken_is_said_at_its_field(admin: Reader, server: MailServer) -> None:
    admin.send(NEW, NEW, **fields(server))
    answer = admin.send(NEW, NEW, **fields(server))
    assert (answer.status_code, list(faults(answer.text))) == (409, ["code"])
    assert PASSWORD not in answer.text


@pytest.mark.requirement("R61")
def test_for_another_server_the_password_is_asked_for_again(admin: Reader, world: World, server: MailServer) -> None:
    admin.send(NEW, NEW, **fields(server))
    answer = admin.send(PAGE, f"{PAGE}/change", **fields(server, password="", host="localhost"))
    assert faults(answer.text) == {"password": "For another server or user name the password has to be entered again."}
    assert accounts.one(world.service, "office").said.host == "127.0.0.1"


# --- testing ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R61")
@pytest.mark.parametrize(
    ("answers", "stage", "said", "badges"),
    [
        ({}, "The test message was accepted.", "250 2.0.0 Ok: queued as 4XyZ", "ok ok ok ok ok"),
        (
            {MAIL: "550 5.7.1 sender not owned by user"},
            "The server does not send for this sender",
            "550 5.7.1 sender not owned by user",
            "ok ok here it ended not reached not reached",
        ),
        (
            {RCPT: "550 5.1.1 no such user"},
            "The server does not accept the address the test goes to.",
            "550 5.1.1 no such user",
            "ok ok ok here it ended not reached",
        ),
    ],
)
def test_a_test_says_stage_by_stage_how_far_it_came_and_what_the_server_said(
    admin: Reader, world: World, server: MailServer, answers: dict[str, Any], stage: str, said: str, badges: str
) -> None:
    server.answers.update(answers)
    admin.send(NEW, NEW, **fields(server))
    shown = text_of(admin.send(PAGE, f"{PAGE}/test", to="staff@example.com").text)
    assert stage in shown
    assert said in shown
    parts = ("reach the server", "sign in", "sender", "recipient", "message")
    told = re.search(" ".join(f"{part} (.+?)" for part in parts) + " Answer:", shown)
    assert told is not None
    assert " ".join(told.groups()) == badges
    assert usable(world.service) == (not answers)
    assert "staff@example.com" not in admin.read(PAGE)


@pytest.mark.requirement("R61")
def test_an_address_that_is_none_is_said_at_its_field(admin: Reader, server: MailServer) -> None:
    admin.send(NEW, NEW, **fields(server))
    answer = admin.send(PAGE, f"{PAGE}/test", to="nobody")
    assert faults(answer.text) == {"to": "This is no e-mail address."}
    assert 'value="nobody"' in answer.text


@pytest.mark.requirement("R60")
def test_one_account_serves_every_task_and_is_not_deleted_while_one_uses_it(
    admin: Reader, world: World, server: MailServer
) -> None:
    service = world.service
    admin.send(NEW, NEW, **fields(server))
    admin.send(PAGE, f"{PAGE}/test", to="staff@example.com")
    for number, type_ in enumerate(("due_warnings", "overdue_reminders", "payment_reminders"), 1):
        wanted = tasks.Wanted(type_, f"Task {number}", {"account": "office"}, {"times": ["07:00"]})
        tasks.create(service, "anna", wanted)
    shown = admin.read(PAGE)
    assert "Task 1 Task 2 Task 3 It cannot be deleted while a task uses it." in shown
    answer = admin.send(PAGE, f"{PAGE}/delete")
    assert (answer.status_code, "A task uses this." in answer.text) == (409, True)
    for task in tasks.listed(service):
        tasks.delete(service, "anna", task.id)
    assert "Deleted." in text_of(admin.send(PAGE, f"{PAGE}/delete").text)
    assert accounts.listed(service) == []


# --- gateways ---------------------------------------------------------------------------------------------------------


def test_a_gateway_is_entered_with_its_fields_as_json(admin: Reader, world: World) -> None:
    new, page = "/mail/new/gateways", "/mail/gateways/texts"
    given = {"code": "texts", "name": "Texts", "url": "https://sms.example.org/send", "method": "POST", "body": "json"}
    rest = {"header": "Authorization", "secret": PASSWORD, "taken": "200, 202", "per_minute": "60", "active": "1"}
    for fields_, fault in (("to = {to}", "This is no JSON table"), ('{"to": "{to}"}', "The fields lack: {text}.")):
        answer = admin.send(new, new, **given, **rest, fields=fields_)
        assert faults(answer.text)["fields"].startswith(fault)
        assert html.escape(fields_, quote=False) in answer.text.replace("&#34;", '"')
    admin.send(new, new, **given, **rest, fields='{"to": ["{to}"], "text": "{text}"}')
    made = gateways.one(world.service, "texts").said
    assert (made.fields, made.taken) == ({"to": ["{to}"], "text": "{text}"}, (200, 202))
    assert PASSWORD not in admin.get(page).text
    assert "Texts texts https://sms.example.org/send not tested" in admin.read("/mail")
    answer = admin.send(page, f"{page}/test", to="none")
    assert faults(answer.text) == {"to": "This is no telephone number."}
    admin.send(page, f"{page}/delete")
    assert gateways.listed(world.service) == []


# --- whatever is typed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ACCOUNTS, GATEWAYS], ids=lambda kind: kind.code)
def test_hostile_text_comes_back_harmless(admin: Reader, kind: Kind) -> None:
    given = {field.name: HOSTILE for field in kind.fields}
    answer = admin.send(f"/mail/new/{kind.code}", f"/mail/new/{kind.code}", code=HOSTILE, **given)
    assert answer.status_code == 422
    assert harmless(answer.text)


def test_a_hostile_name_and_code_are_shown_and_lead_to_their_page(admin: Reader, world: World) -> None:
    code = "a/b?c#d 'e\"<i>"
    accounts.create(world.service, "anna", code, Account(HOSTILE, "mail.example.org", 25, "none", "a@example.org"))
    listed = admin.get("/mail").text
    assert harmless(listed)
    (path,) = re.findall(r'href="/staff(/mail/accounts/[^"]+)"', listed)
    assert harmless(admin.get(html.unescape(path)).text)


@pytest.mark.parametrize("path", ["/mail/new/pigeons", "/mail/pigeons/x", "/mail/accounts/none"])
def test_what_is_not_there_is_not_found(admin: Reader, path: str) -> None:
    assert admin.get(path).status_code == 404


# --- as a person does it ----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R60")
@pytest.mark.requirement("R61")
@pytest.mark.requirement("R63")
def test_from_an_empty_page_to_a_task_that_warns_patrons(
    central: Central, world: World, opened: Open, server: MailServer
) -> None:
    world.rules()
    world.patron(email="mira@example.org")
    page = opened(central)
    page.locator("nav").get_by_role("link", name="Checklist for notices").click()
    expect(page.locator("p.note")).to_contain_text("1 of 4: enter a mail account and test it.")
    page.locator("main").get_by_role("link", name="Ways of sending").click()
    page.get_by_role("link", name="New mail account").click()
    _enter(page, server, "wrong")
    page.get_by_label("Send a test mail to").fill("staff@example.com")
    page.get_by_role("button", name="Send the test").click()
    expect(page.locator("main")).to_contain_text("the user name or the password is wrong")
    expect(page.locator("main")).to_contain_text("535")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Send a test mail to").fill("staff@example.com")
    page.get_by_role("button", name="Send the test").click()
    expect(page.get_by_role("status")).to_contain_text("The test succeeded.")
    assert [letter.to for letter in server.letters] == [("staff@example.com",)]
    page.locator("nav").get_by_role("link", name="Checklist for notices").click()
    page.get_by_role("link", name="Make a task").first.click()
    page.get_by_label("Days before the due date").fill("3")
    expect(page.get_by_label("Mail account")).to_have_value("office")  # the only one there is
    page.get_by_role("button", name="Make the task").click()
    expect(page.get_by_role("status")).to_contain_text("It runs by itself from now on")
    page.locator("nav").get_by_role("link", name="Checklist for notices").click()
    expect(page.locator("main")).to_contain_text("Everything is there.")


def _enter(page: Page, server: MailServer, password: str) -> None:
    page.get_by_label("Code").fill("office")
    page.get_by_label("Name", exact=True).fill("Office")
    page.get_by_label("Mail server").fill("127.0.0.1")
    page.get_by_label("Port").fill(str(server.port))
    page.get_by_label("Encryption").select_option("none")
    page.get_by_label("User name").fill("library")
    page.get_by_label("Password").fill(password)
    page.locator("#sender").fill("library@example.com")
    page.get_by_role("button", name="Save").click()
