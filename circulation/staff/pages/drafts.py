"""Drafts: the list, beginning one, bringing one in as a document, and giving one out (R78, R79)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.rulebook import drafts, starting
from circulation.staff.forms import Form
from circulation.staff.page import Page, RulesPage, TheForm, plain_form
from circulation.staff.words import Words
from circulation.store import house
from circulation.store import rulesets as store
from rules.problems import Problem

router = APIRouter()
MEDIA_TYPES = {"toml": "application/toml", "csv": "text/csv"}
MOST_PROBLEMS = 500  # told of one document


@router.get("/drafts")
def drafts_page(page: RulesPage) -> Response:
    """Every draft, and the ways to begin one."""
    return page.show("drafts/list.html", **_list(page))


def _list(page: Page, form: Form | None = None, problems: Sequence[Problem] = (), document: str = "") -> dict[str, Any]:
    with page.reading() as db:
        live = house.installation(db).live
        found = store.drafts(db)
        sets = store.sets(db)
    sources = [(str(row.number), page.words.say("draft.source.set", n=str(row.number))) for row in sets]
    sources += [(row.id, page.words.say("draft.source.draft", name=row.name)) for row in found]
    return {
        "drafts": found,
        "live": live,
        "sources": [
            (drafts.LIVE, page.words.say("draft.source.nothing" if live is None else "draft.source.live")),
            *sources,
        ]
        if sources
        else [],
        "sets": [(name, page.words.say(f"draft.sets.{name}")) for name in starting.SETS],
        "given": {"source": page.asked.text("from")} if form is None else plain_form(form),
        "rule": page.asked.text("rule") if form is None else form.text("rule"),
        "chosen": (starting.SUGGESTED,) if form is None else form.every("sets"),
        "problems": problems[:MOST_PROBLEMS],
        "left_out": max(0, len(problems) - MOST_PROBLEMS),
        "document": document,
    }


@router.post("/drafts")
def begin(page: RulesPage, form: TheForm) -> Response:
    """Begin a draft from the set in force, another set or another draft."""
    try:
        source = form.text("source", drafts.LIVE)
        made = drafts.create(page.service, page.staff.name, form.needed("name"), source)
    except CirculationError as error:
        return page.wrong("drafts/list.html", error, **_list(page, form))
    rule = form.text("rule")
    if any(one["id"] == rule for one in made["rules"]):
        return page.go(f"/drafts/{made['id']}/rule", "draft_begun", id=rule)
    return page.go(f"/drafts/{made['id']}", "draft_begun")


@router.post("/drafts/sets")
def begin_with_sets(page: RulesPage, form: TheForm) -> Response:
    """Begin a draft with rules that are shipped (R10)."""
    name = page.words.say("draft.first_name")
    try:
        draft = starting.begin(page.service, page.staff.name, name, form.every("sets"), titles(page.words))
    except CirculationError as error:
        return page.wrong("drafts/list.html", error, **_list(page, form))
    return page.go(f"/drafts/{draft}", "draft_begun")


def titles(words: Words) -> Any:
    """What shipped rules are called, in the reader's language."""
    return lambda code: words.say(f"draft.shipped.{code}") if words.knows(f"draft.shipped.{code}") else ""


@router.post("/drafts/import")
def import_document(page: RulesPage, form: TheForm) -> Response:
    """A draft with the rules of a document; where something is wrong with it, all of it is told (R79)."""
    kind = ""
    try:
        file_name, content = _file(form)
        kind = _form_of(file_name)
        name = form.text("import_name") or PurePath(file_name).stem
        draft = drafts.import_document(page.service, page.staff.name, name, content, kind)
    except drafts.RulesWrongError as error:
        return page.wrong("drafts/list.html", error, **_list(page, form, error.problems, kind))
    except CirculationError as error:
        return page.wrong("drafts/list.html", error, **_list(page, form))
    return page.go(f"/drafts/{draft}", "draft_imported")


def _file(form: Form) -> tuple[str, bytes]:
    found = form.files.get("document")
    if found is None:
        raise CirculationError("file_missing", "no file was chosen", place="document")
    return found


def _form_of(file_name: str) -> str:
    ending = PurePath(file_name).suffix.lower().removeprefix(".")
    if ending not in drafts.READERS:
        raise CirculationError("file_kind", "the file's name ends in .toml or .csv", place="document")
    return ending


@router.get("/drafts/{draft}/export")
def export(draft: str, page: RulesPage) -> Response:
    """A draft as a document, "toml" or "csv"."""
    form = page.asked.text("form", "toml")
    if form not in MEDIA_TYPES:
        raise CirculationError("address_wrong", "this address names nothing", 404)
    with page.reading() as db:
        content = drafts.exported(db, drafts.shown(db, draft)["id"], form)
    named = {"Content-Disposition": f'attachment; filename="draft.{form}"'}
    return Response(content, media_type=MEDIA_TYPES[form], headers=named)


@router.post("/drafts/{draft}/rename")
def rename(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Give a draft another name."""
    drafts.rename(page.service, page.staff.name, draft, form.needed("name"))
    return page.go(f"/drafts/{draft}", "draft_renamed")


@router.post("/drafts/{draft}/delete")
def delete(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Give a draft up."""
    drafts.delete(page.service, page.staff.name, draft)
    return page.go("/drafts", "draft_deleted")


@router.post("/drafts/{draft}/sets")
def add_sets(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Add rules that are shipped to a draft."""
    starting.add(page.service, page.staff.name, draft, form.every("sets"), titles(page.words))
    return page.go(f"/drafts/{draft}", "draft_sets_added")
