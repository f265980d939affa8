"""Open loans, and one loan with the rules that decided it, of the set it was made under (R78; question 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Connection

from circulation import explaining, people, searching
from circulation.errors import CirculationError
from circulation.machines import CHANNELS as MACHINE_CHANNELS
from circulation.searching import Loans
from circulation.staff import telling
from circulation.staff.page import DeskPage, Page, plain_form
from circulation.staff.telling import DueStory, Winner
from circulation.store import house, operations, rulesets
from circulation.store import people as store
from rules.kinds import KINDS
from rules.rule import Rule
from rules.survey import branches
from rules.values import Days, value_to_plain

router = APIRouter()
PAGE = "/loans"
FILTERS = ("branch", "overdue", "due_from", "due_to", "media_type", "channel")
CHANNELS = ("desk", *MACHINE_CHANNELS)
TAKEN_OVER = 0  # number of the set of loans that come from the former system
MOST_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Decided:
    """One kind that decided a loan. ``value``: in words, "" where it is not known any more."""

    code: str
    kind: str
    winner: Winner | None
    value: str


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
        rules = _rules_of(db, row["rule_set"])
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
        decided=_decided(page, row, rules, names),
        due=telling.due_lines(page.words, _story(row, rules)) if row["unadjusted"] is not None else [],
        moves=_moves(row),
        overdue=row["returned_at"] is None and row["due"] < page.today,
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:10]) <= MOST_NUMBER and len(text) <= 10):
        raise CirculationError("loan_unknown", "there is no such loan", 404)
    return int(text)


def _rules_of(db: Connection, number: int) -> Mapping[str, Rule]:
    """The rules of a published set by their ids; none where the loan comes from elsewhere."""
    if rulesets.set_of(db, number) is None:
        return {}
    return {rule.id: rule for rule in house.rule_set(db, number).rules}


def _decided(page: Page, row: Mapping[str, Any], rules: Mapping[str, Rule], names: Mapping[str, str]) -> list[Decided]:
    return [
        _one(page, kind, rules.get(winner) if winner is not None else None, winner, names)
        for kind, winner in row["rules"].items()
    ]


def _one(page: Page, kind: str, rule: Rule | None, winner: str | None, names: Mapping[str, str]) -> Decided:
    called = page.words.name("kind", kind)
    if winner is None:
        default = KINDS[kind].default if kind in KINDS else None
        plain = value_to_plain(default) if default is not None else None
        return Decided(kind, called, None, explaining.value_text(plain, page.words.language))
    if rule is None:  # of a set that is not here
        return Decided(kind, called, Winner(winner, winner, ""), "")
    by = Winner(rule.id, rule.title, names.get(rule.org, rule.org))
    return Decided(kind, called, by, telling.value(page.words, rule.value))


def _story(row: Mapping[str, Any], rules: Mapping[str, Rule]) -> DueStory:
    """How the due date came about at checkout or renewal, before staff moved it for a closing."""
    winners = row["rules"]
    kind = next((one for one in telling.LOAN_PERIODS if winners.get(one) is not None), None)
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
