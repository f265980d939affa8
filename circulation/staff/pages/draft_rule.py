"""The rule editor: one rule of a draft with the help of its kind beside it, and a look at what it would do (R2, R9).

Fields and document are translated by rule_form; what a rule would do is said by looking; whether somebody else changed
it meanwhile, by drafts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.rulebook import drafts, looking
from circulation.rulebook.looking import Looked
from circulation.staff import rule_form, rule_words
from circulation.staff.draft_words import initial, sentence
from circulation.staff.forms import Form
from circulation.staff.page import Page, RulesPage, TheForm
from circulation.staff.rule_diff import differences
from circulation.staff.words import Words
from circulation.store import house
from rules.check import KnownCodes
from rules.kinds import KINDS, Kind, RuleType, Unit, kinds_of
from rules.plain import rule_from_plain
from rules.problems import Problem
from rules.refusals import REFUSALS, message_parameters
from rules.rule import ITEM_FIELDS, PATRON_FIELDS, Rule

router = APIRouter()
MOST_BEFORE = 10  # rules before this one that are named
Faults = dict[str, list[str]]  # field -> what is wrong there


@dataclass(frozen=True)
class Editing:
    """A rule that is being edited.

    Attributes:
        draft: as drafts.shown gives it.
        replaces: id of the rule it takes the place of, "" = it is a new one.
        seen: mark of that rule as it was shown.
        before: that rule as it is now, if it is still as it was shown.
    """

    draft: dict[str, Any]
    kind: Kind
    form: Form
    replaces: str = ""
    seen: str = ""
    before: drafts.Plain | None = None


# --- asking -----------------------------------------------------------------------------------------------------------


@router.get("/drafts/{draft}/rule")
def rule_page(draft: str, page: RulesPage) -> Response:
    """A rule to be changed, copied or made; without a kind, the kinds to choose from."""
    with page.reading() as db:
        head = drafts.shown(db, draft)
        tree = house.organisations(db)
    asked = page.asked
    if asked.text("id") or asked.text("copy"):
        return _existing(page, head)
    if not asked.text("kind"):
        types = [(one.value, kinds_of(one, KINDS)) for one in RuleType]
        return page.show("drafts/kinds.html", draft=head, types=types, initial=initial)
    top = next((key for key, node in tree.nodes.items() if node.parent is None), "")
    fields = {"active": ("1",), "org": (asked.text("organisation", top),), "level": (asked.text("level"),)}
    return _show(page, Editing(head, _kind(asked.text("kind")), Form(fields)), {}, None)


def _kind(key: str) -> Kind:
    if key not in KINDS:
        raise CirculationError("not_found", f"there is no rule kind {key}", 404)
    return KINDS[key]


def _existing(page: Page, head: dict[str, Any]) -> Response:
    copy = page.asked.text("copy")
    rule = _rule(head, copy or page.asked.text("id"))
    if rule is None:
        raise CirculationError("not_found", "there is no such rule in this draft", 404)
    if copy:
        taken = {one["id"] for one in head["rules"]}
        rule = {**rule, "id": rule_form.suggested_id(rule.get("name", ""), rule["kind"], rule.get("level"), taken)}
        return _show(page, Editing(head, _kind(rule["kind"]), Form(rule_form.fields_of(rule))), {}, None)
    form = Form(rule_form.fields_of(rule))
    editing = Editing(head, _kind(rule["kind"]), form, rule["id"], drafts.mark(rule), rule)
    looked, faults = _look(page, editing, rule_form.Entered(dict(rule)))
    return _show(page, editing, faults, looked)


def _rule(head: dict[str, Any], key: str) -> dict[str, Any] | None:
    return next((one for one in head["rules"] if one["id"] == key), None)


# --- looking and keeping ----------------------------------------------------------------------------------------------


@router.post("/drafts/{draft}/rule")
def save(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Look at what was entered, or keep it."""
    editing = _editing(page, draft, form)
    entered = rule_form.read(form, editing.kind, editing.before)
    if not entered.rule.get("id"):
        _suggest_id(editing, entered)
    looked, faults = _look(page, editing, entered)
    if form.text("do") != "save":
        return _show(page, editing, faults, looked)
    if faults:
        return _show(page, editing, faults, looked, 422)
    try:
        _keep(page, editing, entered.rule)
    except drafts.RuleChangedError as error:
        return _conflict(page, editing, entered.rule, error)
    except drafts.RulesWrongError as error:  # somebody took the id this moment
        return _show(page, editing, _problems(page.words, editing.kind.unit, error.problems), None, 422)
    return page.go(f"/drafts/{draft}", "rule_saved", kind=editing.kind.key)


def _editing(page: Page, draft: str, form: Form) -> Editing:
    with page.reading() as db:
        head = drafts.shown(db, draft)
    replaces, seen = form.text("replaces"), form.text("seen")
    now = _rule(head, replaces) if replaces else None
    before = now if now is not None and drafts.mark(now) == seen else None
    return Editing(head, _kind(form.text("kind")), form, replaces, seen, before)


