"""How notices are told on pages: what they are called, how they stand and why, what comes next (questions 9 and 10).

Not responsible for what was decided (notices.asking) or for lists (pages).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from circulation.domain.noticing import DUNNING, REMINDERS
from circulation.notices import asking
from circulation.notices.asking import Answer, OfLoan
from circulation.notices.channels import replies
from circulation.notices.content import DUE_WARNING, KINDS
from circulation.notices.looking import STATES, Seen
from circulation.staff import winners
from circulation.staff.page import Page
from circulation.staff.telling import Winner
from circulation.staff.words import Words
from circulation.store import house
from circulation.store import notices as store
from rules.values import Days

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
PERIODS = (REMINDERS.period, DUNNING.period)
SETTLED = (store.UNCERTAIN, store.FAILED)  # what staff can settle


@dataclass(frozen=True, slots=True)
class State:
    """How a notice stands. ``rule``: the one that says no."""

    text: str
    badge: str
    reason: str
    rule: Winner | None = None


@dataclass(frozen=True, slots=True)
class MadeWith:
    """The text a message was made with. ``where``: of the editor that shows it; None = it is shipped."""

    text: str
    where: Mapping[str, Any] | None


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
    if level and not level.isdigit():
        return words.say(f"notices.{level}.{kind}")
    called = words.name("notices.kind", kind)
    return words.say("notices.level", kind=called, level=level) if level else called


def channels(words: Words, codes: Sequence[str]) -> str:
    """Ways in words."""
    return ", ".join(words.name("notices.channel", one) for one in codes)


def reply(words: Words, text: str | None) -> str:
    """What the server said, or what we say in its place."""
    return replies.sentence(text, words.language) if text else ""


def made_with(words: Words, kept: Mapping[str, Any] | None, names: Mapping[str, str]) -> MadeWith | None:
    """Which text a message was made with (R78)."""
    if kept is None:
        return None
    if "shipped" in kept:
        return MadeWith(words.say("notices.made_with.shipped", version=kept["shipped"]), None)
    whose = names.get(kept["organisation"], kept["organisation"])
    return MadeWith(words.say("notices.made_with.own", n=str(kept["number"]), organisation=whose), kept)


def state(words: Words, row: Any, rules: winners.Rules, names: Mapping[str, str]) -> State:
    """How a message or a notice stands."""
    rule = getattr(row, "rule", None)
    return State(
        words.name("notices.state", row.state),
        BADGES.get(row.state, "info"),
        words.name("notices.reason", row.reason) if row.reason else "",
        winners.winner_of(rule, rules, names) if rule is not None else None,
    )


def counted(words: Words, counts: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    """What a run did: each state with its number in words, "sent: 40"."""
    there = (one for one in STATES if counts.get(one))
    return tuple((one, f"{words.say(f'notices.state.{one}')}: {words.number(counts[one])}") for one in there)


def earliest(seen: Seen, rules: winners.Rules) -> date | None:
    """The first day on which the rules let a reminder go out, whenever it went; None = it is none, or not known."""
    counted_from = [one.due or one.since for one in seen.notices if one.due or one.since]
    period = next((rules.get(rule or "") for kind, rule in seen.winners.items() if kind in PERIODS), None)
    days = period.value.days if period is not None and isinstance(period.value, Days) else None
    return min(counted_from) + timedelta(days=days) if counted_from and days is not None else None


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
