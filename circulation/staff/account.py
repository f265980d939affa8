"""A patron's account as the desk and the patron's own page show it. Not responsible for what is in it (people)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from circulation import blocking, desk, people, reserving
from circulation.blocking import Block
from circulation.domain.records import Place
from circulation.explaining import reason_text
from circulation.remaining import Allowance, CountedLoan, remaining
from circulation.staff import desk_words
from circulation.staff.page import Page
from circulation.staff.sitting import Sitting
from circulation.staff.words import Words
from circulation.store import house, reservations
from rules.age import age_on
from rules.refusals import Reason
from rules.rule import Facts

Row = dict[str, Any]
Names = Mapping[str, dict[str, str]]  # of media types, by code and language


@dataclass(frozen=True, slots=True)
class Stop:
    """What stops the patron, since when as far as that is known, and what lifts it."""

    text: str
    since: date | None
    lift: str


@dataclass(frozen=True, slots=True)
class Left:
    """How many more may be borrowed of what one limit is about; ``more`` None = as many as one likes."""

    of: str
    more: int | None
    limit: int | None
    rule: tuple[str, str] | None
    loans: tuple[CountedLoan, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """What is shown of a patron.

    Attributes:
        patron: the record.
        age: None where the date of birth is unknown.
        loans: with "overdue" and how many others are "waiting".
        reservations: with what they are "called", the "place" in the queue and what cancelling "costs".
        sums: what is owed, and whether invoices are counted apart (R35).
        filled: all that is owed, as one writes it into a field.
    """

    patron: Row
    age: int | None
    loans: list[Row]
    fees: list[Row]
    reservations: list[Row]
    sums: Row
    filled: str
    stops: list[Stop]
    left: list[Left]


def account(page: Page, patron: str) -> Account:
    """The account of a patron.

    Raises:
        CirculationError: there is no such patron, or no rules were published yet.
    """
    found = people.account(page.service, page.workplace, patron)
    with page.reading() as db:
        place = page.service.place(db, page.workplace)
        media_types = house.media_types(db)
        waiting = reservations.waiting_for(db, [loan["item_id"] for loan in found["loans"]], patron, page.today)
        reserved = list(_reserved(db, place, found["reservations"]))
    for loan in found["loans"]:
        loan["overdue"] = max((page.today - loan["due"]).days, 0)
        loan["waiting"] = waiting.get(loan["item_id"], 0)
    stops = blocking.explain_blocks(page.service, page.workplace, patron)
    allowances = remaining(page.service, page.workplace, patron)
    return Account(
        found["patron"],
        age_on(found["patron"]["born"], page.today),
        found["loans"],
        found["fees"],
        reserved,
        found["sums"],
        page.words.amount(found["sums"]["owed"]),
        [_stop(block, page.words) for block in stops],
        _left(allowances, page.words, media_types),
    )


def _stop(block: Block, words: Words) -> Stop:
    given: dict[str, Any] = dict(block.lift.params)
    if "amount" in given:
        given["amount"] = words.money(given["amount"])
    if "day" in given:
        given["day"] = words.day(date.fromisoformat(given["day"]))
    lift = words.say(f"patrons.lift.{block.lift.code}", **given)
    return Stop(reason_text(Reason(block.code, block.params), words.language), block.since, lift)


def _left(allowances: Sequence[Allowance], words: Words, media_types: Names) -> list[Left]:
    """What the same rule limits is told together."""
    several = Counter(one.media_type for one in allowances)
    by_rule: dict[str | None, list[Allowance]] = {}
    for one in allowances:
        by_rule.setdefault(one.rule.id if one.rule is not None else None, []).append(one)
    found = []
    for same in by_rule.values():
        first, rule = same[0], same[0].rule
        of = [_kind(one, words, media_types, apart=several[one.media_type] > 1) for one in same]
        told = (rule.id, rule.name) if rule is not None else None
        found.append(Left(", ".join(of), first.remaining, first.limit, told, first.loans))
    return found


def _kind(one: Allowance, words: Words, media_types: Names, *, apart: bool) -> str:
    """What an allowance is about; where a media type has several, with what its items have besides."""
    name = words.named(media_types.get(one.media_type, {}), one.media_type)
    besides = sorted({part for facts in one.items for part in _besides(facts)}) if apart else []
    return f"{name} ({', '.join(besides)})" if besides else name


def _besides(facts: Facts) -> list[str]:
    return [part for part in (facts.material_type, facts.department, facts.audience) if part is not None]


def _reserved(db: Connection, place: Place, rows: list[Row]) -> Iterator[Row]:
    titles = reservations.titles(db, {row["title"] for row in rows})
    for row in rows:
        queue = [one.id for one in reservations.queue(db, row["title"]) if one.state == "waiting"]
        number = queue.index(row["id"]) + 1 if row["id"] in queue else None
        costs = reserving.cost_of_cancelling(db, place, row["id"])
        yield {**row, "called": titles.get(row["title"], row["title"]), "number": number, "costs": costs}


def lines(page: Page, sitting: Sitting, branches: dict[str, str]) -> list[desk_words.Told]:
    """What was done so far, the newest first."""
    found = desk.recorded_lines(page.service, page.workplace, sitting.lines)
    return [desk_words.told(one, page.words, branches) for one in found]


def shown(page: Page, sitting: Sitting, patron: str | None) -> dict[str, Any]:
    """What every page with an account, or with lines of the desk, is made of."""
    with page.reading() as db:
        branches = page.names(db)
        media_types = house.media_types(db)
    return {
        "sitting": sitting,
        "lines": lines(page, sitting, branches),
        "account": account(page, patron) if patron is not None else None,
        "branches": branches,
        "media_types": media_types,
        "op": str(uuid4()),
        "given": {},
    }
