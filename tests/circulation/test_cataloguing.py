"""Items entered and changed by hand, and walking the hold shelf, on both databases (R84, R87)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from circulation import audit, cataloguing, explaining, reserving
from circulation.cataloguing import Record
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import operations as store
from circulation.store import tables as t
from tests.circulation.running import Central, TestClock, together
from tests.circulation.world import World

MOMO = Record("Momo", "Michael Ende", "BOOK", "N1")


def refused(call: Any) -> tuple[str, str | None]:
    with pytest.raises(CirculationError) as caught:
        call()
    return caught.value.code, caught.value.place


def test_an_item_is_entered_once_even_by_two_at_once(world: World, service: Service) -> None:
    def enter() -> str:
        try:
            cataloguing.create(service, "anna", "m1", MOMO)
        except CirculationError as error:
            return error.code
        return "done"

    assert sorted(together(enter, enter)) == ["done", "item_exists"]
    row = world.item_row("m1")
    assert (row.state, row.title_id, row.sought, row.parts) == ("available", "m1", "momo michael ende", 1)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": ""}, ("field_missing", "title")),
        ({"title": "a\0b"}, ("field_text", "title")),
        ({"author": "x" * 2001}, ("field_text", "author")),
        ({"media_type": "SCROLL"}, ("media_type_unknown", "media_type")),
        ({"branch": "nowhere"}, ("branch_unknown", "branch")),
        ({"branch": "North"}, ("branch_unknown", "branch")),
        ({"parts": 0}, ("item_parts", "parts")),
        ({"price": -1}, ("item_price", "price")),
        ({"price": 100_000_000}, ("item_price", "price")),
        ({"department": "a|b"}, ("field_code", "department")),
        ({"audience": "x" * 65}, ("field_code", "audience")),
        ({"title_id": "m9"}, ("title_unknown", "title_id")),
    ],
)
def test_what_no_rule_or_machine_could_use_is_refused_and_nothing_is_kept(
    world: World, service: Service, wrong: dict[str, Any], told: tuple[str, str]
) -> None:
    assert refused(lambda: cataloguing.create(service, "anna", "m1", replace(MOMO, **wrong))) == told
    cataloguing.create(service, "anna", "m1", MOMO)
    assert refused(lambda: cataloguing.change(service, "anna", "m1", replace(MOMO, **wrong))) == told
    assert world.item_row("m1").title == "Momo"


@pytest.mark.requirement("R87")
def test_a_change_is_found_by_its_new_words_and_noted_with_its_fields(world: World, service: Service) -> None:
    item = world.item()
    cataloguing.change(service, "anna", item, replace(MOMO, fiction=True, price=2490))
    cataloguing.change(service, "anna", item, replace(MOMO, fiction=True, price=2490))  # nothing is different now
    assert world.item_row(item).sought == "momo michael ende"
    with service.database.reading() as db:
        (line,) = audit.listed(db)
    assert (line["action"], line["details"]) == ("item.change", {"fields": ["author", "fiction", "price", "title"]})
    assert refused(lambda: cataloguing.change(service, "anna", "nothing", MOMO)) == ("item_unknown", None)


def test_a_copy_that_is_reserved_stays_with_its_title(world: World, service: Service) -> None:
    item, other = world.item(), world.item()
    world.reserved(item, world.patron(), item_id=item)
    changed = replace(MOMO, title_id=other)
    assert refused(lambda: cataloguing.change(service, "anna", item, changed)) == ("item_reserved", "title_id")
    cataloguing.change(service, "anna", other, replace(MOMO, title_id=item))
    assert [copy["id"] for copy in cataloguing.copies(service, item)] == [item, other]


@pytest.mark.requirement("R24")
def test_a_queue_numbers_those_who_wait_and_a_shelf_is_walked(world: World, service: Service, clock: TestClock) -> None:
    item = world.item(branch="N2", at="N1")
    first = world.reserved(item, world.patron(), copy_id=item, state="on_shelf", collect_by=date(2026, 5, 31))
    clock.later(minutes=1)
    second = world.reserved(item, world.patron(last_name="Zweig"), suspended=True)
    queue = reserving.queue_of(service, item)
    assert [(one["id"], one["number"]) for one in queue] == [(first, None), (second, 1)]
    assert queue[1]["last_name"] == "Zweig"
    free = world.item(branch="N2", at="N1")
    world.reserved(free, world.patron(), pickup="N2")
    lent = world.lent(world.patron())
    world.reserved(lent, world.patron())
    shelf = reserving.walk_shelf(service, "N1")
    assert [one["copy_id"] for one in shelf.over] == [item]
    assert (shelf.ready, shelf.coming) == ((), ())
    assert [(one["id"], one["pickup"]) for one in shelf.to_fetch] == [(free, "N2")]
    assert refused(lambda: reserving.walk_shelf(service, "nowhere")) == ("branch_unknown", None)


@pytest.mark.requirement("R89")
def test_for_whom_an_operation_was_is_known_as_long_as_its_loan_says_so(
    world: World, service: Service, central: Central, clock: TestClock
) -> None:
    world.rules()
    machine, patron, item = central.machine("N1"), world.patron(), world.item()
    lent = machine.do("checkout", item, machine.token(patron))["id"]
    refused_ = machine.do("checkout", item, machine.token(patron))["id"]
    (loan,) = world.open_loans()
    clock.later(hours=1)
    back = machine.do("return", item)["id"]
    known = world.patron_id(patron)
    assert [explaining.patron_of(service, one) for one in (lent, refused_, back, "none")] == [known, known, known, None]
    with service.database.reading() as db:
        assert store.of_loan(db, item, loan.out_at) == lent
        assert store.of_loan(db, item, clock()) == back
    with service.database.writing() as db:
        db.execute(t.loan.update().values(patron_id=None))
    assert explaining.patron_of(service, lent) is None
