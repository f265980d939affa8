"""Tasks of a type that only notes what it did, and the processes that run them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from circulation.jobs import claiming, running, tasks
from circulation.jobs.claiming import Claim
from circulation.jobs.options import Form, Option, option
from circulation.jobs.running import Counts, Preview, Run, TaskType, Types
from circulation.jobs.tasks import RunShown, Wanted
from circulation.jobs.types import TYPES
from circulation.service import Service

BERLIN = ZoneInfo("Europe/Berlin")
DAILY = {"times": ["07:00"]}


@dataclass(frozen=True, slots=True)
class NotingOptions:
    """Options of every form."""

    days: int = option(Option(Form.NUMBER, least=1, most=30))
    account: str | None = option(Option(Form.CODE, required=False, choices=("office", "service")), None)
    media_types: tuple[str, ...] = option(Option(Form.CODES, required=False, most=10), ())
    quiet: bool = option(Option(Form.YES_NO), False)
    title: str = option(Option(Form.LINE, most=20), "Title")


class Noting:
    """A type of task; ``work`` is what its runs do, besides being noted."""

    def __init__(self, work: Callable[[Run], Counts] = lambda _: {"seen": 1}) -> None:
        self.work = work
        self.claims: list[Claim] = []
        kind = TaskType("noting", NotingOptions, self._run, preview=self._preview)
        self.types: Types = {kind.code: kind}

    def _run(self, _: Service, __: NotingOptions, run: Run) -> Counts:
        self.claims.append(run.claim)
        return self.work(run)

    def _preview(self, _: Service, options: NotingOptions, __: int | None) -> Preview:
        return Preview({"seen": options.days}, ({"what": "a letter", "why": "it is due"},))


class Process:
    """One of the processes that share a database. ``noting``: None = it has the shipped types of tasks."""

    def __init__(self, service: Service, noting: Noting | None = None) -> None:
        self.service, self.types = service, noting.types if noting is not None else TYPES
        self.name = claiming.process_name()

    def wake(self) -> list[Claim]:
        """Carry out everything that is due now; what that was."""
        claiming.take_over(self.service, ())
        claiming.set_right(self.service)
        found = []
        while (claim := claiming.claim_due(self.service, self.name)) is not None:
            running.carry_out(self.service, self.types, claim, threading.Event())
            found.append(claim)
        return found


def make(service: Service, noting: Noting, schedule: dict[str, Any] | None = None, name: str = "morning") -> int:
    """A task of that type."""
    wanted = Wanted("noting", name, {"days": 3}, schedule or DAILY)
    return tasks.create(service, "anna", wanted, noting.types)


def local(text: str, fold: int = 0) -> datetime:
    """A local time in Berlin, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def shown(runs: list[RunShown]) -> list[tuple[str | None, int, str, bool]]:
    """Runs in the order in which they were: slot, attempt, state, made up."""
    return [(run.slot, run.attempt, run.state, run.made_up) for run in reversed(runs)]
