"""Carrying a claimed run out: the kinds of tasks there are, what a run may ask and tell, and how it ends.

Responsible for that a claim is held while its run goes on, that others can read how far it is, and that whatever a run
does ends as "done", "failed" or "taken_over". Not responsible for which types there are (types).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.jobs import claiming, options
from circulation.jobs.claiming import LEASE, Claim
from circulation.service import Service
from circulation.store.jobs import DONE, FAILED, TAKEN_OVER

log = structlog.get_logger("circulation.jobs")

Counts = Mapping[str, int]
OptionsT = TypeVar("OptionsT")
BEAT_SECONDS = LEASE.total_seconds() / 4  # how often the end of a claim is moved on
TELL_SECONDS = 2.0  # how often, at most, it is told how far a run is
STOPPED = "stopped"
WRONG_OPTIONS = "wrong_options"
UNKNOWN_TYPE = "unknown_type"


class RunStoppedError(Exception):
    """The server stops, or another process has taken this run over: the run ends where it is."""


class Run:
    """What a run may ask and tell while it goes on."""

    def __init__(self, claim: Claim, stopping: threading.Event) -> None:
        self.claim = claim
        self.asked_again: datetime | None = None
        self._stopping = stopping
        self._lost = threading.Event()
        self._counts: dict[str, int] = {}

    @property
    def counts(self) -> dict[str, int]:
        """How far the run is, as told last."""
        return dict(self._counts)

    def tell(self, **counts: int) -> None:
        """Say how far it is; others can read that some seconds later. Costs nothing, may be called at every step."""
        self._counts = {**self._counts, **counts}

    def go_on(self) -> None:
        """To be called before each step that could also be done by a later run.

        Raises:
            RunStoppedError: no more steps.
        """
        if self._stopping.is_set() or self._lost.is_set():
            raise RunStoppedError

    def ask_again(self, at: datetime) -> None:
        """Let the task run again at an instant, besides its times; the earliest one asked for counts."""
        self.asked_again = at if self.asked_again is None else min(self.asked_again, at)

    def lose(self) -> None:
        """Another process has taken the run over."""
        self._lost.set()


@dataclass(frozen=True, slots=True)
class Preview:
    """What a run would do now (R75).

    Attributes:
        counts: as the run would tell them at its end.
        lines: one dictionary for each thing it would do, all with the same keys; values are shown as they are.
        money: which counts and keys of lines are amounts, in minor units.
    """

    counts: Counts
    lines: tuple[Mapping[str, str], ...] = ()
    money: frozenset[str] = frozenset()


def _nothing_wrong(_: Connection, __: Any) -> Iterable[Mistake]:
    return ()


@dataclass(frozen=True, slots=True)
class TaskType(Generic[OptionsT]):
    """A kind of task.

    Attributes:
        options: frozen dataclass of its options (options.option); read with every mistake named.
        run: does the work and tells what it did.
        preview: tells what ``run`` of a task (its id; None = one not kept yet) would do, and does nothing; None = this
            type has none.
        check: mistakes only the database knows of, e.g. an account that is not there; places begin with "options".
        system: made by the service itself, one of each; staff can neither make nor delete it.
    """

    code: str
    options: type[OptionsT]
    run: Callable[[Service, OptionsT, Run], Counts]
    preview: Callable[[Service, OptionsT, int | None], Preview] | None = None
    check: Callable[[Connection, OptionsT], Iterable[Mistake]] = field(default=_nothing_wrong)
    system: bool = False


Types = Mapping[str, TaskType[Any]]


def carry_out(service: Service, types: Types, claim: Claim, stopping: threading.Event | None = None) -> tuple[str, Run]:
    """Carry a claimed run out to its end: its state, and the run with what it told.

    Args:
        service: the service.
        types: the kinds of tasks there are.
        claim: the run.
        stopping: set when the run shall end early.
    """
    run = Run(claim, stopping or threading.Event())
    with _held(service, run):
        state, note = _outcome(service, types, run)
    if not claiming.finish(service, claim, state, run.counts, note, run.asked_again):
        state = TAKEN_OVER
    log.info("run_ended", task=claim.name, run=claim.run, state=state, note=note, **_shown(run.counts))
    return state, run


def _shown(counts: Counts) -> dict[str, int]:
    return {f"count_{name}": number for name, number in counts.items()}


def _outcome(service: Service, types: Types, run: Run) -> tuple[str, str | None]:
    """Do the work: how it ended, and a note."""
    try:
        kind = types.get(run.claim.type)
        if kind is None:
            return FAILED, UNKNOWN_TYPE
        wanted = options.read(kind.options, run.claim.options)
        if isinstance(wanted, tuple):
            return FAILED, f"{WRONG_OPTIONS}: {', '.join(mistake.place for mistake in wanted)}"
        run.tell(**kind.run(service, wanted, run))
    except RunStoppedError:
        return TAKEN_OVER, STOPPED
    except CirculationError as error:
        return FAILED, f"{error.code}: {error.detail}"
    except Exception as error:  # whatever a task does wrong, the others go on
        log.exception("run_failed", task=run.claim.name, run=run.claim.run)
        return FAILED, type(error).__name__
    return DONE, None


@contextmanager
def _held(service: Service, run: Run) -> Iterator[None]:
    """Move the end of the claim on, and tell how far the run is, in a thread until the end of the block."""
    ended = threading.Event()
    thread = threading.Thread(
        target=_hold, args=(service, run, ended), name=f"holding run {run.claim.run}", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _hold(service: Service, run: Run, ended: threading.Event) -> None:
    told: dict[str, int] = {}
    extended = time.monotonic()
    while not ended.wait(TELL_SECONDS):
        counts, now = run.counts, time.monotonic()
        if counts == told and now - extended < BEAT_SECONDS:
            continue
        try:
            still_ours = claiming.extend(service, run.claim, counts)
        except SQLAlchemyError:
            log.exception("claim_not_extended", run=run.claim.run)
            still_ours = now - extended < LEASE.total_seconds()  # after that others take it for dead
        else:
            told, extended = counts, now
        if not still_ours:
            run.lose()
            return


def carry_out_by_hand(service: Service, types: Types, process: str, task: int, by: str) -> tuple[str, Run]:
    """Run a task now, in the caller's thread, whatever its times are and even if it is paused.

    Raises:
        CirculationError: there is no such task, or it is running.
    """
    return carry_out(service, types, claiming.claim_by_hand(service, process, task, by))


def preview(service: Service, types: Types, type_: str, given: Mapping[str, Any], task: int | None = None) -> Preview:
    """What a task with these options would do now (R75); nothing is sent, recorded or charged.

    Raises:
        CirculationError: its type has no preview or is unknown, or the options cannot be so.
    """
    kind = types.get(type_)
    if kind is None or kind.preview is None:
        raise CirculationError("no_preview", f"a task of the type {type_} has no dry run", 409)
    wanted = options.read(kind.options, given)
    if isinstance(wanted, tuple):
        raise CirculationError(WRONG_OPTIONS, "options of this task cannot be so", place=wanted[0].place)
    return kind.preview(service, wanted, task)
