"""Journeys of a person with a question about notices, in a browser: from where one starts to the answer.

In English, and that the page says it in German too. Questions 2, 6, 9 to 12 and 15 of those staff must get answered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from circulation import money
from circulation.jobs import tasks
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT
from circulation.notices.types import Refused
from circulation.service import Service, Workplace
from circulation.staffing import ADMIN, DESK, RULES
from tests.circulation.nightly import ON, THREE, Nights, answer, backlog, borrower
from tests.circulation.posting import at_seven, change_loan, lend
from tests.circulation.running import Central
from tests.circulation.world import Amount, Days, World, rule
from tests.console.conftest import Open

AT_DESK = Workplace("desk", "N1", "desk", "anna")
REMIND = (
    rule("remind", "circulation.enable_overdue_reminder", True, level="1"),
    rule("ten", "periods.overdue_reminder", Days(10), level="1", name="ten days"),
)
COSTS = rule("costs", "fees.overdue_reminder", Amount(120), level="1", name="what level 1 costs")


def menu(page: Page, name: str) -> None:
    """Go to a page by the menu."""
    page.locator("nav").get_by_role("link", name=name, exact=True).click()


def patron(page: Page, name: str) -> None:
    """From the menu to somebody who stands at the desk."""
    menu(page, "Patrons")
    page.get_by_label("Card or name").fill(name)
    page.locator("main form button").first.click()
    page.locator("main tbody th a").first.click()


def loan(page: Page, name: str) -> None:
    """From the menu to what somebody has on loan."""
    patron(page, name)
    page.locator("section:has(#loans) tbody tr td a").first.click()


def main(page: Page) -> Locator:
    """What a person reads."""
    return page.locator("main")


def german(page: Page, *words: str) -> None:
    """The same page says this in German."""
    page.locator("header").get_by_role("link", name="Deutsch").click()
    for one in words:
        expect(main(page)).to_contain_text(one)


# --- question 2 -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R37")
def test_why_is_this_patron_blocked_by_a_reminder_since_when_and_what_lifts_it(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules(*REMIND, rule("block", "patron.overdue_reminder_block", 1))
    nights, late = Nights(service), borrower(world, "Late")
    task = nights.task(OVERDUE)
    lend(service, world.item(), late, "2026-06-01")
    nights.run(task, "2026-06-12")
    lend(service, world.item(), late, "2026-06-10")
    nights.run(task, "2026-06-20")
    page = opened(central, DESK)
    patron(page, "Late")
    expect(page.locator(".note.stop")).to_contain_text("Overdue items have reached")
    expect(page.locator(".note.stop")).to_contain_text("Since Fri 12 June 2026.")
    expect(page.locator(".note.stop")).to_contain_text("Bringing back 2 overdue items lifts this.")
    german(page, "Mahnstufe erreicht", "Seit Fr., 12. Juni 2026")


@pytest.mark.requirement("R36")
def test_why_is_this_patron_blocked_by_a_payment_reminder_since_when_and_what_lifts_it(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules(
        rule("min", "counts.payment_reminder_minimum", Amount(1000)),
        rule("on", "circulation.enable_payment_reminder", True, level="1"),
        rule("week", "periods.payment_reminder", Days(7), level="1"),
        rule("block", "patron.payment_reminder_block", 1),
    )
    nights, debtor = Nights(service), borrower(world, "Debtor")
    at_seven(service, "2026-06-02")
    money.charge(service, AT_DESK, debtor, {"reason": "other", "amount": 1500, "title": None, "invoice": False})
    nights.run(nights.task(PAYMENT), "2026-06-09")
    at_seven(service, "2026-06-15")
    page = opened(central, DESK)
    patron(page, "Debtor")
    expect(page.locator(".note.stop")).to_contain_text("Payment reminders have reached")
    expect(page.locator(".note.stop")).to_contain_text("Since Tue 9 June 2026.")
    expect(page.locator(".note.stop")).to_contain_text("Paying €5.01 lifts this.")
    german(page, "Zahlungserinnerungen haben die Stufe erreicht", "Seit Di., 9. Juni 2026")


# --- questions 6 and 11 -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R30", "R31")
def test_why_are_these_fees_so_high_each_leads_to_the_notice_that_cost_it(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    warned = rule("warned", "fees.due_warning", Amount(50), name="half a euro")
    world.rules(ON, THREE, warned, *REMIND, COSTS)
    nights, late = Nights(service), borrower(world, "Late")
    lend(service, world.item(title="Book of Late"), late, "2026-06-18")
    nights.run(nights.task(DUE_WARNING), "2026-06-15")
    nights.run(nights.task(OVERDUE), "2026-06-30")
    page = opened(central, DESK, RULES)
    patron(page, "Late")
    of_fees = page.locator("section:has(#fees) tbody tr")
    for number, (amount, called, by) in enumerate(
        (("€0.50", "Due warning", "half a euro"), ("€1.20", "Overdue reminder, level 1", "what level 1 costs"))
    ):
        expect(of_fees.nth(number)).to_contain_text(amount)
        of_fees.nth(number).locator("th a").click()
        why = page.locator("section:has(#why)")
        expect(why).to_contain_text("Booked when this notice left")
        expect(why).to_contain_text("the same by e-mail, text message and letter")
        why.get_by_role("link", name=called, exact=True).click()
        expect(page.locator("section:has(#about)")).to_contain_text("Book of Late")
        expect(page.locator("section:has(#rules)")).to_contain_text(by)
        expect(page.locator("section:has(#facts)")).to_contain_text("It costs the same by e-mail")
        page.locator("section:has(#facts)").get_by_role("link", name="fee ").click()
        if number == 0:
            page.locator("section:has(#about)").get_by_role("link", name="Late").click()
    german(page, "Gebucht, als diese Nachricht hinausging", "Mahnung, Stufe 1", "gleich viel")


@pytest.mark.requirement("R15", "R46")
def test_why_level_1_only_now(world: World, service: Service, central: Central, opened: Open) -> None:
    world.rules(*REMIND)
    nights, late = Nights(service), borrower(world, "Late")
    lend(service, world.item(), late, "2026-06-01")
    nights.run(nights.task(OVERDUE), "2026-06-15")
    page = opened(central, DESK)
    patron(page, "Late")
    page.get_by_role("link", name="Notices of this patron").click()
    page.locator("main tbody th a").first.click()
    expect(page.locator("section:has(#steps)")).to_contain_text("Mon 15 June 2026 07:00")
    rules = page.locator("section:has(#rules)")
    expect(rules).to_contain_text("10 days")
    expect(rules).to_contain_text("ten days (Branch A)")
    expect(rules).to_contain_text("it could go out from Thu 11 June 2026 on")
    german(page, "konnte sie ab Do., 11. Juni 2026 hinausgehen")


# --- questions 9 and 10 -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R74")
def test_which_notices_did_this_loan_get_and_which_comes_next(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules(ON, THREE, *REMIND)
    nights = Nights(service)
    lend(service, world.item(), borrower(world, "Reader"), "2026-06-18")
    nights.run(nights.task(DUE_WARNING), "2026-06-15")
    nights.task(OVERDUE)
    page = opened(central, DESK)
    loan(page, "Reader")
    past = page.locator("section:has(#notices) tbody tr")
    for told in ("Mon 15 June 2026 07:00", "Due warning", "sent", "E-mail", "reader@example.org", "250 taken"):
        expect(past).to_contain_text(told)
    expect(page.locator("section:has(#notices) li").last).to_contain_text("Too early until Sun 28 June 2026")
    german(page, "Fälligkeitswarnung", "verschickt", "Zu früh bis So., 28. Juni 2026")


def _without_address(world: World, nights: Nights) -> None:
    nights.task(DUE_WARNING)
    _lend(world, nights, email=None)


def _off_for_the_category(world: World, nights: Nights) -> None:
    nights.task(DUE_WARNING)
    _lend(world, nights, category="home_service")


def _left_out(world: World, nights: Nights) -> None:
    nights.task(DUE_WARNING, media_types=["DVD"])
    _lend(world, nights)


def _missed(world: World, nights: Nights) -> None:
    nights.run(nights.task(DUE_WARNING), "2026-06-14")
    _lend(world, nights)
    at_seven(nights.service, "2026-06-19")


def _renewed(world: World, nights: Nights) -> None:
    nights.box.answer = lambda _: Refused("451 later", permanent=False)
    task, lent = nights.task(DUE_WARNING), _lend(world, nights)
    nights.run(task, "2026-06-15")
    change_loan(nights.service, lent, due=date(2026, 7, 14), renewals=1, renewed_at=nights.service.clock())
    nights.run(task, "2026-06-16")


def _lend(world: World, nights: Nights, **who: Any) -> int:
    return lend(nights.service, world.item(), borrower(world, "Reader", **who), "2026-06-18")


WHY_NONE: dict[str, tuple[Callable[[World, Nights], Any], str, str]] = {
    "no address": (_without_address, "There is no address that works.", "Es gibt keine Adresse, die funktioniert."),
    "off": (
        _off_for_the_category,
        "Off by a rule: not by post",
        "Ausgeschaltet durch eine Regel: not by post",
    ),
    "left out": (_left_out, "The task leaves this loan out", "Die Aufgabe lässt diese Ausleihe aus"),
    "missed": (_missed, "Missed: no run sent it before the due date", "Versäumt: Vor dem Fälligkeitstag"),
    "renewed": (_renewed, "renewed before", "vorher verlängert"),
}


@pytest.mark.requirement("R66", "R74")
@pytest.mark.parametrize("case", WHY_NONE)
def test_why_did_this_patron_get_no_warning(
    world: World, service: Service, central: Central, opened: Open, case: str
) -> None:
    prepare, english, in_german = WHY_NONE[case]
    off = rule("off", ON.kind, False, patron_category="home_service", name="not by post")
    world.rules(off, ON, THREE)
    at_seven(service, "2026-06-15")
    prepare(world, Nights(service))
    page = opened(central, DESK)
    loan(page, "Reader")
    page.get_by_role("link", name="Why was there no notice?").click()
    expect(main(page)).to_contain_text(english)
    german(page, in_german)


@pytest.mark.requirement("R74")
def test_why_did_this_patron_get_no_warning_it_was_brought_back_before(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules(ON, THREE)
    nights, reader, book = Nights(service), borrower(world, "Reader"), world.item(title="Book of Reader")
    nights.box.answer = lambda _: Refused("451 later", permanent=False)
    lent, task = lend(service, book, reader, "2026-06-18"), nights.task(DUE_WARNING)
    nights.run(task, "2026-06-15")
    change_loan(service, lent, returned_at=service.clock())
    nights.run(task, "2026-06-16")
    page = opened(central, DESK)
    patron(page, "Reader")
    page.get_by_role("link", name="Notices of this patron").click()
    expect(page.locator("main tbody tr")).to_contain_text("returned before")
    page.locator("main tbody tr td a", has_text="Book").click()
    expect(main(page)).to_contain_text("Nothing more: it was returned.")
    german(page, "Nichts mehr: Das Medium ist zurück.", "vorher zurückgegeben")


# --- question 12 ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R74", "R75")
def test_who_is_written_to_tonight_and_what_became_of_last_night(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules(ON, THREE)
    nights = Nights(service, answer)
    for name in ("Sent", "Wrong", "Lost"):
        lend(service, world.item(title=f"Book of {name}"), borrower(world, name), "2026-06-18")
    nights.run(nights.task(DUE_WARNING, "Warnings"), "2026-06-15")
    lend(service, world.item(title="Book of Next"), borrower(world, "Next"), "2026-06-18")
    page = opened(central, DESK)
    expect(page.locator(".cards a", has_text="message is uncertain: did it arrive?")).to_contain_text("1")
    menu(page, "Before the next run")
    task = page.locator("section", has_text="Warnings")
    expect(task).to_contain_text("Last run Mon 15 June 2026 07:00: sent: 1, failed: 1, uncertain: 1")
    task.get_by_text("To whom and why").click()
    expect(task.locator("tbody tr")).to_have_count(1)
    expect(task.locator("tbody tr")).to_contain_text("Book of Next")
    for state, called in (("uncertain", "Book of Lost"), ("failed", "Book of Wrong")):
        menu(page, "Before the next run")
        page.get_by_role("link", name=f"{state}: 1").click()
        expect(page.locator("main tbody tr")).to_have_count(1)
        expect(page.locator("main tbody tr")).to_contain_text(called)
    menu(page, "Before the next run")
    german(page, "Letzter Lauf Mo., 15. Juni 2026 07:00: verschickt: 1, gescheitert: 1, ungewiss: 1")


@pytest.mark.requirement("R47")
def test_what_waits_for_a_word_is_decided_where_one_sees_to_whom_it_goes(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules(*REMIND)
    nights = backlog(service, world)
    task = nights.task(OVERDUE, "Reminders")
    nights.run(task, "2026-06-26")
    page = opened(central, ADMIN)
    expect(page.locator(".cards a", has_text="task waits for a word")).to_contain_text("1")
    menu(page, "Tasks")
    page.get_by_role("link", name="Reminders", exact=True).click()
    page.get_by_role("link", name="See to whom, and decide").click()
    expect(page.locator("main tbody tr")).to_have_count(2)
    expect(main(page)).not_to_contain_text("Mira")  # names are for the desk
    german(page, "2 Mahnungen warten", "Verschicken lassen")
    page.get_by_role("button", name="Verschicken lassen").click()
    expect(page.get_by_role("status")).to_contain_text("Der nächste Lauf verschickt sie.")
    nights.run(task)
    assert len(nights.box.taken) == 2


# --- question 15 ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R10", "R59")
def test_what_is_missing_for_overdue_reminders_to_work(
    world: World, service: Service, central: Central, opened: Open
) -> None:
    world.rules()
    page = opened(central, ADMIN, RULES, DESK)
    line = page.locator("main tbody tr", has_text="Overdue reminders")
    menu(page, "Checklist for notices")
    expect(line).to_contain_text("no rule in force switches them on")
    expect(line).to_contain_text("there is no task that sends them")
    line.get_by_role("link", name="Help with rules").click()
    expect(page.locator("ol.flow")).to_contain_text("enable overdue reminder")
    world.rules(*REMIND)
    task = Nights(service).task(OVERDUE)
    tasks.pause(service, "anna", task)
    menu(page, "Checklist for notices")
    expect(line).to_contain_text("its task is paused: resume it.")
    expect(line).not_to_contain_text("no rule")
    tasks.resume(service, "anna", task)
    page.reload()
    expect(line).not_to_contain_text("missing")
    tasks.pause(service, "anna", task)
    german(page, "ihre Aufgabe ruht: fortsetzen.")
