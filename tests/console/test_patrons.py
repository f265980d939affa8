"""Finding, entering, changing, exporting and erasing patrons, and why a fee is what it is (R28, R33, R45, R89)."""

from __future__ import annotations

import html
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, update

from circulation import audit, people
from circulation.service import Service
from circulation.staffing import DESK
from circulation.store import tables as t
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.running import Central, TestClock
from tests.circulation.world import Amount, Days, World, rule
from tests.console.conftest import session_of
from tests.console.looking import HOSTILE
from tests.console.sending import Sending

ENTERED = {
    **{"first_name": "Ida", "last_name": "Blum", "category": "normal", "home": "N1", "language": "de"},
    **{"born": "1999-02-28", "card": "C-1", "pin": "4711", "pin_again": "4711"},
}
MARK = "00000000-0000-4000-8000-000000000002"


# --- finding ----------------------------------------------------------------------------------------------------------


def test_a_card_leads_to_its_patron_and_a_name_to_a_list(world: World, sending: Sending) -> None:
    world.rules()
    card = world.patron()
    assert sending.get(f"/patrons?q={card}").url.endswith(f"/patrons/{world.patron_id(card)}")
    found = sending.get("/patrons?q=vog+mi")
    assert "Vogel, Mira" in found.text
    assert f"/staff/desk?patron={world.patron_id(card)}" in found.text
    assert "Nobody was found" in sending.get("/patrons?q=nobody+here").text


def test_a_list_has_pages_and_filters(world: World, sending: Sending) -> None:
    world.rules()
    for number in range(51):
        world.patron(last_name=f"Name {number:02}")
    world.patron(last_name="Zettel", blocked=True)
    first = sending.get("/patrons").text
    assert "Name 49" in first
    assert "Zettel" not in first
    following = html.unescape(first.split('class="more"')[1].split('href="/staff')[1].split('"')[0])
    assert "Zettel" in sending.get(following).text
    only = sending.get("/patrons?only=blocked").text
    assert "Zettel" in only
    assert "Name 00" not in only


# --- entering and changing --------------------------------------------------------------------------------------------


@pytest.mark.requirement("R89")
def test_a_new_patron_signs_in_at_a_machine_and_the_log_names_nobody(
    world: World, sending: Sending, central: Central, service: Service
) -> None:
    world.rules()
    page = sending.post("/patrons/new", **ENTERED)
    assert "The patron is entered." in page.text
    assert central.machine().sign_in("C-1", "4711")["outcome"] == "signed_in"
    with service.database.reading() as db:
        (line,) = audit.listed(db, {"action": "patron.create"})
    assert (line["who"], line["subject"]) == ("anna", "patron")
    assert not {"Ida", "Blum", "C-1", "4711"} & set(str(line["details"]).replace("'", " ").split())


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"last_name": ""}, "has to be filled in"),
        ({"category": "king"}, "no such patron category"),
        ({"home": "N9"}, "no such branch"),
        ({"language": "xx"}, "no such language"),
        ({"born": "tomorrow"}, "This is no day"),
        ({"pin": "1", "pin_again": "1"}, "A PIN has 4 to 12 digits"),
        ({"pin_again": "4712"}, "The two PINs differ"),
        ({"card": "2" * 65}, "A card number has 1 to 64 characters"),
        ({"valid_from": "2026-06-02", "valid_until": "2026-06-01"}, "The last day is before the first"),
        ({"email": "x" * 201}, "This is too long"),
        ({"postal": "\n".join("123456789")}, "A postal address has 1 to 8 lines"),
        ({"postal": "x" * 81}, "A postal address has 1 to 8 lines"),
        ({"prefers": "pigeon"}, "Please choose one of the list"),
    ],
)
def test_what_cannot_be_a_patron_is_said_and_what_was_entered_stays(
    world: World, sending: Sending, service: Service, given: dict[str, str], told: str
) -> None:
    world.rules()
    answer = sending.post("/patrons/new", **{**ENTERED, **given})
    assert answer.status_code == 422
    assert told in answer.text
    assert 'value="Ida"' in answer.text
    assert "4711" not in answer.text
    with service.database.reading() as db:
        assert db.execute(select(t.patron.c.id)).all() == []


