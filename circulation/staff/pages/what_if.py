"""What would happen if: a question in one form, its answer with all reasons, and the same with one thing changed (R77).

Questions 1, 3, 4 and 8 of those staff must get answered. The address of an answer can be passed on: it names patron and
item by their ids, never by a card or a name. Not responsible for deciding (whatif).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from circulation import searching
from circulation.errors import CirculationError, no_item, no_patron
from circulation.searching import Items, Patrons
from circulation.staff import answering
from circulation.staff.answering import CHANNELS, DESK, KEYS, PAGE, Around
from circulation.staff.forms import Form
from circulation.staff.page import DeskPage, Page, TheForm, plain_form
from circulation.store import house, people, rulesets
from circulation.transactions import RETURN
from circulation.whatif import ACTIONS, Question
from rules.survey import branches

router = APIRouter()
TEMPLATE = "what_if/ask.html"
MOST_FOUND = 20
MOST_SETS = 20  # published sets to choose from


# --- pages ------------------------------------------------------------------------------------------------------------


@router.get(PAGE)
def what_if(page: DeskPage) -> Response:
    """The form, and the answer if something is asked."""
    given = {"channel": DESK, "branch": page.staff.branch, "action": ACTIONS[0], **plain_form(page.asked)}
    around = _around(page, page.asked)
    frame = _frame(page, around, given)
    whom = page.asked.text("patron") or given["action"] == RETURN
    if not (page.asked.text("item") and whom):
        return page.show(TEMPLATE, **frame)
    try:
        return _answered(page, around, frame)
    except CirculationError as error:
        return page.wrong(TEMPLATE, error, **frame)


def _answered(page: Page, around: Around, frame: Mapping[str, Any]) -> Response:
    question = _question(page, page.asked)
    _must_be_there(question, around)
    shown = answering.in_words(page, question, around)
    return page.show(
        TEMPLATE,
        **frame,
        question=question,
        shown=shown,
        otherwise=answering.otherwise(page, question, shown),
        others=list(answering.others(page, question, around)),
        beside=answering.beside(page, question, shown, around),
        name_of_rules=answering.name_of_rules(page, question, around) if question.rules is not None else None,
    )


@router.post(PAGE)
def look(page: DeskPage, form: TheForm) -> Response:
    """Find item and patron by what was entered; the answer has an address of its own that holds their ids only."""
    around = _around(page, form)
    try:
        items, patrons = _items(page, form), _patrons(page, form)
    except CirculationError as error:
        return page.wrong(TEMPLATE, error, **_frame(page, around, plain_form(form)))
    if len(items) > 1 or len(patrons) > 1:
        kept = {key: form.text(key) for key in KEYS if key not in ("item", "patron")}
        return page.show("what_if/choose.html", items=items, patrons=patrons, kept=kept, names=around.names)
    asked: dict[str, str] = {key: form.text(key) for key in KEYS if form.text(key)}
    asked |= {"item": items[0]["id"], **({"patron": patrons[0]["id"]} if patrons else {})}
    return page.go(PAGE, **asked)


def _frame(page: Page, around: Around, given: Mapping[str, str]) -> dict[str, Any]:
    """What the form needs, whatever comes of it."""
    say = page.words.say
    return {
        "given": given,
        "around": around,
        "actions": [(one, say(f"action.{one}")) for one in ACTIONS],
        "channels": [(one, say(f"what_if.channel.{one}")) for one in CHANNELS],
    }


# --- what is asked ----------------------------------------------------------------------------------------------------


def _question(page: Page, form: Form) -> Question:
    rules = form.text("rules")
    return Question(
        _one_of(form, "action", ACTIONS, ACTIONS[0]),
        form.text("patron") or None,
        form.needed("item"),
        _one_of(form, "channel", CHANNELS, DESK),
        form.text("branch", page.staff.branch),
        form.day("on"),
        None if rules in ("", "live") else rules,
        form.text("pickup") or None,
    )


def _one_of(form: Form, name: str, known: tuple[str, ...], otherwise: str) -> str:
    value = form.text(name, otherwise)
    if value not in known:
        raise CirculationError("field_choice", f"{name}: one of {', '.join(known)}", place=name)
    return value


def _must_be_there(question: Question, around: Around) -> None:
    if around.item is None:
        raise no_item()
    if question.patron is not None and around.patron is None:
        raise no_patron()


def _items(page: Page, form: Form) -> list[dict[str, Any]]:
    """The items an entered barcode or words mean; the one chosen before where nothing was entered."""
    text = form.text("item_text")
    if not text:
        return [{"id": form.text("item") or form.needed("item_text")}]
    found = searching.items(page.service, Items(text), rows=MOST_FOUND).rows
    exact = [row for row in found if row["id"] == text]
    if not found:
        raise no_item("item_text")
    return exact or list(found)


def _patrons(page: Page, form: Form) -> list[dict[str, Any]]:
    """The patrons a card or words mean; none for a return, which is for nobody."""
    text = form.text("patron_text")
    if form.text("action") == RETURN:
        return []
    if not text:
        return [{"id": form.text("patron") or form.needed("patron_text")}]
    found = searching.patrons(page.service, Patrons(text), rows=MOST_FOUND).rows
    if not found:
        raise no_patron("patron_text")
    exact = [row for row in found if row["card"] == text]
    return exact or list(found)


def _around(page: Page, form: Form) -> Around:
    with page.reading() as db:
        tree = house.organisations(db)
        names = {id_: node.name for id_, node in tree.nodes.items()}
        item, patron = form.text("item"), form.text("patron")
        return Around(
            tuple((one, names[one]) for one in sorted(branches(tree))),
            names,
            tuple((row.id, row.name) for row in rulesets.drafts(db)),
            tuple(row.number for row in rulesets.sets(db)[:MOST_SETS]),
            house.installation(db).live,
            people.item(db, item) if item else None,
            people.patron(db, patron) if patron else None,
        )
