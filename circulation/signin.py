"""Sign-in by card and PIN, its lock-outs, and the sessions it opens.

Responsible for that nobody can try many PINs: every try is counted in the database before its hash is computed, per
card (also for cards nobody has, with the same answer in the same time) and per machine. Delays grow and end by
themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, case, delete, insert, select, update

from circulation.domain import patron_states
from circulation.domain.records import Place
from circulation.errors import CirculationError
from circulation.operations import reason_line
from circulation.secrets import new_token, token_hash
from circulation.service import Machine, Service
from circulation.store import circulating as store
from circulation.store import tables as t
from rules import verdict
from rules.evaluate import decide
from rules.rule import Facts

log = structlog.get_logger("circulation.signin")

SESSION_IDLE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class LockOut:
    """How many wrong tries lock, and for how long; the time doubles with every further lock."""

    tries: int
    first: timedelta
    most: timedelta
    forgotten: timedelta


CARD = LockOut(3, timedelta(minutes=1), timedelta(hours=1), timedelta(hours=24))
MACHINE = LockOut(20, timedelta(minutes=5), timedelta(hours=1), timedelta(minutes=30))


@dataclass(frozen=True, slots=True)
class _Counted:
    until: datetime | None  # locked already: the try does not count and no hash is computed
    left: int
    locks_until: datetime | None  # this try, if wrong, is the last one before the lock


def _count(db: Connection, subject: str, rule: LockOut, now: datetime) -> _Counted:
    """Count a try as wrong before it is looked at; a right one is taken back afterwards."""
    row = db.execute(select(t.lock_out).where(t.lock_out.c.subject == subject).with_for_update()).one_or_none()
    if row is not None and row.until is not None and row.until > now:
        return _Counted(row.until, 0, row.until)
    fresh = row is None or now - row.last_at > rule.forgotten
    failures = 1 if fresh or row is None else row.failures + 1
    rounds = 0 if fresh or row is None else row.rounds
    until = None
    if failures >= rule.tries:
        until = now + min(rule.first * 2**rounds, rule.most)
        failures, rounds = 0, min(rounds + 1, 16)
    values = {"failures": failures, "rounds": rounds, "until": until, "last_at": now}
    if row is None:
        db.execute(insert(t.lock_out).values(subject=subject, **values))
    else:
        db.execute(update(t.lock_out).where(t.lock_out.c.subject == subject).values(**values))
    return _Counted(None, rule.tries - failures if until is None else 0, until)


def sign_in(service: Service, machine: Machine, kind: str, value: str, pin: str) -> dict[str, Any]:
    """Card and PIN to a session, or why not (contract of the machine API)."""
    now = service.clock()
    card = f"card:{service.secrets.keyed('card', f'{kind}:{value}')}"
    with service.database.writing() as db:
        by_card = _count(db, card, CARD, now)
        by_machine = _count(db, f"machine:{machine.id}", MACHINE, now)
        if by_machine.locks_until is not None and by_machine.until is None:
            db.execute(update(t.machine).where(t.machine.c.id == machine.id).values(alarm_at=now))
            log.warning("machine_locked", machine=machine.id)
        found = store.patron_by_card(db, kind, value)
    if by_machine.until is not None:
        return {"outcome": "refused", "code": "machine_locked", "until": by_machine.until}
    if by_card.until is not None:
        return {"outcome": "refused", "code": "locked", "until": by_card.until}
    patron_id = found.id if found is not None else ""
    if not service.secrets.pin_fits(found.pin_hash if found is not None else None, pin, patron_id) or found is None:
        if by_card.locks_until is not None:
            return {"outcome": "refused", "code": "locked", "until": by_card.locks_until}
        return {"outcome": "refused", "code": "pin_wrong", "tries_left": by_card.left}
    with service.database.writing() as db:
        db.execute(delete(t.lock_out).where(t.lock_out.c.subject == card))
        _take_back(db, f"machine:{machine.id}")
        return _open(service, db, machine, found, now)


def _take_back(db: Connection, subject: str) -> None:
    one_less = {"failures": case((t.lock_out.c.failures > 0, t.lock_out.c.failures - 1), else_=0), "until": None}
    db.execute(update(t.lock_out).where(t.lock_out.c.subject == subject).values(**one_less))


def _open(service: Service, db: Connection, machine: Machine, found: Any, now: datetime) -> dict[str, Any]:
    token = new_token()
    values = {"token_hash": token_hash(token), "machine_id": machine.id, "patron_id": found.id, "used_at": now}
    db.execute(insert(t.patron_session).values(**values))
    db.execute(delete(t.patron_session).where(t.patron_session.c.used_at < now - SESSION_IDLE))
    patron = store.patron(db, found.id)
    place = service.place(db, machine)
    if patron is None:
        raise CirculationError("session_ended", "this patron is no longer there", 401)
    limit = decide(place.rules, "counts.max_loans", place.branch, Facts(patron_category=patron.category), place.today)
    block = decide(place.rules, "patron.debt_block", place.branch, Facts(patron_category=patron.category), place.today)
    owing = verdict.debt(block, patron.owes, place.currency)
    notices = [*patron_states.against(patron, place.today), *([owing] if owing is not None else [])]
    return {
        "outcome": "signed_in",
        "token": token,
        "patron": found.id,
        "first_name": found.first_name,
        "language": found.language,
        "loans": store.count_loans(db, found.id, None),
        "limit": limit.value if isinstance(limit.value, int) else None,
        "notices": [reason_line(reason) for reason in notices],
    }


def patron_of(service: Service, db: Connection, machine: Machine, token: str) -> str:
    """The patron of a session token; using it keeps the session alive.

    Raises:
        CirculationError: unknown, ended, or another machine's.
    """
    now = service.clock()
    place = (t.patron_session.c.token_hash == token_hash(token)) & (t.patron_session.c.machine_id == machine.id)
    row = db.execute(select(t.patron_session.c.patron_id, t.patron_session.c.used_at).where(place)).one_or_none()
    if row is None or now - row.used_at > SESSION_IDLE:
        raise CirculationError("session_ended", "please sign in again", 401)
    db.execute(update(t.patron_session).where(place).values(used_at=now))
    return str(row.patron_id)


def sign_out(service: Service, machine: Machine, token: str) -> None:
    """End a session; one that is not there is ended already."""
    place = (t.patron_session.c.token_hash == token_hash(token)) & (t.patron_session.c.machine_id == machine.id)
    with service.database.writing() as db:
        db.execute(delete(t.patron_session).where(place))


def account(service: Service, machine: Machine, token: str) -> dict[str, Any]:
    """What a patron may see of their account."""
    with service.database.writing() as db:
        patron_id = patron_of(service, db, machine, token)
        place: Place = service.place(db, machine)
        patron = store.patron(db, patron_id)
        category = patron.category if patron is not None else None
        limit = decide(place.rules, "counts.max_loans", place.branch, Facts(patron_category=category), place.today)
        keys = ("item", "title", "author", "media_type")
        loans = [
            {
                **{key: getattr(row, key) for key in keys},
                "due": row.due,
                "overdue": row.due < place.today,
                "renewals": row.renewals,
            }
            for row in store.loans_of(db, patron_id)
        ]
        ready = [
            {**{key: getattr(row, key) for key in keys}, "collect_by": row.collect_by, "shelf": row.shelf}
            for row in store.set_aside_for(db, patron_id)
        ]
        fees = [
            {"reason": row.reason, "amount": row.amount, "title": row.title} for row in store.fees_of(db, patron_id)
        ]
        return {
            "loans": loans,
            "ready": ready,
            "fees": fees,
            "owed": store.owed(db, patron_id),
            "currency": place.currency,
            "limit": limit.value if isinstance(limit.value, int) else None,
        }
