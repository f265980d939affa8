"""Answers to what-if questions as pages show them: in words, with one thing changed, beside those of other rules (R77).

Question 8 of those staff must get answered: tomorrow, on the birthday, at the other branch. Not responsible for what is
asked (pages.what_if) or for deciding (whatif).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from circulation import whatif
from circulation.machines import KIOSK, WEB
from circulation.staff import telling
from circulation.staff.page import Page, link
from circulation.staff.telling import Told
from circulation.whatif import RESERVE, Answer, Question

PAGE = "/what-if"
DESK = "desk"
CHANNELS = (DESK, KIOSK, WEB)
KEYS = ("action", "item", "patron", "channel", "branch", "on", "rules", "pickup")
MOST_BRANCHES = 5  # other branches that are asked too; each one is a decision of its own
MOST_DRAFTS = 3


@dataclass(frozen=True, slots=True)
class Around:
    """What the form offers, and who and what is asked about."""

    places: tuple[tuple[str, str], ...]
    names: Mapping[str, str]
    drafts: tuple[tuple[str, str], ...]
    sets: tuple[int, ...]
    live: int | None
    item: Any = None
    patron: Any = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer in words."""

    answer: Answer
    sentence: str
    reasons: list[str]
    steps: list[Told]
    numbers: list[tuple[str, str]]
    due: list[str]


@dataclass(frozen=True, slots=True)
class Other:
    """The same question with one thing changed: its name and address, the answer, and until when or why not."""

    name: str
    path: str
    allowed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Pair:
    """One kind as two sets of rules decide it; None = it was not come to."""

    kind: str
    left: Told | None
    right: Told | None
    differs: bool


# --- the answer -------------------------------------------------------------------------------------------------------


def in_words(page: Page, question: Question, around: Around) -> Shown:
    """Ask, and say what came of it."""
    answer = whatif.ask(page.service, question)
    words, verdict = page.words, answer.verdict
    reasons = telling.reasons(words, verdict.reasons)
    story = telling.story_of(verdict)
    return Shown(
        answer,
        telling.outcome(words, reasons, verdict.due.day if verdict.due is not None else None),
        reasons,
        telling.steps(words, [step.to_plain() for step in verdict.steps], around.names, answer.differs),
        telling.numbers(words, verdict.numbers),
        telling.due_lines(words, story) if story is not None else [],
    )


def otherwise(page: Page, question: Question, shown: Shown) -> date | None:
    """Until when it would be if staff set aside what is against it (question 4)."""
    if question.action == RESERVE or not shown.reasons:
        return None
    due = whatif.ask(page.service, replace(question, override=True)).verdict.due
    return due.day if due is not None else None


def others(page: Page, question: Question, around: Around) -> Iterator[Other]:
    """The same with one thing changed (question 8)."""
    for name, changed in _changes(page, question, around):
        answer = whatif.ask(page.service, changed)
        due = answer.verdict.due
        reasons = telling.reasons(page.words, answer.verdict.reasons)
        until = page.words.say("what_if.until", date=due.day) if due is not None else ""
        yield Other(name, link(PAGE, **_address(changed)), not reasons, reasons[0] if reasons else until)


def _changes(page: Page, question: Question, around: Around) -> Iterator[tuple[str, Question]]:
    """The question with one thing changed, and how that is called (question 8)."""
    say, on = page.words.say, question.on or page.today
    for channel in CHANNELS:
        if channel != question.channel:
            yield say(f"what_if.channel.{channel}"), replace(question, channel=channel)
    elsewhere = [one for one in around.places if one[0] != question.branch][:MOST_BRANCHES]
    for branch, name in elsewhere:
        yield say("what_if.at", branch=name), replace(question, branch=branch)
    if question.on not in (None, page.today):
        yield say("what_if.today", date=page.today), replace(question, on=None)
    yield say("what_if.day_after", date=on + timedelta(days=1)), replace(question, on=on + timedelta(days=1))
    birthday = _birthday(around.patron, on)
    if birthday is not None:
        yield say("what_if.birthday", date=birthday), replace(question, on=birthday)
    if question.rules is not None:
        yield say("what_if.live"), replace(question, rules=None)
    for draft, name in [one for one in around.drafts if one[0] != question.rules][:MOST_DRAFTS]:
        yield say("what_if.draft", name=name), replace(question, rules=draft)


def _birthday(patron: Any, on: date) -> date | None:
    """The next birthday after a day: the first day on which the age is one more."""
    if patron is None or patron.born is None:
        return None
    born: date = patron.born
    passed = (born.month, born.day) <= (on.month, on.day)
    year = on.year + 1 if passed else on.year
    try:
        return born.replace(year=year)
    except ValueError:  # 29 February: 1 March in common years
        return date(year, 3, 1)


def _address(question: Question) -> dict[str, object]:
    on = question.on.isoformat() if question.on is not None else None
    given = {key: getattr(question, key) for key in KEYS if key != "on"}
    return {**given, "on": on}


# --- two answers side by side -----------------------------------------------------------------------------------------


def beside(page: Page, question: Question, shown: Shown, around: Around) -> dict[str, Any] | None:
    """The answer by the rules in force beside that of another set, kind by kind."""
    if question.rules is None:
        return None
    live = in_words(page, replace(question, rules=None), around)
    return {"live": live, "pairs": _pairs(live.steps, shown.steps), "name": name_of_rules(page, question, around)}


def _pairs(left: list[Told], right: list[Told]) -> list[Pair]:
    one, other = ({step.code: step for step in steps} for steps in (left, right))
    order = list(dict.fromkeys([*other, *one]))
    return [Pair(_any(one, other, code).kind, one.get(code), other.get(code), _differs(one, other, code))
            for code in order]  # fmt: skip


def _any(one: Mapping[str, Told], other: Mapping[str, Told], code: str) -> Told:
    return other[code] if code in other else one[code]


def _differs(one: Mapping[str, Told], other: Mapping[str, Told], code: str) -> bool:
    """As what-if marks it, and where only one of the two came to it."""
    return code not in one or code not in other or other[code].differs


def name_of_rules(page: Page, question: Question, around: Around) -> str:
    """What the draft or set that was asked is called."""
    rules = str(question.rules)
    drafts = dict(around.drafts)
    if rules in drafts:
        return page.words.say("what_if.rules.draft", name=drafts[rules])
    return page.words.say("what_if.rules.set", n=rules)
