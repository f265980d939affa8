"""Scenario S4 through the shipped programs: killed at every step, answers lost, requests held."""

from __future__ import annotations

import signal
from itertools import product

import pytest

from tests.wire.site import ON_DISPLAY, Site, wait

pytestmark = [pytest.mark.slow, pytest.mark.scenario("S4"), pytest.mark.hands("lines", "touches", ON_DISPLAY)]


def cut_at(*steps: str) -> pytest.MarkDecorator:
    """Every step with the tag left and taken: by lines all, by touches every other one, the rest in long campaigns."""
    cases = []
    for number, (step, removed) in enumerate(product(steps, (False, True))):
        in_soak = {"lines": False, "touches": number % 4 in (1, 2), "display": True}
        for hand, soak in in_soak.items():
            name = f"{hand}-{step}-tag {'removed' if removed else 'stays'}"
            cases.append(pytest.param(hand, step, removed, id=name, marks=pytest.mark.soak if soak else ()))
    return pytest.mark.parametrize(("site", "step", "removed"), cases, indirect=["site"])


def _step(site: Site, item: str) -> str:
    found = [operation["step"] for operation in site.journal()["open"] if operation["item"] == item]
    return found[0] if found else ""


def _restart(site: Site, item: str, removed: bool) -> None:
    site.stage.kill_kiosk(signal.SIGKILL)
    if removed:
        site.take(item)
    site.sim("heal all")
    site.stage.restart_kiosk()
    site.see("Start")


def _see_again(site: Site, item: str) -> None:
    """Whatever stayed in doubt is healed when the item is seen, or is on the staff list until then."""
    site.invariant(item)
    site.take("all")
    site.put(item)
    wait(lambda: item not in {doubt["item"] for doubt in site.journal()["doubts"]})
    site.invariant(item)
    assert (site.tag(item)["security"] == "disarmed") == (item in site.loans())
    assert site.loan_count(item) <= 1


@cut_at("asked", "asked after commit", "loaned", "closed")
def test_killed_at_every_step_of_a_checkout(site: Site, step: str, removed: bool) -> None:
    (book,) = site.roles.free("BOOK")
    faults = {
        "asked": "central hold on /v1/operations",
        "asked after commit": "central hold_answer on /v1/operations",
        "loaned": "pad mute on write_afi",
    }
    site.sign_in("ada")
    if step in faults:
        site.sim(f"fault {faults[step]}")
    site.put(book)
    if step == "asked after commit":
        wait(lambda: book in site.loans())
    elif step == "closed":
        site.rows({book: "lent"})
    else:
        wait(lambda: _step(site, book) == step)
    _restart(site, book, removed)
    site.settled()
    _see_again(site, book)


@cut_at("returning", "armed", "armed after commit", "closed")
def test_killed_at_every_step_of_a_return(site: Site, step: str, removed: bool) -> None:
    book = site.roles.lent("ben", "BOOK")
    faults = {
        "returning": "pad mute on write_afi",
        "armed": "central hold on /v1/operations",
        "armed after commit": "central hold_answer on /v1/operations",
    }
    site.do("return")
    site.see("Return")
    if step in faults:
        site.sim(f"fault {faults[step]}")
    site.put(book)
    if step == "armed after commit":
        wait(lambda: book not in site.loans())
    elif step == "closed":
        site.rows({book: "returned"})
    else:
        wait(lambda: _step(site, book) == step)
    _restart(site, book, removed)
    site.settled()
    if step.startswith("armed"):
        assert book not in site.loans(), "a return that was armed is never lost"
    _see_again(site, book)


def test_an_answer_swallowed_after_the_commit_lends_once_and_disarms(site: Site) -> None:
    (book,) = site.roles.free("BOOK")
    site.sign_in("ada")
    site.sim("fault central swallow on /v1/operations next 1")
    site.put(book)
    site.rows({book: "lent"})
    assert site.loan_count(book) == 1
    site.invariant(book)


def test_a_request_held_back_settled_and_let_through_does_nothing(site: Site) -> None:
    (book,) = site.roles.free("BOOK")
    site.sign_in("ada")
    site.sim("fault central hold on /v1/operations next 1")
    site.put(book)
    wait(lambda: _step(site, book) == "asked")
    site.stage.kill_kiosk(signal.SIGKILL)
    site.stage.restart_kiosk()
    site.see("Start")
    site.settled()
    assert book not in site.loans()
    site.sim("release all")
    site.invariant(book)
    assert site.loan_count(book) == 0


def test_the_central_service_killed_after_its_commit_loses_nothing(site: Site) -> None:
    (book,) = site.roles.free("BOOK")
    site.sign_in("ada")
    site.sim("fault central hold_answer on /v1/operations")
    site.put(book)
    wait(lambda: book in site.loans())
    site.stage.kill_central(signal.SIGKILL)
    site.sim("heal all")
    site.stage.restart_central()
    site.rows({book: "lent"}, seconds=40)
    assert site.loan_count(book) == 1
    site.invariant(book)
