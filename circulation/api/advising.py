"""What the editor of rules asks for while a rule is written: advice on totals, and one rule looked at (R22, R33)."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from fastapi import APIRouter

import wording
from circulation.api import advice_models as m
from circulation.api.access import TheService
from circulation.api.models import Code
from circulation.api.rule_models import RulePlain
from circulation.api.rules import RuleSetName
from circulation.api.staff_access import RuleStaff
from circulation.api.staff_problems import findings, problems
from circulation.api.staff_values import Language
from circulation.rulebook import advising, drafts
from circulation.rulebook.advising import Advice
from rules.finding import case_words, rule_value_words

router = APIRouter(prefix="/staff/rules", tags=["rules"])


@router.get("/advice")
def advice(
    service: TheService,
    staff: RuleStaff,
    kind: Code,
    organisation: Code | None = None,
    ruleset: RuleSetName = drafts.LIVE,
    language: Language = "en",
) -> m.RuleAdvice:
    """The smallest and largest total limits of loans come to, by default at the session's branch (R22)."""
    place = organisation or staff.branch
    found = advising.advice(service, kind, place, ruleset)
    told = [_total(one, language) for one in found]
    return m.RuleAdvice(kind=kind, organisation=place, ruleset=ruleset, totals=told)


def _total(one: Advice, language: str) -> m.Total:
    say = partial(wording.say_staff, locale=language)
    who = case_words(one.patron)
    return m.Total(
        who=say(who.code, who.params),
        patron=dict(one.patron),
        smallest=one.totals.smallest,
        largest=one.totals.largest,
        varies=one.totals.varies,
        rules=[rule.id for rule in one.totals.rules],
        text=one.finding.sentence(say) if one.finding is not None else None,
    )


@router.post("/look")
def look(body: RulePlain, service: TheService, staff: RuleStaff, language: Language = "en") -> m.RuleLooked:
    """What is wrong with a rule, its value in words, and where its fee jumps (R33); nothing is stored."""
    found = advising.look(service, body)
    value = None
    if found.kind is not None and found.value is not None:
        words = rule_value_words(found.kind, found.value)
        value = wording.say_staff(words.code, words.params, language)
    return m.RuleLooked(
        problems=problems(found.problems, language),
        value=value,
        jumps=[m.Jump(**asdict(jump)) for jump in found.jumps],
        findings=findings(found.findings, language),
    )
