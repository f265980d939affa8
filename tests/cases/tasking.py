"""The tasks of a world: rows of the scheduler with their own times, which it claims as it does in a library.

They are made with the world; a kind of notices without one has a task of its own when it is first needed. Not
responsible for what its runs did (noticed).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from circulation.jobs import claiming, running
from circulation.jobs import tasks as jobs
from circulation.jobs.claiming import Claim
from circulation.notices.content import DUE_WARNING
from circulation.store import jobs as store
from circulation.store.jobs import DONE
from tests.cases import schedules
from tests.cases.playing import Playing
from tests.cases.reading import CaseError, Step
from tests.cases.taking import Taking, rows
from tests.cases.words import KINDS, kind, listed
from tests.circulation.posting import ALL_WAYS

ALL = frozenset({"all", "all_notices", "everything", "notices"})
PROCESS = "the server"


def zone(play: Playing) -> ZoneInfo:
    """The zone of the library."""
    with play.service.database.reading() as db:
        return claiming.zone_of(db)


# --- which tasks ------------------------------------------------------------------------------------------------------


def named(play: Playing, step: Step) -> list[int]:
    """Tasks a step is about: those it names, those of the kinds it names, all of the world, or one for due warnings."""
    said = step.inputs.get("task") or step.inputs.get("what") or [*_raw(play)] or "due_warnings"
    return [task for name in ([said] if isinstance(said, str) else said) for task in _of(play, str(name))]


def every(play: Playing) -> list[int]:
    """All tasks of the world, made if they are not there yet."""
    return [_task(play, name) for name in _raw(play)]


def _of(play: Playing, name: str) -> list[int]:
    """A task by its name, else those of a kind of notices; a kind without a task has one that asks for nothing."""
    raw = _raw(play)
    if name in raw:
        return [_task(play, name)]
    one_kind = kind(name)
    if one_kind is None and name not in ALL:
        raise CaseError(f"{play.case.id}: there is no task {name!r}")
    kinds = [one_kind] if one_kind is not None and name not in ALL else list(KINDS)
    there = {of: [one for one, task in raw.items() if _kind(task) == of] for of in kinds}
    return [_task(play, one) for of in kinds for one in there[of] or [of]]


def of_kind(play: Playing, kind: str) -> list[int]:
    """Tasks of one kind of notices."""
    return _of(play, kind)


def _raw(play: Playing) -> dict[str, Mapping[str, Any]]:
    tasks = rows(f"{play.case.id}.tasks", play.case.world.get("tasks", ()))
    return {str(of.left["id"]): of.left for of in tasks}


def _kind(raw: Mapping[str, Any]) -> str:
    """The kind of notices a task of the world is for; due warnings unless it says otherwise."""
    named = raw["id"] if kind(raw["id"]) else "warning"
    said = str(raw.get("type") or raw.get("kind") or raw.get("what") or named)
    found = DUE_WARNING if "e-mail" in said or "email" in said or "due" in said.split("_") else kind(said)
    if found is None:
        raise CaseError(f"task {raw['id']}: there is no type {said!r}")
    return found


def _task(play: Playing, name: str) -> int:
    if name not in play.tasks:
        raw = _raw(play).get(name)
        play.tasks[name] = _plain(play, name) if raw is None else _made(play, name, raw)
    return play.tasks[name]


def _plain(play: Playing, kind: str) -> int:
    """A task that no world has: it runs by hand only."""
    task = play.post.task(kind)
    jobs.pause(play.service, PROCESS, task)
    return task


_DESCRIBED = ("id", "account", "mail_account", "type", "kind", "what", "name", "note", "saved", "filters", "filter")


def _made(play: Playing, name: str, raw: Mapping[str, Any]) -> int:
    of = Taking(f"{play.case.id}.tasks.{name}", {**raw, **raw.get("filters", raw.get("filter", {}))})
    of.several(*_DESCRIBED)
    said = of.get("schedule", "times", "frequency", "runs", default="daily")
    at = of.get("time", "at")
    times = schedules.read(of.place, said if at is None else [said, at]).plain()
    wanted: dict[str, Any] = {
        "days": of.get("days", "days_before", "days_before_due"),
        "media_types": frozenset(listed(of.like("media"))),
        "categories": frozenset(listed(of.like("categor", "patron"))),
        "shortest": _shortest(of),
    }
    paused = of.get("paused", default=False) or not of.get("enabled", "active", default=True)
    of.done()
    task = play.post.task(_kind(raw), ALL_WAYS, times, **wanted)
    if paused:
        jobs.pause(play.service, PROCESS, task)
    return task


_LEAST = re.compile(r"(?:min|minimum|least|from|>=)?")
_MOST = re.compile("max|most|under|below|up_to")
_AT_LEAST = re.compile(r">=|at least|from|days?|or more|\+")
_PERIOD = re.compile(r".*?(?:period|loan_days)(?:_days)?_?")


def _shortest(of: Taking) -> int | None:
    """The least days of the loan period: a number, ">= 14", or a table with the least.

    Raises:
        CaseError: something else is said of the period.
    """
    key = next((key for key in of.left if _PERIOD.match(key)), None)
    if key is None:
        return None
    value, bound = of.left.pop(key), _PERIOD.sub("", key, count=1)
    if isinstance(value, Mapping) and len(value) == 1:
        ((bound, value),) = value.items()
    words = _AT_LEAST.sub("", str(value)).strip()
    if (
        not words.isdecimal()
        or _MOST.search(key)
        or not _LEAST.fullmatch(bound.removesuffix("_days").removeprefix("at_"))
    ):
        raise of.wrong(f"loan period, {key}", value)
    return int(words)


# --- the scheduler ----------------------------------------------------------------------------------------------------


def plan(play: Playing, tasks: list[int], after: datetime) -> None:
    """Let tasks be due next at their first time after an instant, as if everything up to it had run."""
    with play.service.database.writing() as db:
        for task in tasks:
            row = store.one_task(db, task)
            if row is not None and not row.paused:
                store.change_task(db, task, claiming.planned(claiming.schedule_of(row), claiming.zone_of(db), after))


def by_hand(play: Playing, task: int, at: datetime, end: datetime) -> None:
    """Run a task at an instant, and again when a run has asked for that, before another instant."""
    play.clock.now = at
    play.post.run(task)
    again = play.post.jobs[-1].asked_again
    if again is not None and again < end:
        by_hand(play, task, again, end)


def go_on(play: Playing, end: datetime) -> list[Claim]:
    """Let time pass until an instant, inclusive, and the scheduler do all that is due meanwhile; what that was."""
    found: list[Claim] = []
    while (due := _earliest(play)) is not None and due <= end:
        play.clock.now = max(play.clock(), due)
        done = list(_wake(play))
        if not done:
            raise CaseError(f"{play.case.id}: a task is due at {due} and does not run")
        found += done
    return found


def _earliest(play: Playing) -> datetime | None:
    with play.service.database.reading() as db:
        return store.earliest(db)


def _wake(play: Playing) -> Iterator[Claim]:
    """Everything that is due now, one run after another."""
    while (claim := claiming.claim_due(play.service, PROCESS)) is not None:
        state, _ = running.carry_out(play.service, play.post.types, claim)
        if state != DONE:
            raise CaseError(f"{play.case.id}: a run of {claim.name} ended as {state}")
        yield claim
