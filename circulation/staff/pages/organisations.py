"""Organisations: the tree, what each is called, and its settings, own and inherited (the requirements' settings)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from circulation import inherited, organising
from circulation.domain.settings import CHOICES, DEFAULTS, TEXTS
from circulation.errors import CirculationError
from circulation.staff.forms import Form
from circulation.staff.page import AdminPage, Page, TheForm, plain_form
from circulation.staff.pages.calendar import in_order
from circulation.staff.trees import indented
from circulation.store import house
from rules.organisation import OrganisationTree

router = APIRouter()
KINDS = ("account", "authority", "branch")  # usual ones; a library may call its own otherwise
YES, NO = "yes", "no"


@router.get("/organisations")
def organisations(page: AdminPage) -> Response:
    """The tree, and a form for one more."""
    return _list(page)


def _list(page: Page, error: CirculationError | None = None, given: Mapping[str, str] | None = None) -> Response:
    with page.reading() as db:
        tree = house.organisations(db)
    status = error.status if error is not None else 200
    return page.show(
        "organisations/list.html",
        status,
        error=error,
        given=given or {},
        rows=in_order(tree),
        places=indented(tree),
        kinds=_kinds(tree),
    )


def _kinds(tree: OrganisationTree) -> list[str]:
    """What an organisation can be here: the usual ones and those in use."""
    used = sorted({node.kind for node in tree.nodes.values()} - set(KINDS))
    return [*KINDS, *used]


@router.post("/organisations")
def add(page: AdminPage, form: TheForm) -> Response:
    """Make an organisation."""
    try:
        id_, name, kind = (form.needed(field) for field in ("id", "name", "kind"))
        organising.create_organisation(page.service, page.staff.name, id_, name, form.text("parent") or None, kind)
    except CirculationError as error:
        return _list(page, error, plain_form(form))
    return page.go(f"/organisations/{id_}", "organisation_added")


@router.post("/organisations/{organisation:path}/settings")
def set_settings(organisation: str, page: AdminPage, form: TheForm) -> Response:
    """Replace what an organisation sets itself."""
    try:
        organising.set_settings(page.service, page.staff.name, organisation, _settings(form))
    except CirculationError as error:
        return _one(page, organisation, error, plain_form(form))
    return page.go(f"/organisations/{organisation}", "settings_saved")


def _settings(form: Form) -> dict[str, Any]:
    """What was chosen; a setting for which nothing was is inherited."""
    return {name: _value(form, name, default) for name, default in DEFAULTS.items() if form.text(name)}


def _value(form: Form, name: str, default: object) -> Any:
    if isinstance(default, bool):
        return {YES: True, NO: False}.get(form.text(name), form.text(name))
    return form.text(name) if name in CHOICES or name in TEXTS else form.number(name)


@router.post("/organisations/{organisation:path}/change")
def change(organisation: str, page: AdminPage, form: TheForm) -> Response:
    """Rename an organisation, or move it below another."""
    try:
        changes = {"name": form.needed("name"), "kind": form.needed("kind"), "parent": form.text("parent") or None}
        organising.change_organisation(page.service, page.staff.name, organisation, changes)
    except CirculationError as error:
        return _one(page, organisation, error, plain_form(form))
    return page.go(f"/organisations/{organisation}", "organisation_changed")


@router.get("/organisations/{organisation:path}")
def organisation_page(organisation: str, page: AdminPage) -> Response:
    """One organisation and its settings."""
    return _one(page, organisation)


def _one(
    page: Page, organisation: str, error: CirculationError | None = None, given: Mapping[str, str] | None = None
) -> Response:
    said = inherited.settings(page.service, organisation)
    with page.reading() as db:
        tree = house.organisations(db)
    return page.show(
        "organisations/one.html",
        error.status if error is not None else 200,
        error=error,
        given=given or {},
        one=tree.nodes[organisation],
        places=indented(tree),
        names={id_: node.name for id_, node in tree.nodes.items()},
        kinds=_kinds(tree),
        says=said,
        choices={name: _choices(name, default) for name, default in DEFAULTS.items()},
        texts=TEXTS,
        written={name: {"own": _written(one.own), "above": _written(one.above)} for name, one in said.items()},
        above_all=[tree.nodes[at] for at in reversed(tree.chain(organisation)[1:])],
    )


def _choices(name: str, default: object) -> tuple[str, ...]:
    """What can be chosen for a setting, as the form sends it; nothing = a number or a text is entered."""
    if isinstance(default, bool):
        return (YES, NO)
    return CHOICES.get(name, ())


def _written(value: object) -> str:
    """A value as the form sends it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES if value else NO
    return str(value)
