"""Counting tries that may be wrong, and locking when there were too many.

Responsible for the counters: a try is counted in the database before it is looked at, so that tries at the same time
cannot be more than the limit, and taken back if it was right. Old tries are forgotten one by one; a lock grows and ends
by itself. Not responsible for what is tried (signin).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, case, delete, insert, select, update

from circulation.store import tables as t
from circulation.store.engine import hold

MOST_ROUNDS = 16


@dataclass(frozen=True, slots=True)
class LockOut:
    """How many wrong tries lock, and for how long.

    Attributes:
        tries: the wrong try that locks.
        first, most: length of the first lock; it doubles up to ``most``.
        forgotten: after it nothing is left of ``tries`` wrong tries; one is forgotten in each equal part of it.
    """

    tries: int
    first: timedelta
    most: timedelta
    forgotten: timedelta


@dataclass(frozen=True, slots=True)
class Counted:
    """A try as it was counted.

    Attributes:
        left: tries that are left if this one is wrong.
        locks_until: this one, if wrong, is the last before a lock of this length.
    """

    left: int
    locks_until: datetime | None


def locked(db: Connection, subject: str, now: datetime) -> datetime | None:
    """Until when a subject is locked; None if it may be tried. Locks the counter's row where rows are locked."""
    row = _row(db, subject)
    return row.until if row is not None and row.until is not None and row.until > now else None


def count(db: Connection, subject: str, rule: LockOut, now: datetime) -> Counted:
    """Count a try as wrong; the caller has asked ``locked`` in the same transaction."""
    row = _row(db, subject)
    failures, rounds, since = _so_far(row, rule, now)
    failures += 1
    until = None
    if failures >= rule.tries:
        until = now + min(rule.first * 2**rounds, rule.most)
        rounds = min(rounds + 1, MOST_ROUNDS)
    values = {"failures": failures, "rounds": rounds, "until": until, "last_at": since}
    if row is None:
        db.execute(insert(t.lock_out).values(subject=subject, **values))
    else:
        db.execute(update(t.lock_out).where(t.lock_out.c.subject == subject).values(**values))
    return Counted(max(rule.tries - failures, 0), until)


def take_back(db: Connection, subject: str, counted: Counted) -> None:
    """The counted try was right: as if it had not been, also the lock it began, but nobody else's."""
    mine = t.lock_out.c.subject == subject
    failures = t.lock_out.c.failures
    db.execute(update(t.lock_out).where(mine).values(failures=case((failures > 0, failures - 1), else_=0)))
    if counted.locks_until is not None:
        begun = (mine, t.lock_out.c.until == counted.locks_until)
        db.execute(update(t.lock_out).where(*begun).values(until=None, rounds=t.lock_out.c.rounds - 1))


def forget(db: Connection, subject: str) -> None:
    """Begin anew."""
    db.execute(delete(t.lock_out).where(t.lock_out.c.subject == subject))


def _row(db: Connection, subject: str) -> Row[tuple[object, ...]] | None:
    hold(db, subject)  # the first try has no row to lock
    return db.execute(select(t.lock_out).where(t.lock_out.c.subject == subject).with_for_update()).one_or_none()


def _so_far(row: Row[tuple[object, ...]] | None, rule: LockOut, now: datetime) -> tuple[int, int, datetime]:
    """Wrong tries still remembered, locks so far, and the instant up to which tries have been forgotten."""
    if row is None or now - max(row.last_at, row.until or row.last_at) > rule.forgotten:
        return 0, 0, now
    if row.until is not None:
        return 0, row.rounds, now  # a lock that has ended
    part = rule.forgotten / rule.tries
    parts = max((now - row.last_at) // part, 0)
    return max(row.failures - parts, 0), row.rounds, row.last_at + parts * part
