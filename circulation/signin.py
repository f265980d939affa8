"""Sign-in by card and PIN, and the sessions it opens.

Responsible for that nobody can try many PINs: every try is counted before its hash is computed, per card (also for
cards nobody has, with the same answer in the same time) and per machine. Not responsible for the counters (lockout).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from circulation import lockout
from circulation.domain import blocks
from circulation.domain.deciding import Deciding
from circulation.domain.records import Patron, Place, patron_facts
from circulation.errors import CirculationError
from circulation.lockout import LockOut
from circulation.notices import receipts
from circulation.operations import reason_line
from circulation.secrets import new_token, token_hash
from circulation.service import Service, Workplace
from circulation.store import circulating as store
from circulation.store import debts
from circulation.store import tables as t
from rules.evaluate import decide

log = structlog.get_logger("circulation.signin")

SESSION_IDLE = timedelta(minutes=30)
USED_WITHIN = timedelta(minutes=1)  # as exactly as that is known when a session was used: a checkout writes once
CARD = LockOut(3, timedelta(minutes=1), timedelta(hours=1), timedelta(hours=24))
MACHINE = LockOut(20, timedelta(minutes=5), timedelta(hours=1), timedelta(minutes=30))


def sign_in(service: Service, machine: Workplace, kind: str, value: str, pin: str) -> dict[str, Any]:
    """Card and PIN to a session, or why not (contract of the machine API)."""
    now = service.clock()
    here = f"machine:{machine.id}"
    card = card_subject(service, kind, value)
    with service.database.writing() as db:
        # What is locked is not looked at, so it counts for nothing: a locked machine locks no card, nor the reverse.
        for subject, code in ((here, "machine_locked"), (card, "locked")):
            until = lockout.locked(db, subject, now)
            if until is not None:
                return {"outcome": "refused", "code": code, "until": until}
        by_machine = lockout.count(db, here, MACHINE, now)
        by_card = lockout.count(db, card, CARD, now)
        found = store.patron_by_card(db, kind, value)
    patron_id = found.id if found is not None else ""
    if not service.secrets.pin_fits(found.pin_hash if found is not None else None, pin, patron_id) or found is None:
        return _wrong(service, machine, by_machine, by_card)
    with service.database.writing() as db:
        lockout.take_back(db, here, by_machine)  # first the machine, then the card, as above
        lockout.forget(db, card)
        return _open(service, db, machine, found, now)


def card_subject(service: Service, kind: str, value: str) -> str:
    """Under which wrong PINs of a card are counted."""
    return f"card:{service.secrets.keyed('card', f'{kind}:{value}')}"


def _wrong(
    service: Service, machine: Workplace, by_machine: lockout.Counted, by_card: lockout.Counted
) -> dict[str, Any]:
    if by_machine.locks_until is not None:
        with service.database.writing() as db:
            db.execute(update(t.machine).where(t.machine.c.id == machine.id).values(alarm_at=service.clock()))
        log.warning("machine_locked", machine=machine.id)
    if by_card.locks_until is not None:
        return {"outcome": "refused", "code": "locked", "until": by_card.locks_until}
    return {"outcome": "refused", "code": "pin_wrong", "tries_left": by_card.left}


def _open(service: Service, db: Connection, machine: Workplace, found: Any, now: datetime) -> dict[str, Any]:
    token = new_token()
    values = {"token_hash": token_hash(token), "machine_id": machine.id, "patron_id": found.id, "used_at": now}
    db.execute(insert(t.patron_session).values(**values))
    db.execute(delete(t.patron_session).where(t.patron_session.c.used_at < now - SESSION_IDLE))
    patron = store.patron(db, found.id)
    place = service.place(db, machine)
    if patron is None:
        raise CirculationError("session_ended", "this patron is no longer there", 401)
    deciding = Deciding(place, patron_facts(patron, place))
    blocks.check(deciding, patron, lambda level: debts.count_reminded(db, found.id, level))
    return {
        "outcome": "signed_in",
        "token": token,
        "patron": found.id,
        "first_name": found.first_name,
        "language": found.language,
        "loans": store.count_loans(db, found.id, None),
        "limit": _most_loans(place, patron),
        "notices": [reason_line(reason) for reason in deciding.reasons],
        "mail": receipts.possible(service, db, found.id),
    }


def _most_loans(place: Place, patron: Patron) -> int | None:
    """The limit for an item nothing is known of: the most general one that holds for this patron."""
    limit = decide(place.rules, "counts.max_loans", place.branch, patron_facts(patron, place), place.today).value
    return limit if isinstance(limit, int) else None


@dataclass(frozen=True, slots=True)
class PatronSession:
    """Somebody who is signed in at a machine."""

    token_hash: str
    patron: str
    used_at: datetime


_SESSION = select(t.patron_session.c.token_hash, t.patron_session.c.patron_id, t.patron_session.c.used_at).where(
    t.patron_session.c.token_hash == bindparam("token"), t.patron_session.c.machine_id == bindparam("machine")
)


def session(service: Service, db: Connection, machine: Workplace, token: str) -> PatronSession:
    """The session of a token. Who goes on with it calls ``keep_alive`` once this transaction has ended.

    Raises:
        CirculationError: unknown, ended, or another machine's.
    """
    row = db.execute(_SESSION, {"token": token_hash(token), "machine": machine.id}).one_or_none()
    if row is None or service.clock() - row.used_at > SESSION_IDLE:
        raise CirculationError("session_ended", "please sign in again", 401)
    return PatronSession(row.token_hash, row.patron_id, row.used_at)


def keep_alive(service: Service, used: PatronSession) -> None:
    """Note that a session was used."""
    now = service.clock()
    if now - used.used_at > USED_WITHIN:
        with service.database.writing() as db:
            mine = t.patron_session.c.token_hash == used.token_hash
            db.execute(update(t.patron_session).where(mine).values(used_at=now))


def patron_of(service: Service, machine: Workplace, token: str) -> str:
    """The patron of a session token; using it keeps the session alive.

    Raises:
        CirculationError: unknown, ended, or another machine's.
    """
    with service.database.reading() as db:
        found = session(service, db, machine, token)
    keep_alive(service, found)
    return found.patron


def ask_receipt(service: Service, machine: Workplace, token: str, request: str, operations: Sequence[str]) -> None:
    """Have a receipt sent of what was done at this machine for the patron of a session; once for each request.

    Raises:
        CirculationError: the session has ended, or no receipt can be sent (notices.receipts).
    """
    patron = patron_of(service, machine, token)
    receipts.ask(service, machine, receipts.Asked(request, patron, operations))


def sign_out(service: Service, machine: Workplace, token: str) -> None:
    """End a session; one that is not there is ended already."""
    place = (t.patron_session.c.token_hash == token_hash(token)) & (t.patron_session.c.machine_id == machine.id)
    with service.database.writing() as db:
        db.execute(delete(t.patron_session).where(place))


def account(service: Service, machine: Workplace, token: str) -> dict[str, Any]:
    """What a patron may see of their account."""
    patron_id = patron_of(service, machine, token)
    with service.database.reading() as db:
        place = service.place(db, machine)
        patron = store.patron(db, patron_id, locked=False)
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
            {"reason": row.reason, "amount": row.owed, "title": row.title} for row in debts.open_fees(db, patron_id)
        ]
        return {
            "loans": loans,
            "ready": ready,
            "fees": fees,
            "owed": sum(fee["amount"] for fee in fees),
            "currency": place.house.currency,
            "limit": _most_loans(place, patron) if patron is not None else None,
        }
