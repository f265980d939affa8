"""The log of notices, one message, and why a loan got a notice or none (R74; questions 9 and 10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Response

from circulation import people, searching
from circulation.domain.noticing import WARNING
from circulation.errors import CirculationError
from circulation.notices import asking, looking, settling
from circulation.searching import Patrons
from circulation.staff import notice_words, winners
from circulation.staff.notice_words import State
from circulation.staff.page import DeskPage, Page, TheForm, plain_form
from circulation.store import people as store

router = APIRouter()
PAGE = "/notices"
FILTERS = ("loan", "item", "kind", "state", "day", "patron")
MOST_LOANS = 10  # of a message, that are asked what comes next
MOST_NUMBER = looking.MOST_NUMBER


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the log. ``about``: (loan or None, item or None, what it is called)."""

    number: int | None
    at: datetime
    name: str
    patron: tuple[str, str] | None
    about: tuple[tuple[int | None, str | None, str], ...]
    channel: str
    address: str
    state: State
    reply: str
    fee: int


@router.get(PAGE)
def log(page: DeskPage) -> Response:
    """Messages and skipped notices, newest first."""
    asked = page.asked
    texts = {name: asked.text(name) or None for name in ("patron", "item", "kind", "state")}
    wanted = looking.search(page.service, **texts, loan=asked.number("loan"), day=asked.day("day"))
    found = looking.log(page.service, wanted, asked.text("after") or None)
    rules = notice_words.live_rules(page)
    with page.reading() as db:
        names = page.names(db)
        patron = store.patron(db, texts["patron"]) if texts["patron"] else None
        loans = store.open_loans(db, patron.id) if patron is not None else []
    return page.show(
        "notices/list.html",
        lines=[_line(page, one, rules, names) for one in found.lines],
        next=found.next,
        patron=patron,
        loans=loans,
        query={name: asked.text(name) for name in FILTERS},
        given=plain_form(asked),
        kinds=notice_words.kinds(page.words),
        states=notice_words.states(page.words),
    )


def _line(page: Page, one: looking.Entry, rules: winners.Rules, names: dict[str, str]) -> Line:
    row, words = one.row, page.words
    patron = (row.patron_id, f"{row.last_name}, {row.first_name}") if row.patron_id else None
    is_message = one.number is not None
    return Line(
        one.number,
        one.at,
        notice_words.name(words, row.kind, row.level),
        patron,
        tuple(_about(one.notices, names)),
        notice_words.channels(words, [row.channel]) if is_message else "",
        (row.address or "") if is_message else "",
        notice_words.state(words, row, rules, names),
        notice_words.reply(words, row.reply) if is_message else "",
        row.fee if is_message else 0,
    )


def _about(notices: Iterable[Any], names: dict[str, str]) -> Iterable[tuple[int | None, str | None, str]]:
    for one in notices:
        if one.item is not None:
            yield one.loan_id, one.item, one.title or one.item
        elif one.organisation is not None:
            yield None, None, names.get(one.organisation, one.organisation)


@router.post(PAGE + "/patron")
def find_patron(page: DeskPage, form: TheForm) -> Response:
    """Find whose notices are meant by card or name, neither of which stands in an address."""
    text = form.text("q")
    if not text:
        return page.go(PAGE)
    try:
        return page.go(PAGE, patron=people.by_card(page.service, text))
    except CirculationError:
        listed = searching.patrons(page.service, Patrons(text))
    if len(listed.rows) == 1:
        return page.go(PAGE, patron=listed.rows[0]["id"])
    return page.show("notices/whose.html", listed=listed, q=text)


# --- one message ------------------------------------------------------------------------------------------------------


@router.get(PAGE + "/{message:int}")
def one(page: DeskPage, message: int) -> Response:
    """What was sent, what became of it, which rules decided it, and what comes next."""
    seen = looking.message(page.service, message)
    row = seen.row
    with page.reading() as db:
        names = page.names(db)
        rules = winners.rules_of(db, row.rule_set)
    loans = [one.loan_id for one in seen.notices if one.loan_id is not None and one.returned_at is None]
    return page.show(
        "notices/one.html",
        row=row,
        name=notice_words.name(page.words, row.kind, row.level),
        state=notice_words.state(page.words, row, rules, names),
        channel=notice_words.channels(page.words, [row.channel]),
        reply=notice_words.reply(page.words, row.reply),
        made_with=notice_words.made_with(page.words, row.made_with, names),
        notices=[(one, notice_words.state(page.words, one, rules, names)) for one in seen.notices],
        composed=looking.again(page.service, seen),
        decided=winners.decided(page.words, seen.winners, rules, names),
        earliest=notice_words.earliest(seen, rules),
        by_task=seen.winners.get(WARNING, "") is None,
        names=names,
        settled=row.state in notice_words.SETTLED,
        coming=[
            (one, notice_words.of_loan(page, asking.of_loan(page.service, one), names).next)
            for one in loans[:MOST_LOANS]
        ],
    )


@router.post(PAGE + "/{message:int}/settle")
def settle(page: DeskPage, message: int, form: TheForm) -> Response:
    """Say of an uncertain or failed message that it arrived, or let it be sent again."""
    settling.settle(page.service, page.staff.name, min(message, MOST_NUMBER), left=form.text("left") == "yes")
    return page.go(f"{PAGE}/{message}", "notice_settled")


# --- why --------------------------------------------------------------------------------------------------------------


@router.get(PAGE + "/why")
def why(page: DeskPage) -> Response:
    """Why a loan gets a notice, or none (question 10)."""
    text = page.asked.text("loan")
    if not text:
        return page.show("notices/why.html", loan=None, given=plain_form(page.asked), error=None)
    try:
        found = asking.of_loan(page.service, looking.loan_meant(page.service, text))
    except CirculationError as error:
        return page.wrong("notices/why.html", error, loan=None, given=plain_form(page.asked))
    with page.reading() as db:
        names = page.names(db)
        patron = store.patron(db, found.loan.patron_id) if found.loan.patron_id else None
    return page.show(
        "notices/why.html",
        loan=found.loan,
        patron=patron,
        notices=notice_words.of_loan(page, found, names),
        given=plain_form(page.asked),
        error=None,
    )
