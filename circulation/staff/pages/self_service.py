"""The table of what machines may do (R53-R56). What its switches mean stands in circulation.rulebook.self_service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.rulebook import self_service
from circulation.rulebook.self_service import ACTIONS, Matrix, Pending, Switches, matrix, pending
from circulation.staff import rule_words
from circulation.staff.forms import Form
from circulation.staff.page import Page, RulesPage, TheForm
from circulation.staff.rule_words import Names, names_of
from circulation.staff.trees import indented
from circulation.store import house
from circulation.store import rulesets as store
from rules.organisation import OrganisationTree

router = APIRouter()
SWITCHES = {"yes": True, "no": False, "inherited": None}
CODES = {value: code for code, value in SWITCHES.items()}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a page shows: the table of the draft beside the one in force."""

    organisation: str
    draft: Pending | None
    table: Matrix
    live: Matrix
    names: Names
    tree: OrganisationTree
    drafts: list[tuple[str, str]]


@router.get("/self-service")
def self_service_page(page: RulesPage) -> Response:
    """The table of one organisation."""
    return _shown(page, page.asked)


@router.post("/self-service")
def save(page: RulesPage, form: TheForm) -> Response:
    """Set the switches of one organisation in a draft."""
    organisation, draft = form.needed("organisation"), form.text("draft")
    try:
        seen, name = form.needed("seen"), page.words.say("self_service.draft_name")
        made, changed = self_service.save(page.service, page.staff.name, organisation, _wanted(form), seen, draft, name)
    except CirculationError as error:
        return _shown(page, form, error)
    said = "self_service.saved" if changed else "self_service.nothing"
    return page.go("/self-service", said, organisation=organisation, draft=made if draft else None)


@router.post("/self-service/begin-again")
def begin_again(page: RulesPage, form: TheForm) -> Response:
    """Take the switches of an outdated draft over into one that begins from what is in force now."""
    self_service.begin_again(page.service, page.staff.name, form.needed("draft"))
    return page.go("/self-service", "self_service.begun_again", organisation=form.text("organisation") or None)


def _wanted(form: Form) -> Switches:
    """The switches as sent: fields are named "<action>/<media type>"."""
    sent: dict[tuple[str, str], bool | None] = {}
    for name in form.fields:
        action, _, media_type = name.partition("/")
        if action in ACTIONS and media_type and form.text(name) in SWITCHES:
            sent[action, media_type] = SWITCHES[form.text(name)]
    return sent


def _shown(page: Page, asked: Form, error: CirculationError | None = None) -> Response:
    seen = _seen(page, asked)
    entered = _wanted(asked) if error is not None else {}
    given: dict[str, Any] = {
        "seen": seen,
        "address_draft": asked.text("draft"),
        "actions": ACTIONS,
        "heads": [page.words.say("self_service.media_type"), *(page.words.say(f"action.{one}") for one in ACTIONS)],
        "code_of": lambda cell: CODES[entered.get((cell.action, cell.media_type), cell.switch)],
        "rule_words": rule_words,
        "organisations": indented(seen.tree),
        "here": seen.names.organisation(seen.organisation),
        "ruleset": seen.draft.id if seen.draft else "live",
    }
    if error is not None:
        return page.wrong("self_service/table.html", error, **given)
    return page.show("self_service/table.html", **given)


def _seen(page: Page, asked: Form) -> _Seen:
    organisation = asked.text("organisation", page.staff.branch)
    with page.reading() as db:
        tree, names = house.organisations(db), names_of(db)
        draft, live = pending(db, asked.text("draft")), self_service.live_rules(db)
        drafts = [(row.id, row.name) for row in store.drafts(db)]
    if organisation not in tree.nodes:
        raise CirculationError("not_found", "there is no such organisation", 404)
    now = matrix(live, tree, names.media_types, organisation, page.today)
    table = now if draft is None else matrix(draft.rules, tree, names.media_types, organisation, page.today)
    return _Seen(organisation, draft, table, now, names, tree, drafts)
