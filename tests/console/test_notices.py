"""Notices in the console: the log, one message, and what comes next for a loan (R74; questions 9 and 11)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from circulation import operations
from circulation.notices import looking, receipts
from circulation.notices.content import DUE_WARNING, OVERDUE
from circulation.notices.types import Accepted, Refused
from circulation.service import VERSION, Service, Workplace
from circulation.staffing import ADMIN, DESK
from circulation.store import circulating
from circulation.store import notices as store
from circulation.store import tables as t
from circulation.store.notice_tables import message, notice
from tests.circulation.nightly import COSTS, ON, REMIND, THREE, Nights, answer, borrower
from tests.circulation.posting import at_seven, fees, lend, rows, sends_receipts
from tests.circulation.running import Central
from tests.circulation.world import Amount, World, rule
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, harmless, reader


@pytest.fixture
def night(service: Service, world: World) -> Nights:
    """Warnings three days before for who can be reached, who cannot, and who may have been: on 15 June."""
    world.rules(ON, THREE, *REMIND)
    nights = Nights(service, answer)
    for name in ("Sent", "Wrong", "Lost"):
        lend(service, world.item(title=f"Book of {name}"), borrower(world, name), "2026-06-18")
    lend(service, world.item(title="Book of Silent"), borrower(world, "Silent", email=None), "2026-06-18")
    nights.run(nights.task(DUE_WARNING), "2026-06-15")
    nights.task(OVERDUE)
    return nights


@pytest.mark.requirement("R74")
def test_the_log_tells_what_became_of_each_notice(night: Nights, central: Central) -> None:
    with reader(central, DESK) as anna:
        told = anna.read("/notices")
        for words in (
            "Book of Sent E-mail sent@example.org sent Server: 250 taken",
            "Book of Wrong E-mail wrong@example.org failed the address was refused Server: 550 no such user",
            "Book of Lost E-mail lost@example.org uncertain no answer came; it may have left Server: connection reset",
            "Book of Silent skipped no address",
        ):
            assert words.lower() in told.lower(), words


@pytest.mark.requirement("R74")
def test_the_log_is_searched_by_everything_it_tells(service: Service, night: Nights, central: Central) -> None:
    sent = next(one for one in rows(service, t.loan.select()) if one.id == 1)
    for asked, found in (
        ({"state": "sent"}, {"Sent"}),
        ({"state": "skipped"}, {"Silent"}),
        ({"state": "planned"}, set()),
        ({"kind": "due_warning"}, {"Sent", "Wrong", "Lost", "Silent"}),
        ({"kind": "overdue"}, set()),
        ({"loan": "1"}, {"Sent"}),
        ({"item": sent.item_id}, {"Sent"}),
        ({"day": "2026-06-15"}, {"Sent", "Wrong", "Lost", "Silent"}),
        ({"day": "2026-06-14"}, set()),
        ({"patron": sent.patron_id, "state": "sent"}, {"Sent"}),
        ({"patron": sent.patron_id, "state": "failed"}, set()),
    ):
        wanted = looking.search(service, **{**asked, **_typed(asked)})
        titles = {one.title for line in looking.log(service, wanted).lines for one in line.notices}
        assert titles == {f"Book of {name}" for name in found}, asked
    with reader(central, DESK) as anna:
        assert "Book of Sent" in anna.read("/notices", loan="1", state="sent", day="2026-06-15", kind="due_warning")
        assert "No notice is like that." in anna.read("/notices", loan="999999")
        assert anna.get("/notices", loan="x").status_code == 422
        assert anna.get("/notices", after="x").status_code == 422
        assert anna.get("/notices", day="9999-12-31").status_code == 422


def _typed(asked: dict[str, str]) -> dict[str, object]:
    typed: dict[str, object] = {}
    if "loan" in asked:
        typed["loan"] = int(asked["loan"])
    if "day" in asked:
        typed["day"] = date.fromisoformat(asked["day"])
    return typed


def test_pages_of_the_log_have_each_line_once(service: Service, night: Nights) -> None:
    seen, after = [], None
    while True:
        page = looking.log(service, looking.search(service), after, rows=1)
        seen += [(line.number, line.row.id) for line in page.lines]
        after = page.next
        if after is None:
            break
    assert seen == [(line.number, line.row.id) for line in looking.log(service, looking.search(service)).lines]
    assert len(seen) == len(set(seen)) == 4


def test_whose_notices_is_asked_without_a_name_in_the_address(world: World, night: Nights, central: Central) -> None:
    world.patron(last_name="Sent", first_name="Other")
    with reader(central, DESK) as anna:
        several = anna.send("/notices", "/notices/patron", q="sent")
        assert several.url.endswith("/notices/patron")
        assert "Sent, Other" in several.text
        one = anna.send("/notices", "/notices/patron", q="lost")
        assert "/notices?patron=" in one.url
        assert "lost@" not in one.url
        assert "Book of Lost" in one.text
        assert "Book of Sent" not in one.text
        card = anna.send("/notices", "/notices/patron", q="20000000000001")
        assert "Book of Sent" in card.text
        assert "enter a new patron" in anna.send("/notices", "/notices/patron", q="zzz").text


# --- one message ------------------------------------------------------------------------------------------------------


def number(service: Service, state: str) -> int:
    """The message in a state."""
    (found,) = looking.log(service, looking.search(service, state=state)).lines
    assert found.number is not None
    return found.number


@pytest.mark.requirement("R74", "R78")
def test_a_message_tells_its_words_its_steps_and_its_rules(service: Service, night: Nights, central: Central) -> None:
    with reader(central, DESK) as anna:
        told = anna.read(f"/notices/{number(service, 'sent')}")
        assert "Tries 1" in told
        assert "Composed again just now" in told
        assert "* Book of Sent" in told
        assert f"Made with The text that came with version {VERSION} of the program" in told
        assert "enable due warning yes warn everybody (Branch A)" in told
        assert "Overdue reminder, level 1 : Too early until Sun 28 June 2026" in told
        assert anna.get("/notices/999").status_code == 404
        assert anna.get(f"/notices/{2**40}").status_code == 404


@pytest.mark.requirement("R74", "R30")
def test_staff_say_that_an_uncertain_message_arrived(service: Service, world: World, central: Central) -> None:
    world.rules(ON, THREE, COSTS)
    nights, patron = Nights(service, answer), borrower(world, "Lost")
    lend(service, world.item(), patron, "2026-06-18")
    nights.run(nights.task(DUE_WARNING), "2026-06-15")
    assert fees(service, patron) == []
    with reader(central, DESK) as anna:
        page = f"/notices/{number(service, 'uncertain')}"
        told = anna.send(page, f"{page}/settle", left="yes").text
        assert "The message is settled." in told
        assert "settled by hand" in told
        assert [one.amount for one in fees(service, patron)] == [50]
        assert f'href="/staff/fees/{fees(service, patron)[0].id}"' in told
        assert "What became of it?" not in told
        assert anna.send("/notices", f"{page}/settle", left="yes").status_code == 409


@pytest.mark.requirement("R78")
@pytest.mark.parametrize(("roles", "led"), [((DESK,), False), ((DESK, ADMIN), True)])
def test_a_message_tells_the_version_of_its_text_and_leads_there_who_may_see_it(
    service: Service, night: Nights, central: Central, roles: tuple[str, ...], led: bool
) -> None:
    kept = {"organisation": "North", "kind": "due_warning", "level": "", "channel": "email", "language": "en"}
    with service.database.writing() as db:
        db.execute(update(message).values(made_with={**kept, "number": 3}))
    page = f"/notices/{number(service, 'sent')}"
    with reader(central, *roles) as anna:
        assert "Made with Version 3 of the text of Branch North" in anna.read(page)
        found = re.search(r'href="/staff(/notice-texts/edit[^"]*)"', anna.get(page).text)
        assert (found is not None) == led
        assert found is None or parse_qs(unescape(found[1]).partition("?")[2]) == {
            name: [str(value)] for name, value in {**kept, "number": 3}.items() if value != ""
        }


def test_a_receipt_stands_in_the_log_with_what_was_done(world: World, service: Service, central: Central) -> None:
    world.rules()
    sends_receipts(service)
    at = Workplace(str(uuid4()), "N1", "desk", "anna")
    place = {"id": at.id, "channel": "desk", "name": "desk", "branch": "N1", "key_hash": "x"}
    with service.database.writing() as db:
        circulating.add_desk(db, {**place, "enrolled_at": service.clock()})
    patron, operation = borrower(world, "Reader"), str(uuid4())
    operations.run(service, at, operations.Asked(operation, "checkout", world.item(title="Moby Dick"), patron))
    receipts.ask(service, at, receipts.Asked(str(uuid4()), patron, [operation]))
    (loan,) = rows(service, t.loan.select())
    with reader(central, DESK) as anna:
        listed = anna.read("/notices", kind="receipt")
        assert re.search(r"Receipt .* Reader, Mira Moby Dick E-mail reader@example.org planned", listed)
        assert "Moby Dick" in anna.read(f"/notices/{number(service, 'planned')}")
        assert "Receipt: borrowed" in anna.read(f"/notices/why?loan={loan.id}")


@pytest.mark.requirement("R67", "R74")
def test_staff_let_an_uncertain_message_be_sent_again(
    service: Service, night: Nights, central: Central, opened: Open
) -> None:
    page = opened(central, DESK)
    page.goto(f"{central.url}/staff/notices?state=uncertain")
    page.locator("main tbody tr th a").first.click()
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".note.ok")).to_have_text("The message is settled.")
    expect(page.locator(".verdict")).to_have_text("cancelled: settled by hand")
    night.box.answer = lambda _: Accepted("250 taken")
    night.run(1, "2026-06-16")
    assert [one.to for one in night.box.taken if one.to.startswith("lost")] == ["lost@example.org"]


@pytest.mark.requirement("R89")
def test_an_address_is_shown_only_as_long_as_it_is_kept(service: Service, night: Nights, central: Central) -> None:
    sent = number(service, "sent")
    with service.database.writing() as db:
        store.forget_addresses(db, datetime(2026, 7, 1, tzinfo=UTC))
    with reader(central, DESK) as anna:
        assert "example.org" not in anna.read("/notices")
        told = anna.read(f"/notices/{sent}")
        assert "Address no longer kept" in told
        with service.database.writing() as db:
            db.execute(update(message).values(patron_id=None))
            db.execute(update(notice).values(patron_id=None))
        told = anna.read(f"/notices/{sent}")
        assert "Patron no longer kept" in told
        assert "Composed again" not in told


# --- what comes next --------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R74")
def test_a_loan_tells_which_notices_it_got_and_which_comes_next(
    service: Service, night: Nights, central: Central
) -> None:
    """Question 9."""
    with reader(central, DESK) as anna:
        told = anna.read("/loans/1")
        assert "Due warning Mon 15 June 2026 07:00 E-mail sent@example.org sent Server: 250 taken" in told
        assert "Due warning : It is in the log already: sent." in told
        assert (
            "Overdue reminder, level 1 : Too early until Sun 28 June 2026; from then on the next run sends it." in told
        )
    at_seven(service, "2026-06-28")
    with reader(central, DESK, name="bert") as bert:
        told = bert.read("/loans/1")
        assert "Overdue reminder, level 1 : next run The next run sends it: " in told


@pytest.mark.requirement("R15", "R29")
def test_why_level_1_only_now_and_why_a_fee(world: World, service: Service, central: Central) -> None:
    """Question 11: the message shows the period and the fee with their rules."""
    fee = rule("fee", "fees.overdue_reminder", Amount(120), level="1", name="what level 1 costs")
    world.rules(*REMIND, fee)
    nights, patron = Nights(service), borrower(world, "Late")
    lend(service, world.item(), patron, "2026-06-01")
    nights.run(nights.task(OVERDUE), "2026-06-26")
    with reader(central, DESK) as anna:
        told = anna.read(f"/notices/{number(service, 'sent')}")
        assert "Overdue reminder, level 1" in told
        assert "10 days ten (Branch A)" in told
        assert "what level 1 costs (Branch A)" in told
        assert f"fee {fees(service, patron)[0].id}" in told


# --- whatever stands in it --------------------------------------------------------------------------------------------


def test_hostile_text_is_shown_as_text(world: World, service: Service, central: Central) -> None:
    world.rules(rule("off", "circulation.enable_due_warning", False, name=HOSTILE, media_type="DVD"), ON, THREE)
    nights = Nights(service, lambda _: Refused(HOSTILE, permanent=True))
    patron = borrower(world, "Reader", first_name=HOSTILE)
    lend(service, world.item(title=HOSTILE, author=HOSTILE), patron, "2026-06-18")
    film = lend(service, world.item("DVD", title=HOSTILE), patron, "2026-06-18")
    nights.run(nights.task(DUE_WARNING, HOSTILE[:80].strip()), "2026-06-15")
    with service.database.writing() as db:
        db.execute(update(message).values(address=HOSTILE))
    with reader(central, DESK, ADMIN) as anna:
        for page in (
            *("/notices", f"/notices?patron={patron}", f"/notices/{number(service, 'failed')}"),
            *(f"/notices/why?loan={film}", f"/loans/{film}", "/notices/tonight"),
        ):
            assert harmless(anna.get(page).text), page
        for field in ("item", "kind", "state", "patron"):
            assert harmless(anna.get("/notices", **{field: HOSTILE}).text) or field in ("kind", "state"), field
        assert harmless(anna.send("/notices", "/notices/patron", q=HOSTILE).text)
