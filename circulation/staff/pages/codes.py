"""Codes of the house: media types with their names, patron categories, age groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Table

import wording
from circulation import organising
from circulation.errors import CirculationError
from circulation.staff.forms import Form
from circulation.staff.page import AdminPage, Page, TheForm, plain_form
from circulation.store import tables as t

router = APIRouter()
TABLES: Mapping[str, Table] = {
    "media_type": t.media_type,
    "patron_category": t.patron_category,
    "age_group": t.age_group,
}
NAME = "name_"  # before the language
MORE_LANGUAGE, MORE_NAME = "more_language", "more_name"
MOST_LANGUAGE = 16  # letters


@router.get("/codes")
def codes(page: AdminPage) -> Response:
    """Everything that rules and items may name."""
    return _page(page)


def _page(
    page: Page,
    error: CirculationError | None = None,
    given: Mapping[str, str] | None = None,
    used: Mapping[str, int] | None = None,
) -> Response:
    found = {name: organising.codes(page.service, table) for name, table in TABLES.items()}
    found["age_group"].sort(key=lambda row: row["least"])
    return page.show(
        "codes/list.html",
        error.status if error is not None else 200,
        error=error,
        given=given or {},
        used=used or {},
        found=found,
        spoken=_languages(found["media_type"]),
        standard=wording.languages(),
    )


def _languages(media_types: list[dict[str, Any]]) -> list[str]:
    """Languages in which media types have names: the standard ones, then those a site has added."""
    known = wording.languages()
    added = {language for row in media_types for language in row["names"]} - set(known)
    return [*known, *sorted(added)]


@router.post("/codes/{table}/add")
def add(table: str, page: AdminPage, form: TheForm) -> Response:
    """One more code."""
    try:
        _ADD[_known(table)](page, form)
    except CirculationError as error:
        return _page(page, error, {**plain_form(form), "table": table})
    return page.go("/codes", "code_added")


def _known(table: str) -> str:
    if table not in TABLES:
        raise CirculationError("address_wrong", "this address names nothing", 404)
    return table


def _add_media_type(page: Page, form: Form) -> None:
    organising.add_media_type(page.service, page.staff.name, form.needed("code"), _names(form))


def _add_category(page: Page, form: Form) -> None:
    organising.add_category(page.service, page.staff.name, form.needed("code"))


def _add_age_group(page: Page, form: Form) -> None:
    ages = [_age(form, name) for name in ("least", "most")]
    organising.add_age_group(page.service, page.staff.name, form.needed("code"), *ages)


def _age(form: Form, name: str) -> int:
    found = form.number(name)
    if found is None:
        raise CirculationError("field_missing", f"{name} must be filled in", place=name)
    return found


_ADD: Mapping[str, Callable[[Page, Form], None]] = {
    "media_type": _add_media_type,
    "patron_category": _add_category,
    "age_group": _add_age_group,
}


@router.post("/codes/media_type/names")
def change_names(page: AdminPage, form: TheForm) -> Response:
    """Call a media type otherwise."""
    try:
        organising.change_names(page.service, page.staff.name, form.needed("code"), _names(form))
    except CirculationError as error:
        return _page(page, error, plain_form(form))
    return page.go("/codes", "names_saved")


def _names(form: Form) -> dict[str, str]:
    """Names by language; a language without one is left out."""
    found = {field.removeprefix(NAME): form.text(field) for field in form.fields if field.startswith(NAME)}
    if form.text(MORE_NAME):
        found[form.needed(MORE_LANGUAGE)] = form.text(MORE_NAME)
    odd = next((one for one in found if not one.replace("-", "").isalnum() or len(one) > MOST_LANGUAGE), None)
    if odd is not None:
        raise CirculationError("language_unfit", "a language is written as fr or pt-BR", place=MORE_LANGUAGE)
    names = {language: name for language, name in found.items() if name}
    if not names:
        raise CirculationError("field_missing", "a media type has a name", place=f"{NAME}{wording.languages()[0]}")
    return names


@router.post("/codes/{table}/delete")
def delete(table: str, page: AdminPage, form: TheForm) -> Response:
    """Take away a code that nothing names."""
    code = form.needed("code")
    try:
        organising.delete_code(page.service, page.staff.name, TABLES[_known(table)], code)
    except CirculationError as error:
        if error.code != "code_used":
            raise
        return _page(page, error, used=organising.uses(page.service, TABLES[table], code))
    return page.go("/codes", "code_deleted")
