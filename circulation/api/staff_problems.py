"""Problems of rules as answers: all that is wrong in them, or all that stops publishing, in the language of staff."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from fastapi import Request, Response
from fastapi.responses import JSONResponse

import wording
from circulation.api import finding_models as m
from circulation.api.staff_values import LANGUAGES
from circulation.rulebook.drafts import RulesWrongError
from circulation.rulebook.publishing import FindingsError
from rules.finding import Finding
from rules.problems import Problem

ENGLISH = "en"
MOST_FINDINGS = 500  # a spreadsheet without its conditions has one for every two of its rules


def findings(found: Sequence[Finding], language: str) -> list[m.Finding]:
    """Findings as an answer has them, the gravest first; not all where there are very many."""
    say = partial(wording.say_staff, locale=language)
    return [
        m.Finding(
            severity=one.severity.value,
            code=one.code,
            text=one.sentence(say),
            rules=list(one.rules),
            kind=one.kind,
            level=one.level,
            organisation=one.organisation,
        )
        for one in found[:MOST_FINDINGS]
    ]


def left_out(found: Sequence[Finding]) -> int:
    """How many findings an answer does not have."""
    return max(len(found) - MOST_FINDINGS, 0)


def problems(found: Iterable[Problem], language: str) -> list[m.RuleProblem]:
    """Problems as an answer has them."""
    return [
        m.RuleProblem(
            place=one.place,
            code=one.code,
            text=wording.say_staff(f"check.{one.code}", one.params, language),
            rule=one.rule,
            key=one.key,
            line=one.line,
        )
        for one in found
    ]


def rules_wrong(request: Request, error: Exception) -> Response:
    """The answer to rules that are wrong in themselves."""
    if not isinstance(error, RulesWrongError):
        raise error
    told = problems(error.problems, language_of(request))
    return _answer(error.status, m.RulesProblem(error=error.code, detail=error.detail, problems=told))


def stopped(request: Request, error: Exception) -> Response:
    """The answer to a set that cannot be published."""
    if not isinstance(error, FindingsError):
        raise error
    told = findings(error.findings, language_of(request))
    more = left_out(error.findings)
    told_all = m.PublishProblem(error=error.code, detail=error.detail, findings=told, more_findings=more)
    return _answer(error.status, told_all)


HANDLERS = {RulesWrongError: rules_wrong, FindingsError: stopped}


def language_of(request: Request) -> str:
    """The language of staff a request asks for; English where it asks for one there is not."""
    asked = request.query_params.get("language", ENGLISH)
    return asked if asked in LANGUAGES else ENGLISH


def _answer(status: int, body: m.RulesProblem | m.PublishProblem) -> Response:
    return JSONResponse(body.model_dump(mode="json"), status_code=status)
