"""Recorded operations: the list with its filters, a decision in words, one that is no longer kept (R76, R83, R89)."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from circulation import desk, people, staffing
from circulation.domain.records import Override
from circulation.operations import Asked
from circulation.service import Service, Workplace
from circulation.staffing import DESK, RULES, StaffSession
from rules.values import Fee, FeeBasis, FeeStep
from tests.circulation.running import Central, TestClock
from tests.circulation.world import Amount, Days, World, rule
from tests.console.looking import HOSTILE, harmless, reader, text_of

NOT_AT_MACHINE = rule("desk-only", "self_service.checkout", False, media_type="DVD", name="films at the desk")


def at_desk(service: Service) -> Workplace:
    return desk.workplace(service, StaffSession("bert", frozenset(staffing.ROLES), True, "N1"))


@pytest.mark.requirement("R76")
def test_operations_are_listed_newest_first_and_found_by_every_filter(
    world: World, service: Service, central: Central, clock: TestClock
) -> None:
    world.rules(NOT_AT_MACHINE)
    machine, patron = central.machine("N1"), world.patron()
    film, book = world.item("DVD", title="A film"), world.item(title="A book")
    machine.do("checkout", film, machine.token(patron))
    clock.later(days=1)
    desk.carry_out(service, at_desk(service), Asked(str(uuid4()), "checkout", book, world.patron_id(patron)))
    with reader(central, DESK) as anna:
        told = anna.read("/decisions")
        assert told.index("A book") < told.index("refused checkout at the machine A film")
        assert "bert" in told
        for asked, there, not_there in (
            ({"outcome": "refused"}, "A film", "A book"),
            ({"outcome": "allowed"}, "A book", "A film"),
            ({"item": book}, "A book", "A film"),
            ({"until": "2026-06-01"}, "A film", "A book"),
            ({"since": "2026-06-02"}, "A book", "A film"),
            ({"machine": at_desk(service).id}, "A book", "A film"),
        ):
            found = anna.read("/decisions", **asked)
            assert there in found, asked
            assert not_there not in found, asked
        assert "Nothing like this was recorded." in anna.read("/decisions", action="renewal")
        assert anna.get("/decisions", since="never").status_code == 422


def test_a_long_list_is_read_page_by_page(world: World, central: Central, clock: TestClock) -> None:
    world.rules()
    machine, patron = central.machine("N1"), world.patron()
    token = machine.token(patron)
    for number, item in enumerate(world.items(51)):
        machine.do("return", item, token)
        clock.later(seconds=number)
    with reader(central, DESK) as anna:
        page = anna.get("/decisions", action="return").text
        assert page.count("/staff/decisions/") == 50
        more = page.partition('class="more"')[2].partition('href="/staff')[2].partition('"')[0].replace("&amp;", "&")
        assert "action=return" in more
        assert anna.get(more).text.count("/staff/decisions/") == 1


@pytest.mark.requirement("R83")
def test_an_override_says_who_set_what_aside_and_why(world: World, service: Service, central: Central) -> None:
    world.rules(rule("no-games", "circulation.checkout", False, media_type="GAME"))
    operation, patron = str(uuid4()), world.patron_id(world.patron())
    override = Override("bert", True, "school class <b>")
    asked = Asked(operation, "checkout", world.item("GAME"), patron, override)
    line, _ = desk.carry_out(service, at_desk(service), asked)
    assert line["outcome"] == "done"
    with reader(central, DESK) as anna:
        told = anna.read(f"/decisions/{operation}")
        assert "Set aside by staff The checkout rule does not allow it. Set aside by bert: school class <b>" in told
        assert "Allowed until Mon 29 June 2026." in told
        assert "Mira Vogel" in told  # the loan says for whom


@pytest.mark.requirement("R76")
def test_the_rules_that_did_not_match_say_why(world: World, service: Service, central: Central) -> None:
    world.rules(rule("films", "periods.loan", Days(7), media_type="DVD", name="one week for films"))
    operation, patron = str(uuid4()), world.patron_id(world.patron())
    desk.carry_out(service, at_desk(service), Asked(operation, "checkout", world.item(), patron))
    with reader(central, DESK) as anna:
        told = anna.read(f"/decisions/{operation}")
        assert "1 rule before it does not match" in told
        assert "Rule 1, “one week for films” (A), does not match: media type should be DVD, is BOOK." in told
        assert "debt block patron control none no rule matches: the default" in told


@pytest.mark.requirement("R21", "R76")
def test_a_late_return_says_what_it_cost_and_leads_to_the_fee(
    world: World, service: Service, central: Central, clock: TestClock
) -> None:
    world.rules(rule("late", "fees.overdue", Fee(FeeBasis.PER_DAY, (FeeStep(None, Amount(20)),))))
    operation, patron, book = str(uuid4()), world.patron_id(world.patron()), world.item()
    desk.carry_out(service, at_desk(service), Asked(str(uuid4()), "checkout", book, patron))
    clock.later(days=28 + 3)
    desk.carry_out(service, at_desk(service), Asked(operation, "return", book, None))
    with reader(central, DESK) as anna:
        page = anna.get(f"/decisions/{operation}").text
        assert "What it cost Charged: overdue fee, €0.60. Days late: 3, of them charged: 3." in text_of(page)
        fee = page.partition("/staff/fees/")[2].partition('"')[0]
        assert "€0.60" in anna.read(f"/fees/{fee}")


@pytest.mark.requirement("R89")
def test_a_decision_whose_time_is_over_is_told_so_kindly(
    world: World, service: Service, central: Central, clock: TestClock
) -> None:
    world.rules(NOT_AT_MACHINE)
    machine, film = central.machine("N1"), world.item("DVD", title="A film")
    line = machine.do("checkout", film, machine.token(world.patron()))
    clock.now += timedelta(days=91)
    people.forget(service)
    with reader(central, DESK) as anna:
        for operation in (line["id"], str(uuid4()), "%3Cscript%3E"):
            answer = anna.get(f"/decisions/{operation}")
            assert answer.status_code == 404
            assert "kept for a while only" in text_of(answer.text)
        assert "A film" in anna.read("/decisions")  # that it was, and how it came out, is still known


def test_decisions_are_for_the_desk(world: World, central: Central) -> None:
    world.rules()
    with reader(central, RULES) as anna:
        assert anna.get("/decisions").status_code == 403


def test_hostile_text_is_shown_and_harmless(world: World, service: Service, central: Central) -> None:
    world.rules(rule("games", "circulation.checkout", False, media_type="GAME", name=HOSTILE, message={"en": HOSTILE}))
    operation, game = str(uuid4()), world.item("GAME", title=HOSTILE)
    patron = world.patron_id(world.patron(last_name=HOSTILE))
    desk.carry_out(service, at_desk(service), Asked(operation, "checkout", game, patron))
    with reader(central, DESK) as anna:
        for path in (f"/decisions/{operation}", "/decisions"):
            assert harmless(anna.get(path).text)
        assert harmless(anna.get("/decisions", item=HOSTILE).text)
