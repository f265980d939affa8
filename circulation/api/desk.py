"""The desk: operations with override, what-if and explanations, what staff must look at."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

import wording
from circulation import desk, explaining, offline, operations, whatif
from circulation.api import desk_models as m
from circulation.api import models
from circulation.api.access import TheService
from circulation.api.staff_access import Desk
from circulation.domain.records import Override
from circulation.errors import CirculationError
from circulation.operations import Asked, reason_line

router = APIRouter(prefix="/staff", tags=["desk"])
Language = Annotated[str, Query(max_length=16)]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


def language_of(language: str) -> str:
    """A language there is.

    Raises:
        CirculationError: there is no such language.
    """
    known = wording.languages()
    if language not in known:
        raise CirculationError("language", f"there are the languages {', '.join(known)}")
    return language


@router.post("/operations")
def run(body: m.DeskOperationsAsked, service: TheService, staff: Desk) -> m.DeskLines:
    """Carry out operations in the given order, each in its own transaction; refusals may be overridden (R83, R87)."""
    at = desk.workplace(service, staff)
    override = None
    if body.override is not None:
        override = Override(staff.name, staff.may_override, body.override.reason, body.override.due)
    lines = []
    for one in body.operations:
        whose = None if one.action == operations.RETURN else body.patron
        line, details = desk.carry_out(service, at, Asked(one.id, one.action, one.item, whose, override))
        lines.append(m.DeskLine(line=models.line_of(line), details=m.DeskDetails(**details) if details else None))
    return m.DeskLines(lines=lines)


@router.get("/operations/{operation}/explanation")
def explanation(
    operation: Annotated[str, Path(pattern=models.UUID_PATTERN)],
    service: TheService,
    staff: Desk,
    language: Language = "en",
) -> m.Explanation:
    """Why an operation came out as it did, in words (R76)."""
    return m.Explanation(**explaining.explain(service, operation, language_of(language)))


@router.post("/what-if")
def what_if(body: m.WhatIfAsked, service: TheService, staff: Desk, language: Language = "en") -> m.WhatIfAnswer:
    """What would happen; nothing is done or counted (R77)."""
    said = language_of(language)
    answer = whatif.ask(service, whatif.Question(**body.model_dump()))
    plain = whatif.plain(answer)
    text = [line for step in plain["steps"] for line in explaining.step_text(step, said)]
    text += [explaining.reason_text(reason, said) for reason in answer.verdict.reasons]
    reasons = [models.Reason(**reason_line(reason)) for reason in plain.pop("reasons")]
    return m.WhatIfAnswer(**plain, reasons=reasons, text=text)


@router.get("/breaches")
def breaches(service: TheService, staff: Desk, cleared: bool = False) -> m.BreachList:
    """Off-line breaches (R82), conflicts after a restore (R88), marked items that turned up at a machine (R84)."""
    return m.BreachList(breaches=[m.BreachRecord(**row) for row in offline.listed(service, cleared=cleared)])


@router.post("/breaches/{breach}/clear", status_code=204)
def clear_breach(breach: Number, service: TheService, staff: Desk) -> None:
    """Note that staff have looked at it."""
    offline.clear(service, breach, staff.name)
