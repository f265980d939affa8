"""The start page: what waits for somebody, and what is missing before the first loan."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from circulation import machines, offline
from circulation.staff.page import AnyPage, Page
from circulation.staffing import ADMIN, DESK, MACHINES, RULES
from circulation.store import debts, house, jobs, mail, progress
from circulation.store import notice_lists as lists

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
    steps = steps if missing else []
    return page.show("home.html", steps=steps, next_step=missing[0] if missing else None, waiting=_waiting(page))


def _steps(db: Connection) -> list[Step]:
    return [
        Step("codes", progress.has_media_types(db), "/codes", (ADMIN,)),
        Step("items", progress.has_items(db), "/manual/getting-data-in", ()),
        Step("rules", house.installation(db).live is not None, "/drafts", (RULES,)),
        Step("machine", progress.has_machines(db, machines.KIOSK), "/machines", (MACHINES,)),
    ]


def _of_desk(page: Page) -> int:
    with page.reading() as db:
        return len(offline.listed(page.service)) + len(debts.invoices_of_returned(db))


def _waiting(page: Page) -> list[Waiting]:
    found = []
    if page.may(DESK, MACHINES):
        doubts = sum(not row["cleared"] for row in machines.doubts(page.service))
        found.append(Waiting("attention", doubts + (_of_desk(page) if page.may(DESK) else 0), "/attention"))
    if page.may(DESK):
        with page.reading() as db:
            found.append(Waiting("uncertain", lists.count_uncertain(db), "/notices?state=uncertain"))
    if page.may(DESK, ADMIN):
        with page.reading() as db:
            found.append(Waiting("backlog", len(lists.backlogs(db)), "/notices/tonight"))
    if page.may(ADMIN):
        with page.reading() as db:
            found.append(Waiting("failed", jobs.count_failed(db), "/tasks"))
            found.append(Waiting("trouble", mail.in_trouble(db), "/mail"))
    if page.may(RULES):
        with page.reading() as db:
            drafts = progress.count_drafts(db)
        found.append(Waiting("drafts", drafts, "/drafts"))
    return [one for one in found if one.count]
