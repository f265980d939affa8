"""What a run of a task would do now: whom it would write to and why, with nothing sent, recorded or charged (R75)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response

from circulation.jobs import running, tasks
from circulation.jobs.types import TYPES
from circulation.staff import task_words
from circulation.staff.page import AdminPage, Page
from circulation.staff.rule_words import level_name, names_of
from circulation.staffing import DESK
from circulation.store import house
from circulation.store import people as store
from rules.rule import Rule

router = APIRouter()
MOST = 500  # lines of a page; the counts are those of all


@dataclass(frozen=True, slots=True)
class Line:
    """One notice.

    Attributes:
        way: "channel" in words; none = it is not sent.
        rules: those that decided, as far as they are in force.
        reason: why nothing is sent: "notices.reason.<reason>"; none = it is sent.
        fee: of its message, minor units; told at the first line of each.
    """

    patron: str
    way: str
    to: str
    level: str
    branch: str
    about: str
    loan: str
    rules: tuple[Rule, ...]
    reason: str
    fee: int


@router.get("/tasks/{task:int}/preview")
def preview(task: int, page: AdminPage) -> Response:
    """What would be sent to whom and why."""
    shown = tasks.one(page.service, task)
    found = running.preview(page.service, TYPES, shown.type, shown.options, shown.id)
    with page.reading() as db:
        names = names_of(db)
        live = house.installation(db).live
        people = store.names(db, {one["patron"] for one in found.lines[:MOST]}) if page.may(DESK) else {}
        rules = {rule.id: rule for rule in house.rule_set(db, live).rules} if live is not None else {}
    return page.show(
        "tasks/preview.html",
        now=page.service.clock(),
        task=shown,
        name=task_words.name(page.words, shown),
        counts=task_words.counts(page.words, found.counts),
        lines=tuple(_lines(page, found.lines[:MOST], rules)),
        left_out=len(found.lines[MOST:]),
        names=names,
        people=people,
    )


def _lines(page: Page, lines: tuple[Mapping[str, str], ...], rules: Mapping[str, Rule]) -> Iterator[Line]:
    for one in lines:
        sent = bool(one["channel"])
        reason, _, refusing = one["why"].partition(": ") if not sent else ("", "", one["why"])
        deciding = (rules.get(id_) for id_ in refusing.split(", "))
        yield Line(
            patron=one["patron"],
            way=page.words.name("notices.channel", one["channel"]) if sent else "",
            to=one["to"],
            level=level_name(page.words, one["level"] or None),
            branch=one["branch"],
            about=one["about"],
            loan=one["loan"],
            rules=tuple(rule for rule in deciding if rule is not None),
            reason=reason,
            fee=int(one["fee"]),
        )
