"""The calendar's pages: the year, what an organisation says itself, and later closings with their loans (R38-R41)."""

from __future__ import annotations

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from circulation import audit, moving, organising, staffing
from circulation.organising import Closing
from circulation.service import Service
from tests.circulation.running import Central, operation
from tests.circulation.world import Days, World, rule
from tests.console.conftest import Open
from tests.console.looking import HOSTILE, harmless, reader, text_of

FRIDAY = date(2026, 6, 19)
N1 = "/calendar/N1"
DAYS = {"weekly_closed_from": "inherit", "holidays_from": "inherit", "tours_from": "inherit"}


def with_loans(world: World, number: int) -> list[str]:
    """Loans due on 19 June where a closing moves them by a week."""
    world.rules(rule("week", "periods.closing_adjustment", Days(7)))
    patron = world.patron()
    return [world.lent(patron, due=FRIDAY) for _ in range(number)]


def dues(world: World) -> set[str]:
    return {loan.due.isoformat() for loan in world.open_loans()}


def moves(service: Service) -> list[tuple[str, int]]:
    with service.database.reading() as db:
        return [(one["who"], one["details"]["loans"]) for one in audit.listed(db, {"action": "closing.move"})]


def closings(service: Service) -> list[tuple[str, str, bool]]:
    found = organising.calendar(service, "N1")["closings"]
    return [(one["first"].isoformat(), one["last"].isoformat(), one["open"]) for one in found]


@pytest.mark.requirement("R41")
def test_n1_closes_on_19_june_and_14_loans_move_to_26_june(world: World, central: Central, opened: Open) -> None:
    with_loans(world, 14)
    page = opened(central, staffing.RULES, name="anna")
    page.click("nav >> text=Calendar")
    page.click("text=Branch N1")
    page.fill("#first", "2026-06-19")
    page.fill("#note", "Works")
    page.click("button:text-is('Next')")
    expect(page.locator("main h2", has_text="14 loans are due on these days")).to_be_visible()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(14)
    expect(rows.first).to_contain_text("Fri 19 June 2026")
    expect(rows.first).to_contain_text("Fri 26 June 2026")
    assert (dues(world), closings(world.service)) == ({"2026-06-19"}, [])  # nothing moves silently
    page.click("text=Save the closing and move 14 loans to Fri 26 June 2026")
    expect(page.locator("[role=status]")).to_contain_text("14 loans were moved")
    expect(page.locator("td.closed")).to_have_text(re.compile("^19, closed by exception"))
    assert (dues(world), closings(world.service)) == ({"2026-06-26"}, [("2026-06-19", "2026-06-19", False)])
    assert moves(world.service) == [("anna", 14)]


@pytest.mark.requirement("R41")
def test_a_closing_can_be_saved_without_moving_and_its_loans_be_moved_later(world: World, central: Central) -> None:
    with_loans(world, 2)
    with reader(central, staffing.ADMIN) as anna:
        form = f"{N1}/closing?first=2026-06-19&last=2026-06-19"
        given = {"first": "2026-06-19", "last": "2026-06-19"}
        anna.send(form, f"{N1}/closings", **given)
        assert (dues(world), len(closings(world.service))) == ({"2026-06-19"}, 1)
        page = anna.get(f"{N1}/closing", first="2026-06-19", entered="1")
        assert "move 2 loans to Fri 26 June 2026" in text_of(page.text)
        assert "Save the closing" not in text_of(page.text)
        (loans,) = re.findall(r'name="loans" value="([^"]*)"', page.text)
        told = text_of(anna.send(form, f"{N1}/move", **given, loans=loans).text)
    assert "2 loans were moved" in told
    assert dues(world) == {"2026-06-26"}
    assert len(closings(world.service)) == 1


