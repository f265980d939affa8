"""The tasks of a world: rows of the scheduler with their own times, which it claims as it does in a library.

They are made with the world; a kind of notices without one has a task of its own when it is first needed. Not
responsible for what its runs did (noticed).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from circulation.jobs import claiming, running
from circulation.jobs import tasks as jobs
from circulation.jobs.claiming import Claim
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT, RESERVATION
from circulation.store import jobs as store
from circulation.store.jobs import DONE
from tests.cases import schedules
from tests.cases.filling import Taking
from tests.cases.playing import Playing
from tests.cases.reading import CaseError, Step
from tests.circulation.posting import ALL_WAYS

# Part of a word -> kind of notice; "all" kinds are run in this order.
KINDS = {"warning": DUE_WARNING, "overdue": OVERDUE, "payment": PAYMENT, "reservation": RESERVATION}
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
    kinds = list(KINDS.values()) if name in ALL else _kinds(name)
    if not kinds:
        raise CaseError(f"{play.case.id}: there is no task {name!r}")
    there = {kind: [one for one, of in raw.items() if _kind(of) == kind] for kind in kinds}
    return [_task(play, one) for kind in kinds for one in there[kind] or [kind]]


def of_kind(play: Playing, kind: str) -> list[int]:
    """Tasks of one kind of notices."""
    return _of(play, kind)


def _raw(play: Playing) -> dict[str, Mapping[str, Any]]:
    return {str(raw["id"]): raw for raw in play.case.world.get("tasks", ())}


def _kinds(name: str) -> list[str]:
    """The kind of notices a word names."""
    return [kind for part, kind in KINDS.items() if part in name.lower()][:1]


def _kind(raw: Mapping[str, Any]) -> str:
    """The kind of notices a task of the world is for; due warnings unless it says otherwise."""
    named = raw["id"] if _kinds(str(raw["id"])) else "warning"
    said = str(raw.get("type") or raw.get("kind") or raw.get("what") or named)
    kinds = [DUE_WARNING] if "e-mail" in said or "email" in said or "due" in said.split("_") else _kinds(said)
    if not kinds:
        raise CaseError(f"task {raw['id']}: there is no type {said!r}")
    return kinds[0]


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


def _made(play: Playing, name: str, raw: Mapping[str, Any]) -> int:
    of = Taking(f"{play.case.id}.tasks.{name}", {**raw, **raw.get("filters", raw.get("filter", {}))})
    for described in (
        "id",
        "account",
        "mail_account",
        "type",
        "kind",
        "what",
        "name",
        "note",
        "saved",
        "filters",
        "filter",
    ):
        of.get(described)
    said = of.get("schedule", "times", "frequency", "runs", default="daily")
    at = of.get("time", "at")
    times = schedules.read(of.place, said if at is None else [said, at]).plain()
    wanted: dict[str, Any] = {
        "days": of.get("days", "days_before", "days_before_due"),
        "media_types": frozenset(_several(of.like("media", default=()))),
        "categories": frozenset(_several(of.like("categor", default=()) or of.like("patron", default=()))),
        "shortest": _shortest(of.place, of.like("period")),
    }
    paused = of.get("paused", default=False) or not of.get("enabled", "active", default=True)
    of.done()
    task = play.post.task(_kind(raw), ALL_WAYS, times, **wanted)
    if paused:
        jobs.pause(play.service, PROCESS, task)
    return task


def _several(said: Any) -> list[str]:
    return [said] if isinstance(said, str) else list(said)


def _shortest(place: str, said: Any) -> int | None:
    """The least days of the loan period: a number, ">= 14", or a table with the least."""
    if isinstance(said, Mapping) and len(said) == 1 and any(word in next(iter(said)) for word in ("min", "least", ">")):
        said = next(iter(said.values()))
    words = str(said).replace(">=", "").replace("days", "").strip() if said is not None else None
    if words is not None and not words.isdecimal():
        raise CaseError(f"{place}: the loan period {said!r} is not known")
    return int(words) if words is not None else None


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
