"""The what-if page: what is typed stays out of addresses, choosing among several, what cannot be asked (R77)."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import parse_qs, urlsplit

import pytest

from circulation.service import Service
from rules.values import Amount, Fee, FeeBasis, FeeStep
from tests.circulation.running import Central
from tests.circulation.world import Days, World, rule
from tests.console.looking import HOSTILE, harmless, reader, text_of


@pytest.mark.requirement("R77")
def test_the_address_of_an_answer_holds_ids_and_neither_card_nor_name(world: World, central: Central) -> None:
    world.rules()
    card, item = world.patron(), world.item()
    with reader(central) as anna:
        answer = anna.send("/what-if", "/what-if", action="checkout", item_text=item, patron_text=card)
        (redirect,) = answer.history
        address = redirect.headers["Location"]
        assert redirect.status_code == 303
        assert parse_qs(urlsplit(address).query) == {
            "action": ["checkout"],
            "item": [item],
            "patron": [world.patron_id(card)],
        }
        assert "Allowed until Mon 29 June 2026." in text_of(answer.text)


def test_where_words_fit_several_one_is_chosen_and_the_rest_of_the_question_stays(
    world: World, central: Central
) -> None:
    world.rules()
    world.patron(last_name="Vogel", first_name="Mira")
    other = world.patron(last_name="Vogel", first_name="Nele")
    item = world.item(title="Nights")
    world.item(title="Nights again")
    with reader(central) as anna:
        asked = {"action": "checkout", "item_text": "night", "patron_text": "vogel", "channel": "kiosk", "branch": "N2"}
        page = anna.send("/what-if", "/what-if", **asked)
        told = text_of(page.text)
        assert "Vogel, Mira" in told
        assert "Vogel, Nele" in told
        assert "Nights again" in told
        kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
        del kept["csrf"]
        chosen = anna.send("/what-if", "/what-if", **kept, item=item, patron=world.patron_id(other))
        assert "Nele Vogel , at the machine, Branch N2" in text_of(chosen.text)


@pytest.mark.requirement("R77")
def test_asking_changes_nothing(world: World, service: Service, central: Central) -> None:
    world.rules()
    patron, item = world.patron_id(world.patron()), world.item()
    with reader(central) as anna:
        anna.read("/what-if", action="checkout", item=item, patron=patron)
        assert anna.read("/decisions").endswith("Change or empty the filters.")
    assert world.open_loans() == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"item": "nothing", "action": "return"}, "There is no such item."),
        ({"patron": "nobody"}, "There is no such patron."),
        ({"action": "steal"}, "Please choose one of the list."),
        ({"channel": "door"}, "Please choose one of the list."),
        ({"branch": "nowhere"}, "There is no such branch."),
        ({"action": "reserve", "pickup": "nowhere"}, "There is no such branch."),
        ({"on": "9999-12-31"}, "This day is too far away"),
        ({"on": "yesterday"}, "This is no day."),
        ({"rules": "77"}, "This is not there, or no longer."),
        ({"rules": "no draft"}, "This is not there, or no longer."),
    ],
)
def test_what_cannot_be_asked_is_told_and_the_form_stays(
    world: World, central: Central, asked: dict[str, str], told: str
) -> None:
    world.rules()
    given = {"action": "checkout", "item": world.item(), "patron": world.patron_id(world.patron()), **asked}
    with reader(central) as anna:
        answer = anna.get("/what-if", **given)
        assert 400 <= answer.status_code < 500
        assert told in text_of(answer.text)
        assert 'id="item_text"' in answer.text


def test_without_a_patron_the_form_asks_for_one_but_a_return_is_for_nobody(world: World, central: Central) -> None:
    world.rules()
    item = world.item(title="Nights")
    with reader(central) as anna:
        assert "Chosen: Nights" in anna.read("/what-if", item=item)
        assert "Allowed." in anna.read("/what-if", item=item, action="return")
        answer = anna.send("/what-if", "/what-if", item=item, action="checkout")
        assert answer.status_code == 422
        assert "This field has to be filled in." in text_of(answer.text)


def test_a_birthday_on_29_february_is_1_march_in_common_years(world: World, central: Central) -> None:
    world.rules()
    patron = world.patron_id(world.patron(born=date(2008, 2, 29)))
    with reader(central) as anna:
        told = anna.read("/what-if", item=world.item(), patron=patron)
        assert "on the birthday, Mon 1 March 2027" in told


@pytest.mark.requirement("R26")
def test_others_who_wait_and_the_fee_of_a_late_return_are_told(world: World, central: Central) -> None:
    per_day = Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))
    world.rules(rule("late", "fees.overdue", per_day), rule("short", "periods.loan_reserved", Days(7)))
    patron = world.patron()
    late = world.lent(patron, due=date(2026, 5, 27))
    with reader(central) as anna:
        told = anna.read("/what-if", item=late, action="return")
        assert "Overdue fee that would be booked €1.00" in told


def test_hostile_text_is_shown_and_harmless(world: World, central: Central) -> None:
    world.rules()
    world.patron(last_name=HOSTILE)
    patron = world.patron_id(world.patron(first_name=HOSTILE))
    item = world.item(title=HOSTILE)
    with reader(central) as anna:
        assert harmless(anna.get("/what-if", item=item, patron=patron).text)
        page = anna.send("/what-if", "/what-if", item_text=HOSTILE, patron_text=HOSTILE, on=HOSTILE, branch=HOSTILE)
        assert harmless(page.text)