def test_a_card_has_one_owner(world: World, sending: Sending) -> None:
    world.rules()
    card, other = world.patron(), world.patron_id(world.patron())
    assert "belongs to somebody already" in sending.post("/patrons/new", **{**ENTERED, "card": card}).text
    answer = sending.post(f"/patrons/{other}/card", card=card, kind="barcode")
    assert answer.status_code == 409
    assert "belongs to somebody already" in answer.text


@pytest.mark.requirement("R85")
def test_a_new_card_replaces_the_lost_one(world: World, sending: Sending, service: Service) -> None:
    world.rules()
    card = world.patron(card_lost=True)
    patron = world.patron_id(card)
    page = sending.post(f"/patrons/{patron}/card", card="C-2", kind="barcode").text
    assert "The new card is valid" in page
    assert "card lost" not in page
    assert people.cards(service, patron) == [("barcode", "C-2")]


def test_a_new_pin_frees_a_locked_card(world: World, sending: Sending, central: Central) -> None:
    world.rules()
    card, machine = world.patron(), central.machine()
    for _ in range(3):
        machine.sign_in(card, "9999")
    assert machine.sign_in(card)["code"] == "locked"
    sending.post(f"/patrons/{world.patron_id(card)}/pin", pin="2468", pin_again="2468")
    assert machine.sign_in(card, "2468")["outcome"] == "signed_in"


@pytest.mark.requirement("R85")
def test_only_what_was_changed_is_changed_and_noted(world: World, sending: Sending, service: Service) -> None:
    world.rules()
    patron = world.patron_id(world.patron())
    same = {"first_name": "Mira", "last_name": "Vogel", "category": "normal", "born": "1990-05-17"}
    page = sending.post(f"/patrons/{patron}/edit", **same, blocked="1", email="mira@example.org").text
    assert "The changes are saved." in page
    assert "blocked by hand" in page
    with service.database.reading() as db:
        (line,) = audit.listed(db, {"action": "patron.change"})
    assert line["details"] == {"fields": ["blocked", "email"]}
    assert "mira" not in str(line)
    page = sending.post(f"/patrons/{patron}/edit", **same, email="mira@example.org").text
    assert "blocked by hand" not in page


ADDRESS = "Ida Blum\r\n\r\nWaldweg 3 \r\n12345 Town"


@pytest.mark.requirement("R85", "R89")
def test_an_address_and_a_preferred_way_are_entered_shown_and_taken_away(
    world: World, sending: Sending, service: Service
) -> None:
    world.rules()
    page = sending.post("/patrons/new", **ENTERED, postal=ADDRESS, prefers="letter")
    path = page.url.removeprefix(sending.url)
    assert "<dd>Ida Blum<br>Waldweg 3<br>12345 Town</dd>" in page.text
    assert "<dd>Letter</dd>" in page.text
    form = sending.get(f"{path}/edit").text
    assert ">Ida Blum\nWaldweg 3\n12345 Town</textarea>" in form
    assert '<option value="letter" selected>' in form
    same = {name: value for name, value in ENTERED.items() if name not in ("card", "pin", "pin_again")}
    sending.post(f"{path}/edit", **same, postal=ADDRESS, prefers="letter")
    with service.database.reading() as db:
        assert audit.listed(db, {"action": "patron.change"}) == []  # line breaks of a browser change nothing
    sending.post(f"{path}/edit", **same)
    with service.database.reading() as db:
        assert db.execute(select(t.patron.c.postal, t.patron.c.prefers)).all() == [(None, None)]
        (line,) = audit.listed(db, {"action": "patron.change"})
    assert line["details"] == {"fields": ["postal", "prefers"]}


def test_a_changed_name_is_found(world: World, sending: Sending) -> None:
    world.rules()
    patron = world.patron_id(world.patron())
    sending.post(f"/patrons/{patron}/edit", first_name="Mira", last_name="Specht", category="normal")
    assert "Specht, Mira" in sending.get("/patrons?q=specht").text


