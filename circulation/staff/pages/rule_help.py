"""The help with rules: every kind with tip, example and relations (R9), and the worked flows (R10)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.rulebook import starting, views
from circulation.staff import rule_words
from circulation.staff.page import Page, RuleReadersPage, RulesPage, TheForm
from circulation.staff.pages.drafts import titles
from circulation.staff.rule_words import names_of
from circulation.staff.trees import indented
from circulation.store import house
from rules.compiled import compile_rules
from rules.counting_example import borrowed, counting_rules
from rules.examples import EXAMPLES
from rules.flows import FLOWS
from rules.kinds import KINDS
from rules.rule import FACT_FIELDS
from rules.totals import KIND as COUNTING
from rules.totals import Totals, patrons, told, totals

router = APIRouter()


@router.get("/rule-help")
def help_page(page: RuleReadersPage) -> Response:
    """Every kind by type, and the flows."""
    return page.show("rule_help/contents.html", types=views.types_and_kinds(), flows=list(FLOWS), kinds=KINDS)


@router.get("/rule-help/flow/{flow}")
def flow_page(flow: str, page: RuleReadersPage) -> Response:
    """One flow, step by step."""
    return _flow(page, flow)


@router.post("/rule-help/flow/{flow}")
def follow_flow(flow: str, page: RulesPage, form: TheForm) -> Response:
    """Put the rules of a flow into a new draft."""
    try:
        by, title, names = page.staff.name, page.words.name("flow", flow), titles(page.words)
        draft = starting.begin(page.service, by, title, [_known(flow)], names, form.needed("organisation"))
    except CirculationError as error:
        return _flow(page, flow, form.text("organisation"), error)
    return page.go(f"/drafts/{draft}", "rule_help.followed")


def _known(flow: str) -> str:
    if flow not in FLOWS:
        raise CirculationError("not_found", "there is no such flow", 404)
    return flow


def _flow(page: Page, name: str, organisation: str = "", error: CirculationError | None = None) -> Response:
    with page.reading() as db:
        tree, names = house.organisations(db), names_of(db)
    chosen = organisation if organisation in tree.nodes else tree.chain(page.staff.branch)[-1]
    steps = [tuple(replace(rule, org=chosen) for rule in step) for step in FLOWS[_known(name)]]
    return page.show(
        "rule_help/flow.html",
        200 if error is None else error.status,
        error=error,
        name=name,
        steps=[(page.words.say(f"flow.{name}.{number}"), step) for number, step in enumerate(steps, start=1)],
        names=names,
        organisations=indented(tree),
        chosen=chosen,
        rule_words=rule_words,
    )


@dataclass(frozen=True, slots=True)
class _OwnTotals:
    """What the library's own counting rules come to for one kind of patron."""

    who: str
    totals: Totals


@router.get("/rule-help/{kind}")
def kind_page(kind: str, page: RuleReadersPage) -> Response:
    """One kind."""
    if kind not in KINDS:
        raise CirculationError("not_found", "there is no such kind", 404)
    declared = KINDS[kind]
    with page.reading() as db:
        names = names_of(db)
    return page.show(
        "rule_help/kind.html",
        kind=declared,
        example=EXAMPLES[kind].rule(kind, page.staff.branch),
        fields=[page.words.say(f"field.{name}") for name in FACT_FIELDS if name in declared.fields],
        levels=[rule_words.level_name(page.words, level) for level in declared.levels],
        names=names,
        own=_own_totals(page) if kind == COUNTING else [],
        counting=counting_rules() if kind == COUNTING else (),
        orders=borrowed() if kind == COUNTING else (),
        rule_words=rule_words,
    )


def _own_totals(page: Page) -> list[_OwnTotals]:
    """Smallest and largest totals of the rules in force at the session's branch (R22)."""
    with page.reading() as db:
        compiled, codes = compile_rules(views.set_of(db, "live")), house.known_codes(db)
    branch = page.staff.branch
    found = []
    for patron in patrons(compiled, branch, codes):
        who = ", ".join(told(patron).values()) or page.words.say("rule_words.everybody")
        found.append(_OwnTotals(who, totals(compiled, branch, codes, patron, page.today)))
    return [one for one in found if one.totals.rules]
