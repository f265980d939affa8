"""Lists of the staff console: what is found by which text, page by page, in as many statements for many rows as few."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from benchmarks.direct import noted
from circulation import operations, people, searching
from circulation.errors import CirculationError
from circulation.operations import Asked
from circulation.searching import Decisions, Fees, Items, Loans, Page, Patrons, Reservations, Titles
from circulation.service import Service, Workplace
from circulation.store import tables as t
from tests.circulation.running import TestClock
from tests.circulation.world import World, rule
from tests.generated import examples

AT = Workplace("m", "N1")
TODAY = date(2026, 6, 1)
List = Callable[..., Page]
LISTS: tuple[tuple[List, Any], ...] = (
    (searching.patrons, Patrons()),
    (searching.items, Items()),
    (searching.loans, Loans()),
    (searching.reservations, Reservations()),
    (searching.fees, Fees()),
    (searching.titles, Titles()),
    (searching.decisions, Decisions()),
)
WITH_TEXT = tuple((listed, wanted) for listed, wanted in LISTS if hasattr(wanted, "text"))


def machine(world: World) -> Workplace:
    """A machine at N1."""
    enrolled = {"name": "Kiosk 1", "branch": "N1", "key_hash": "h", "enrolled_at": world.service.clock()}
    with world.service.database.writing() as db:
        db.execute(insert(t.machine).values(id=AT.id, **enrolled))
    return AT


def fee(world: World, patron: str, amount: int, **more: Any) -> None:
    """A fee of a patron."""
    values = {"reason": "overdue", "open": True, "at": world.service.clock(), "branch": "N1", **more}
    with world.service.database.writing() as db:
        db.execute(insert(t.fee).values(patron_id=world.patron_id(patron), amount=amount, **values))


def every(listed: List, service: Service, wanted: Any, rows: int) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    page = listed(service, wanted, rows=rows)
    found = list(page.rows)
    while page.next is not None:
        assert len(page.rows) == rows
        page = listed(service, wanted, page.next, rows)
        found += page.rows
    return found


def asked(listed: List, service: Service, wanted: Any, after: str) -> Any:
    """The rows of a page, or the code of what is wrong with it."""
    try:
        return listed(service, wanted, after).rows
    except CirculationError as error:
        return error.code


# --- text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ozdemir", True),
        ("ÖZDEMIR", True),
        ("Ayşe Özd", True),
        ("ayse", True),
        ("lud meyer", False),
        ("demir", False),
        ("ozdemir ayse anna", False),
        ("ludenscheid ozd", True),
        ("  ", True),
        ("'", False),
    ],
)
def test_a_patron_is_found_by_the_beginnings_of_words_of_the_name(world: World, text: str, found: bool) -> None:
    world.patron(last_name="Özdemir-Lüdenscheid", first_name="Ayşe")
    rows = searching.patrons(world.service, Patrons(text)).rows
    assert [row["last_name"] for row in rows] == (["Özdemir-Lüdenscheid"] if found else [])


def test_a_patron_is_found_by_any_card_and_by_id(world: World) -> None:
    card = world.patron()
    id_ = world.patron_id(card)
    world.patron()
    with world.service.database.writing() as db:
        db.execute(insert(t.card).values(kind="uid", value="04A1", patron_id=id_))
    for text in (card, f" {id_}\n", "04A1"):
        assert [row["id"] for row in searching.patrons(world.service, Patrons(text)).rows] == [id_]


@pytest.mark.parametrize("text", ["100%", "a_b", "c:\\d", "C++", "50 % mehr", "1/2"])
def test_signs_of_a_text_mean_themselves(world: World, text: str) -> None:
    world.item(title="100 Jahre axb cxd 50 x mehr 1x2", author="")
    item = world.item(title=f"Mathe: {text}", author="")
    assert [row["id"] for row in searching.items(world.service, Items(text)).rows] == [item]
    assert [row["item"] for row in searching.titles(world.service, Titles(text)).rows] == [item]


def test_an_item_is_found_by_barcode_title_and_author(world: World) -> None:
    item = world.item(title="Die unendliche Geschichte", author="Ende, Michael")
    world.item(title="Die Geschichte")
    for text in (item, "unend", "ende gesch", "MICHAEL die"):
        assert [row["id"] for row in searching.items(world.service, Items(text)).rows] == [item]


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | st.text(alphabet="%_\\'/\"~\0 aß\ud800"))
def test_any_text_at_all_is_looked_for(world: World, text: str) -> None:
    for listed, wanted in WITH_TEXT:
        assert listed(world.service, replace(wanted, text=text)).next is None


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(after=st.text() | st.from_regex(r"[0-9]{4}-[01][0-9]-[0-3][0-9](T00:00[+-]0[0-9]:00)?~[0-9]{1,12}(~.)?"))
def test_a_place_that_is_in_no_list_is_said_so_and_breaks_nothing(world: World, after: str) -> None:
    assert {asked(listed, world.service, wanted, after) for listed, wanted in LISTS} <= {(), "bad_request"}


@pytest.mark.parametrize(
    ("listed", "wanted"),
    [
        (searching.patrons, Patrons(only="rich")),
        (searching.items, Items(branch="N\0")),
        (searching.loans, Loans(patron="\ud800")),
        (searching.fees, Fees(until=date.max)),
        (searching.decisions, Decisions(since=date.min)),
    ],
)
def test_what_cannot_be_asked_is_said_so(service: Service, listed: List, wanted: Any) -> None:
    with pytest.raises(CirculationError) as error:
        listed(service, wanted)
    assert error.value.code == "bad_request"


@pytest.mark.requirement("R89")
def test_what_is_searched_is_told_to_nobody(world: World) -> None:
    patron, item = world.patron(owes=5), world.item()
    assert "sought" not in str(people.export(world.service, world.patron_id(patron)))
    assert "sought" not in people.item(world.service, item)
    rows = [row for listed, wanted in LISTS for row in listed(world.service, wanted).rows]
    assert len(rows) == 4  # patron, item, fee and title
    assert not any("sought" in row for row in rows)


# --- pages ------------------------------------------------------------------------------------------------------------


def filled(world: World, count: int) -> None:
    """So many rows of every list; many have the same name, day and instant."""
    at = machine(world)
    for number in range(count):
        patron = world.patron(last_name=f"Vogel {number % 3}")
        item = world.lent(patron, due=TODAY + timedelta(days=number % 3), title=f"Title {number % 3}")
        fee(world, patron, 100 + number)
        world.reserved(item, patron)
        operations.run(world.service, at, Asked(str(uuid4()), "return", "unknown", None))


@pytest.mark.parametrize("rows", [1, 2, 3, 7, 50])
def test_pages_together_are_the_list_whatever_their_length(world: World, rows: int) -> None:
    world.rules()
    filled(world, 7)
    for listed, wanted in LISTS:
        found = every(listed, world.service, wanted, rows)
        assert found == list(listed(world.service, wanted, rows=50).rows)
        assert len(found) == 7


def test_a_row_that_comes_or_goes_moves_nothing(world: World) -> None:
    cards = [world.patron(last_name=name) for name in ("Anders", "Bauer", "Conrad", "Dorn")]
    page = searching.patrons(world.service, Patrons(), rows=2)
    world.patron(last_name="Aalto")
    people.erase(world.service, world.patron_id(cards[0]), "anna")
    rest = searching.patrons(world.service, Patrons(), page.next, 2)
    assert [row["last_name"] for row in rest.rows] == ["Conrad", "Dorn"]
    assert page.next is not None
    assert "bauer" not in page.next


def test_a_page_after_somebody_who_was_erased_begins_anew(world: World) -> None:
    for name in ("Anders", "Bauer"):
        world.patron(last_name=name)
    page = searching.patrons(world.service, Patrons(), rows=1)
    people.erase(world.service, page.rows[0]["id"], "anna")
    with pytest.raises(CirculationError, match="begin at its first"):
        searching.patrons(world.service, Patrons(), page.next, 1)


@pytest.mark.requirement("R81")
def test_a_list_takes_as_many_statements_for_many_rows_as_for_few(world: World) -> None:
    world.rules()
    filled(world, 2)
    with noted(world.service) as few:
        for listed, wanted in LISTS:
            listed(world.service, wanted, rows=1)
    first = len(few)
    for _ in range(20):
        patron = world.patron()
        world.reserved(world.lent(patron), patron)
        fee(world, patron, 5)
    with noted(world.service) as many:
        for listed, wanted in LISTS:
            listed(world.service, wanted, rows=50)
    assert len(many) == first


# --- each list --------------------------------------------------------------------------------------------------------


def test_patrons_come_with_their_loans_and_debts(world: World) -> None:
    one, other = world.patron(last_name="A", owes=250), world.patron("staff", last_name="B")
    for _ in range(3):
        world.lent(one)
    fee(world, one, 400, paid=150)
    fee(world, one, 900, open=False)
    told = {row["card"]: (row["loans"], row["owed"]) for row in searching.patrons(world.service, Patrons()).rows}
    assert told == {one: (3, 500), other: (0, 0)}
    by_category = searching.patrons(world.service, Patrons(category="staff")).rows
    assert [row["card"] for row in by_category] == [other]


@pytest.mark.parametrize("only", searching.ONLY)
def test_only_some_patrons(world: World, only: str) -> None:
    cards = {
        "owing": world.patron(owes=1, valid_until=TODAY),
        "blocked": world.patron(blocked=True),
        "expired": world.patron(valid_until=TODAY - timedelta(days=1)),
    }
    lost = world.patron(card_lost=True)
    expected = {cards[only], lost} if only == "blocked" else {cards[only]}
    assert {row["card"] for row in searching.patrons(world.service, Patrons(only=only)).rows} == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Items(branch="N2"), {"other"}),
        (Items(media_type="CD"), {"lent"}),
        (Items(state="lost"), {"lost"}),
        (Items(on_loan=True), {"lent"}),
        (Items(on_loan=False, branch="N1"), {"lost", "plain"}),
        (Items(), {"lost", "plain", "other", "lent"}),
    ],
)
def test_only_some_items(world: World, wanted: Items, expected: set[str]) -> None:
    patron = world.patron()
    world.item(title="lost", state="lost")
    world.item(title="plain", set_aside=patron)
    world.item(title="other", branch="N2")
    world.lent(patron, "CD", title="lent")
    rows = searching.items(world.service, wanted).rows
    assert {row["title"] for row in rows} == expected
    assert {row["title"]: row["due"] for row in rows if row["loan"]} == {
        title: date(2026, 6, 15) for title in expected & {"lent"}
    }
    assert {row["title"] for row in rows if row["set_aside"]} == expected & {"plain"}


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        (Loans(), [-2, 0, 3, 9]),
        (Loans(overdue=True), [-2]),
        (Loans(due_from=TODAY, due_to=TODAY + timedelta(days=3)), [0, 3]),
        (Loans(media_type="CD"), [3]),
        (Loans(branch="N2"), []),
        (Loans(channel="desk"), []),
        (Loans(channel="kiosk", branch="N1"), [-2, 0, 3, 9]),
    ],
)
def test_only_some_loans_those_due_first_at_the_top(world: World, wanted: Loans, days: list[int]) -> None:
    one, other = world.patron(last_name="A"), world.patron(last_name="B")
    for day, card, media_type in ((9, one, "BOOK"), (0, other, "BOOK"), (-2, one, "DVD"), (3, other, "CD")):
        world.lent(card, media_type, TODAY + timedelta(days=day))
    rows = searching.loans(world.service, wanted).rows
    assert [(row["due"] - TODAY).days for row in rows] == days
    of_one = searching.loans(world.service, replace(wanted, patron=world.patron_id(one))).rows
    assert [row["id"] for row in of_one] == [row["id"] for row in rows if row["last_name"] == "A"]


def test_reservations_have_a_title_a_name_and_a_number(world: World, clock: TestClock) -> None:
    title = world.item(title="Momo", title_id="momo")
    world.item(title="Momo", title_id="momo")
    for name, state, more in (
        ("A", "on_shelf", {"copy_id": title}),
        ("B", "waiting", {"suspended": True}),
        ("C", "cancelled", {"ended_at": clock()}),
        ("D", "waiting", {"pickup": "N2"}),
    ):
        clock.later(minutes=1)
        world.reserved("momo", world.patron(last_name=name), state=state, **more)
    rows = searching.reservations(world.service, Reservations()).rows
    assert [(row["last_name"], row["title"], row["number"]) for row in rows] == [
        ("A", "Momo", None),
        ("B", "Momo", 1),
        ("D", "Momo", 2),
    ]
    for wanted, names in (
        (Reservations(pickup="N2"), ["D"]),
        (Reservations(state="cancelled"), ["C"]),
        (Reservations(text="mom"), ["A", "B", "D"]),
        (Reservations(text=title, state="waiting"), ["B", "D"]),
        (Reservations(text="tintenherz"), []),
    ):
        assert [row["last_name"] for row in searching.reservations(world.service, wanted).rows] == names


def test_fees_are_the_newest_first_with_sums_of_all_of_them(world: World, clock: TestClock) -> None:
    patron = world.patron(last_name="A")
    fee(world, patron, 1000, paid=400)
    clock.later(days=1)
    fee(world, patron, 300, paid=100, open=False, reason="card", waived_for="kind")
    clock.later(days=1)
    fee(world, patron, 200, paid=200, open=False, branch="N2")
    rows = searching.fees(world.service, Fees(), rows=2).rows
    assert [(row["amount"], row["owed"], row["last_name"]) for row in rows] == [(200, 0, "A"), (300, 0, "A")]
    for wanted, amounts, totals in (
        (Fees(), [200, 300, 1000], (3, 600, 700, 200)),
        (Fees(open=True), [1000], (1, 600, 400, 0)),
        (Fees(open=False), [200, 300], (2, 0, 300, 200)),
        (Fees(branch="N2"), [200], (1, 0, 200, 0)),
        (Fees(reason="card"), [300], (1, 0, 100, 200)),
        (Fees(since=date(2026, 6, 2), until=date(2026, 6, 2)), [300], (1, 0, 100, 200)),
        (Fees(reason="nothing"), [], (0, 0, 0, 0)),
    ):
        assert [row["amount"] for row in searching.fees(world.service, wanted).rows] == amounts
        found = searching.fee_totals(world.service, wanted)
        assert (found.count, found.owed, found.paid, found.waived) == totals


@pytest.mark.parametrize("hour", [21, 22])
def test_a_day_is_a_day_at_the_library(world: World, clock: TestClock, hour: int) -> None:
    clock.now = datetime(2026, 6, 10, hour, 30, tzinfo=clock().tzinfo)  # the library is two hours ahead
    fee(world, world.patron(), 100)
    day = date(2026, 6, 10 if hour == 21 else 11)
    assert searching.fee_totals(world.service, Fees(since=day, until=day)).count == 1
    assert searching.fee_totals(world.service, Fees(until=day - timedelta(days=1))).count == 0


def test_titles_are_told_with_copies_and_queue(world: World) -> None:
    patron = world.patron()
    first = world.item(title="Momo", title_id="momo", author="Ende", state="lost")
    second = world.item(title="Momo", title_id="momo", author="Ende")
    world.item(title="Momo", title_id="momo", set_aside=patron)
    world.lent(patron, title="Momo", title_id="momo")
    world.item(title="Weg", title_id="gone", state="withdrawn")
    world.reserved("momo", patron)
    world.reserved("momo", patron, state="cancelled", ended_at=world.service.clock())
    for text in ("", "ende mo", "momo", first, second):
        (row,) = searching.titles(world.service, Titles(text)).rows
        assert row == {
            "item": second,
            "title_id": "momo",
            "title": "Momo",
            "author": "Ende",
            "media_type": "BOOK",
            "copies": 3,
            "available": 1,
            "queue": 1,
        }


@pytest.mark.requirement("R76")
def test_decisions_are_listed_without_for_whom_they_were(world: World, clock: TestClock) -> None:
    world.rules(rule("no", "circulation.checkout", False, media_type="DVD"))
    at, card = machine(world), world.patron()
    patron = world.patron_id(card)
    book, dvd = world.item(title="Momo"), world.item("DVD", title="Film")
    for action, item, whom in (("checkout", book, patron), ("checkout", dvd, patron), ("return", book, None)):
        clock.later(days=1)
        operations.run(world.service, at, Asked(str(uuid4()), action, item, whom))
    rows = searching.decisions(world.service, Decisions()).rows
    assert [(row["action"], row["title"], row["allowed"], row["code"]) for row in rows] == [
        ("return", "Momo", True, None),
        ("checkout", "Film", False, "circulation.checkout"),
        ("checkout", "Momo", True, None),
    ]
    assert {(row["channel"], row["branch"], row["machine"], row["machine_name"]) for row in rows} == {
        ("kiosk", "N1", "m", "Kiosk 1")
    }
    assert not any(value in str(rows) for value in (patron, card, "Vogel"))
    for wanted, titles in (
        (Decisions(allowed=False), ["Film"]),
        (Decisions(allowed=True), ["Momo", "Momo"]),
        (Decisions(action="return"), ["Momo"]),
        (Decisions(item=dvd), ["Film"]),
        (Decisions(machine="n"), []),
        (Decisions(machine="m", since=date(2026, 6, 3), until=date(2026, 6, 3)), ["Film"]),
    ):
        assert [row["title"] for row in searching.decisions(world.service, wanted).rows] == titles


def test_a_decision_is_listed_when_its_trace_has_been_forgotten(world: World, clock: TestClock) -> None:
    world.rules()
    at = machine(world)
    operations.run(world.service, at, Asked(str(uuid4()), "return", world.lent(world.patron()), None))
    clock.later(days=200)
    people.forget(world.service)
    (row,) = searching.decisions(world.service, Decisions()).rows
    assert (row["allowed"], row["channel"], row["branch"]) == (True, "kiosk", "N1")
