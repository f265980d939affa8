"""Published sets: what was in force when, who changed it, how sets differ, and which rules do nothing (R78, R80)."""

from __future__ import annotations

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.rulebook import drafts, history, views
from circulation.rulebook.history import RuleUse
from circulation.staff import rule_words
from circulation.staff.page import Page, RulesPage
from circulation.staff.rule_diff import differences
from circulation.staff.rule_words import names_of
from circulation.store import house
from circulation.store import rulesets as store

router = APIRouter()
SOON = 30
UNUSED = 90
AT_ONCE = 25
# Why a rule decided nothing, the most telling first (history.RuleUse).
SILENT = ("never_reached", "unused", "not_recorded")


@router.get("/rule-sets")
def rule_sets_page(page: RulesPage) -> Response:
    """The sets, newest first, and what soon begins or ends."""
    error, on, day = None, None, None
    try:
        day = page.asked.day("day")
        on = history.sets_on(page.service, day) if day is not None else None
    except CirculationError as wrong:
        error = wrong
    with page.reading() as db:
        names, live = names_of(db), house.installation(db).live
        choices = _choices(page)
    after = page.asked.number("after")
    found = [one for one in history.sets(page.service) if after is None or one.published.number < after]
    shown = found[:AT_ONCE]
    return page.show(
        "rule_sets/list.html",
        200 if error is None else 422,
        error=error,
        sets=shown,
        more=shown[-1].published.number if len(found) > AT_ONCE else None,
        live=live,
        day=day,
        on=on,
        upcoming=history.upcoming(page.service, SOON) if live is not None else (),
        soon=SOON,
        unused=UNUSED,
        names=names,
        choices=choices,
        before=str(shown[1].published.number) if len(shown) > 1 else drafts.LIVE,
        rule_words=rule_words,
    )


def _choices(page: Page) -> list[tuple[str, str]]:
    """Sets and drafts to compare."""
    with page.reading() as db:
        return [
            (drafts.LIVE, page.words.say("rule_sets.live")),
            *((str(row.number), page.words.say("rules.set", n=row.number)) for row in store.sets(db)),
            *((row.id, page.words.say("rules.draft", name=row.name)) for row in store.drafts(db)),
        ]


@router.get("/rule-sets/use")
def use_page(page: RulesPage) -> Response:
    """Rules that decided nothing lately, and rules that never can."""
    with page.reading() as db:
        names = names_of(db)
        published = house.installation(db).live is not None
    usage = history.usage(page.service, UNUSED) if published else None
    by_state: dict[str, list[RuleUse]] = {state: [] for state in SILENT}
    for use in usage.rules if usage is not None else ():
        if use.state in by_state:
            by_state[use.state].append(use)
    return page.show(
        "rule_sets/use.html", usage=usage, by_state=by_state, days=UNUSED, names=names, rule_words=rule_words
    )


@router.get("/rule-sets/compare")
def compare_page(page: RulesPage) -> Response:
    """What differs between any two sets or drafts."""
    one, two = page.asked.text("one", drafts.LIVE), page.asked.text("two", drafts.LIVE)
    with page.reading() as db:
        names = names_of(db)
        before, after = (views.set_of(db, which).rules for which in (one, two))
    return page.show(
        "rule_sets/compare.html",
        one=one,
        two=two,
        changes=views.compared(before, after),
        choices=_choices(page),
        names=names,
        differences=differences,
        rule_words=rule_words,
    )


@router.get("/rule-sets/{rule_set:int}")
def rule_set_page(rule_set: int, page: RulesPage) -> Response:
    """One published set and what it changed."""
    with page.reading() as db:
        row = store.set_of(db, rule_set) if 0 < rule_set < 10**drafts.MOST_DIGITS else None
        names, live = names_of(db), house.installation(db).live
        earlier = store.set_of(db, rule_set - 1) if row is not None else None
        if row is None:
            raise CirculationError("rule_set_unknown", "there is no such rule set", 404)
        later = store.set_of(db, rule_set + 1)
        after = drafts.rule_set(db, str(rule_set)).rules
        before = drafts.rule_set(db, str(rule_set - 1)).rules if earlier is not None else ()
    return page.show(
        "rule_sets/set.html",
        row=row,
        live=live,
        earlier=earlier,
        later=later,
        changes=views.compared(before, after),
        names=names,
        differences=differences,
        rule_words=rule_words,
    )
