"""Documents about loans that a later closing concerns (R41). Titles and dates, never whose loans they are."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from circulation.api.models import Answer, Asked
from circulation.moving import MOST_LOANS, Left, Stays

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]


class AffectedLoan(Answer):
    """An open loan that is due on one of the days.

    ``branch``: of the original checkout; ``new_due``: null = it stays, and ``why`` and ``text`` say why; ``rule``: id
    of the rule that gives the days, null = there is none.
    """

    loan: int
    item: str
    title: str
    branch: str
    due: date
    new_due: date | None
    why: Stays | None
    text: str | None
    rule: str | None


class LoanAway(Answer):
    """An open loan that was moved off one of the days before: the day it ``was`` due, and who moved it."""

    loan: int
    item: str
    title: str
    branch: str
    was: date
    due: date
    by: str


class ClosingPreview(Answer):
    """What a closing means for loans, as if it held.

    ``loans``: first those that would move; ``more``: how many were left out; ``away``: loans that were moved off these
    days before, which do not move back when the closing is taken back.
    """

    organisation: str
    first: date
    last: date
    ruleset: int
    loans: list[AffectedLoan]
    more: int
    away: list[LoanAway]


class ShownLoan(Asked):
    """A loan as the preview showed it."""

    loan: Number
    due: date
    new_due: date


class MoveAsked(Asked):
    """Move these loans off the days, both inclusive."""

    first: date
    last: date
    loans: Annotated[list[ShownLoan], Field(min_length=1, max_length=MOST_LOANS)]


class LeftLoan(Answer):
    """A loan that was shown and left as it is: ``why``, and ``text`` in words."""

    loan: int
    why: Left
    text: str


class MovedLoans(Answer):
    """What became of the loans. ``not_shown``: others that are due on those days; nothing was done to them."""

    moved: list[AffectedLoan]
    left: list[LeftLoan]
    not_shown: int
