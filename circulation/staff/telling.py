"""How a decision is told on a page: its steps as rows, its outcome in a sentence, how a due date came about (R76-R78).

Shared by what-if, recorded decisions and loans. Not responsible for deciding or for sentences (explaining, wording).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from circulation import explaining
from circulation.domain.records import Verdict
from circulation.staff.words import Words
from rules.refusals import Reason
from rules.rule import Rule
from rules.values import Days, Value, value_to_plain

Plain = Mapping[str, Any]
RESERVED = frozenset({"periods.loan_reserved", "periods.renewal_reserved"})
ADJUSTMENT = "periods.closing_adjustment"
NUMBERS = ("counted", "limit", "active_reservations")


@dataclass(frozen=True, slots=True)
class Winner:
    """The rule that decided.

    Attributes:
        where: its organisation, and what it asks for.
        number: its place in the list walked, None where that is not known.
    """

    id: str
    name: str
    where: str
    number: int | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One kind decided, in words.

    Attributes:
        code: key of the kind.
        skipped: why each rule before the one that decided did not match.
        winner: None = the default holds.
        differs: it is decided otherwise where the answer is compared with another.
    """

    code: str
    kind: str
    type: str
    organisation: str
    skipped: tuple[str, ...]
    winner: Winner | None
    value: str
    differs: bool = False


@dataclass(frozen=True, slots=True)
class DueStory:
    """What a due date is made of.

    Attributes:
        due, unadjusted: after and before moving off closing days.
        days: of the period, None where staff gave the date.
        kind: of the period, None where it is not known.
        by: the rule of the period, None = a default, or not known.
        step, steps: days of the closing-day adjustment and how often it was added; None = not known.
        waiting: others who waited for the title, None = not known.
    """

    due: date
    unadjusted: date
    days: int | None = None
    kind: str | None = None
    by: Rule | None = None
    step: int | None = None
    steps: int | None = None
    waiting: int | None = None


def steps(words: Words, plain: Iterable[Plain], names: Mapping[str, str], differs: Iterable[str] = ()) -> list[Told]:
    """Steps of a trace, or of a what-if answer, as rows.

    Args:
        words: the reader's.
        plain: ``Step.to_plain`` of each.
        names: of organisations, by id.
        differs: kinds to be marked.
    """
    marked = frozenset(differs)
    return [_step(words, step, names, step["kind"] in marked) for step in plain]


def _step(words: Words, step: Plain, names: Mapping[str, str], differs: bool) -> Told:
    kind = words.name("kind", step["kind"])
    level = f"{kind} ({step['level']})" if step["level"] is not None else kind
    looked = step["looked_at"]
    found = next((one for one in looked if one["result"] == "matched"), None)
    count = len(looked) + step["not_looked_at"]
    return Told(
        step["kind"],
        level,
        words.name("type", step["kind"].partition(".")[0]),
        names.get(step["organisation"], step["organisation"]),
        tuple(explaining.skipped_text(one, words.language) for one in looked if one["result"] == "skipped"),
        _winner(words, found, names, count) if found is not None else None,
        explaining.value_text(step["value"], words.language),
        differs,
    )


def _winner(words: Words, found: Plain, names: Mapping[str, str], count: int) -> Winner:
    where = (names.get(found["org"], found["org"]), *explaining.asked_texts(found, words.language))
    return Winner(found["rule"], found["name"], ", ".join(where), found["number"], count)


def value(words: Words, of: Value) -> str:
    """A rule's value in words."""
    return explaining.value_text(value_to_plain(of), words.language)


def reasons(words: Words, found: Iterable[Reason]) -> list[str]:
    """Reasons in words for staff, in the order of the checks."""
    return [explaining.reason_text(reason, words.language) for reason in found]


def reason_name(words: Words, code: str) -> str:
    """What a refusal is about, in a few words: the kind of rule, or what no rule decides."""
    return words.name("kind", code) if words.knows(f"kind.{code}") else words.name("reason", code)


def outcome(words: Words, told: Sequence[str], due: date | None) -> str:
    """One sentence: allowed, until when, or the first reason against it."""
    if told:
        return words.say("decision.refused", why=told[0])
    return words.say("decision.due", date=due) if due is not None else words.say("decision.allowed")


def numbers(words: Words, counted: Mapping[str, int]) -> list[tuple[str, str]]:
    """What was counted: name and number."""
    return [(words.say(f"decision.{name}"), words.number(counted[name])) for name in NUMBERS if name in counted]


# --- how a due date came about ----------------------------------------------------------------------------------------


def story_of(verdict: Verdict) -> DueStory | None:
    """What the due date of a verdict is made of; None where it gives none."""
    due = verdict.due
    if due is None:
        return None
    decided = {step.kind: step for step in verdict.steps}
    step = explaining.deciding_period(verdict)
    by = [one.rule for one in step.candidates if one.rule.id == step.winner] if step is not None else []
    moved = decided.get(ADJUSTMENT)
    days = moved.value.days if moved is not None and isinstance(moved.value, Days) else 0
    kind, waiting = (step.kind if step is not None else None), verdict.numbers.get("active_reservations")
    return DueStory(due.day, due.unadjusted, verdict.period, kind, by[0] if by else None, days, due.steps, waiting)


def story_of_trace(due: date, plain: Sequence[Plain], trace: Plain) -> DueStory:
    """The same from what was recorded with an operation; which days its rules hold on stands in the set itself."""
    decided = {step["kind"]: step for step in plain}
    kind = next((one for one in explaining.LOAN_PERIODS if one in decided and decided[one]["value"] is not None), None)
    moved = decided.get(ADJUSTMENT, {}).get("value")
    unadjusted = trace.get("unadjusted")
    return DueStory(
        due,
        date.fromisoformat(unadjusted) if unadjusted else due,
        decided[kind]["value"]["days"] if kind is not None else None,
        kind,
        None,
        moved["days"] if moved else 0,
        trace.get("moves"),
        trace["numbers"].get("active_reservations"),
    )


def due_lines(words: Words, story: DueStory) -> list[str]:
    """How a due date came about, in sentences: period, queue, a rule of a season, closing days."""
    if story.days is None:
        return [words.say("decision.by_hand", date=story.due)]
    start = story.unadjusted - timedelta(days=story.days)
    lines = [words.say("decision.period", start=start, n=story.days, date=story.unadjusted)]
    lines += _queue(words, story)
    lines += _season(words, story.by)
    return [*lines, *_moved(words, story)]


def _queue(words: Words, story: DueStory) -> list[str]:
    if story.kind in RESERVED:
        return [words.say("decision.reserved", n=story.waiting or 0)]
    return [words.say("decision.not_reserved", n=story.waiting)] if story.waiting else []


def _season(words: Words, rule: Rule | None) -> list[str]:
    """A rule that holds for a while only, as one for the summer."""
    if rule is None or not rule.dated:
        return []
    first, last = rule.valid_from, rule.valid_until
    if first is not None and last is not None:
        return [words.say("decision.season", rule=rule.title, first=first, last=last)]
    return [words.say("decision.since", rule=rule.title, date=first) if first is not None
            else words.say("decision.until", rule=rule.title, date=last)]  # fmt: skip


def _moved(words: Words, story: DueStory) -> list[str]:
    if story.due == story.unadjusted:
        return [words.say("decision.not_moved", date=story.due)]
    if story.steps and story.step:
        return [words.say("decision.moved_by", date=story.unadjusted, n=story.step, times=story.steps, due=story.due)]
    return [words.say("decision.moved", date=story.unadjusted, due=story.due)]
