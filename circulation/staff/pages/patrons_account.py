"""One patron: the account, and what is done with it, here and at the desk (R32, R34-R37, R50-R52, R83, R86, R87).

A form says by "back" from which of the two pages it was sent; there its sender comes back to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response

from circulation import money, people, reserving, searching
from circulation.domain.records import Override
from circulation.errors import CirculationError
from circulation.explaining import reason_text, step_text
from circulation.operations import Asked
from circulation.reserving import Wanted
from circulation.searching import Titles
from circulation.staff import account, sitting
from circulation.staff.forms import Form
from circulation.staff.page import DeskPage, Page, TheForm, plain_form
from circulation.staff.pages import desk
from circulation.staff.sitting import DESK, Sitting
from circulation.staffing import ADMIN
from circulation.store import house, reservations
from circulation.transactions import CHECKOUT, RENEWAL
from rules.survey import branches

router = APIRouter(prefix="/patrons/{patron}")
MOST_REASON = 64
MOST_TEXT = 200
TITLES = 20


@router.get("")
def patron_page(patron: str, page: DeskPage) -> Response:
    """The account of a patron; with "print" as a list to take home."""
    here = sitting.of_form(page.asked, f"/patrons/{patron}", patron)
    template = "patrons/print.html" if "print" in page.asked.fields else "patrons/patron.html"
    return page.show(template, error=None, **_shown(page, here))


def _shown(page: Page, here: Sitting) -> dict[str, Any]:
    patron = here.patron or ""
    more = {"cards": people.cards(page.service, patron), "admin": page.may(ADMIN)}
    return {**account.shown(page, here, patron), **more}


def again(page: Page, form: Form, patron: str, error: CirculationError) -> Response:
    """The page a form was sent from, with what is wrong in it."""
    here = sitting.of_address(form.text("back"), patron)
    at_desk = here.path == DESK
    shown = desk.shown(page, here) if at_desk else _shown(page, here)
    template = "desk/desk.html" if at_desk else "patrons/patron.html"
    return page.wrong(template, error, **{**shown, "given": plain_form(form)})


# --- loans ------------------------------------------------------------------------------------------------------------


@router.post("/operations")
def operate(patron: str, page: DeskPage, form: TheForm) -> Response:
    """Renew items, one or several, or set refusals of a checkout or renewal aside with a reason (R83)."""
    here = sitting.of_address(form.text("back"), patron)
    action = form.text("action")
    try:
        if action not in (CHECKOUT, RENEWAL):
            raise CirculationError("field_missing", "an action must be chosen", place="action")
        override = _override(page, form) if "reason" in form.fields else None
        asked = [
            Asked(sitting.operation_id(form, action, item), action, item, patron, override)
            for item in dict.fromkeys(form.every("item"))
        ]
        return desk.carry_out(page, form, here, *asked)
    except CirculationError as error:
        return again(page, form, patron, error)


def _override(page: Page, form: Form) -> Override:
    return Override(page.staff.name, page.staff.may_override, _words(form, "reason", MOST_TEXT), form.day("due"))


def _words(form: Form, field: str, most: int) -> str:
    """A text that must be there and is not too long."""
    text = form.needed(field)
    if len(text) > most or not text.isprintable():
        raise CirculationError("field_long", f"{field}: at most {most} characters in one line", place=field)
    return text


# --- money ------------------------------------------------------------------------------------------------------------


@router.post("/payments")
def pay(patron: str, page: DeskPage, form: TheForm) -> Response:
    """Take a payment, in whole or in part, for the fees that are ticked."""
    try:
        fees = [int(fee) for fee in form.every("fee") if fee.isascii() and fee.isdigit() and len(fee) < 10]
        amount = _amount(form) if _entered(form) else _owed(page, patron, fees)
        money.pay(page.service, page.workplace, patron, amount, fees, form.number("seen"))
    except CirculationError as error:
        return again(page, form, patron, error)
    return sitting.back_to(page, sitting.of_address(form.text("back"), patron), "paid")


def _entered(form: Form) -> bool:
    """Somebody wrote an amount; the one that was filled in stands for whatever is ticked."""
    return form.text("amount") not in ("", form.text("filled"))


def _amount(form: Form) -> int:
    amount = form.amount("amount")
    if not amount:
        raise CirculationError("field_amount", "an amount must be given", place="amount")
    return amount


def _owed(page: Page, patron: str, fees: Sequence[int]) -> int:
    owed: int = sum(fee["owed"] for fee in account.account(page, patron).fees if not fees or fee["id"] in fees)
    if not owed:
        raise CirculationError("nothing_owed", "nothing of this is owed", 409, "amount")
    return owed


@router.post("/waive")
def waive(patron: str, page: DeskPage, form: TheForm) -> Response:
    """Waive what is still owed of a fee, with a reason."""
    try:
        money.waive(page.service, page.workplace, form.number("fee") or 0, _words(form, "reason", MOST_TEXT))
    except CirculationError as error:
        return again(page, form, patron, error)
    return sitting.back_to(page, sitting.of_address(form.text("back"), patron), "waived")


@router.post("/fees")
def charge(patron: str, page: DeskPage, form: TheForm) -> Response:
    """Book a fee by hand."""
    try:
        fee = {
            "amount": _amount(form),
            "reason": _words(form, "reason", MOST_REASON),
            "title": _words(form, "title", MOST_TEXT) if form.text("title") else None,
            "invoice": form.ticked("invoice"),
        }
        money.charge(page.service, page.workplace, patron, fee, form.number("seen"))
    except CirculationError as error:
        return again(page, form, patron, error)
    return sitting.back_to(page, sitting.of_address(form.text("back"), patron), "charged")


# --- reservations -----------------------------------------------------------------------------------------------------


@router.post("/reservations/{reservation}/{what}")
def change_reservation(patron: str, reservation: str, what: str, page: DeskPage, form: TheForm) -> Response:
    """Cancel a reservation, let it rest, or let it take part again."""
    try:
        if what == "cancel":
            reserving.cancel(page.service, page.workplace, reservation, page.staff.name, patron)
        elif what in ("suspend", "resume"):
            reserving.suspend(page.service, reservation, suspended=what == "suspend")
        else:
            raise CirculationError("address_wrong", "this address names nothing", 404)
    except CirculationError as error:
        return again(page, form, patron, error)
    return sitting.back_to(page, sitting.of_address(form.text("back"), patron), f"reservation_{what}")


@router.get("/reserve")
def reserve_page(patron: str, page: DeskPage) -> Response:
    """Search a title by words or barcode, and choose it."""
    shown = _reserve(page, patron, page.asked)
    found = shown["found"]
    if found is not None and len(found.rows) == 1 and not shown["title"] and not page.asked.text("after"):
        query = {"q": shown["q"], "title": found.rows[0]["title_id"], "back": page.asked.text("back")}
        return page.go(f"/patrons/{patron}/reserve", **query)  # there is nothing to choose from
    return page.show("patrons/reserve.html", error=None, **shown)


def _reserve(page: Page, patron: str, asked: Form) -> dict[str, Any]:
    text, title = asked.text("q"), asked.text("title")
    found = searching.titles(page.service, Titles(text), asked.text("after") or None, TITLES) if text else None
    with page.reading() as db:
        tree = house.organisations(db)
        copies = reservations.copies(db, title, locked=False) if title else ()
        called = reservations.titles(db, [title])
    names = {id_: node.name for id_, node in tree.nodes.items()}
    return {
        "patron": account.account(page, patron).patron,
        "found": found,
        "q": text,
        "title": title,
        "called": called.get(title, title),
        "copies": copies,
        "names": names,
        "pickups": [(one, names[one]) for one in sorted(branches(tree))],
        "back": asked.text("back"),
        "here": sitting.of_address(asked.text("back"), patron),
        "given": plain_form(asked),
        "reasons": (),
        "steps": (),
    }


@router.post("/reserve")
def reserve(patron: str, page: DeskPage, form: TheForm) -> Response:
    """Reserve a title; a refusal is told with every reason."""
    try:
        wanted = Wanted(
            patron, form.needed("title"), form.needed("pickup"), form.text("item") or None, form.day("expires")
        )
        number, verdict = reserving.reserve(page.service, page.workplace, wanted)
    except CirculationError as error:
        return page.wrong("patrons/reserve.html", error, **_reserve(page, patron, form))
    if number is not None:
        return sitting.back_to(page, sitting.of_address(form.text("back"), patron), "reserved")
    language = page.words.language
    told = {
        "reasons": [reason_text(reason, language) for reason in verdict.reasons],
        "steps": [line for step in verdict.steps for line in step_text(step.to_plain(), language)],
    }
    return page.show("patrons/reserve.html", 409, error=None, **{**_reserve(page, patron, form), **told})
