"""Recorded operations: the list, and why each came out as it did (R76; question 1 of those staff must get answered)."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Response

from circulation import explaining, machines, searching
from circulation.errors import CirculationError
from circulation.searching import Decisions
from circulation.staff import telling
from circulation.staff.page import DeskPage, Page, link, plain_form
from circulation.store import people
from circulation.transactions import ACTIONS

router = APIRouter()
PAGE = "/decisions"
OUTCOMES = {"allowed": True, "refused": False}
FILTERS = ("machine", "action", "outcome", "item", "since", "until")


@router.get(PAGE)
def decisions(page: DeskPage) -> Response:
    """Operations, newest first."""
    asked = page.asked
    wanted = Decisions(
        asked.text("machine") or None,
        asked.text("action") or None,
        OUTCOMES.get(asked.text("outcome")),
        asked.text("item") or None,
        asked.day("since"),
        asked.day("until"),
    )
    found = searching.decisions(page.service, wanted, asked.text("after") or None)
    say = page.words.say
    return page.show(
        "decisions/list.html",
        found=found,
        given=plain_form(asked),
        query={key: asked.text(key) for key in FILTERS},
        actions=[(one, say(f"action.{one}")) for one in ACTIONS],
        machines=[(one["id"], one["name"]) for one in machines.listed(page.service)],
        outcomes=[(one, say(f"decisions.{one}")) for one in OUTCOMES],
        reason_name=telling.reason_name,
    )


@router.get(PAGE + "/{operation}")
def decision(page: DeskPage, operation: str) -> Response:
    """One operation as a story and as a table."""
    try:
        told = explaining.explain(page.service, operation, page.words.language)
    except CirculationError as error:
        if error.code != "operation_unknown":
            raise
        return page.show("decisions/gone.html", 404)
    patron = explaining.patron_of(page.service, operation)
    with page.reading() as db:
        names = page.names(db)
        item, who = people.item(db, told["item"]), people.patron(db, patron) if patron is not None else None
    due = date.fromisoformat(told["due"]) if told["due"] else None
    return page.show(
        "decisions/one.html",
        told=told,
        sentence=telling.outcome(page.words, [raw["text"] for raw in told["reasons"]], due),
        steps=telling.steps(page.words, told["steps"], names),
        numbers=telling.numbers(page.words, told["details"]["numbers"]),
        due=_due(page, told, due),
        due_day=due,
        override=explaining.override_of(page.service, operation),
        desk=_desk(page, told, names),
        item=item,
        patron=who,
        names=names,
        again=_again(told, patron),
    )


def _due(page: Page, told: dict[str, Any], due: date | None) -> list[str]:
    if due is None:
        return []
    return telling.due_lines(page.words, telling.story_of_trace(due, told["steps"], told["details"]))


def _desk(page: Page, told: dict[str, Any], names: dict[str, str]) -> dict[str, Any] | None:
    """What the desk would have said; None where the machine's own rule did not end it."""
    answer = told["at_desk"]
    if answer is None:
        return None
    reasons = telling.reasons(page.words, answer["reasons"])
    steps = telling.steps(page.words, answer["steps"], names)
    period = next((step for step in steps if step.code in explaining.LOAN_PERIODS), None)
    return {
        "allowed": answer["allowed"],
        "sentence": telling.outcome(page.words, reasons, answer["due"]),
        "reasons": reasons,
        "steps": steps,
        "period": period if answer["due"] is not None else None,
    }


def _again(told: dict[str, Any], patron: str | None) -> str:
    """The same question by the rules in force, today."""
    asked = {"action": told["action"], "item": told["item"], "patron": patron}
    return link("/what-if", **asked, channel=told["channel"], branch=told["organisation"])
