"""A day at the desk with the keyboard and a scanner: no test here touches the mouse (R83, R84, R86, R87)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import insert, select, update

from circulation import audit
from circulation.jobs import tasks
from circulation.notices.content import LENT, RETURNED
from circulation.notices.types import EMAIL
from circulation.service import Service
from circulation.staffing import DESK
from circulation.store import house
from circulation.store import tables as t
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.posting import sends_receipts
from tests.circulation.running import Central
from tests.circulation.world import Amount, Days, MinAge, World, rule
from tests.console.conftest import Open

MOST_TABS = 120


class AtDesk:
    """Somebody at the desk, who has a keyboard and a scanner."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        page.goto(f"{url}/staff/desk")

    def scan(self, code: str) -> None:
        """Into whatever has the focus, as a scanner does it."""
        expect(self.page.locator("#scan")).to_be_focused()
        self.enter(code)

    def enter(self, text: str) -> None:
        """Type and press Enter."""
        self.page.keyboard.type(text)
        self.press("Enter")

    def press(self, key: str) -> None:
        """A key that leads to another page."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def tab_to(self, words: str) -> None:
        """Press Tab until what is called so has the focus."""
        called = "document.activeElement.matches('a, button, summary') ? document.activeElement.innerText : ''"
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if words in self.page.evaluate(called):
                return
        raise AssertionError(f"{words!r} cannot be reached with Tab")

    @property
    def newest(self) -> str:
        """What is told of the last scan."""
        return self.page.locator("#newest").inner_text()


@pytest.fixture
def desk(central: Central, opened: Open) -> AtDesk:
    return AtDesk(opened(central, DESK), central.url)


def per_day(minor: int) -> Fee:
    return Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(minor)),))


# --- lending and overriding -------------------------------------------------------------------------------------------


@pytest.mark.requirement("R20", "R83", "R87")
def test_three_are_lent_and_the_sixteenth_with_a_reason(world: World, desk: AtDesk, service: Service) -> None:
    world.rules(rule("fifteen", "counts.max_loans", 15))
    card = world.patron()
    for _ in range(12):
        world.lent(card)
    desk.scan(card)
    for item in world.items(3):
        desk.scan(item)
        assert "Lent until Mon 29 June 2026" in desk.newest
    sixteenth = world.item()
    desk.scan(sixteenth)
    assert "Not lent" in desk.newest
    assert "15 of 15 loans" in desk.newest
    assert "The patron would read" in desk.newest
    desk.press("F8")
    expect(desk.page.locator("#reason")).to_be_focused()
    desk.enter("school class")
    assert "Lent until Mon 29 June 2026" in desk.newest
    assert "Reason: school class" in desk.newest
    assert len(world.open_loans(card)) == 16
    with service.database.reading() as db:
        (logged,) = audit.listed(db, {"action": "override.checkout"})
    assert (logged["who"], logged["reason"]) == ("anna", "school class")
    assert logged["details"]["rules"] == {"counts.max_loans": "fifteen"}


@pytest.mark.requirement("R83")
def test_who_may_not_override_is_not_offered_it(world: World, central: Central, opened: Open) -> None:
    world.rules(rule("none", "counts.max_loans", 0))
    desk = AtDesk(opened(central, DESK, may_override=False), central.url)
    desk.scan(world.patron())
    desk.scan(world.item())
    assert "Not lent" in desk.newest
    assert "F8" not in desk.newest


@pytest.mark.requirement("R83", "R39")
def test_where_no_rule_gives_a_date_the_override_asks_for_one(world: World, desk: AtDesk) -> None:
    world.rules(periods=None)
    card = world.patron()
    desk.scan(card)
    desk.scan(world.item("GAME"))
    desk.press("F8")
    desk.page.keyboard.type("for the exhibition")
    desk.page.keyboard.press("Tab")
    desk.enter("06202026")
    (loan,) = world.open_loans(card)
    assert loan.due == date(2026, 6, 20)


@pytest.mark.requirement("R11", "R53", "R87")
def test_what_the_machine_refuses_the_desk_lends_to_the_same_adult(
    world: World, desk: AtDesk, central: Central
) -> None:
    machine = central.machine()
    world.rules(
        rule("desk-only", "self_service.checkout", False, media_type="DVD18"),
        rule("adults", "circulation.checkout", MinAge(18), media_type="DVD18"),
    )
    card, film = world.patron(born=date(1990, 5, 17)), world.item("DVD18")
    assert machine.do("checkout", film, machine.token(card))["outcome"] == "refused"
    desk.scan(card)
    desk.scan(film)
    assert "Lent until" in desk.newest
    (done,) = re.findall(r"lines=([0-9a-f-]{36})", desk.page.url)
    assert world.operation_row(done).trace["channel"] == "desk"
    assert world.operation_row(done).staff == "anna"


@pytest.mark.requirement("R11")
def test_every_reason_is_told_and_a_child_gets_no_film_for_adults(world: World, desk: AtDesk) -> None:
    world.rules(
        rule("adults", "circulation.checkout", MinAge(18), media_type="DVD18"), rule("none", "counts.max_loans", 0)
    )
    desk.scan(world.patron(born=date(2016, 5, 20)))
    desk.scan(world.item("DVD18"))
    assert "The checkout rule does not allow it." in desk.newest
    assert "0 of 0 loans" in desk.newest


@pytest.mark.requirement("R86")
def test_what_is_on_this_account_already_is_offered_as_a_renewal(world: World, desk: AtDesk, central: Central) -> None:
    world.rules()
    card = world.patron()
    item = world.lent(card, due=date(2026, 6, 15))
    desk.scan(card)
    desk.scan(item)
    assert "on this account already, due Mon 15 June 2026" in desk.newest
    desk.press("F9")
    assert "Renewed until Mon 29 June 2026" in desk.newest
    (loan,) = world.open_loans(card)
    assert (loan.renewals, loan.due) == (1, date(2026, 6, 29))


@pytest.mark.requirement("R84")
@pytest.mark.parametrize(
    ("state", "lent", "told"),
    [
        ("withdrawn", False, "It is withdrawn"),
        ("in_transit", False, "on its way to another branch"),
        ("not_ready", False, "not ready for lending"),
        ("missing", True, "The item was marked as missing"),
        ("lost", True, "The item was marked as lost"),
    ],
)
def test_the_state_of_an_item_is_told(world: World, desk: AtDesk, state: str, lent: bool, told: str) -> None:
    world.rules()
    desk.scan(world.patron())
    desk.scan(world.item(state=state))
    assert told in desk.newest
    assert ("Lent until" in desk.newest) is lent
    assert "F8" not in desk.newest


def test_an_item_without_a_card_and_a_code_nobody_knows(world: World, desk: AtDesk) -> None:
    world.rules()
    desk.scan(world.item())
    expect(desk.page.locator("[role=alert]")).to_contain_text("Scan a card first")
    desk.page.keyboard.press("Control+a")
    desk.enter("Mir Vog")
    expect(desk.page.locator("[role=alert]")).to_contain_text("neither a card nor an item")
    world.patron()
    desk.press("F9")
    expect(desk.page.locator("tbody")).to_contain_text("Vogel, Mira")


# --- taking back ------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R28", "R33", "R45", "R87")
def test_an_overdue_return_costs_a_fee_that_is_paid_in_part_and_waived(
    world: World, desk: AtDesk, service: Service
) -> None:
    world.rules(rule("day", "fees.overdue", per_day(100)), rule("grace", "periods.grace", Days(2)))
    card = world.patron()
    item = world.lent(card, due=date(2026, 5, 27))
    desk.press("F3")
    desk.scan(item)
    assert "Taken back" in desk.newest
    assert "Put it back on its shelf." in desk.newest
    assert "5 days overdue." in desk.newest
    assert "Overdue fee booked: €3.00" in desk.newest
    desk.scan(card)
    desk.page.keyboard.press("F7")
    expect(desk.page.locator("#amount")).to_be_focused()
    desk.page.keyboard.press("Control+a")
    desk.enter("1.00")
    expect(desk.page.locator("main")).to_contain_text("The payment is booked.")
    desk.tab_to("Waive")
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("Tab")
    desk.enter("was ill")
    expect(desk.page.locator("main")).to_contain_text("Nothing is owed.")
    with service.database.reading() as db:
        fee = db.execute(select(t.fee)).one()
        (waived,) = audit.listed(db, {"action": "fee.waive"})
    assert (fee.amount, fee.paid, fee.open, fee.waived_for, fee.settled_by) == (300, 100, False, "was ill", "anna")
    assert (waived["who"], waived["reason"]) == ("anna", "was ill")


@pytest.mark.requirement("R24", "R84", "R86")
def test_where_each_returned_item_goes_is_said(world: World, desk: AtDesk, service: Service) -> None:
    world.rules()
    with service.database.writing() as db:
        db.execute(update(t.organisation).where(t.organisation.c.id == "A").values(settings={"floating": False}))
        house.changed(db)
    wanted, foreign, idle = world.lent(world.patron()), world.item(branch="N2"), world.item()
    waiting = world.patron(first_name="Kim", last_name="Larsen")
    world.reserved(wanted, waiting)
    desk.press("F3")
    desk.scan(wanted)
    assert "Hold shelf: set aside for Kim Larsen." in desk.newest
    desk.scan(foreign)
    assert "Was not on loan" in desk.newest
    assert "Send to Branch N2." in desk.newest
    desk.scan(idle)
    assert "Was not on loan" in desk.newest
    assert len(desk.page.locator(".line").all()) == 3
    assert "Kim Larsen" in desk.page.content()
    desk.press("F4")
    assert "Kim Larsen" not in desk.page.content()


# --- renewing and reserving -------------------------------------------------------------------------------------------


@pytest.mark.requirement("R18", "R86", "R87")
def test_renewing_all_tells_what_came_of_each(world: World, desk: AtDesk) -> None:
    world.rules(rule("films", "circulation.renewal", False, media_type="DVD"))
    card = world.patron()
    world.lent(card, "BOOK")
    world.lent(card, "DVD")
    desk.scan(card)
    desk.press("F6")
    told = [line.inner_text() for line in desk.page.locator(".line").all()]
    assert sum("Renewed until Mon 29 June 2026" in line for line in told) == 1
    assert sum("Not renewed" in line and "The renewal rule does not allow it." in line for line in told) == 1


@pytest.mark.requirement("R32", "R50", "R51", "R52", "R87")
def test_a_title_is_reserved_and_cancelled_from_the_hold_shelf_for_a_fee(
    world: World, desk: AtDesk, service: Service
) -> None:
    world.rules(rule("uncollected", "fees.uncollected_reservation", Amount(100)))
    card = world.patron()
    title = world.lent(world.patron(first_name="Ben"))
    desk.scan(card)
    desk.tab_to("Reserve a title")
    desk.press("Enter")
    desk.enter(title)
    expect(desk.page.locator("main h2")).to_have_text(f"Title {title}")
    desk.press("Enter")
    expect(desk.page.locator("main")).to_contain_text("The title is reserved.")
    assert "/staff/desk?patron=" in desk.page.url
    desk.press("F3")
    desk.scan(title)
    assert "Hold shelf: set aside for Mira Vogel." in desk.newest
    desk.press("F4")
    desk.scan(card)
    desk.tab_to("Cancel")
    desk.page.keyboard.press("Enter")
    expect(desk.page.locator("main")).to_contain_text("cancelling costs €1.00")
    desk.page.keyboard.press("Tab")
    desk.press("Enter")
    expect(desk.page.locator("main")).to_contain_text("The reservation is cancelled.")
    with service.database.reading() as db:
        assert [(row.reason, row.amount) for row in db.execute(select(t.fee))] == [("uncollected", 100)]


# --- items in doubt ---------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R87")
def test_an_item_in_doubt_is_told_and_cleared(world: World, desk: AtDesk, central: Central, service: Service) -> None:
    central.machine()
    world.rules()
    item = world.item()
    since = datetime(2026, 5, 31, 9, tzinfo=UTC)
    with service.database.writing() as db:
        number = db.execute(select(t.machine.c.id).where(t.machine.c.channel == "kiosk")).scalar_one()
        values = {"machine_id": number, "item": item, "wanted": "armed", "since": since, "cleared": False}
        db.execute(insert(t.doubt).values(**values))
    desk.press("F3")
    desk.scan(item)
    assert "machine N1 has been in doubt about this item" in desk.newest
    assert "the label was to be armed" in desk.newest
    desk.press("F9")
    assert "in doubt" not in desk.newest
    with service.database.reading() as db:
        assert db.execute(select(t.doubt.c.cleared)).scalar_one() is True
        (logged,) = audit.listed(db, {"action": "doubt.clear"})
    assert (logged["who"], logged["subject"]) == ("anna", item)


# --- what stays -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R89")
def test_nothing_of_a_patron_is_left_after_f4_and_signing_out(world: World, desk: AtDesk) -> None:
    world.rules()
    card = world.patron(first_name="Philippa", last_name="Ostrander")
    item = world.lent(card)
    desk.scan(card)
    assert "Ostrander" in desk.page.content()
    cookies = {cookie["name"]: cookie["value"] for cookie in desk.page.context.cookies()}
    assert world.patron_id(card) not in str(cookies)
    desk.press("F4")
    for told in ("Ostrander", card, world.patron_id(card), item):
        assert told not in desk.page.content()
        assert told not in desk.page.url
    desk.scan(card)
    desk.tab_to("Sign out")
    desk.press("Enter")
    assert "Ostrander" not in desk.page.content()


# --- receipts by e-mail -----------------------------------------------------------------------------------------------


def test_a_receipt_of_what_was_done_here_is_sent_by_mail(world: World, desk: AtDesk, service: Service) -> None:
    world.rules()
    post = sends_receipts(service)
    card = world.patron(email="mira@example.org")
    back, new = world.lent(card), world.item()
    desk.scan(card)
    assert "by e-mail" not in desk.page.inner_text("main")  # nothing was done yet
    desk.scan(new)
    desk.press("F3")
    desk.scan(back)
    desk.tab_to("Send the receipt by e-mail")
    desk.press("Enter")
    assert "on its way by e-mail" in desk.page.inner_text("main")
    desk.tab_to("Send the receipt by e-mail")
    desk.press("Enter")
    (task,) = tasks.listed(service)
    post.run(task.id)
    ((content,), (message,)) = (post.contents, post.boxes[EMAIL].taken)
    assert [(one.item, one.done) for one in content.loans] == [(new, LENT), (back, RETURNED)]
    assert message.to == "mira@example.org"