@pytest.mark.parametrize("path", ["", "/edit", "/card", "/reserve", "/erase", "/export", "?print=1"])
def test_nobody_is_a_page_that_says_so(world: World, sending: Sending, path: str) -> None:
    world.rules()
    answer = sending.get(f"/patrons/nobody{path}")
    assert answer.status_code == 404
    assert "There is no such patron." in answer.text or path == "/card"


def test_a_list_of_loans_is_printed(world: World, sending: Sending) -> None:
    world.rules()
    card = world.patron()
    item = world.lent(card, due=date(2026, 5, 29))
    page = sending.get(f"/patrons/{world.patron_id(card)}?print=1").text
    assert f"Title {item}" in page
    assert "3 days overdue" in page


# --- export and erasure -----------------------------------------------------------------------------------------------


@pytest.mark.requirement("R89")
def test_everything_is_exported_without_the_pin(world: World, sending: Sending) -> None:
    world.rules()
    card = world.patron()
    item = world.lent(card)
    answer = sending.get(f"/patrons/{world.patron_id(card)}/export")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="patron.json"'
    held = answer.json()
    assert held["loan"][0]["item_id"] == item
    assert "pin_hash" not in answer.text


@pytest.mark.requirement("R89")
def test_a_patron_is_erased_once_nothing_is_open(world: World, sending: Sending, service: Service) -> None:
    world.rules()
    card = world.patron(owes=100)
    patron, item = world.patron_id(card), world.lent(card)
    page = sending.get(f"/patrons/{patron}/erase").text
    assert "1 item on loan" in page
    assert "1 open fee" in page
    answer = sending.post(f"/patrons/{patron}/erase")
    assert answer.status_code == 409
    assert "have to be settled first" in answer.text
    sending.post("/desk/scan?mode=back", op=MARK, scan=item)
    sending.post(f"/patrons/{patron}/payments", amount="1.00")
    assert "The patron is erased." in sending.post(f"/patrons/{patron}/erase").text
    with service.database.reading() as db:
        assert db.execute(select(t.patron.c.id)).all() == []


@pytest.mark.requirement("R89")
def test_the_desk_alone_neither_exports_nor_erases(world: World, central: Central, service: Service) -> None:
    world.rules()
    patron = world.patron_id(world.patron())
    alone = Sending(central, session_of(service, DESK, name="ben"))
    assert alone.get(f"/patrons/{patron}/export").status_code == 403
    assert alone.post(f"/patrons/{patron}/erase").status_code == 403
    assert "/export" not in alone.get(f"/patrons/{patron}").text
    alone.http.close()


# --- one fee ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def fined(world: World, sending: Sending) -> int:
    """A fee for 40 days: 38 at 0.20 are 7.60, at most 5.00."""
    world.rules(
        rule("day", "fees.overdue", Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))),
        rule("grace", "periods.grace", Days(2)),
        rule("cap", "fees.overdue_max", Amount(500)),
    )
    card = world.patron()
    item = world.lent(card, due=date(2026, 6, 1) - timedelta(days=40))
    sending.post("/desk/scan?mode=back", op=MARK, scan=item)
    with world.service.database.reading() as db:
        return int(db.execute(select(t.fee.c.id)).scalar_one())


STORY = (
    *("Wed 22 April 2026", "Mon 1 June 2026", '<dd class="number">40</dd>', '<dd class="number">\N{MINUS SIGN}2</dd>'),
    *('<dd class="number">38</dd>', "0.20 per day", "€7.60", "€5.00", "The upper limit for one item holds."),
)


@pytest.mark.requirement("R28", "R33", "R45", "R76")
def test_why_a_fee_is_as_high_as_it_is(sending: Sending, fined: int) -> None:
    page = sending.get(f"/fees/{fined}").text
    assert [told for told in STORY if told not in page] == []
    assert "id=cap" in page
    assert "The whole decision" in page


@pytest.mark.requirement("R28", "R33", "R45", "R89")
def test_once_the_record_is_forgotten_the_numbers_are_worked_out_again(
    sending: Sending, fined: int, service: Service, world: World
) -> None:
    with service.database.writing() as db:
        db.execute(update(t.operation).values(trace=None))
    world.rules()  # today nothing costs anything: the rules of then hold
    page = sending.get(f"/fees/{fined}").text
    assert [told for told in STORY if told not in page] == []
    assert "worked out again by the rules of then" in page


