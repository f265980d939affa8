"""Items: finding them, where one is and what its state means; marking, entering and changing it (R84, R87)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from circulation import cataloguing, machines, people, reserving, searching
from circulation.cataloguing import Record
from circulation.domain.item_states import STATES
from circulation.errors import CirculationError
from circulation.searching import Decisions, Items
from circulation.staff.forms import Form
from circulation.staff.page import DeskPage, Page, TheForm, plain_form
from circulation.store import house
from circulation.store import people as store
from rules.survey import branches

router = APIRouter()
PAGE = "/items"
FILTERS = ("text", "branch", "media_type", "state", "on_loan")
YES_NO = {"yes": True, "no": False}
LATEST = 5  # decisions shown on an item's own page


@dataclass(frozen=True, slots=True)
class Effect:
    """What a state means for an action: codes of "items.effect", at the machine and at the desk."""

    action: str
    machine: str
    desk: str


@router.get(PAGE)
def items(page: DeskPage) -> Response:
    """Items by title."""
    asked = page.asked
    wanted = Items(
        asked.text("text"),
        asked.text("branch") or None,
        asked.text("media_type") or None,
        asked.text("state") or None,
        YES_NO.get(asked.text("on_loan")),
    )
    found = searching.items(page.service, wanted, asked.text("after") or None)
    if len(found.rows) == 1 and found.rows[0]["id"] == wanted.text:
        return page.go(f"{PAGE}/{wanted.text}")  # a barcode was scanned
    rows = [{**row, "shown": _shown(row)} for row in found.rows]
    query = {key: asked.text(key) for key in FILTERS}
    return page.show("items/list.html", rows=rows, next=found.next, query=query, **_choices(page))


def _shown(row: Mapping[str, Any]) -> str:
    return cataloguing.shown({**row, "set_aside_for": row["set_aside"] or None})


def _choices(page: Page) -> dict[str, Any]:
    with page.reading() as db:
        tree = house.organisations(db)
        types = house.media_types(db)
    return {
        "names": {id_: node.name for id_, node in tree.nodes.items()},
        "places": [(one, tree.nodes[one].name) for one in sorted(branches(tree))],
        "types": [(code, f"{page.words.named(names, code)} ({code})") for code, names in types.items()],
        "states": [(one, page.words.say(f"state.item.{one}")) for one in STATES],
    }


# --- by hand ----------------------------------------------------------------------------------------------------------


@router.get("/items-new")
def new(page: DeskPage) -> Response:
    """An empty form; for another copy of a title with what is known of it."""
    given = {"branch": page.staff.branch, "parts": "1", **_of_title(page), **plain_form(page.asked)}
    return page.show("items/edit.html", item=None, given=given, **_choices(page))


def _of_title(page: Page) -> dict[str, str]:
    like = page.asked.text("like")
    return _given(page, people.item(page.service, like)) if like else {}


def _given(page: Page, row: Mapping[str, Any]) -> dict[str, str]:
    keys = ("title", "author", "media_type", "material_type", "department", "audience", "parts", "title_id", "branch")
    fiction = {None: "", True: "yes", False: "no"}[row["fiction"]]
    price = page.words.amount(row["price"]) if row["price"] is not None else ""
    texts = {key: str(row[key]) if row[key] is not None else "" for key in keys}
    return {**texts, "fiction": fiction, "price": price}


@router.post("/items-new")
def create(page: DeskPage, form: TheForm) -> Response:
    """Enter an item."""
    try:
        id_ = form.needed("id")
        cataloguing.create(page.service, page.staff.name, id_, _record(form))
    except CirculationError as error:
        return page.wrong("items/edit.html", error, item=None, given=plain_form(form), **_choices(page))
    return page.go(f"{PAGE}/{id_}", "item_created")


def _record(form: Form) -> Record:
    return Record(
        form.needed("title"),
        form.text("author"),
        form.needed("media_type"),
        form.needed("branch"),
        form.number("parts") or 1,
        form.text("material_type") or None,
        form.text("department") or None,
        form.text("audience") or None,
        YES_NO.get(form.text("fiction")),
        form.text("title_id") or None,
        form.amount("price"),
    )


@router.get(PAGE + "/{item:path}/change")
def change_page(page: DeskPage, item: str) -> Response:
    """What is said of an item, to be changed."""
    row = people.item(page.service, item)
    return page.show("items/edit.html", item=row, given=_given(page, row), **_choices(page))


@router.post(PAGE + "/{item:path}/change")
def change(page: DeskPage, form: TheForm, item: str) -> Response:
    """Say something else of an item."""
    row = people.item(page.service, item)
    try:
        cataloguing.change(page.service, page.staff.name, item, _record(form))
    except CirculationError as error:
        return page.wrong("items/edit.html", error, item=row, given=plain_form(form), **_choices(page))
    return page.go(f"{PAGE}/{item}", "item_changed")


@router.post(PAGE + "/{item:path}/state")
def mark(page: DeskPage, form: TheForm, item: str) -> Response:
    """Mark an item as missing, lost, withdrawn, ..., or take the mark off."""
    people.change_item(page.service, page.workplace, item, form.needed("state"))
    return page.go(f"{PAGE}/{item}", "item_marked")


@router.post(PAGE + "/{item:path}/clear")
def clear(page: DeskPage, form: TheForm, item: str) -> Response:
    """Staff have looked at an item whose security bit was in doubt."""
    machines.clear_doubt(page.service, item, page.staff.name)
    return page.go(f"{PAGE}/{item}", "doubt_cleared")


# --- one item ---------------------------------------------------------------------------------------------------------


@router.get(PAGE + "/{item:path}")
def item(page: DeskPage, item: str) -> Response:
    """All there is of an item."""
    row = people.item(page.service, item)
    shown = cataloguing.shown(row)
    with page.reading() as db:
        borrower, keeper = (store.patron(db, row[key]) if row[key] else None for key in ("borrower", "set_aside_for"))
    return page.show(
        "items/one.html",
        item=row,
        shown=shown,
        borrower=borrower,
        keeper=keeper,
        effects=effects(row["state"], shown, on_loan=row["loan"] is not None),
        copies=cataloguing.copies(page.service, row["title_id"]),
        queue=reserving.queue_of(page.service, row["title_id"]),
        doubts=[one for one in machines.doubts(page.service) if one["item"] == item and not one["cleared"]],
        decisions=searching.decisions(page.service, Decisions(item=item), rows=LATEST).rows,
        **_choices(page),
    )


def effects(state: str, shown: str, *, on_loan: bool) -> tuple[Effect, Effect]:
    """What the state of an item means for lending and taking it back (R84)."""
    stored = STATES[state]
    back = "refused" if not stored.takes_back else ("found" if stored.found else "taken")
    if on_loan or shown == "set_aside":
        out = "on_loan" if on_loan else shown
    else:
        out = "refused" if not stored.lends else ("found" if stored.found else "lent")
    return _same("checkout", out), _same("return", back)


def _same(action: str, effect: str) -> Effect:
    """The same at both, but a machine asks to give the item to staff, and notes for them what turned up."""
    return Effect(action, f"{effect}_machine" if effect in ("refused", "found") else effect, effect)
