"""Finding patrons, new ones, changing, exporting and erasing one (R85, R89)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse

import wording
from circulation import enrolling, people, searching
from circulation.errors import CirculationError
from circulation.notices.types import CHANNELS
from circulation.searching import ONLY, Patrons
from circulation.staff.forms import Form
from circulation.staff.page import AdminPage, DeskPage, Page, TheForm, plain_form
from circulation.store import house
from rules.survey import branches

router = APIRouter(prefix="/patrons")
TEXTS = ("first_name", "last_name", "category", "language", "home", "email", "phone", "prefers")
DAYS = ("born", "valid_from", "valid_until")
MARKS = ("blocked", "card_lost")
MUST_BE = ("first_name", "last_name", "category")
MOST_TEXT = 200


@router.get("")
def patrons(page: DeskPage) -> Response:
    """Find patrons by card or words of the name; a card leads to its patron at once."""
    asked = page.asked
    text = asked.text("q")
    if text:
        found = _card(page, text)
        if found is not None:
            return page.go(f"/patrons/{found}")
    only, category = asked.text("only"), asked.text("category")
    wanted = Patrons(text, category or None, only if only in ONLY else None)
    listed = searching.patrons(page.service, wanted, asked.text("after") or None)
    query = {"q": text, "category": category, "only": only}
    return page.show("patrons/patrons.html", listed=listed, query=query, only=tuple(ONLY), **_codes(page))


def _card(page: Page, text: str) -> str | None:
    try:
        return people.by_card(page.service, text)
    except CirculationError:
        return None


def _codes(page: Page) -> dict[str, Any]:
    with page.reading() as db:
        tree = house.organisations(db)
        categories = sorted(house.known_codes(db).patron_categories)
    return {
        "categories": [(code, code) for code in categories],
        "places": [(one, tree.nodes[one].name) for one in sorted(branches(tree))],
        "tongues": [(one, page.words.name("console.language", one)) for one in wording.languages()],
        "ways": [(one, page.words.name("notices.channel", one)) for one in CHANNELS],
    }


# --- new --------------------------------------------------------------------------------------------------------------


@router.get("/new")
def new_page(page: DeskPage) -> Response:
    """A form for a new patron."""
    given = {"home": page.staff.branch, "language": page.words.language}
    return page.show("patrons/edit.html", patron=None, given=given, error=None, **_codes(page))


@router.post("/new")
def create(page: DeskPage, form: TheForm) -> Response:
    """A new patron with a card and a PIN."""
    try:
        values = {name: value for name, value in _values(form).items() if value not in (None, False)}
        number = enrolling.create(page.service, page.workplace, values, form.needed("card"), _pin(form))
    except CirculationError as error:
        return page.wrong("patrons/edit.html", error, patron=None, given=_without_pin(form), **_codes(page))
    return page.go(f"/patrons/{number}", "patron_new")


def _values(form: Form) -> dict[str, Any]:
    """Columns of a patron as they were entered."""
    for name in TEXTS:
        if len(form.text(name)) > MOST_TEXT or not form.text(name).isprintable():
            raise CirculationError("field_long", f"{name}: at most {MOST_TEXT} characters in one line", place=name)
    texts = {name: form.needed(name) if name in MUST_BE else form.text(name) or None for name in TEXTS}
    postal = people.as_kept({"postal": form.text("postal") or None})
    days = {name: form.day(name) for name in DAYS}
    return {**texts, **postal, **days, **{name: form.ticked(name) for name in MARKS}}


def _pin(form: Form) -> str:
    pin = form.needed("pin")
    if pin != form.text("pin_again"):
        raise CirculationError("pin_differs", "the two PINs differ", place="pin_again")
    return pin


def _without_pin(form: Form) -> dict[str, str]:
    return {name: value for name, value in plain_form(form).items() if not name.startswith("pin")}


# --- change -----------------------------------------------------------------------------------------------------------


@router.get("/{patron}/edit")
def edit_page(patron: str, page: DeskPage) -> Response:
    """A form with what is known of a patron."""
    record = people.record(page.service, patron)
    given = {name: _text(value) for name, value in record.items()}
    return page.show("patrons/edit.html", patron=record, given=given, error=None, **_codes(page))


def _text(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "1" if value else ""
    return str(value)


@router.post("/{patron}/edit")
def change(patron: str, page: DeskPage, form: TheForm) -> Response:
    """Change what was changed in the form."""
    record = people.record(page.service, patron)
    try:
        changed = {name: value for name, value in _values(form).items() if value != record[name]}
        if changed:
            people.change_patron(page.service, page.workplace, patron, changed)
    except CirculationError as error:
        return page.wrong("patrons/edit.html", error, patron=record, given=plain_form(form), **_codes(page))
    return page.go(f"/patrons/{patron}", "patron_changed" if changed else None)


@router.get("/{patron}/card")
def card_page(patron: str, page: DeskPage) -> Response:
    """A new card or a new PIN."""
    return _card_page(page, patron)


def _card_page(page: Page, patron: str, error: CirculationError | None = None, **given: str) -> Response:
    cards = people.cards(page.service, patron)
    status = error.status if error is not None else 200
    kinds = [(kind, page.words.say(f"patrons.card.{kind}")) for kind in enrolling.CARD_KINDS]
    return page.show(
        "patrons/card.html",
        status,
        patron=people.record(page.service, patron),
        cards=cards,
        kinds=kinds,
        given=given,
        error=error,
    )


@router.post("/{patron}/card")
def give_card(patron: str, page: DeskPage, form: TheForm) -> Response:
    """A new card in place of the old one."""
    card, kind = form.text("card"), form.text("kind", enrolling.BARCODE)
    try:
        enrolling.give_card(page.service, page.workplace, patron, form.needed("card"), kind)
    except CirculationError as error:
        return _card_page(page, patron, error, card=card, kind=kind)
    return page.go(f"/patrons/{patron}", "card_new")


@router.post("/{patron}/pin")
def give_pin(patron: str, page: DeskPage, form: TheForm) -> Response:
    """A new PIN."""
    try:
        enrolling.give_pin(page.service, page.workplace, patron, _pin(form))
    except CirculationError as error:
        return _card_page(page, patron, error)
    return page.go(f"/patrons/{patron}", "pin_new")


# --- export and erasure -----------------------------------------------------------------------------------------------


@router.get("/{patron}/export")
def export(patron: str, page: AdminPage) -> Response:
    """Everything that is held about a patron, as a file (R89)."""
    held = jsonable_encoder(people.export(page.service, patron))
    return JSONResponse(held, headers={"Content-Disposition": 'attachment; filename="patron.json"'})


@router.get("/{patron}/erase")
def erase_page(patron: str, page: AdminPage) -> Response:
    """What erasing means, and what stands in its way."""
    return _erase_page(page, patron)


def _erase_page(page: Page, patron: str, error: CirculationError | None = None) -> Response:
    held = people.open_matters(page.service, patron)
    status = error.status if error is not None else 200
    return page.show("patrons/erase.html", status, patron=people.record(page.service, patron), held=held, error=error)


@router.post("/{patron}/erase")
def erase(patron: str, page: AdminPage, form: TheForm) -> Response:
    """Erase a patron who has nothing on loan and owes nothing."""
    try:
        people.erase(page.service, patron, page.staff.name)
    except CirculationError as error:
        return _erase_page(page, patron, error)
    return page.go("/patrons", "patron_erased")