def _suggest_id(editing: Editing, entered: rule_form.Entered) -> None:
    rule, taken = entered.rule, {one["id"] for one in editing.draft["rules"]}
    rule["id"] = rule_form.suggested_id(rule.get("name", ""), editing.kind.key, rule.get("level"), taken)


def _look(page: Page, editing: Editing, entered: rule_form.Entered) -> tuple[Looked | None, Faults]:
    """What the rule would do, or everything that is wrong with it, by field."""
    faults: Faults = defaultdict(list)
    for error in entered.errors:
        faults[error.place or ""].append(page.words.problem(error))
    try:
        with page.reading() as db:
            looked = looking.look(page.service, db, editing.draft["id"], entered.rule, editing.replaces or None)
    except drafts.RulesWrongError as error:
        unread = "value" not in entered.rule  # told already: there is no value because it could not be read
        problems = [one for one in error.problems if not (unread and (one.key, one.code) == ("value", "missing"))]
        for field, told in _problems(page.words, editing.kind.unit, problems).items():
            faults[field] += told
        return None, faults
    return (None if faults else looked), faults


def _problems(words: Words, unit: Unit, problems: Iterable[Problem]) -> Faults:
    faults: Faults = defaultdict(list)
    for problem in problems:
        code = "problem.field_missing" if problem.code == "missing" else f"check.{problem.code}"
        faults[rule_form.field_of(problem.key, unit)].append(words.say(code, **problem.params))
    return faults


def _keep(page: Page, editing: Editing, rule: dict[str, Any]) -> None:
    by, draft = page.staff.name, str(editing.draft["id"])
    if editing.replaces:
        drafts.replace_rule(page.service, by, draft, editing.replaces, rule, editing.seen)
    else:
        drafts.insert_rule(page.service, by, draft, rule)


# --- showing ----------------------------------------------------------------------------------------------------------


def _show(page: Page, editing: Editing, faults: Faults, looked: Looked | None, status: int = 200) -> Response:
    with page.reading() as db:
        names, codes = rule_words.names_of(db), house.known_codes(db)
    kind = editing.kind
    given = Form({**editing.form.fields, **({"id": (looked.rule.id,)} if looked is not None else {})})
    return page.show(
        "drafts/rule.html",
        status,
        editing=editing,
        draft=editing.draft,
        kind=kind,
        given=given,
        faults=faults,
        looked=looked,
        most_before=MOST_BEFORE,
        names=names,
        rule_words=rule_words,
        sentence=sentence,
        initial=initial,
        boxes=_boxes(page.words, kind, given, codes, names),
        free=[name for name in rule_form.FREE if name in kind.fields or given.text(name)],
        ages="age" in kind.fields or any(given.text(name) for name in rule_form.AGES),
        fiction="fiction" in kind.fields or bool(given.text("fiction")),
        organisations=sorted(names.organisations.items(), key=lambda one: one[1]),
        fee_rows=rule_form.fee_rows(given),
        levels=[(one, rule_words.level_name(page.words, one)) for one in kind.levels],
        message_languages=_languages(kind, given),
        parameters=sorted(message_parameters(kind.key)),
        item_only=not kind.fields & set(PATRON_FIELDS),
        patron_only=not kind.fields & set(ITEM_FIELDS),
    )


def _boxes(
    words: Words, kind: Kind, given: Form, codes: KnownCodes, names: rule_words.Names
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Fields of which several codes may be ticked; a code that is no longer known is offered as long as it is."""
    found = []
    for name in rule_form.CHOSEN:
        if name not in kind.fields and not given.every(name):
            continue
        known = sorted(codes.of(name) or ())
        lost = [code for code in given.every(name) if code not in known]
        told = [(code, names.media_type(words, code) if name == "media_type" else code) for code in known]
        found.append((name, [*told, *((code, words.say("draft.code_unknown", value=code)) for code in lost)]))
    return found


def _languages(kind: Kind, given: Form) -> list[str]:
    """Languages a message may be given in; none for a kind that refuses nothing, so that nobody would read it."""
    said = [name.removeprefix(rule_form.MESSAGE) for name in given.fields if name.startswith(rule_form.MESSAGE)]
    offered = rule_form.LANGUAGES if kind.key in REFUSALS else ()
    return list(dict.fromkeys((*offered, *said)))


def _conflict(page: Page, editing: Editing, rule: dict[str, Any], error: drafts.RuleChangedError) -> Response:
    """Both versions, and the choice between them."""
    mine: Rule = rule_from_plain(rule)
    now = rule_from_plain(error.now) if error.now is not None else None
    with page.reading() as db:
        names = rule_words.names_of(db)
    return page.wrong(
        "drafts/conflict.html",
        error,
        draft=editing.draft,
        editing=editing,
        mine=mine,
        now=now,
        now_mark=drafts.mark(error.now) if error.now is not None else "",
        differs=differences(page.words, now, mine, names) if now is not None else (),
        fields=[(name, value) for name, values in rule_form.fields_of(rule).items() for value in values],
        names=names,
        rule_words=rule_words,
    )
