"""The words of notices in the console: which hold, writing them, mistakes, previews, versions; letterheads (R75)."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from circulation.notices import letterhead, templates
from circulation.notices.content import DUE_WARNING
from circulation.notices.templates import Place
from circulation.service import Service
from circulation.staff.app import POLICY
from circulation.staff.pages.notice_texts import PREVIEW_POLICY
from circulation.staffing import ADMIN
from tests.circulation.posting import lend
from tests.circulation.running import Central
from tests.circulation.world import World
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, harmless, reader

WHERE = {"organisation": "A", "kind": DUE_WARNING, "level": "", "channel": "email", "language": "en"}
EDIT = "/notice-texts/edit"
GOOD = {"subject": "{count} things are due", "body": "Dear {name},\n\n{items}\n\n{library}"}


def page_of(**where: str) -> str:
    """The address of an editor."""
    return f"{EDIT}?" + "&".join(f"{name}={value}" for name, value in {**WHERE, **where}.items())


def test_a_text_is_written_used_inherited_and_given_up_again(world: World, central: Central) -> None:
    world.rules()
    with reader(central, ADMIN) as anna:
        assert "Due warning shipped text shipped text never this way".lower() in spoken(anna.read("/notice-texts"))
        saved = anna.send(page_of(), EDIT, **WHERE, **GOOD, do="save")
        assert "saved as a new version" in saved.text
        assert "own text" in anna.read("/notice-texts", organisation="A", language="en")
        assert "from Branch A" in anna.read("/notice-texts", organisation="N1", language="en")
        assert "from Branch A" not in anna.read("/notice-texts", organisation="N1", language="de")
        second = {**GOOD, "subject": "Mind {count} dates"}
        anna.send(page_of(), EDIT, **WHERE, **second, do="save")
        assert 'value="Mind {count} dates"' in anna.get(page_of()).text
        assert 'value="{count} things are due"' in anna.get(page_of() + "&number=1").text
        back = anna.send(page_of(), "/notice-texts/use", **WHERE, number="1")
        assert 'value="{count} things are due"' in back.text
        assert "Version 1 in use" in anna.read(page_of())
        assert "anna" in anna.read(page_of())
        anna.send(page_of(), "/notice-texts/use", **WHERE)
        told = anna.read(page_of())
        assert "Holds here: shipped text." in told
        assert "Version 2" in told
        assert anna.send(page_of(), "/notice-texts/use", **WHERE, number="9").status_code == 404


def spoken(text: str) -> str:
    """Without the words that are there only for those who hear the page."""
    return " ".join(
        text.lower().replace("due warning: e-mail: ", "").replace("due warning: text message: ", "").split()
    )


def test_every_mistake_is_named_with_its_line_and_column(world: World, service: Service, central: Central) -> None:
    world.rules()
    with reader(central, ADMIN) as anna:
        wrong = {"subject": "", "body": "Dear {nobody},\n\nsee {items}"}
        for do in ("check", "save"):
            answer = anna.send(page_of(), EDIT, **WHERE, **wrong, do=do)
            assert answer.status_code == 422
            assert "Text, line 1, column 6:" in answer.text
            assert "Text, line 3, column 5:" in answer.text
            assert "Dear {nobody}," in answer.text
        assert templates.versions(service, Place(**WHERE)) == ()
        checked = anna.send(page_of(), EDIT, **WHERE, **GOOD, do="check")
        assert "Nothing is wrong with this text." in checked.text
        assert templates.versions(service, Place(**WHERE)) == ()


def test_a_text_for_what_does_not_exist_is_nowhere(world: World, central: Central) -> None:
    world.rules()
    with reader(central, ADMIN) as anna:
        for where in ({"kind": "x"}, {"level": "9"}, {"channel": "letter"}, {"language": "xx"}, {"organisation": "x"}):
            assert anna.get(page_of(**where)).status_code == 404, where
            assert anna.send(page_of(), EDIT, **{**WHERE, **where}, **GOOD, do="save").status_code == 404, where


@pytest.mark.requirement("R75")
def test_a_preview_shows_a_real_loan_and_sends_nothing(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules()
    loan = lend(service, world.item(title="The Book"), world.patron_id(world.patron()), "2026-06-18")
    page = opened(central, ADMIN)
    page.goto(f"{central.url}/staff{page_of()}")
    page.fill("#loan", str(loan))
    page.get_by_role("button", name="Check and preview").click()
    expect(page.locator("pre.message")).to_contain_text("The Book")
    with page.expect_popup() as popup:
        page.get_by_role("button", name="As an e-mail").click()
    expect(popup.value.locator("body")).to_contain_text("The Book")
    popup.value.close()
    page.fill("#loan", "999")
    page.get_by_role("button", name="Check and preview").click()
    expect(page.locator("[role=alert]")).to_contain_text("loan")
    expect(page.locator("#body")).to_have_value(str(page.locator("#body").input_value()))


def test_a_message_of_its_own_page_can_do_nothing(world: World, service: Service, central: Central) -> None:
    world.rules()
    patron = world.patron_id(world.patron(first_name=HOSTILE))
    loan = str(lend(service, world.item(title=HOSTILE), patron, "2026-06-18"))
    with reader(central, ADMIN) as anna:
        shown = anna.send(page_of(), "/notice-texts/preview", **WHERE, **GOOD, loan=loan)
        assert shown.headers["Content-Security-Policy"] == PREVIEW_POLICY
        assert "sandbox" in PREVIEW_POLICY
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
        assert shown.headers["Cache-Control"] == "no-store"
        assert harmless(shown.text)
        assert anna.get(page_of()).headers["Content-Security-Policy"] == POLICY
        wrong = anna.send(page_of(), "/notice-texts/preview", **WHERE, subject="", body="{x}", loan=loan)
        assert wrong.status_code == 422
        assert wrong.headers["Content-Security-Policy"] == POLICY
        assert anna.send(page_of(), "/notice-texts/preview", **WHERE, **GOOD).status_code == 422
        assert anna.send(page_of(), "/notice-texts/preview", **WHERE, **GOOD, loan="999").status_code == 404


def test_a_letter_is_looked_at_as_a_file(world: World, service: Service, central: Central) -> None:
    world.rules()
    loan = str(lend(service, world.item(), world.patron_id(world.patron(postal="Street 1\nTown")), "2026-05-18"))
    where = {**WHERE, "kind": "overdue", "channel": "letter"}
    with reader(central, ADMIN) as anna:
        shown = anna.send(page_of(), "/notice-texts/preview", **where, **GOOD, loan=loan)
        assert shown.headers["Content-Type"] == "application/pdf"
        assert shown.headers["Content-Disposition"].startswith("attachment")
        assert shown.content.startswith(b"%PDF")


def test_hostile_words_are_shown_as_words(world: World, central: Central) -> None:
    world.rules()
    with reader(central, ADMIN) as anna:
        for given in ({**GOOD, "body": HOSTILE}, {**GOOD, "subject": HOSTILE}, {**GOOD, "body": f"{{{HOSTILE}}}"}):
            assert harmless(anna.send(page_of(), EDIT, **WHERE, **given, do="check").text), given
        body = f"{GOOD['body']}\n{HOSTILE}"
        anna.send(page_of(), EDIT, **WHERE, subject=HOSTILE, body=body, do="save")
        assert harmless(anna.get(page_of()).text)
        assert anna.get("/notice-texts", organisation=HOSTILE, language=HOSTILE).status_code == 200


# --- letterheads ------------------------------------------------------------------------------------------------------

HEAD = "/notice-texts/letterhead"


def test_a_letterhead_is_said_once_and_inherited_field_by_field(
    world: World, service: Service, central: Central
) -> None:
    world.rules()
    with reader(central, ADMIN) as anna:
        given: dict[str, Any] = {"organisation": "A", "contact": "Tel. 123", "address": "Library\r\nStreet 1"}
        assert "The letterhead is saved." in anna.send(HEAD, HEAD, **given, code="yes").text
        own, _ = letterhead.letterheads(service, "A")
        assert (own.contact, own.address, own.code, own.iban) == ("Tel. 123", "Library\nStreet 1", True, None)
        assert "Taken from above: Tel. 123" in anna.read(HEAD, organisation="N1")
        anna.send(HEAD, HEAD, organisation="N1", contact=HOSTILE)
        assert letterhead.letterheads(service, "N1")[1].address == "Library\nStreet 1"
        assert harmless(anna.get(HEAD, organisation="N1").text)


def test_a_letterhead_that_cannot_be_so_says_why_at_its_field(world: World, service: Service, central: Central) -> None:
    world.rules()
    with reader(central, ADMIN) as anna:
        wrong = anna.send(HEAD, HEAD, organisation="A", iban="DE00", contact=HOSTILE)
        assert wrong.status_code == 422
        assert harmless(wrong.text)
        assert 'value="DE00"' in wrong.text
        assert 'class="fault"' in wrong.text
        assert letterhead.letterheads(service, "A")[0].contact is None
        assert anna.get(HEAD, organisation="x").status_code == 404
