"""The start page: what waits for somebody, and what is missing before the first loan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection, Select, exists, func, select

from circulation import machines, offline
from circulation.staff.page import AnyPage, Page
from circulation.staffing import ADMIN, DESK, MACHINES, RULES
from circulation.store import house
from circulation.store import tables as t

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Step:
    """Something an installation needs before it lends. ``code``: "home.step.<code>" says what."""

    code: str
    done: bool
    path: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something to look at. ``code``: "home.waiting.<code>" says what, with the count."""

    code: str
    count: int
    path: str


@router.get("/")
def home(page: AnyPage) -> Response:
    """What waits, and what is missing."""
    with page.reading() as db:
        steps = _steps(db)
    missing = [step for step in steps if not step.done]
    return page.show("home.html", steps=steps if missing else [], next_step=missing[0] if missing else None,
                     waiting=_waiting(page))  # fmt: skip


def _steps(db: Connection) -> list[Step]:
    def some(rows: Select[Any]) -> bool:
        return bool(db.execute(select(exists(rows))).scalar_one())

    enrolled = select(t.machine.c.id).where(t.machine.c.channel == machines.KIOSK)
    return [
        Step("codes", some(select(t.media_type.c.code)), "/codes", (ADMIN,)),
        Step("items", some(select(t.item.c.id)), "/manual/getting-data-in", ()),
        Step("rules", house.installation(db).live is not None, "/drafts", (RULES,)),
        Step("machine", some(enrolled), "/machines", (MACHINES,)),
    ]


def _waiting(page: Page) -> list[Waiting]:
    found = []
    if page.may(DESK, MACHINES):
        doubts = sum(not row["cleared"] for row in machines.doubts(page.service))
        breaches = len(offline.listed(page.service)) if page.may(DESK) else 0
        found.append(Waiting("attention", doubts + breaches, "/attention"))
    if page.may(RULES):
        with page.reading() as db:
            drafts = int(db.execute(select(func.count()).select_from(t.draft)).scalar_one())
        found.append(Waiting("drafts", drafts, "/drafts"))
    return [one for one in found if one.count]
