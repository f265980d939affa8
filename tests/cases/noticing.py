"""Steps that send notices, or say which would be sent, and what was sent in the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from circulation.jobs import tasks as jobs
from circulation.notices import checklist, looking, runs, selecting
from circulation.notices.content import DUE_WARNING, RESERVATION
from circulation.notices.lines import NO_ADDRESS
from circulation.notices.selecting import Planned
from tests.cases import noticed, schedules, tasking, words
from tests.cases.playing import Out, Playing, money
from tests.cases.reading import CaseError, Step

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


def run(play: Playing, step: Step) -> Out:
    """One run, of tasks or of kinds of notices; by hand there may be several."""
    by_hand = step.inputs.get("by_hand")
    with noticed.looked_at(play) as facts:
        for _ in range(by_hand if type(by_hand) is int else 1):
            for task in tasking.named(play, step):
                play.post.run(task)
    return facts


def daily_run(play: Playing, step: Step) -> Out:
    """A run on each day until a day, at one time: the one named, else that of the step."""
    begin, end = play.clock(), _end(play, step)
    with noticed.looked_at(play) as facts:
        for day in _days(play, begin, end):
            at = datetime.combine(day, _time(step), tasking.zone(play))
            if begin <= at < end:
                for task in tasking.named(play, step):
                    tasking.by_hand(play, task, at, min(at + DAY, end))
    return facts


def all_scheduled_runs(play: Playing, step: Step) -> Out:
    """Every run the scheduler makes until a day."""
    tasking.plan(play, tasking.every(play), play.clock() - SECOND)
    with noticed.looked_at(play) as facts:
        tasking.go_on(play, _end(play, step) - SECOND)
    return facts


def start_after_being_off(play: Playing, step: Step) -> Out:
    """The computer was off from an instant until now: what the scheduler does when it starts (R71)."""
    now = play.clock()
    play.clock.now = off = _instant(play, step, step.inputs["off_since"])
    if off > now:
        raise CaseError(f"{step.id}: it is off since {off}, after the start")
    tasking.plan(play, tasking.every(play), off)
    play.clock.now = now
    with noticed.looked_at(play) as facts:
        claims = tasking.go_on(play, now)
    names = {task: name for name, task in play.tasks.items()}
    started = now.astimezone(tasking.zone(play)).replace(tzinfo=None)
    when = {"at": started, "time": started.time().isoformat("minutes"), "date": started.date(), "made_up": True}
    return {**facts, "runs": [{"task": names[claim.task], **when} for claim in claims if claim.made_up]}


def dry_run(play: Playing, step: Step) -> Out:
    """What a run would send."""
    counts: Counter[str] = Counter()
    planned: list[Planned] = []
    without: list[Out] = []
    with noticed.looked_at(play) as facts:
        for task in tasking.named(play, step):
            asked = play.post.asked_of(task)
            counts.update(runs.dry_run(play.service, asked).counts)
            for found in selecting.chosen(play.service, asked):
                planned += found.messages
                without += [{"patron": found.patron} for one in found.skipped if one.reason == NO_ADDRESS]
    would_send = [noticed.planned(play, one) for one in planned]
    return {
        **facts,
        "mails": counts["messages"],
        "mails_listed": would_send,
        "would_send": would_send,
        "loans_listed": [loan for one in would_send for loan in one["loans"]],
        "without_address_listed": [one for number, one in enumerate(without) if one not in without[:number]],
        "loans": counts["notices"],
        "without_address": counts[runs.WITHOUT],
        "estimated_fees": money(counts[runs.ESTIMATED]),
    }


def check_task(play: Playing, step: Step) -> Out:
    """Weekdays on which a loan may be due that a task with such days and times would miss (R66)."""
    times = schedules.read(step.id, step.inputs.get("schedule", "daily")).plain()
    task = play.post.task(DUE_WARNING, times=times)
    shown = jobs.one(play.service, task)
    jobs.delete(play.service, tasking.PROCESS, task)
    asked = replace(shown, type=checklist.TYPE, options={"days": step.inputs.get("days")})
    missed = checklist.missed_weekdays(play.service, asked)
    return {"would_be_missed_due_weekdays": [schedules.name(day) for day in missed]}


def monthly_report(play: Playing, step: Step) -> Out:
    """Due warnings and overdue reminders sent in each of some months (R73)."""
    asked = step.inputs.get("months", step.at.date())
    months = [_month(step, one) for one in (asked if isinstance(asked, list) else [asked])]
    found = {one.first: one for one in looking.effect(play.service, min(months), max(months))}
    return {
        "due_warnings_sent": {f"{month:%Y-%m}": found[month].warnings for month in months},
        "overdue_reminders": {f"{month:%Y-%m}": found[month].reminders for month in months},
    }


def _month(step: Step, said: Any) -> date:
    """The first day of a month: of "2026-06", of a day in it, or of a number or name in the year of the step."""
    if isinstance(said, date):
        return date(said.year, said.month, 1)
    try:
        number = said if isinstance(said, int) else words.month(said)
        return date(step.at.year, number, 1) if number else date.fromisoformat(f"{said[:7]}-01")
    except (TypeError, ValueError):
        raise CaseError(f"{step.id}: {said!r} is no month") from None


def shelf_notices(play: Playing) -> Out:
    """A run for what has just been put on the hold shelf; every fact of it."""
    with noticed.looked_at(play) as facts:
        for task in tasking.of_kind(play, RESERVATION):
            play.post.run(task)
    return facts


# --- times ------------------------------------------------------------------------------------------------------------


def _time(step: Step) -> time:
    said = step.inputs.get("time")
    if isinstance(said, time):
        return said
    return time.fromisoformat(str(said).zfill(5)) if said is not None else step.at.time()


def _days(play: Playing, begin: datetime, end: datetime) -> Iterator[date]:
    day = begin.astimezone(tasking.zone(play)).date()
    while datetime.combine(day, time(), tasking.zone(play)) < end:
        yield day
        day += DAY


def _end(play: Playing, step: Step) -> datetime:
    """The instant up to which a step lets runs be: the end of the day it names, or just after the time."""
    until = step.inputs.get("until", step.at.date())
    if isinstance(until, str):
        until = datetime.fromisoformat(until) if len(until) > len("2026-06-15") else date.fromisoformat(until)
    if isinstance(until, datetime):
        return _instant(play, step, until) + SECOND
    return _instant(play, step, until + DAY)


def _instant(play: Playing, step: Step, said: Any) -> datetime:
    """A time of day of the step's day, a day from its start, or an instant; in the library's zone."""
    if isinstance(said, str):
        said = datetime.fromisoformat(said) if "-" in said else time.fromisoformat(said.zfill(5))
    if isinstance(said, time):
        at = datetime.combine(step.at.date(), said)
        said = at if at < step.at.replace(tzinfo=None) else at - DAY
    at = said if isinstance(said, datetime) else datetime.combine(said, time())
    return at if at.tzinfo is not None else at.replace(tzinfo=tasking.zone(play))