@pytest.mark.requirement("R41")
def test_a_loan_that_was_returned_meanwhile_is_reported(world: World, central: Central) -> None:
    items = with_loans(world, 3)
    with reader(central, staffing.RULES) as anna:
        page = anna.get(f"{N1}/closing", first="2026-06-19")
        (loans,) = re.findall(r'name="loans" value="([^"]*)"', page.text)
        central.machine("N1").batch([operation("return", items[0])])
        late = world.lent(world.patron(), due=FRIDAY)
        given = {"first": "2026-06-19", "move": "1", "loans": loans}
        told = text_of(anna.send(f"{N1}/closing?first=2026-06-19", f"{N1}/closings", **given).text)
    assert "2 loans were moved" in told
    assert re.search(r"Loan 1 : .*(returned|due)", told)
    assert "1 loan became due on these days meanwhile" in told
    assert {loan.item_id: loan.due.isoformat() for loan in world.open_loans()} == {
        items[1]: "2026-06-26",
        items[2]: "2026-06-26",
        late: "2026-06-19",
    }


@pytest.mark.requirement("R41")
@pytest.mark.parametrize("loans", ["x", "1:2026-06-19", "1:2026-06-19:soon", "a:2026-06-19:2026-06-26"])
def test_loans_that_no_page_has_shown_move_nothing(world: World, central: Central, loans: str) -> None:
    with_loans(world, 1)
    with reader(central, staffing.RULES) as anna:
        given = {"first": "2026-06-19", "move": "1", "loans": loans}
        answer = anna.send(f"{N1}/closing?first=2026-06-19", f"{N1}/closings", **given)
    assert answer.status_code == 422
    assert (dues(world), closings(world.service)) == ({"2026-06-19"}, [])


@pytest.mark.requirement("R41")
def test_more_loans_than_a_field_holds_are_moved(world: World, central: Central) -> None:
    with_loans(world, 230)
    with reader(central, staffing.RULES) as anna:
        page = anna.get(f"{N1}/closing", first="2026-06-19")
        fields = re.findall(r'name="loans" value="([^"]*)"', page.text)
        assert len(fields) == 2
        csrf = re.findall(r'name="csrf" value="([^"]+)"', page.text)[0]
        data = {"csrf": csrf, "first": "2026-06-19", "move": "1", "loans": fields}
        answer = anna.http.post(f"{anna.url}{N1}/closings", data=data, timeout=30)
    assert "230 loans were moved" in text_of(answer.text)
    assert dues(world) == {"2026-06-26"}


@pytest.mark.requirement("R39")
def test_an_opening_moves_no_loans_and_can_be_taken_back(world: World, central: Central) -> None:
    with_loans(world, 1)
    with reader(central, staffing.RULES) as anna:
        asked = anna.read(f"{N1}/closing", first="2026-06-19", open="1")
        assert "An opening concerns no loans" in asked
        form = f"{N1}/closing?first=2026-06-19&open=1"
        told = text_of(anna.send(form, f"{N1}/closings", first="2026-06-19", open="1").text)
        assert "The days are saved." in told
        assert closings(world.service) == [("2026-06-19", "2026-06-19", True)]
        told = text_of(anna.send(N1, f"{N1}/closings/delete", closing="1", year="2026").text)
        assert "Taken back." in told
        assert closings(world.service) == []
        assert anna.send(N1, f"{N1}/closings/delete", closing="1").status_code == 404


def test_without_rules_a_closing_concerns_nothing(central: Central) -> None:
    with reader(central, staffing.RULES) as anna:
        assert "No rules are published yet" in anna.read(f"{N1}/closing", first="2026-06-19")


def test_loans_moved_off_these_days_before_are_shown(world: World, central: Central) -> None:
    with_loans(world, 1)
    organising.add_closing(world.service, "eva", "N1", Closing(FRIDAY, FRIDAY, open=False))
    (one,) = moving.preview(world.service, "N1", FRIDAY, FRIDAY).loans
    assert one.new_due is not None
    moving.move(world.service, "eva", "N1", FRIDAY, FRIDAY, [moving.Shown(one.loan, one.due, one.new_due)])
    with reader(central, staffing.RULES) as anna:
        told = anna.read(f"{N1}/closing", first="2026-06-19", entered="1")
    assert "Moved off these days before" in told
    assert told.endswith("Fri 19 June 2026 Fri 26 June 2026 eva")


