"""Reservations in the console: lists, the queue of a title and what is done in it, the hold shelf (R24, R32, R87)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from circulation.service import Service
from circulation.staffing import DESK
from circulation.store import tables as t
from tests.circulation.running import Central, TestClock
from tests.circulation.world import Amount, World, rule
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, harmless, reader, text_of


def shelved(world: World, patron: str, until: date, **more: Any) -> str:
    """A copy on the hold shelf of N1 for a patron; the id of its reservation."""
    item = world.item(set_aside=patron, collect_by=until, **more)
    return world.reserved(item, patron, state="on_shelf", copy_id=item, collect_by=until)


def row(service: Service, reservation: str) -> Any:
    with service.database.reading() as db:
        return db.execute(select(t.reservation).where(t.reservation.c.id == reservation)).one()


def test_titles_and_reservations_are_found_by_words_branch_and_state(world: World, central: Central) -> None:
    world.rules()
    nights, days = world.item(title="Nights"), world.item(title="Days")
    patron = world.patron(last_name="Vogel")
    world.reserved(nights, patron)
    world.reserved(days, patron, pickup="N2", state="on_its_way")
    with reader(central, DESK) as anna:
        told = anna.read("/reservations", text="nigh")
        assert "Titles Title" in told
        assert "Days" not in told
        assert "Days" in anna.read("/reservations", pickup="N2")
        assert "Nights" not in anna.read("/reservations", state="on_its_way")
        assert "No reservation fits." in anna.read("/reservations", state="expired")


@pytest.mark.requirement("R24")
def test_a_reservation_rests_takes_part_again_and_is_cancelled_in_its_queue(
    world: World, service: Service, central: Central, clock: TestClock, opened: Open
) -> None:
    world.rules()
    item = world.lent(world.patron(last_name="Borrower"), title="Nights")
    first = world.reserved(item, world.patron(last_name="First"))
    clock.later(minutes=1)
    world.reserved(item, world.patron(last_name="Second"))
    page = opened(central, DESK)
    page.goto(f"{central.url}/staff/items/{item}")
    page.click("text=2 reservations of this title")
    rows = page.locator("main tbody tr")
    expect(rows.first).to_contain_text("First")
    rows.first.locator("text=Let it rest").click()
    expect(page.locator("[role=status]")).to_have_text("The reservation rests.")
    expect(rows.first).to_contain_text("rests")
    assert row(service, first).suspended
    rows.first.locator("text=Take part again").click()
    expect(page.locator("[role=status]")).to_have_text("The reservation takes part again.")
    assert not row(service, first).suspended
    rows.first.locator("summary").click()
    rows.first.locator("text=Cancel this reservation").click()
    expect(page.locator("[role=status]")).to_have_text("The reservation is cancelled.")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("Second")
    assert (row(service, first).state, row(service, first).ended_by) == ("cancelled", "anna")


@pytest.mark.requirement("R32")
def test_cancelling_what_stands_ready_says_that_a_fee_is_booked(
    world: World, service: Service, central: Central
) -> None:
    world.rules(rule("uncollected", "fees.uncollected_reservation", Amount(100)))
    reservation = shelved(world, world.patron(), date(2026, 5, 30))
    with reader(central, DESK) as anna:
        told = text_of(anna.send("/hold-shelf", f"/reservations/{reservation}/cancel").text)
        assert "The reservation is cancelled, and a fee is booked." in told
        again = anna.send("/hold-shelf", f"/reservations/{reservation}/cancel")
        assert again.status_code == 404
        waits = anna.send("/hold-shelf", f"/reservations/{reservation}/suspend")
        assert waits.status_code == 404


@pytest.mark.requirement("R32")
@pytest.mark.requirement("R87")
def test_the_hold_shelf_shows_what_may_go_back_first_then_what_is_ready_coming_and_to_fetch(
    world: World, service: Service, central: Central
) -> None:
    world.rules()
    patron = world.patron(last_name="Vogel")
    shelved(world, patron, date(2026, 6, 1), title="Ready")
    shelved(world, patron, date(2026, 5, 31), title="Over", shelf="A 12")
    on_way = world.item(title="Coming", state="in_transit", branch="N2")
    world.reserved(on_way, patron, state="on_its_way", copy_id=on_way)
    world.reserved(world.item(title="Fetch me"), patron, pickup="N2")
    world.item(title="Elsewhere", branch="N2")
    asleep = world.item(title="Asleep")
    world.reserved(asleep, patron, suspended=True)
    late = world.item(title="Given up")
    world.reserved(late, patron, expires=date(2026, 5, 31))
    with reader(central, DESK) as anna:
        told = anna.read("/hold-shelf")
        order = ["1 item may go back", "Over", "1 item is ready to collect", "Ready", "1 item to fetch", "Fetch me"]
        order += ["1 item is on its way here", "Coming"]
        places = [told.index(text) for text in order]
        assert places == sorted(places)
        assert "may go back Over A. Author" in told
        for title in ("Elsewhere", "Asleep", "Given up"):
            assert title not in told
        assert "Nothing stands on this hold shelf" in anna.read("/hold-shelf", branch="BUS")
        assert anna.get("/hold-shelf", branch="nowhere").status_code == 422


def test_each_copy_is_fetched_once_and_for_one_of_those_who_wait(world: World, central: Central) -> None:
    world.rules()
    first, second = world.item(title="Nights"), world.item(title="Nights")
    with world.service.database.writing() as db:
        db.execute(update(t.item).where(t.item.c.id == second).values(title_id=first))
    world.reserved(first, world.patron())
    with reader(central, DESK) as anna:
        assert "1 item to fetch" in anna.read("/hold-shelf")
    for _ in range(3):
        world.reserved(first, world.patron())
    with reader(central, DESK, name="berta") as berta:
        assert "2 items to fetch" in berta.read("/hold-shelf")


def test_hostile_text_is_shown_and_harmless(world: World, central: Central) -> None:
    world.rules()
    patron = world.patron(last_name=HOSTILE, first_name=HOSTILE)
    item = world.item(title=HOSTILE)
    world.reserved(item, patron)
    shelved(world, patron, date(2026, 6, 3), title=HOSTILE, shelf=HOSTILE)
    with reader(central, DESK) as anna:
        for path in (f"/reservations?title={item}", "/reservations", "/hold-shelf"):
            assert harmless(anna.get(path).text)
        assert harmless(anna.get("/reservations", text=HOSTILE, pickup="N1").text)
        assert harmless(anna.get("/reservations", title=HOSTILE).text)
