"""What staff must look at: doubts, off-line breaches, conflicts after a restore, found items; noting (R82-R88)."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, select, update

from circulation import offline, operations, people
from circulation.offline import Happened
from circulation.operations import Asked
from circulation.service import Service, Workplace
from circulation.staffing import ADMIN, DESK, MACHINES
from circulation.store import tables as t
from tests.circulation.running import Central
from tests.circulation.world import World, rule
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, harmless, reader, text_of


@pytest.fixture
def workplace(service: Service, central: Central) -> Workplace:
    """A machine of branch N1 as the service sees it."""
    central.machine("N1")
    with service.database.reading() as db:
        return Workplace(str(db.execute(select(t.machine.c.id)).scalar_one()), "N1")


def doubt(service: Service, workplace: Workplace, item: str, **more: Any) -> None:
    values = {"wanted": "armed", "last": None, "since": service.clock(), "cleared": False, **more}
    with service.database.writing() as db:
        db.execute(insert(t.doubt).values(machine_id=workplace.id, item=item, **values))


@pytest.mark.requirement("R48", "R87")
def test_an_invoice_waits_from_the_return_of_its_item_until_it_is_waived(
    world: World, service: Service, central: Central
) -> None:
    world.rules()
    world.lent(world.patron(), title="Late")
    loan, now = world.open_loans()[0].id, service.clock()
    fee = {"reason": "invoice", "title": "Late", "amount": 1990, "open": True, "invoice": True, "loan_id": loan}
    with service.database.writing() as db:
        patron = db.execute(select(t.loan.c.patron_id).where(t.loan.c.id == loan)).scalar_one()
        db.execute(insert(t.fee).values(**fee, at=now, patron_id=patron, item_id="i", branch="N1"))
    with reader(central, DESK) as anna, reader(central, MACHINES, name="mia") as mia:
        assert "Late" not in anna.read("/attention")
        with service.database.writing() as db:
            db.execute(update(t.loan).where(t.loan.c.id == loan).values(returned_at=now))
        assert "1 invoice for an item that is back" in anna.read("/attention")
        assert "€19.90" in anna.read("/attention")
        assert "Late" not in mia.read("/attention")
        number = re.search(r"/staff/fees/(\d+)", anna.get("/attention").text)
        assert number is not None
        anna.send(f"/fees/{number[1]}", f"/fees/{number[1]}/waive", reason="it is back")
        assert "Late" not in anna.read("/attention")


@pytest.mark.requirement("R82")
@pytest.mark.requirement("R84")
@pytest.mark.requirement("R87")
def test_everything_that_waits_is_listed_in_words_and_looked_at_with_one_button(
    world: World, service: Service, central: Central, workplace: Workplace, opened: Open
) -> None:
    world.rules(rule("limit", "counts.max_loans", 0))
    doubt(service, workplace, world.item(title="Doubted"))
    beyond = world.item(title="Beyond the limit")
    happened = Asked(str(uuid4()), "checkout", beyond, world.patron_id(world.patron()))
    offline.record(service, workplace, Happened(happened, service.clock(), date(2026, 6, 29)), 7)
    missing = world.item(title="Turned up", state="missing")
    operations.run(service, workplace, Asked(str(uuid4()), "return", missing, None))
    page = opened(central, DESK)
    page.goto(f"{central.url}/staff/attention")
    doubts = page.locator("section:has(#doubts) tbody tr")
    expect(doubts).to_contain_text("Doubted")
    expect(doubts).to_contain_text("secured")
    expect(doubts).to_contain_text("not readable")
    cut_off = page.locator("section:has(#offline) tbody tr")
    expect(cut_off).to_contain_text("Would have been refused:")
    expect(cut_off).to_contain_text("0 of 0 loans that this rule covers.")
    expect(cut_off).to_contain_text("The machine had set 7, in force was set 1.")
    expect(page.locator("section:has(#found) tbody tr")).to_contain_text("The item was marked as missing.")
    doubts.locator("button").click()
    expect(page.locator("[role=status]")).to_be_visible()
    for _ in range(2):
        page.locator("text=Looked at >> visible=true").last.click()
        expect(page.locator("[role=status]")).to_have_text("Noted as looked at.")
    expect(page.locator("main")).to_contain_text("Nothing waits to be looked at.")
    page.click("text=What was looked at")
    expect(page.locator("section:has(#found) tbody tr")).to_contain_text("anna, Mon 1 June 2026")


@pytest.mark.requirement("R88")
def test_a_conflict_after_a_restore_is_told_with_its_reasons(
    world: World, service: Service, central: Central, workplace: Workplace
) -> None:
    world.rules()
    item, patron = world.lent(world.patron()), world.patron_id(world.patron())
    asked = Asked(str(uuid4()), "checkout", item, patron)
    offline.note_conflict(service, workplace, asked, operations.run(service, workplace, asked))
    with reader(central, DESK) as anna:
        told = anna.read("/attention")
        assert "1 conflict after a restore" in told
        assert "The state of the item does not allow it: on loan." in told


def test_whoever_cares_for_machines_sees_doubts_only(
    world: World, service: Service, central: Central, workplace: Workplace
) -> None:
    world.rules()
    doubt(service, workplace, "unknown item", wanted="disarmed", last="armed")
    missing = world.item(title="Turned up", state="missing")
    operations.run(service, workplace, Asked(str(uuid4()), "return", missing, None))
    with reader(central, MACHINES) as anna:
        told = anna.read("/attention")
        assert "unknown item" in told
        assert "Turned up" not in told
        assert anna.send("/attention", "/attention/1").status_code == 403
        assert anna.send("/attention", "/attention/doubts", item="unknown item").status_code == 200
        again = anna.send("/attention", "/attention/doubts", item="no such")
        assert again.status_code == 404
        assert "is not in doubt any more" in text_of(again.text)
    with reader(central, ADMIN, name="berta") as berta:
        assert berta.get("/attention").status_code == 403


def test_what_somebody_else_has_looked_at_meanwhile_is_told_so(
    world: World, service: Service, central: Central, workplace: Workplace
) -> None:
    world.rules()
    people.change_item(service, workplace, item := world.item(), "lost")
    operations.run(service, workplace, Asked(str(uuid4()), "return", item, None))
    offline.clear(service, 1, "bert")
    with reader(central, DESK) as anna:
        for entry in ("1", "77", "x", "99999999999"):
            answer = anna.send("/attention", f"/attention/{entry}")
            assert answer.status_code == 404
            assert "Somebody has looked at this already." in text_of(answer.text)


def test_hostile_text_is_shown_and_harmless(
    world: World, service: Service, central: Central, workplace: Workplace
) -> None:
    world.rules()
    doubt(service, workplace, HOSTILE[:60], wanted="odd", last="<b>")
    missing = world.item(title=HOSTILE, state="missing")
    operations.run(service, workplace, Asked(str(uuid4()), "return", missing, None))
    with reader(central, DESK) as anna:
        page = anna.get("/attention").text
        assert harmless(page)
        assert "<b>" not in page
