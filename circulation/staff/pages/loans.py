"""Open loans, and one loan with the rules that decided it, of the set it was made under (R78; question 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Response

from circulation import explaining, people, searching
from circulation.errors import CirculationError
from circulation.machines import CHANNELS as MACHINE_CHANNELS
from circulation.notices import asking
from circulation.searching import Loans
from circulation.staff import notice_words, telling, winners
from circulation.staff.page import DeskPage, plain_form
from circulation.staff.telling import DueStory
from circulation.store import house, operations
from circulation.store import people as store
from rules.rule import Rule
from rules.survey import branches
from rules.values import Days

router = APIRouter()
PAGE = "/loans"
FILTERS = ("branch", "overdue", "due_from", "due_to", "media_type", "channel")
CHANNELS = ("desk", *MACHINE_CHANNELS)
TAKEN_OVER = 0  # number of the set of loans that come from the former system
MOST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Move:
    """How staff moved a due date off a closing (R41)."""

    by: str
    at: datetime
    was: date
    due: date


@router.get(PAGE)
def loans(page: DeskPage) -> Response:
    """Open loans, the one due first at the top."""
    asked = page.asked
    wanted = Loans(
        asked.text("branch") or None,
        asked.ticked("overdue"),
        asked.day("due_from"),
        asked.day("due_to"),
        asked.text("media_type") or None,
        asked.text("channel") or None,
    )
    found = searching.loans(page.service, wanted, asked.text("after") or None)
    query = {key: asked.text(key) for key in FILTERS}
    with page.reading() as db:
        tree, types = house.organisations(db), house.media_types(db)
    say = page.words.say
    return page.show(
        "loans/list.html",
        found=found,
        query=query,
        given=plain_form(asked),
        names={id_: node.name for id_, node in tree.nodes.items()},
        places=[(one, tree.nodes[one].name) for one in sorted(branches(tree))],
        types=[(code, f"{page.words.named(names, code)} ({code})") for code, names in types.items()],
        channels=[(one, say(f"what_if.channel.{one}")) for one in CHANNELS],
    )


@router.get(PAGE + "/{loan}")
def loan(page: DeskPage, loan: str) -> Response:
    """One loan: how it stands, and why it is due when it is."""
    row = people.loan(page.service, _number(loan))
    with page.reading() as db:
        names = page.names(db)
        rules = winners.rules_of(db, row["rule_set"])
        item = store.item(db, row["item_id"])
        patron = store.patron(db, row["patron_id"]) if row["patron_id"] else None
        operation = operations.of_loan(db, row["item_id"], row["renewed_at"] or row["out_at"])
    return page.show(
        "loans/one.html",
        loan=row,
        item=item,
        patron=patron,
        names=names,
        operation=operation,
        taken_over=row["rule_set"] == TAKEN_OVER,
        decided=winners.decided(page.words, row["rules"], rules, names),
        notices=notice_words.of_loan(page, asking.of_loan(page.service, row["id"]), names),
        due=telling.due_lines(page.words, _story(row, rules)) if row["unadjusted"] is not None else [],
        moves=_moves(row),
        overdue=row["returned_at"] is None and row["due"] < page.today,
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:10]) <= MOST_NUMBER and len(text) <= 10):
        raise CirculationError("loan_unknown", "there is no such loan", 404)
    return int(text)


def _story(row: Mapping[str, Any], rules: Mapping[str, Rule]) -> DueStory:
    """How the due date came about at checkout or renewal, before staff moved it for a closing."""
    winners = row["rules"]
    kind = next((one for one in explaining.LOAN_PERIODS if winners.get(one) is not None), None)
    step = rules.get(winners.get(telling.ADJUSTMENT) or "")
    days = step.value.days if step is not None and isinstance(step.value, Days) else 0
    given: date = date.fromisoformat(row["moved"][0]["was"]) if row["moved"] else row["due"]
    by = rules.get(winners[kind]) if kind is not None else None
    return DueStory(given, row["unadjusted"], row["period"], kind, by, days)


def _moves(row: Mapping[str, Any]) -> list[Move]:
    return [
        Move(
            step["by"],
            datetime.fromisoformat(step["at"]),
            date.fromisoformat(step["was"]),
            date.fromisoformat(step["due"]),
        )
        for step in row["moved"] or ()
    ]
