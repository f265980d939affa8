"""One draft: its lists as they are walked, and what can be done with each rule of them (R4, R8, R78)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.rulebook import drafts, publishing, starting
from circulation.staff import rule_words
from circulation.staff.draft_lists import Line, Lists, Wanted
from circulation.staff.draft_words import initial
from circulation.staff.page import Page, RulesPage, TheForm
from rules.kinds import KINDS, RuleType
from rules.plain import rule_from_plain
from rules.rule import Rule

router = APIRouter()
SHOWN = 100  # rules of a page
CHECKED_AT_ONCE = 400  # rules whose check takes no time to speak of


@dataclass(frozen=True, slots=True)
class Section:
    """The list of one kind and level."""

    kind: str
    level: str | None
    lines: tuple[Line, ...]


@router.get("/drafts/{draft}")
def draft_page(draft: str, page: RulesPage) -> Response:
    """The lists of a draft."""
    return page.show("drafts/draft.html", **_view(page, draft))


def _view(page: Page, draft: str) -> dict[str, Any]:
    with page.reading() as db:
        head = drafts.shown(db, draft)
        found = drafts.rule_set(db, draft)
        changes = publishing.differences(db, draft)
        told = publishing.findings(page.service, db, found.rules) if len(found.rules) <= CHECKED_AT_ONCE else None
        names = rule_words.names_of(db)
    lists = Lists.of(found, changes, page.today)
    wanted = Wanted(*(page.asked.text(name) for name in ("type", "kind", "organisation", "only")))
    _must_exist(wanted, lists)
    rules = lists.rules(wanted)
    shown, after = _part(rules, page.asked.text("after"))
    return {
        "draft": head,
        "wanted": wanted,
        "query": {
            "type": wanted.rule_type,
            **{name: getattr(wanted, name) for name in ("kind", "organisation", "only")},
        },
        "sections": _sections(list(lists.lines(shown, wanted.organisation))),
        "count": len(rules),
        "after": after,
        "changes": changes,
        "severities": None if told is None else Counter(str(one.severity) for one in told),
        "names": names,
        "rule_words": rule_words,
        "initial": initial,
        "sets": [(name, page.words.say(f"draft.sets.{name}")) for name in starting.SETS],
        **choices(page, found.organisations.nodes),
    }


def _must_exist(wanted: Wanted, lists: Lists) -> None:
    known = lists.found.organisations.nodes
    if wanted.organisation and wanted.organisation not in known:
        raise CirculationError("not_found", "there is no such organisation", 404)


def choices(page: Page, organisations: Any) -> dict[str, Any]:
    """What lists of rules may be narrowed to."""
    say = page.words.say
    return {
        "types": [(one.value, say(f"type.{one.value}")) for one in RuleType],
        "kinds": [(key, say(f"kind.{key}")) for key in KINDS],
        "organisations": [(id_, node.name) for id_, node in organisations.items()],
        "onlys": [(one, say(f"draft.only.{one}")) for one in ("added", "changed", "off")],
    }


def _part(rules: list[Rule], after: str) -> tuple[list[Rule], str | None]:
    """The rules of one page, and the id after which the next begins."""
    first = next((place for place, rule in enumerate(rules, start=1) if rule.id == after), 0)
    shown = rules[first : first + SHOWN]
    return shown, shown[-1].id if first + SHOWN < len(rules) else None


def _sections(lines: list[Line]) -> list[Section]:
    found = groupby(lines, key=lambda line: (line.rule.kind, line.rule.level))
    return [Section(kind, level, tuple(group)) for (kind, level), group in found]


# --- what is done with a rule -----------------------------------------------------------------------------------------


@router.post("/drafts/{draft}/switch")
def switch(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Switch a rule off or on."""
    key, on = form.needed("id"), form.ticked("on")
    keys = {"active": None if on else False}
    try:
        drafts.change_rule(page.service, page.staff.name, draft, key, keys, form.text("seen") or None)
    except CirculationError as error:
        return page.wrong("drafts/draft.html", error, **_view(page, draft))
    return _back(page, draft, key, "rule_on" if on else "rule_off")


def _back(page: Page, draft: str, key: str, said: str) -> Response:
    """To the list where the rule stands."""
    with page.reading() as db:
        rule = next((one for one in drafts.rule_set(db, draft).rules if one.id == key), None)
    return page.go(f"/drafts/{draft}", said, kind=rule.kind if rule is not None else None)


@router.post("/drafts/{draft}/move")
def move(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Move a rule among those equal to it in rank (R4)."""
    key = form.needed("id")
    try:
        drafts.move_rule(page.service, page.staff.name, draft, key, -1 if form.ticked("up") else 1)
    except CirculationError as error:
        return page.wrong("drafts/draft.html", error, **_view(page, draft))
    return _back(page, draft, key, "rule_moved")


@router.post("/drafts/{draft}/rule/delete")
def delete_rule(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Take a rule out; the page that follows can put it back."""
    key = form.needed("id")
    try:
        drafts.delete_rule(page.service, page.staff.name, draft, key, form.text("seen") or None)
    except CirculationError as error:
        return page.wrong("drafts/draft.html", error, **_view(page, draft))
    return page.go(f"/drafts/{draft}/deleted", id=key)


@router.get("/drafts/{draft}/deleted")
def deleted_page(draft: str, page: RulesPage) -> Response:
    """A rule that was taken out, and a button that puts it back."""
    with page.reading() as db:
        rule = rule_from_plain(drafts.deleted_rule(db, draft, page.asked.needed("id")))
        head = drafts.shown(db, draft)
        names = rule_words.names_of(db)
    back = any(one["id"] == rule.id for one in head["rules"])
    return page.show("drafts/deleted.html", draft=head, rule=rule, back=back, names=names, rule_words=rule_words)


@router.post("/drafts/{draft}/put-back")
def put_back(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Put a rule back that was taken out."""
    key = form.needed("id")
    with page.reading() as db:
        rule = drafts.deleted_rule(db, draft, key)
    drafts.insert_rule(page.service, page.staff.name, draft, rule)
    return _back(page, draft, key, "rule_put_back")
