"""What came of sending: every fact of the messages that left or failed, of what was skipped, and of the fees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

from circulation.notices import runs
from circulation.notices.selecting import Planned
from circulation.notices.types import EMAIL, LETTER, SMS
from circulation.store import tables as t
from circulation.store.notice_tables import bad_address, message, notice
from tests.cases import tasking
from tests.cases.playing import Out, Playing, money

FEES = {
    "due_warning": "fees.due_warning",
    "overdue_reminder": "fees.overdue_reminder",
    "payment_reminder": "fees.payment_reminder",
}
CHANNELS = {EMAIL: "email", SMS: "sms", LETTER: "letter"}


@contextmanager
def looked_at(play: Playing) -> Iterator[Out]:
    """Every fact of what is done in the block; filled in at its end."""
    seen = {table.name: {row.id for row in _all(play, table)} for table in (message, notice, t.fee)}
    over = {row.id for row in _all(play, message) if row.ended_at is not None}
    jobs_before = len(play.post.jobs)
    facts: Out = {}
    yield facts
    ended = [row for row in _all(play, message) if row.id not in over and row.ended_at is not None]
    skipped = [row for row in _all(play, notice) if row.state == "skipped"]
    new = [row for row in skipped if row.id not in seen[notice.name]]
    fees = [row for row in _all(play, t.fee) if row.id not in seen[t.fee.name]]
    sent = [row for row in ended if row.state == "sent"]
    counts: Counter[str] = Counter()
    for job in play.post.jobs[jobs_before:]:
        counts.update(job.counts)
    facts |= {
        "notices": [_notice(play, row) for row in sent],
        "printed": [_notice(play, row) for row in sent if row.channel == LETTER],
        "failed": [_notice(play, row) for row in ended if row.state == "failed"],
        "not_warned": list(_not_warned(play, new)),
        "not_warned_so_far": list(_not_warned(play, skipped)),
        "address_flagged": [
            {"patron": row.patron_id, "address": row.address, "channel": CHANNELS[row.channel]}
            for row in _all(play, bad_address)
        ],
        "charged": [_charged(play, row) for row in fees],
        "charged_listed": [one for row in fees for one in _by_loan(play, row)],
        "debt": play.debts(),
        "waits_for_confirmation": counts[runs.WAITING] > 0,
        "would_send": counts[runs.WAITING] or counts["messages"],
    }


def _all(play: Playing, table: Any) -> list[Any]:
    key = table.c.id if "id" in table.c else table.c.patron_id
    with play.service.database.reading() as db:
        return list(db.execute(select(table).order_by(key)))


def _loan_names(play: Playing) -> dict[str, str]:
    """Id of a loan -> its name."""
    items = {item: name for name, item in play.world.loans.items()}
    return {str(row.id): items.get(row.item_id, row.item_id) for row in _all(play, t.loan)}


def _task_names(play: Playing) -> dict[int, str]:
    """Run -> name of its task."""
    names = {task: name for name, task in play.tasks.items()}
    return {job.claim.run: names[job.claim.task] for job in play.post.jobs if job.claim.task in names}


def _notice(play: Playing, row: Any) -> Out:
    names = _loan_names(play)
    mine = [one for one in _all(play, notice) if one.message == row.id and one.state != "cancelled"]  # it was left out
    reservations = {id_: name for name, id_ in play.world.reservations.items()}
    at = row.ended_at.astimezone(tasking.zone(play)).replace(tzinfo=None)
    loans = [names[str(one.loan_id)] for one in mine if one.loan_id is not None]
    held = [reservations.get(one.reservation_id) for one in mine if one.reservation_id is not None]
    items = [*map(play.item_of, loans), *(_copy(play, one.reservation_id) for one in mine if one.reservation_id)]
    invoiced = sum(one.invoiced for one in mine)
    return {
        "date": at.date(),
        "at": at,
        "time": at.time().isoformat("minutes"),
        "patron": row.patron_id,
        "level": row.level,
        "channel": CHANNELS[row.channel],
        "task": _task_names(play).get(row.run),
        "to": row.address,
        "branch": row.branch,
        "kind": row.kind,
        "loans": loans,
        "loan": loans,
        "reservations": held,
        "reservation": held,
        "items": items,
        "item": items,
        **_lent(play, items, mine),
        "count": len(loans),
        "fee": money(row.fee),
        "amount": money(invoiced or row.fee),
        "reason": row.reason,
    }


def _lent(play: Playing, items: list[str | None], mine: list[Any]) -> Out:
    """Titles, and days on which loans are due: one that all have, or of each."""
    with play.service.database.reading() as db:
        rows = db.execute(select(t.item.c.id, t.item.c.title_id).where(t.item.c.id.in_(items)))
        titles = {row.id: row.title_id for row in rows}
    told = [titles.get(item) for item in items]
    due = [one.due for one in mine if one.due is not None]
    return {"titles": told, "title": told, "due": due[:1] if len({*due}) == 1 else due}


def _copy(play: Playing, reservation: str) -> str | None:
    copy: str | None = play.row(select(t.reservation.c.copy_id).where(t.reservation.c.id == reservation)).copy_id
    return copy


def planned(play: Playing, one: Planned) -> Out:
    """A message that would be sent."""
    names = _loan_names(play)
    loans = [names[str(line.about["loan_id"])] for line in one.lines if "loan_id" in line.about]
    return {
        "date": play.clock().astimezone(tasking.zone(play)).date(),
        "patron": one.to.person.id,
        "level": one.level,
        "channel": CHANNELS[one.channel],
        "to": one.address,
        "branch": one.branch,
        "kind": one.kind,
        "loans": loans,
        "loan": loans,
        "fee": money(one.fee),
    }


def _not_warned(play: Playing, skipped: list[Any]) -> Iterator[Out]:
    names = _loan_names(play)
    for row in skipped:
        loan = names.get(str(row.loan_id))
        of = {"loan": loan, "item": play.item_of(loan) if loan is not None else None, "patron": row.patron_id}
        yield {**of, "kind": row.kind, "level": row.level, "reason": row.reason, "reason_rule": row.rule}


def _charged(play: Playing, row: Any) -> Out:
    """A fee as cases write it, with the message it is for."""
    kind = FEES.get(row.reason, row.reason)
    rule = (row.rules or {}).get(kind)
    told = _message_of(play, row)
    found = {"fee": kind, "kind": kind, "reason": row.reason, "amount": money(row.amount), "patron": row.patron_id}
    facts: Out = _notice(play, told) if told is not None else {}
    of: Out = {name: facts[name] for name in ("level", "channel", "loans", "loan", "date") if name in facts}
    return {**found, **of, "rule": rule, "organisation": row.branch, "item": row.item_id}


def _message_of(play: Playing, fee: Any) -> Any:
    return next((one for one in _all(play, message) if fee.id in (one.fees or ())), None)


def _by_loan(play: Playing, row: Any) -> Iterator[Out]:
    """A fee for several loans, each of which costs something, as one fee for each."""
    whole, told, names = _charged(play, row), _message_of(play, row), _loan_names(play)
    mine = [one for one in _all(play, notice) if told is not None and one.message == told.id and one.fee > 0]
    if len(mine) < 2 or sum(one.fee for one in mine) != row.amount:
        yield whole
        return
    for one in mine:
        loan = names.get(str(one.loan_id))
        rule = (one.winners or {}).get(whole["kind"])
        of = {"loan": loan, "loans": [loan], "item": play.item_of(loan) if loan is not None else None}
        yield {**whole, **of, "amount": money(one.fee), "rule": rule}
