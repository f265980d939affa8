"""Whatever the line to the central service does: lent once or not at all, the bit as the loan, the machine goes on."""

from __future__ import annotations

import pytest

from tests.wire.site import ON_DISPLAY, Site, wait

pytestmark = [pytest.mark.slow, pytest.mark.scenario("S6"), pytest.mark.hands("lines", "touches", ON_DISPLAY)]

FAULTS = ("slow 1", "error 503", "half", "lines 1", "cut")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_stack_is_lent_once_and_whole_after_any_fault_of_the_line(site: Site, fault: str) -> None:
    books = site.roles.free("BOOK", 3)
    site.sign_in("ada")
    site.sim(f"fault central {fault} on /v1/operations next 1")
    site.put(*books)
    site.rows(dict.fromkeys(books, "lent"), seconds=40)
    site.sim("heal all")
    assert [site.loan_count(book) for book in books] == [1, 1, 1]
    site.invariant(*books)


def test_a_service_that_is_away_for_a_minute_is_found_again_without_a_hand(site: Site) -> None:
    site.sim("fault central down")
    site.see("Start", lambda screen: screen["frame"]["offline"], 40)
    site.sim("heal all")
    site.see("Start", lambda screen: not screen["frame"]["offline"] and screen["can_borrow"], 40)
    wait(lambda: site.query("SELECT seen_at FROM machine"))
    site.sign_in("ada")
