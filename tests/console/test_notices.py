"""Notices in the console: the log, one message, what comes next and why there was none (R74; questions 9 to 12)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from playwright.sync_api import expect
from sqlalchemy import insert, update

from circulation import operations
from circulation.jobs import tasks
from circulation.notices import looking, receipts
from circulation.notices.content import DUE_WARNING, OVERDUE, RECEIPT
from circulation.notices.selecting import Asked
from circulation.notices.types import EMAIL, Accepted, Refused
from circulation.service import VERSION, Service, Workplace
from circulation.staffing import ADMIN, DESK
from circulation.store import circulating
from circulation.store import notices as store
from circulation.store import tables as t
from circulation.store.notice_tables import message, notice
from tests.circulation.nightly import Nights, answer, borrower
from tests.circulation.posting import DAILY, Post, at_seven, change_loan, fees, lend, rows, set_up
from tests.circulation.running import Central
from tests.circulation.world import Amount, Days, World, rule
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, harmless, reader

ON = rule("warn", "circulation.enable_due_warning", True, name="warn everybody")
THREE = rule("three", "periods.due_warning", Days(3))
COSTS = rule("costs", "fees.due_warning", Amount(50), name="half a euro")
REMIND = (
    rule("remind", "circulation.enable_overdue_reminder", True, level="1"),
    rule("ten", "periods.overdue_reminder", Days(10), level="1"),
)


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
    post = Post(service)
    post.know(receipts.TASK, Asked(RECEIPT, frozenset({EMAIL})))
    tasks.create(service, "anna", tasks.Wanted(receipts.TASK, "receipts", {}, DAILY), post.types)
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


# --- what comes next, and why there was none --------------------------------------------------------------------------


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


CASES = {
    "off": "Off by a rule: nobody in June",
    "not_enabled": "No rule switches it on.",
    "no_period": "No rule says after how many days.",
    "too_early": "Too early until Mon 15 June 2026",
    "filtered": "The task leaves this loan out",
    "just_lent": "Not on the day it was lent or renewed; from Mon 15 June 2026 on",
    "one_day": "Lent or renewed too shortly before the due date",
    "missed": "Missed: no run sent it before the due date",
    "before_task": "When it would have been time, the task had not run yet.",
    "no_address": "No address by which this task could reach the patron.",
    "refused": "Refused for good, until it is changed: E-mail",
    "no_task": "No task sends this kind of notice.",
    "paused": "The task is paused.",
    "returned": "Nothing more: it was returned.",
    "renewed": "cancelled renewed before",
    "next": "The next run sends it: ",
    "tried": "From the following day on it is tried once more",
}


@pytest.mark.requirement("R66", "R74")
@pytest.mark.parametrize("case", CASES)
def test_why_there_was_no_warning(world: World, service: Service, central: Central, case: str) -> None:
    """Question 10: each reason in words, decided as a run decides it."""
    loan = CASE[case](world, service) if case in CASE else _usual(world, service, case)
    with reader(central, DESK) as anna:
        told = anna.read("/notices/why", loan=str(loan))
    assert CASES[case].lower() in told.lower()


def _usual(world: World, service: Service, case: str) -> int:
    """A loan due on 18 June, looked at on the 15th unless the case is about another day."""
    off = rule("off", "circulation.enable_due_warning", False, name="nobody in June")
    sets = {"off": (off, THREE), "not_enabled": (THREE,), "no_period": (ON,)}
    world.rules(*sets.get(case, (ON, THREE)))
    nights = Nights(service)
    patron = borrower(world, "Reader", **({"email": None} if case == "no_address" else {}))
    more: dict[str, object] = {}
    if case == "just_lent":
        more = {"out_at": datetime(2026, 6, 15, 4, tzinfo=UTC)}
    loan = lend(service, world.item(), patron, "2026-06-18", **more)
    at_seven(service, {"too_early": "2026-06-10", "before_task": "2026-06-19"}.get(case, "2026-06-15"))
    if case == "just_lent":
        change_loan(service, loan, due=date(2026, 6, 18), out_at=datetime(2026, 6, 14, 4, tzinfo=UTC))
        at_seven(service, "2026-06-14")
    if case != "no_task":
        filters: dict[str, Any] = {"media_types": ["DVD"]} if case == "filtered" else {}
        nights.task(DUE_WARNING, **filters)
    return loan


def _one_day(world: World, service: Service) -> int:
    world.rules(ON, THREE)
    Nights(service).task(DUE_WARNING)
    at_seven(service, "2026-06-18")
    return lend(service, world.item(), borrower(world, "Reader"), "2026-06-18", out_at=service.clock())


def _missed(world: World, service: Service) -> int:
    world.rules(ON, THREE)
    nights = Nights(service)
    task = nights.task(DUE_WARNING)
    nights.run(task, "2026-06-14")
    loan = lend(service, world.item(), borrower(world, "Reader"), "2026-06-18")
    at_seven(service, "2026-06-19")
    return loan


def _refused(world: World, service: Service) -> int:
    world.rules(ON, THREE)
    nights, loan = Nights(service, answer), lend(service, world.item(), borrower(world, "Wrong"), "2026-06-18")
    nights.run(nights.task(DUE_WARNING), "2026-06-15")
    return loan


def _paused(world: World, service: Service) -> int:
    loan = _usual(world, service, "next")
    tasks.pause(service, "anna", 1)
    return loan


def _returned(world: World, service: Service) -> int:
    loan = _usual(world, service, "next")
    change_loan(service, loan, returned_at=service.clock())
    return loan


def _renewed(world: World, service: Service) -> int:
    """Written down, then renewed before it left."""
    world.rules(ON, THREE)
    nights = Nights(service, lambda _: Refused("451 later", permanent=False))
    loan, task = lend(service, world.item(), borrower(world, "Reader"), "2026-06-18"), nights.task(DUE_WARNING)
    nights.run(task, "2026-06-15")
    change_loan(service, loan, due=date(2026, 7, 14), renewals=1, renewed_at=service.clock())
    nights.run(task, "2026-06-16")
    return loan


def _tried(world: World, service: Service) -> int:
    """Refused for good, a reminder: it goes by letter."""
    world.rules(*REMIND)
    nights, loan = Nights(service, answer), lend(service, world.item(), borrower(world, "Wrong"), "2026-06-01")
    nights.run(nights.task(OVERDUE), "2026-06-26")
    return loan


CASE = {
    "tried": _tried,
    "one_day": _one_day,
    "missed": _missed,
    "refused": _refused,
    "paused": _paused,
    "returned": _returned,
    "renewed": _renewed,
}


def test_why_is_asked_of_a_loan_there_is(world: World, central: Central) -> None:
    world.rules()
    with reader(central, DESK) as anna:
        assert "Number of the loan" in anna.read("/notices/why")
        assert anna.get("/notices/why", loan="7").status_code == 404
        assert anna.get("/notices/why", loan="x").status_code == 422


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


# --- runs -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R75")
def test_tonight_tells_what_would_be_sent_and_sends_nothing(world: World, service: Service, central: Central) -> None:
    """Question 12."""
    world.rules(ON, THREE, COSTS)
    nights = Nights(service)
    for name, email in (("Mira", "mira@example.org"), ("Silent", None)):
        lend(service, world.item(title=f"Book of {name}"), borrower(world, name, email=email), "2026-06-18")
    at_seven(service, "2026-06-15")
    task = nights.task(DUE_WARNING)
    with reader(central, DESK) as anna:
        told = anna.read("/notices/tonight")
        assert "messages 1 loans 1 estimated fees €0.50 without an address 1" in told
        assert "Book of Mira E-mail warn everybody" in told
        assert "Book of Silent not sent no address" in told
        assert rows(service, message.select()) == []
        nights.run(task)
        told = anna.read("/notices/tonight")
        assert "sent: 1" in told
        assert "messages 0 loans 0 estimated fees €0.00 without an address 1" in told


@pytest.mark.requirement("R47")
def test_a_backlog_waits_until_somebody_with_the_role_confirms_it(
    world: World, service: Service, central: Central
) -> None:
    world.rules(*REMIND)
    set_up(service, backlog_limit=1)
    nights = Nights(service)
    for name in ("Mira", "Max"):
        lend(service, world.item(), borrower(world, name), "2026-06-01")
    task = nights.task(OVERDUE)
    assert "waits_for_confirmation" in nights.run(task, "2026-06-26")
    with reader(central, DESK) as bert:
        told = bert.read("/notices/tonight")
        assert "2 reminders wait since Fri 26 June 2026 07:00" in told
        assert "median of the last runs: 0" in told
        assert "Somebody with the role" in told
        assert "Let them be sent" not in told
    with reader(central, DESK, ADMIN, name="carla") as anna:
        assert "Let them be sent" in anna.read("/notices/tonight")
        anna.send("/notices/tonight", f"/tasks/{task}/confirm")
        assert "2 reminders wait" not in anna.read("/notices/tonight")
    nights.run(task)
    assert len(nights.box.taken) == 2


def test_without_a_task_the_page_says_what_to_do(world: World, central: Central) -> None:
    world.rules()
    with reader(central, DESK) as anna:
        assert "No task sends notices yet." in anna.read("/notices/tonight")


@pytest.mark.requirement("R73")
def test_months_before_and_after_due_warnings(world: World, service: Service, central: Central) -> None:
    """The example of R73: May 0 and 120, June 310 and 64."""
    world.rules()
    months = (("2026-05-10", OVERDUE, 120), ("2026-06-10", DUE_WARNING, 310), ("2026-06-30", OVERDUE, 64))
    for day, kind, count in months:
        write(service, kind, datetime.fromisoformat(f"{day}T21:30:00").replace(tzinfo=UTC), count)
    write(service, OVERDUE, datetime(2026, 6, 30, 22, 30, tzinfo=UTC), 7)  # in Berlin it is July
    with reader(central, DESK) as anna:
        told = anna.read("/notices/effect", since="2026-05-01", until="2026-06-30")
        assert "May 2026 0 0 120 120 June 2026 310 310 64 64 Together 310 184" in told
        page = anna.get("/notices/effect", since="2026-05-01", until="2026-06-30").text
        assert '<meter min="0" max="310" value="64"' in page
        assert "July 2026 0 0 7 7" in anna.read("/notices/effect", since="2026-07-01", until="2026-07-31")
        assert "June 2026" in anna.read("/notices/effect")
        for wrong in ({"since": "x"}, {"since": "2026-07-01", "until": "2026-06-01"}, {"since": "1900-01-01"}):
            assert anna.get("/notices/effect", **wrong).status_code in (400, 422), wrong
        assert anna.get("/notices/effect", since="9999-01-01", until="9999-12-31").status_code in (200, 400)


def write(service: Service, kind: str, at: datetime, count: int) -> None:
    """Notices of a kind that were sent at an instant, all in one message."""
    common = {"kind": kind, "level": "1" if kind == OVERDUE else "", "state": "sent", "fee": 0}
    said = {"key": f"{kind}{at}", "run": 1, "branch": "N1", "channel": "email", "language": "en", "tries": 1}
    with service.database.writing() as db:
        made = {**common, **said, "created_at": at, "ended_at": at, "fees": [], "rule_set": 1}
        id_ = store.add_message(db, made)
        one: dict[str, Any] = {**common, "message": id_, "invoiced": 0, "winners": {}, "at": at}
        db.execute(insert(notice), [one] * count)
