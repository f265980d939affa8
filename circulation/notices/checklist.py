"""Whether everything is there for due warnings to go out by themselves (R59), and what a task would miss (R66).

Reads only. Not responsible for how anything is set up (accounts, people, jobs.tasks).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from circulation.domain.noticing import DUNNING, REMINDERS, WARNING, WARNING_DAYS
from circulation.jobs import schedule, tasks
from circulation.jobs.tasks import TaskShown
from circulation.notices import accounts, receipts
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT
from circulation.notices.task_types import CODES
from circulation.service import Service
from circulation.store import house, people
from rules.rule import Rule
from rules.values import Days

MAIL, ADDRESSES, TASK, RUNS = "mail", "addresses", "task", "runs"
TYPE = CODES[DUE_WARNING]


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that must be there. ``code``: MAIL, ADDRESSES, TASK or RUNS."""

    code: str
    done: bool


@dataclass(frozen=True, slots=True)
class Checklist:
    """What is there.

    Attributes:
        steps: in the order in which they are done.
        with_email, patrons: how many patrons have an address, and how many there are.
        usable: codes of the mail accounts that may be sent by.
        tasks: those that send due warnings.
        silent: a task names no days of its own, and no rule in force switches due warnings on: it sends nothing.
        ruled: rules were published; before that nothing is lent, and no run can decide anything.
    """

    steps: tuple[Step, ...]
    with_email: int
    patrons: int
    usable: tuple[str, ...]
    tasks: tuple[TaskShown, ...]
    silent: bool
    ruled: bool

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(step.done for step in self.steps)

    @property
    def next(self) -> Step | None:
        """The first that is not."""
        return next((step for step in self.steps if not step.done), None)


def checklist(service: Service) -> Checklist:
    """How far it is."""
    usable = tuple(one.code for one in accounts.listed(service) if one.usable)
    found = tuple(task for task in tasks.listed(service) if task.type == TYPE)
    with service.database.reading() as db:
        with_email, patrons = people.with_email(db)
        ruled = house.installation(db).live is not None
        enabled = _switched_on(db, WARNING)
    steps = (
        Step(MAIL, bool(usable)),
        Step(ADDRESSES, with_email > 0),
        Step(TASK, bool(found)),
        Step(RUNS, any(not task.paused for task in found)),
    )
    silent = not enabled and any(_leaves_days_to_rules(task) for task in found)
    return Checklist(steps, with_email, patrons, usable, found, silent, ruled)


def lacks_rule(service: Service, task: TaskShown) -> bool:
    """Whether a task sends nothing because no rule in force switches its kind of notice on (R64).

    A task of due warnings that names its days needs none.
    """
    if task.type == TYPE and not _leaves_days_to_rules(task):
        return False
    enabling = {TYPE: WARNING, **_ENABLING}.get(task.type)
    with service.database.reading() as db:
        return enabling is not None and not _switched_on(db, enabling)


def _leaves_days_to_rules(task: TaskShown) -> bool:
    return task.options.get("days") is None


def _switched_on(db: Connection, kind: str) -> bool:
    return any(rule.kind == kind and rule.value is True for rule in _rules(db))


# Why a kind of notice that goes by levels, or by itself, does not go out; codes.
NO_RULE, NO_TASK, ALL_PAUSED = "no_rule", "no_task", "all_paused"
_ENABLING: Mapping[str, str] = {CODES[OVERDUE]: REMINDERS.enable, CODES[PAYMENT]: DUNNING.enable}


@dataclass(frozen=True, slots=True)
class Other:
    """Another kind of notice. ``type``: of its tasks; ``missing``: codes of what it lacks to go out, none = nothing."""

    type: str
    tasks: tuple[TaskShown, ...]
    missing: tuple[str, ...]


def others(service: Service) -> tuple[Other, ...]:
    """Every kind of notice but due warnings that tasks send, and what is missing for it to go out."""
    known = tasks.listed(service)
    with service.database.reading() as db:
        enabled = {rule.kind for rule in _rules(db) if rule.value is True}
    return tuple(_other(code, known, enabled) for code in (*CODES.values(), receipts.TASK) if code != TYPE)


def _other(code: str, known: Iterable[TaskShown], enabled: Collection[str]) -> Other:
    found = tuple(task for task in known if task.type == code)
    wanted = (
        (NO_RULE, code in _ENABLING and _ENABLING[code] not in enabled),
        (NO_TASK, not found),
        (ALL_PAUSED, bool(found) and all(task.paused for task in found)),
    )
    return Other(code, found, tuple(why for why, lacks in wanted if lacks))


def missed_weekdays(service: Service, task: TaskShown) -> tuple[int, ...]:
    """Weekdays (ISO) on which a loan may be due without a warning in time: no run of the task reaches them (R66).

    Where the task names no days, the least a rule in force names counts; nothing is said where none does.
    """
    if task.type != TYPE:
        return ()
    days: int | None = task.options.get("days")
    if days is None:
        with service.database.reading() as db:
            days = _least_days(_rules(db))
    return schedule.missed_weekdays(task.schedule, days) if days is not None else ()


def _least_days(rules: Iterable[Rule]) -> int | None:
    named = (rule.value for rule in rules if rule.kind == WARNING_DAYS)
    return min((value.days for value in named if isinstance(value, Days)), default=None)


def _rules(db: Connection) -> Sequence[Rule]:
    """Rules in force that are switched on; none before any were published."""
    live = house.installation(db).live
    return [rule for rule in house.rule_set(db, live).rules if rule.active] if live is not None else []
