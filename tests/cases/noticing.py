"""Steps that send notices, or say which would be sent. Tasks of a world are made when they first run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from circulation.notices import runs
from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT, RESERVATION
from circulation.notices.types import EMAIL, LETTER, SMS
from circulation.store import house
from circulation.store import tables as t
from circulation.store.notice_tables import bad_address, message, notice
from tests.cases.filling import WEEKDAYS, Taking
from tests.cases.playing import Out, Playing, money
from tests.cases.reading import CaseError, Step
from tests.circulation.posting import ALL_WAYS

KINDS = {"warning": DUE_WARNING, "overdue": OVERDUE, "payment": PAYMENT, "reservation": RESERVATION}
SHELF = "reservation_notices"
FEES = {
    "due_warning": "fees.due_warning",
    "overdue_reminder": "fees.overdue_reminder",
    "payment_reminder": "fees.payment_reminder",
}
SEVEN = "07:00"


def run(play: Playing, step: Step) -> Out:
    """One run, of a task or of a kind of notices."""
    return told(play, step, _named(step))


def daily_run(play: Playing, step: Step) -> Out:
    """A run on each day until a day, at one time."""
    at = time.fromisoformat(str(step.inputs.get("time", SEVEN)))
    days = _days(play, step)
    return told(play, step, _named(step), [_instant(play, day, at) for day in days])


def all_scheduled_runs(play: Playing, step: Step) -> Out:
    """Every run of every task until a day, in their order."""
    found = []
    for raw in play.case.world.get("tasks", ()):
        weekdays, at = _schedule(str(raw.get("schedule", "daily")))
        times = [_instant(play, day, at) for day in _days(play, step) if day.weekday() in weekdays]
        found += [(instant, str(raw["id"])) for instant in times if instant >= play.clock()]
    return _told(play, sorted(found))


def dry_run(play: Playing, step: Step) -> Out:
    """What a run would send."""
    asked = play.post.asked_of(_task(play, _named(step)))
    found = runs.dry_run(play.service, asked)
    names = _loan_names(play)
    lines = [line for line in found.lines if line["channel"]]
    return {
        "mails": found.counts["messages"],
        "would_send": found.counts["messages"],
        "loans": found.counts["notices"],
        "without_address": found.counts["without_address"],
        "estimated_fees": money(found.counts["estimated_fees"]),
        "charged": [],
        "notices": [],
        "lines": [{"patron": line["patron"], "loan": names.get(line["loan"], line["loan"])} for line in lines],
    }


def told(play: Playing, step: Step, name: str, at: list[datetime] | None = None) -> Out:
    """Run a task at some times, or now; every fact of it."""
    return _told(play, [(instant, name) for instant in at or [play.clock()]])


def _told(play: Playing, at: list[tuple[datetime, str]]) -> Out:
    seen = {table.name: {row.id for row in _all(play, table)} for table in (message, notice, t.fee)}
    counts: Mapping[str, int] = {}
    tasks: dict[int, str] = {}
    for instant, name in at:
        play.clock.now = instant
        counts = play.post.run(_task(play, name))
        tasks[play.post.jobs[-1].claim.run] = name
    messages = [row for row in _all(play, message) if row.id not in seen[message.name]]
    skipped = [row for row in _all(play, notice) if row.id not in seen[notice.name] and row.state == "skipped"]
    fees = [row for row in _all(play, t.fee) if row.id not in seen[t.fee.name]]
    sent = [row for row in messages if row.state == "sent"]
    return {
        "notices": [_notice(play, row, tasks) for row in sent],
        "printed": [_notice(play, row, tasks) for row in sent if row.channel == LETTER],
        "failed": [_notice(play, row, tasks) for row in messages if row.state == "failed"],
        "not_warned": list(_not_warned(play, skipped)),
        "address_flagged": [row.patron_id for row in _all(play, bad_address)],
        "charged": [_charged(row) for row in fees],
        "debt": {row.id: money(_owed(play, row.id)) for row in _all(play, t.patron)},
        "waits_for_confirmation": counts.get(runs.WAITING, 0) > 0,
        "would_send": counts.get(runs.WAITING, counts.get("messages", 0)),
    }


def _all(play: Playing, table: Any) -> list[Any]:
    key = table.c.id if "id" in table.c else table.c.patron_id
    with play.service.database.reading() as db:
        return list(db.execute(select(table).order_by(key)))


def _loan_names(play: Playing) -> dict[str, str]:
    """Id of a loan -> its name."""
    items = {item: name for name, item in play.world.loans.items()}
    return {str(row.id): items.get(row.item_id, row.item_id) for row in _all(play, t.loan)}


def _notice(play: Playing, row: Any, tasks: Mapping[int, str]) -> Out:
    names = _loan_names(play)
    mine = [one for one in _all(play, notice) if one.message == row.id]
    reservations = {id_: name for name, id_ in play.world.reservations.items()}
    with play.service.database.reading() as db:
        zone = house.installation(db).time_zone
    return {
        "date": row.ended_at.astimezone(ZoneInfo(zone)).date(),
        "patron": row.patron_id,
        "level": row.level,
        "channel": {EMAIL: "email", SMS: "sms", LETTER: "letter"}[row.channel],
        "task": tasks.get(row.run),
        "to": row.address,
        "branch": row.branch,
        "kind": row.kind,
        "loans": [names[str(one.loan_id)] for one in mine if one.loan_id is not None],
        "reservations": [reservations.get(one.reservation_id) for one in mine if one.reservation_id is not None],
        "amount": money(sum(one.invoiced for one in mine)),
    }


def _not_warned(play: Playing, skipped: list[Any]) -> Iterator[Out]:
    names = _loan_names(play)
    for row in skipped:
        loan = names.get(str(row.loan_id))
        yield {"loan": loan, "patron": row.patron_id, "reason": row.reason, "reason_rule": row.rule}


def _charged(row: Any) -> Out:
    kind = FEES.get(row.reason, row.reason)
    rule = (row.rules or {}).get(kind)
    found = {"fee": kind, "kind": kind, "reason": row.reason, "amount": money(row.amount), "patron": row.patron_id}
    return {**found, "rule": rule, "organisation": row.branch, "item": row.item_id}


def _owed(play: Playing, patron: str) -> int:
    return sum(row.amount - row.paid for row in _all(play, t.fee) if row.patron_id == patron and row.open)


# --- tasks and times --------------------------------------------------------------------------------------------------


def _named(step: Step) -> str:
    return str(step.inputs.get("task") or step.inputs.get("what") or "due_warnings")


def _task(play: Playing, name: str) -> int:
    """A task of the world, or one for a kind of notices that asks for nothing."""
    if name not in play.tasks:
        there = {str(raw["id"]): raw for raw in play.case.world.get("tasks", ())}
        made = _made(play, Taking(f"{play.case.id}.tasks", there[name])) if name in there else _plain(play, name)
        play.tasks[name] = made
    return play.tasks[name]


def _plain(play: Playing, name: str) -> int:
    kinds = [kind for part, kind in KINDS.items() if part in name]
    if not kinds:
        raise CaseError(f"{play.case.id}: there is no task {name!r}")
    return play.post.task(kinds[0])


def _made(play: Playing, of: Taking) -> int:
    for name in ("id", "schedule", "account", "type", "name"):
        of.get(name)
    days = of.get("days", "days_before")
    media = frozenset(of.like("media", default=()))
    categories = frozenset(of.like("categor", default=()) or of.like("patron", default=()))
    shortest = of.like("period")
    of.done()
    return play.post.task(DUE_WARNING, ALL_WAYS, days=days, media_types=media, categories=categories, shortest=shortest)


def _days(play: Playing, step: Step) -> list[date]:
    first = play.clock().astimezone(_zone(play)).date()
    until = step.inputs.get("until", first)
    last = until.date() if isinstance(until, datetime) else until
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _zone(play: Playing) -> ZoneInfo:
    with play.service.database.reading() as db:
        return ZoneInfo(house.installation(db).time_zone)


def _instant(play: Playing, day: date, at: time) -> datetime:
    return datetime.combine(day, at, _zone(play))


def _schedule(words: str) -> tuple[frozenset[int], time]:
    """Weekdays and time of "daily 07:00", "weekdays 07:00" or "weekly Monday 07:00".

    Raises:
        CaseError: it is none of them.
    """
    how, *rest = words.split()
    at = time.fromisoformat(rest.pop() if rest and ":" in rest[-1] else SEVEN)
    days = [word.lower().removesuffix("s") for word in rest]
    named = [WEEKDAYS.index(day) for day in days if day in WEEKDAYS]
    known = {"daily": range(7), "weekdays": range(5), "weekly": named}
    if how not in known or len(named) != len(rest):
        raise CaseError(f"the schedule {words!r} is not known")
    return frozenset(known[how]), at
