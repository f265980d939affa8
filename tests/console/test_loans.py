"""Loans in the console: the list, and one loan with the rules of the set it was made under (R41, R78)."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import update

from circulation.service import Service
from circulation.staffing import DESK
from circulation.store import tables as t
from tests.circulation.running import Central, TestClock
from tests.circulation.world import Days, World, rule
from tests.console.looking import HOSTILE, harmless, reader


def change(service: Service, **values: object) -> None:
    with service.database.writing() as db:
        db.execute(update(t.loan).values(**values))


def test_loans_are_found_by_every_filter(world: World, service: Service, central: Central) -> None:
    world.rules()
    patron = world.patron()
    world.lent(patron, title="Late", due=date(2026, 5, 20))
    world.lent(patron, "DVD", title="Film", due=date(2026, 6, 20))
    with reader(central, DESK) as anna:
        assert anna.read("/loans").index("Late") < anna.read("/loans").index("Film")
        for asked, found in (
            ({"overdue": "1"}, {"Late"}),
            ({"due_from": "2026-06-01"}, {"Film"}),
            ({"due_to": "2026-06-01"}, {"Late"}),
            ({"media_type": "DVD"}, {"Film"}),
            ({"channel": "desk"}, set()),
            ({"branch": "N1"}, {"Late", "Film"}),
            ({"branch": "N2"}, set()),
        ):
            told = anna.read("/loans", **asked)
            assert {title for title in ("Late", "Film") if title in told} == found, asked


@pytest.mark.requirement("R78")
def test_a_loan_shows_the_rule_of_its_own_set_after_another_was_published(world: World, central: Central) -> None:
    world.rules(rule("films", "periods.loan", Days(7), media_type="DVD", name="one week for films"))
    machine, film = central.machine("N1"), world.item("DVD")
    machine.do("checkout", film, machine.token(world.patron()))
    world.rules(rule("films", "periods.loan", Days(21), media_type="DVD", name="three weeks for films"))
    (loan,) = world.open_loans()
    with reader(central, DESK) as anna:
        told = anna.read(f"/loans/{loan.id}")
        assert "The rules of set 1 that decided it" in told
        assert "loan period 7 days one week for films (Branch A)" in told
        assert "three weeks" not in told
        assert "Mon 8 June 2026 is an open day, so nothing was moved." in told


def test_a_loan_that_was_taken_over_says_so(world: World, service: Service, central: Central) -> None:
    world.rules()
    world.lent(world.patron())
    change(service, rule_set=0)
    (loan,) = world.open_loans()
    with reader(central, DESK) as anna:
        told = anna.read(f"/loans/{loan.id}")
        assert "taken over from the former system" in told
        assert "Set 0" not in told


@pytest.mark.requirement("R41")
def test_a_loan_that_was_moved_and_overridden_says_by_whom(
    world: World, service: Service, central: Central, clock: TestClock
) -> None:
    world.rules()
    world.lent(world.patron(), due=date(2026, 6, 22))
    move = {"by": "bert", "at": clock().isoformat(), "organisation": "N1", "was": "2026-06-15", "due": "2026-06-22"}
    override = {"by": "carla", "reason": "school class", "codes": []}
    change(service, moved=[{**move, "rule_set": 1, "rule": None}], override=override, unadjusted=date(2026, 6, 15))
    (loan,) = world.open_loans()
    with reader(central, DESK) as anna:
        told = anna.read(f"/loans/{loan.id}")
        assert "Moved from Mon 15 June 2026 to Mon 22 June 2026 by bert for a closing" in told
        assert "Set aside by carla: school class" in told
        assert "Staff gave the date Mon 15 June 2026 by hand." in told


def test_a_returned_loan_whose_patron_is_forgotten_is_still_shown(
    world: World, service: Service, central: Central, clock: TestClock
) -> None:
    world.rules()
    world.lent(world.patron(), title="Nights")
    (loan,) = world.open_loans()
    change(service, patron_id=None, returned_at=clock())
    with reader(central, DESK) as anna:
        told = anna.read(f"/loans/{loan.id}")
        assert "Returned Mon 1 June 2026" in told
        assert "Vogel" not in told


def test_there_is_no_such_loan(world: World, central: Central) -> None:
    with reader(central, DESK) as anna:
        for loan in ("77", "x", "99999999999", "9999999999", "٣"):
            assert anna.get(f"/loans/{loan}").status_code == 404


def test_hostile_text_is_shown_and_harmless(world: World, central: Central) -> None:
    world.rules(rule("loan", "periods.loan", Days(7), "N1", name=HOSTILE))
    machine = central.machine("N1")
    patron = world.patron(last_name=HOSTILE)
    machine.do("checkout", world.item(title=HOSTILE), machine.token(patron))
    (loan,) = world.open_loans()
    with reader(central, DESK) as anna:
        assert harmless(anna.get("/loans").text)
        assert harmless(anna.get(f"/loans/{loan.id}").text)
        assert HOSTILE not in anna.get("/loans", branch=HOSTILE, due_from=HOSTILE).text