@pytest.mark.requirement("R86")
def test_the_fee_of_a_renewal_tells_what_is_recorded(world: World, sending: Sending, clock: TestClock) -> None:
    world.rules(rule("fixed", "fees.overdue", Fee(FeeBasis.FIXED, (FeeStep(None, Amount(150)),))))
    card = world.patron()
    item = world.lent(card, due=date(2026, 5, 27))
    patron = world.patron_id(card)
    page = sending.post(f"/patrons/{patron}/operations", op=MARK, action="renewal", item=item).text
    assert "5 days overdue." in page
    with world.service.database.reading() as db:
        fee = db.execute(select(t.fee.c.id)).scalar_one()
    page = sending.get(f"/fees/{fee}").text
    assert "Days late that count" in page
    assert "€1.50" in page


def test_a_fee_is_waived_on_its_page_with_a_reason(sending: Sending, fined: int) -> None:
    answer = sending.post(f"/fees/{fined}/waive", reason="")
    assert answer.status_code == 422
    assert "has to be filled in" in answer.text
    page = sending.post(f"/fees/{fined}/waive", reason="first time").text
    assert "by anna" in page
    assert "first time" in page
    assert sending.post(f"/fees/{fined}/waive", reason="again").status_code == 404


@pytest.mark.parametrize("number", ["0", "99", "99999999999999999999"])
def test_a_fee_there_is_not(sending: Sending, world: World, number: str) -> None:
    world.rules()
    assert sending.get(f"/fees/{number}").status_code == 404


# --- hostile texts ----------------------------------------------------------------------------------------------------


def test_hostile_texts_in_every_field_come_back_harmless(world: World, sending: Sending, service: Service) -> None:
    world.rules(rule("none", "counts.max_loans", 0))
    person = {
        **ENTERED,
        "first_name": HOSTILE,
        "last_name": HOSTILE,
        "email": HOSTILE,
        "phone": HOSTILE,
        "postal": HOSTILE,
        "card": HOSTILE,
    }
    created = sending.post("/patrons/new", **person)
    path = created.url.removeprefix(sending.url)
    sending.post(f"{path}/fees", amount="5.00", reason=HOSTILE, title=HOSTILE)
    with service.database.writing() as db:
        fee = db.execute(select(t.fee.c.id)).scalar_one()
        wanted = {"id": str(uuid4()), "title_id": HOSTILE, "patron_id": path.rpartition("/")[2], "pickup": "N1"}
        made = {"made_at": datetime(2026, 6, 1, tzinfo=UTC), "channel": "web", "state": "waiting", "suspended": False}
        db.execute(insert(t.reservation).values(**wanted, **made, rule_set=1, rules={}))
    item = world.item(title=HOSTILE, author=HOSTILE)
    desk = sending.post(f"/desk/scan?patron={path.rpartition('/')[2]}", op=MARK, scan=item)
    lent = sending.post(f"{path}/operations", op=str(uuid4()), action="checkout", item=item, reason=HOSTILE)
    scanned = sending.post("/desk/scan", op=MARK, scan=HOSTILE)
    sending.post(f"/fees/{fee}/waive", reason=HOSTILE)
    escaped = html.escape(HOSTILE, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;")
    pages = {
        "created": created.text,
        "desk": desk.text,
        "lent": lent.text,
        "unknown": scanned.text,
        **{part: sending.get(f"{path}{part}").text for part in ("", "/edit", "/card", "/erase", "?print=1")},
        "reserve": sending.get(f"{path}/reserve?q={HOSTILE}&title={HOSTILE}&back={HOSTILE}").text,
        "fee": sending.get(f"/fees/{fee}").text,
        "list": sending.get("/patrons").text,
        "search": sending.get(f"/patrons?q={HOSTILE}&category={HOSTILE}&only={HOSTILE}").text,
    }
    assert [name for name, text in pages.items() if "<script>alert" in text] == []
    assert [name for name, text in pages.items() if escaped not in text and name not in ("unknown", "search")] == []
