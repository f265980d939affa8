"""How notices are told on pages: what they are called, how they stand and why, what comes next (questions 9 and 10).

Not responsible for what was decided (notices.asking) or for lists (pages).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from circulation.notices import asking
from circulation.notices.asking import Answer, OfLoan
from circulation.notices.channels import replies
from circulation.notices.content import DUE_WARNING, KINDS
from circulation.notices.looking import STATES
from circulation.staff import winners
from circulation.staff.page import Page
from circulation.staff.telling import Winner
from circulation.staff.words import Words
from circulation.store import house
from circulation.store import notices as store

# How urgent each state is: the kind of its badge.
BADGES: Mapping[str, str] = {
    store.PLANNED: "info",
    store.SENDING: "info",
    store.SENT: "ok",
    store.FAILED: "stop",
    store.UNCERTAIN: "act",
    store.CANCELLED: "staff",
    store.SKIPPED: "act",
}
SETTLED = (store.UNCERTAIN, store.FAILED)  # what staff can settle
INVOICE = "invoice"


@dataclass(frozen=True, slots=True)
class State:
    """How a notice stands. ``rule``: the one that says no."""

    text: str
    badge: str
    reason: str
    rule: Winner | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """A notice that stands in the ledger. ``at``: when it ended, or was written down."""

    at: datetime
    name: str
    state: State
    channel: str
    address: str
    message: int | None
    reply: str


@dataclass(frozen=True, slots=True)
class Coming:
    """What a task does about a loan next, in words.

    Attributes:
        task: its id and name; None = there is none.
        on: the first day for it, where that can be told.
        ready: its next run sends it.
    """

    name: str
    task: tuple[int, str] | None
    sentence: str
    on: date | None
    ready: bool
    rule: Winner | None


@dataclass(frozen=True, slots=True)
class Told:
    """All notices of a loan. ``refused``: ways whose address was refused."""

    past: tuple[Past, ...]
    next: tuple[Coming, ...]
    ways: str
    refused: str


def kinds(words: Words) -> list[tuple[str, str]]:
    """The kinds of notices, to choose from."""
    return [(one, words.say(f"notices.kind.{one}")) for one in KINDS]


def states(words: Words) -> list[tuple[str, str]]:
    """The states, to choose from."""
    return [(one, words.say(f"notices.state.{one}")) for one in STATES]


def name(words: Words, kind: str, level: str) -> str:
    """What a notice is called."""
    if level == INVOICE:
        return words.say(f"notices.invoice.{kind}")
    called = words.name("notices.kind", kind)
    return words.say("notices.level", kind=called, level=level) if level else called


def channels(words: Words, codes: Sequence[str]) -> str:
    """Ways in words."""
    return ", ".join(words.name("notices.channel", one) for one in codes)


def reply(words: Words, text: str | None) -> str:
    """What the server said, or what we say in its place."""
    return replies.sentence(text, words.language) if text else ""


def state(words: Words, row: Any, rules: winners.Rules, names: Mapping[str, str]) -> State:
    """How a message or a notice stands."""
    rule = getattr(row, "rule", None)
    return State(
        words.name("notices.state", row.state),
        BADGES.get(row.state, "info"),
        words.name("notices.reason", row.reason) if row.reason else "",
        winners.winner_of(rule, rules, names) if rule is not None else None,
    )


def counted(words: Words, counts: Mapping[str, int]) -> str:
    """What a run did, by state: "sent: 40, failed: 1"."""
    named = ((words.say(f"notices.state.{one}"), counts[one]) for one in STATES if counts.get(one))
    return ", ".join(f"{what}: {words.number(number)}" for what, number in named)


def live_rules(page: Page) -> winners.Rules:
    """The rules in force, by id."""
    with page.reading() as db:
        return winners.rules_of(db, house.installation(db).live)


def of_loan(page: Page, found: OfLoan, names: Mapping[str, str]) -> Told:
    """The notices of a loan in words."""
    words, rules = page.words, live_rules(page)
    past = tuple(
        Past(
            one.ended_at or one.at,
            name(words, one.kind, one.level),
            state(words, one, rules, names),
            channels(words, [one.channel] if one.channel else []),
            one.address or "",
            one.message,
            reply(words, one.reply),
        )
        for one in found.past
    )
    coming = tuple(_coming(page, one, found.loan.due, rules, names) for one in found.next)
    return Told(past, coming, channels(words, found.ways), channels(words, found.refused))


def _coming(page: Page, one: Answer, due: date, rules: winners.Rules, names: Mapping[str, str]) -> Coming:
    words, noticed = page.words, one.noticed
    refusing = one.refusing
    return Coming(
        name(words, one.kind, noticed.level if noticed is not None else ""),
        (one.task.id, one.task.name) if one.task is not None else None,
        _sentence(words, one, due),
        noticed.on if noticed is not None else None,
        one.why is None,
        winners.winner_of(refusing, rules, names) if refusing is not None else None,
    )


def _sentence(words: Words, one: Answer, due: date) -> str:
    """Why there is none, or when it goes out."""
    if one.why is None:
        return words.say("notices.why.next_run", at=words.instant(one.task.next_due if one.task is not None else None))
    if one.why == asking.TOLD and one.told is not None:
        return words.say("notices.why.told", state=words.name("notices.state", one.told.state))
    on = one.noticed.on if one.noticed is not None else None
    dated = f"notices.why.{one.why}.on"
    never = one.kind == DUE_WARNING and on is not None and on > due  # a loan of a day has no day for a warning
    if on is not None and words.knows(dated) and not never:
        return words.say(dated, date=on)
    return words.say(f"notices.why.{one.why}")
