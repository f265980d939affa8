"""Tasks in the words staff read: what they are, when they run, and what became of a run (R63).

Not responsible for the form of a task (task_form).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

import wording
from circulation.jobs.schedule import WEEK, Schedule
from circulation.jobs.tasks import RunShown, TaskShown
from circulation.notices.runs import ESTIMATED
from circulation.staff import days
from circulation.staff.words import Words
from circulation.store.jobs import DONE, FAILED, RUNNING, TAKEN_OVER

MONEY = frozenset({ESTIMATED})  # counts that are amounts, minor units
BADGES = {RUNNING: "info", DONE: "ok", FAILED: "stop", TAKEN_OVER: "act"}
SHORTEST_SPAN = 3  # weekdays in a row that are said as "Monday to Friday"


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in words: "task.state.<code>", and the kind of its badge."""

    code: str
    kind: str


def name(words: Words, task: TaskShown) -> str:
    """What a task is called; those of the system have names in the reader's language."""
    return words.name("task.type", task.type) if task.system else task.name


def state(task: TaskShown, now: datetime, waits: bool) -> Badge:
    """How a task is; ``waits``: for somebody to confirm how much it would send (R47)."""
    if task.last is not None and task.last.state == RUNNING:
        return Badge("running", "info")
    if task.paused:
        return Badge("paused", "act")
    if waits:
        return Badge("waits", "act")
    if task.next_due is not None and task.next_due <= now:
        return Badge("begins", "info")
    return Badge("ready", "ok")


def schedule(words: Words, given: Schedule) -> str:
    """When a task runs: "Monday to Friday at 07:00 and 13:00"."""
    times = listed(words, (_time(words, one) for one in given.times))
    when = weekdays(words, given.weekdays) if given.weekdays != WEEK else words.say("task.every_day")
    if given.every_hours is not None:
        return words.say("task.at_and_every", days=when, time=times, n=given.every_hours)
    return words.say("task.at", days=when, times=times)


def weekdays(words: Words, given: Sequence[int]) -> str:
    """Weekdays (ISO), in a row as "Monday to Friday"."""
    names = days.weekdays(words.language)
    called = [names[day - 1] for day in given]
    in_row = len(given) >= SHORTEST_SPAN and given[-1] - given[0] == len(given) - 1
    return words.say("task.span", first=called[0], last=called[-1]) if in_row else listed(words, called)


def times(words: Words, given: Iterable[time]) -> str:
    """Times of day, one after another."""
    return listed(words, (_time(words, one) for one in given))


def listed(words: Words, given: Iterable[str]) -> str:
    """Several words as one: "a, b and c"."""
    *first, last = given
    return words.say("task.and", first=", ".join(first), last=last) if first else last


def _time(words: Words, moment: time) -> str:
    return wording.written(moment, words.language)


def counts(words: Words, given: Mapping[str, int]) -> str:
    """What a run did: "sent 12, failed 1"; nothing that was not done at all is named."""
    told = [f"{words.name('task.count', key)} {_number(words, key, number)}" for key, number in given.items() if number]
    return ", ".join(told) or words.say("task.count_nothing")


def did(words: Words, run: RunShown) -> str:
    """What a run did; "" = it is not done, and has done nothing so far."""
    return counts(words, run.counts) if run.state == DONE or any(run.counts.values()) else ""


def _number(words: Words, key: str, number: int) -> str:
    return words.money(number) if key in MONEY else words.number(number)


def note(words: Words, given: str | None) -> str:
    """Why a run ended as it did: a code of ours in words, then what was said to it."""
    code, _, detail = (given or "").partition(": ")
    known = next((one for one in (f"task.note.{code}", f"problem.{code}") if words.knows(one)), None)
    if known is None:
        return detail or code
    return f"{words.say(known)} {detail}".strip() if code not in _SAYS_ENOUGH else words.say(known)


_SAYS_ENOUGH = frozenset({"stopped", "process_gone", "unknown_type", "no_rules"})


def why(run: RunShown) -> str:
    """Why a run was: "task.why.<code>"."""
    if run.by_hand:
        return "by_hand"
    if run.made_up:
        return "made_up"
    return "on_time" if run.slot is not None else "asked"
