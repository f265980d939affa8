"""Loans that a later closing concerns: shown before anything is done, and moved if staff want it (R41)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from fastapi import APIRouter

import wording
from circulation import moving
from circulation.api import closing_models as m
from circulation.api.access import TheService
from circulation.api.models import Code
from circulation.api.staff_access import CalendarStaff
from circulation.api.staff_values import Language
from circulation.moving import Affected, Shown

router = APIRouter(prefix="/staff/organisations/{organisation}/closings", tags=["house"])


@router.get("/preview")
def preview(
    organisation: Code,
    service: TheService,
    staff: CalendarStaff,
    first: date,
    last: date,
    language: Language = "en",
) -> m.ClosingPreview:
    """Loans due on these days here and below, and where they would move; the closing need not be entered yet (R41)."""
    found = moving.preview(service, organisation, first, last)
    return m.ClosingPreview(
        organisation=organisation,
        first=first,
        last=last,
        ruleset=found.rule_set,
        loans=[_affected(one, language) for one in found.loans],
        more=found.more,
        away=[m.LoanAway(**asdict(one)) for one in found.away],
    )


@router.post("/move")
def move(
    organisation: Code, body: m.MoveAsked, service: TheService, staff: CalendarStaff, language: Language = "en"
) -> m.MovedLoans:
    """Move loans as the preview showed them; what has changed meanwhile is left and reported (R41)."""
    shown = [Shown(one.loan, one.due, one.new_due) for one in body.loans]
    done = moving.move(service, staff.name, organisation, body.first, body.last, shown)
    return m.MovedLoans(
        moved=[_affected(one, language) for one in done.moved],
        left=[m.LeftLoan(loan=loan, why=why, text=_why(why, language)) for loan, why in done.left.items()],
        not_shown=done.not_shown,
    )


def _affected(one: Affected, language: str) -> m.AffectedLoan:
    return m.AffectedLoan(**asdict(one), text=_why(one.why, language) if one.why is not None else None)


def _why(why: str, language: str) -> str:
    return wording.say_staff(f"closing.stays.{why}", {}, language)
