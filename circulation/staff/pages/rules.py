"""All rules as the numbered lists that are walked (R8), and one rule with all there is to say about it (R7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby, islice

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.rulebook import drafts, history, views
from circulation.rulebook.views import STATES, KindList, Wanted
from circulation.staff import rule_words
from circulation.staff.page import Page, RuleReadersPage
from circulation.staff.rule_words import names_of
from circulation.staff.trees import indented
from circulation.store import rule_history as history_store
from circulation.store import rulesets as store
from rules.compiled import RuleSet
from rules.kinds import KINDS, OVERDUE_LEVELS, RuleType
from rules.rule import Rule

router = APIRouter()
ROWS = 300  # of one page; then "more"
DAYS = 90


@router.get("/rules")
def rules_page(page: RuleReadersPage) -> Response:
    """Every rule, or those asked for."""
    asked, which = page.asked, page.asked.text("ruleset", drafts.LIVE)
    wanted = Wanted(
        asked.text("organisation", page.staff.branch),
        *(asked.text(name) for name in ("type", "kind", "level", "state")),
    )
    with page.reading() as db:
        rule_set, names = views.set_of(db, which), names_of(db)
        choices = [
            (drafts.LIVE, page.words.say("rules.live_set", n=_live_number(page))),
            *((str(row.number), page.words.say("rules.set", n=row.number)) for row in store.sets(db)),
            *((row.id, page.words.say("rules.draft", name=row.name)) for row in store.drafts(db)),
        ]
    if wanted.organisation not in rule_set.organisations.nodes:
        raise CirculationError("not_found", "there is no such organisation", 404)
    day = asked.day("day") or page.today
    found = views.lists(rule_set, wanted, day)
    after = asked.number("after") or 0
    shown, more = _part(found, after)
    return page.show(
        "rules/list.html",
        wanted=wanted,
        which=which,
        rule_set=rule_set,
        day=day,
        names=names,
        choices=choices,
        lists=[(type_, list(some)) for type_, some in groupby(shown, lambda one: one.rule_type)],
        total=sum(len(one.lines) for one in found),
        after=after,
        more=more,
        query={name: asked.text(name) for name in ("organisation", "type", "kind", "level", "state", "ruleset", "day")},
        rule_words=rule_words,
        organisations=indented(rule_set.organisations),
        types=[(one.value, page.words.say(f"type.{one}")) for one in RuleType],
        kinds=_kinds(page, wanted.rule_type),
        levels=[(one, rule_words.level_name(page.words, one)) for one in OVERDUE_LEVELS],
        states=[(one, page.words.say(f"rules.state.{one}")) for one in STATES],
    )


def _live_number(page: Page) -> int:
    return (page.here.live if page.here is not None else None) or 0


def _kinds(page: Page, rule_type: str) -> list[tuple[str, str]]:
    """The kinds to choose from, of one type if one is chosen."""
    return [(key, page.words.say(f"kind.{key}")) for key, kind in KINDS.items() if rule_type in ("", kind.rule_type)]


def _part(found: Sequence[KindList], after: int) -> tuple[list[KindList], int | None]:
    """The lists of one page, and how many rows were shown with it if there are more.

    A list without rules stands on the page on which the list before it ends.
    """
    part: list[KindList] = []
    seen = 0
    for one in found:
        lines = tuple(islice(one.lines, max(after - seen, 0), max(after + ROWS - seen, 0)))
        empty = not one.lines and after <= seen < after + ROWS
        if lines or empty:
            part.append(replace(one, lines=lines))
        seen += len(one.lines)
    return part, after + ROWS if seen > after + ROWS else None


# --- one rule ---------------------------------------------------------------------------------------------------------


@router.get("/rule")
def rule_page(page: RuleReadersPage) -> Response:
    """One rule: what it says, what it works together with, where it stands, and what became of it."""
    which, id_ = page.asked.text("ruleset", drafts.LIVE), page.asked.text("id")
    with page.reading() as db:
        rule_set, names = views.set_of(db, which), names_of(db)
        since = page.service.clock() - timedelta(days=DAYS)
        used = next((row for row in history_store.decided_since(db, since) if row.winner == id_), None)
        of_draft = store.draft(db, which) if rule_set.number == 0 and which != drafts.LIVE else None
    rule = _found(rule_set, id_)
    return page.show(
        "rules/rule.html",
        rule=rule,
        which=which,
        rule_set=rule_set,
        draft=of_draft,
        names=names,
        state=views.state(rule, page.today),
        group=views.group_of(rule_set, rule),
        standings=views.standings(rule_set, rule),
        events=history.history(page.service, id_),
        used=used,
        days=DAYS,
        rule_words=rule_words,
    )


def _found(rule_set: RuleSet, id_: str) -> Rule:
    rule = next((one for one in rule_set.rules if one.id == id_), None)
    if rule is None:
        raise CirculationError("rule_unknown", "there is no such rule in this set", 404)
    return rule