@pytest.mark.parametrize(
    ("given", "said", "place"),
    [
        ({"first": ""}, "has to be filled in", "first"),
        ({"first": "soon"}, "This is no day", "first"),
        ({"first": "2026-06-19", "last": "2026-06-18"}, "The last day lies before the first day", "last"),
        ({"first": "2026-06-19", "last": "2056-06-18"}, "cannot be that long", "last"),
    ],
)
def test_what_is_wrong_in_a_closing_is_told_beside_what_was_entered(
    world: World, central: Central, given: dict[str, str], said: str, place: str
) -> None:
    world.rules()
    with reader(central, staffing.RULES) as anna:
        answer = anna.get(f"{N1}/closing", **given, note="Works")
        assert answer.status_code == 422
        assert said in text_of(answer.text)
        assert 'value="Works"' in answer.text
        assert re.search(rf'<input id="{place}"[^>]*aria-invalid="true"', answer.text)


@pytest.mark.requirement("R38", "R40")
def test_opening_days_are_said_here_or_taken_from_above(world: World, central: Central) -> None:
    with reader(central, staffing.RULES) as anna:
        own = {"weekly_closed_from": "own", "weekly": "6", "holidays_from": "own", "region": "DE-NW"}
        anna.send("/calendar/A", "/calendar/A/days", **{**DAYS, **own}, year="2026")
        page = anna.get(N1, year="2026")
        told = text_of(page.text)
        assert "as Branch A says: Sunday" in told
        assert "as Branch A says: DE-NW" in told
        assert re.search(r"3 , public holiday, closed: Good Friday", told)
        german = anna.http.get(f"{anna.url}{N1}?year=2026", cookies={"language": "de"}, timeout=30)
        assert "Karfreitag" in text_of(german.text)
        tours = {"tours_from": "own", "tours": "2026-06-05\n26.06.2026, 2026-07-17"}
        anna.send("/calendar/BUS", "/calendar/BUS/days", **{**DAYS, **tours})
        anna.send(N1, f"{N1}/days", **{**DAYS, "holidays_from": "own", "region": ""})
    found = organising.calendar(world.service, "BUS")
    assert found["tours"] == ["2026-06-05", "2026-06-26", "2026-07-17"]
    assert organising.calendar(world.service, "N1")["holidays"] == ""
    assert organising.calendar(world.service, "A")["weekly_closed"] == [6]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"holidays_from": "own", "region": "DE-XX"}, "public holidays of this region are not known"),
        ({"tours_from": "own", "tours": "2026-06-05 sometimes"}, "This is no day"),
    ],
)
def test_wrong_opening_days_are_told_and_stay_entered(central: Central, given: dict[str, str], said: str) -> None:
    with reader(central, staffing.RULES) as anna:
        answer = anna.send(N1, f"{N1}/days", **{**DAYS, **given})
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert next(iter(text for text in given.values() if text != "own")) in answer.text


@pytest.mark.parametrize(("year", "shown"), [("1989", "2026"), ("2191", "2026"), ("x", "2026"), ("1990", "1990")])
def test_a_year_is_one_there_is(central: Central, year: str, shown: str) -> None:
    with reader(central, staffing.RULES) as anna:
        told = anna.read(N1, year=year)
        assert f"> Calendar of Branch N1, {shown} " in told
        assert anna.get("/calendar/N9").status_code == 404


def test_hostile_text_is_shown_as_text(world: World, central: Central) -> None:
    world.rules()
    with reader(central, staffing.RULES) as anna:
        assert harmless(anna.get(f"{N1}/closing", first="2026-06-19", note=HOSTILE).text)
        form = f"{N1}/closing?first=2026-06-19"
        assert harmless(anna.send(form, f"{N1}/closings", first="2026-06-19", note=HOSTILE).text)
        assert harmless(anna.send(N1, f"{N1}/days", **{**DAYS, "holidays_from": "own", "region": HOSTILE}).text)
        assert harmless(anna.send(N1, f"{N1}/days", **{**DAYS, "tours_from": "own", "tours": HOSTILE}).text)
