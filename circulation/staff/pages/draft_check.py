"""The check before publishing, and publishing: findings, what changes for whom, and the last question (R7, R78-R80)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.rulebook import drafts, publishing
from circulation.rulebook.publishing import Checked, LoanChange
from circulation.staff import rule_words
from circulation.staff.draft_words import groups, initial, sentence
from circulation.staff.page import Page, RulesPage, TheForm, link
from circulation.staff.rule_diff import Difference, differences
from rules.evaluate import Decision
from rules.finding import Finding, Severity
from rules.rule import Rule

router = APIRouter()
MANY = 400  # rules from which the check takes long enough to be announced
SHOWN = 200  # lines of one section


@dataclass(frozen=True, slots=True)
class Severities:
    """Findings of one severity: the first of them, and how many more there are."""

    severity: Severity
    findings: Sequence[Finding]
    more: int


@router.get("/drafts/{draft}/check")
def check_page(draft: str, page: RulesPage) -> Response:
    """Everything to know before publishing. With many rules a page says first that it takes a while."""
    with page.reading() as db:
        head = drafts.shown(db, draft)
    if len(head["rules"]) > MANY and not page.asked.ticked("now"):
        answer = page.show("drafts/checking.html", draft=head)
        answer.headers["Refresh"] = f"0; url={link(f'/drafts/{draft}/check', now='1')}"
        return answer
    return page.show("drafts/check.html", **_view(page, head))


def _view(page: Page, head: dict[str, Any]) -> dict[str, Any]:
    checked = publishing.check(page.service, head["id"])
    with page.reading() as db:
        names = rule_words.names_of(db)
        rules = drafts.rule_set(db, head["id"]).rules
    changed = [_changed(page, before, after, names) for before, after in checked.differences.changed[:SHOWN]]
    return {
        "draft": head,
        "seen": drafts.mark(head["rules"]),
        "checked": checked,
        "by_severity": _by_severity(checked.findings),
        "groups": groups(rules, checked.findings),
        "titles": _titles(rules, checked),
        "added": checked.differences.added[:SHOWN],
        "removed": checked.differences.removed[:SHOWN],
        "changed": changed,
        "loans": sorted(checked.loans, key=_most_loans)[:SHOWN],
        "shown": SHOWN,
        "names": names,
        "rule_words": rule_words,
        "sentence": sentence,
        "initial": initial,
        "result": lambda decision: _result(page, decision),
        "given": {},
    }


def _by_severity(findings: Iterable[Finding]) -> list[Severities]:
    sorted_ = {severity: [one for one in findings if one.severity is severity] for severity in Severity}
    return [Severities(one, found[:SHOWN], max(0, len(found) - SHOWN)) for one, found in sorted_.items() if found]


def _titles(rules: Iterable[Rule], checked: Checked) -> dict[str, str]:
    named = {one for finding in checked.findings for one in finding.rules}
    return {rule.id: rule.title for rule in rules if rule.id in named}


def _changed(page: Page, before: Rule, after: Rule, names: rule_words.Names) -> tuple[Rule, tuple[Difference, ...]]:
    return after, differences(page.words, before, after, names)


def _result(page: Page, decision: Decision) -> str:
    """What is decided and by which rule; without one, what holds then (R6)."""
    if decision.rule is None:
        return page.words.say("draft.result_default", value=rule_words.default(page.words, decision.kind))
    value = rule_words.value(page.words, decision.value, decision.kind)
    return page.words.say("draft.result", value=value, rule=decision.rule.title)


def _most_loans(one: LoanChange) -> tuple[int, str, str]:
    return -one.loans, one.change.kind, one.change.cell.organisation


@router.post("/drafts/{draft}/publish")
def publish(draft: str, page: RulesPage, form: TheForm) -> Response:
    """Make the draft the live set, as it was checked."""
    try:
        number, _ = publishing.publish(
            page.service,
            page.staff.name,
            draft,
            form.text("note"),
            anyway=form.ticked("anyway"),
            seen=form.needed("seen"),
        )
    except CirculationError as error:
        with page.reading() as db:
            head = drafts.shown(db, draft)
        view = {**_view(page, head), "given": {"note": form.text("note")}}
        return page.wrong("drafts/check.html", error, **view)
    return page.go(f"/rule-sets/{number}", "draft_published")
