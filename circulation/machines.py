"""Machines: enrolment by a one-time code, their keys, heartbeats and items in doubt."""

from __future__ import annotations

import base64
import secrets as random
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select, update

from circulation import audit
from circulation.errors import CirculationError
from circulation.secrets import new_token, token_hash
from circulation.service import Service, Workplace
from circulation.store import house
from circulation.store import tables as t
from circulation.store.engine import hold

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that are mistaken for one another
CODE_LENGTH = 12
CODE_LIVES = timedelta(hours=24)
MOST_WRONG_CODES = 20
WRONG_CODES_WITHIN = timedelta(minutes=10)
WRONG_CODES = "enrolment"
CHANNELS = KIOSK, WEB = "kiosk", "web"  # a portal asks as a machine does; a desk is staff who are signed in


def new_code(service: Service, branch: str, channel: str = KIOSK, by: str = audit.COMMAND_LINE) -> str:
    """A one-time enrolment code for a machine of a branch, or for another program that is patrons' way to the service.

    Args:
        service: the service.
        branch: where it will stand; its rules decide (R12).
        channel: one of ``CHANNELS``.
        by: who asks for it.

    Raises:
        CirculationError: there is no such branch or channel.
    """
    if channel not in CHANNELS:
        raise CirculationError("channel_unknown", f"a channel is one of {', '.join(CHANNELS)}")
    code = "".join(random.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    with service.database.writing() as db:
        if branch not in house.organisations(db).nodes:
            raise CirculationError("branch_unknown", f"there is no branch {branch!r}")
        now, values = service.clock(), {"branch": branch, "channel": channel}
        db.execute(insert(t.enrolment).values(code_hash=token_hash(code), expires=now + CODE_LIVES, **values))
        audit.note(db, now, by, "machine.code", branch, values)
    return code


def enrol(service: Service, code: str, name: str, version: str) -> dict[str, Any]:
    """A code for a machine key; the code works once.

    Raises:
        CirculationError: wrong, used or expired code, or too many wrong ones lately.
    """
    now = service.clock()
    _count_wrong(service)
    with service.database.writing() as db:
        asked = select(t.enrolment).where(t.enrolment.c.code_hash == token_hash(code)).with_for_update()
        row = db.execute(asked).one_or_none()
        if row is None or row.used_at is not None or row.expires <= now:
            raise CirculationError("code_unknown", "this code is wrong, was used, or is older than a day", 403)
        db.execute(update(t.enrolment).where(t.enrolment.c.code_hash == row.code_hash).values(used_at=now))
        db.execute(delete(t.lock_out).where(t.lock_out.c.subject == WRONG_CODES))
        key, machine = new_token(), str(uuid4())
        values = {"id": machine, "name": name, "key_hash": token_hash(key), "version": version, "enrolled_at": now}
        db.execute(insert(t.machine).values(**values, branch=row.branch, channel=row.channel))
        here = house.installation(db)
        return {
            "machine": machine,
            "key": key,
            "branch": row.branch,
            "branch_name": house.organisations(db).nodes[row.branch].name,
            "library": here.library,
            "owner": list(here.isils),
            "timezone": house.zones(db)[row.branch],
            "currency": here.currency,
            "generation": here.generation,
            "server_public_key": base64.b64encode(service.secrets.public_key).decode(),
        }


def _count_wrong(service: Service) -> None:
    now = service.clock()
    subject = t.lock_out.c.subject == WRONG_CODES
    with service.database.writing() as db:
        hold(db, WRONG_CODES)
        row = db.execute(select(t.lock_out).where(subject).with_for_update()).one_or_none()
        lately = row is not None and now - row.last_at <= WRONG_CODES_WITHIN
        failures = row.failures + 1 if row is not None and lately else 1
        if failures > MOST_WRONG_CODES:
            raise CirculationError("too_many", "too many wrong codes; try again in ten minutes", 429)
        if row is None:
            values = {"subject": WRONG_CODES, "failures": 1, "rounds": 0, "last_at": now}
            db.execute(insert(t.lock_out).values(**values))
        else:
            db.execute(update(t.lock_out).where(subject).values(failures=failures, last_at=now))


_BY_KEY = select(t.machine.c.id, t.machine.c.branch, t.machine.c.channel).where(
    t.machine.c.key_hash == bindparam("key")
)  # built once: every request asks


def by_key(service: Service, key: str) -> Workplace:
    """The machine of a key.

    Raises:
        CirculationError: no machine has it.
    """
    with service.database.reading() as db:
        row = db.execute(_BY_KEY, {"key": token_hash(key)}).one_or_none()
    if row is None:
        raise CirculationError("machine_unknown", "this machine is not enrolled here", 401)
    return Workplace(row.id, row.branch, row.channel)


def heartbeat(service: Service, machine: Workplace, report: dict[str, Any]) -> list[str]:
    """Store what a machine tells of itself; the items whose doubt staff have cleared since."""
    now = service.clock()
    with service.database.writing() as db:
        values = {key: report[key] for key in ("version", "rules", "devices", "clock_trusted")}
        db.execute(update(t.machine).where(t.machine.c.id == machine.id).values(**values, seen_at=now))
        mine = t.doubt.c.machine_id == machine.id
        known = {row.item: row for row in db.execute(select(t.doubt).where(mine))}
        told = {entry["item"]: entry for entry in report["doubts"]}
        gone = [item for item in known if item not in told]
        if gone:
            db.execute(delete(t.doubt).where(mine, t.doubt.c.item.in_(gone)))
        for item, entry in told.items():
            if item not in known:
                db.execute(insert(t.doubt).values(machine_id=machine.id, cleared=False, **entry))
            elif _differs(known[item], entry):
                # Staff have looked at the item for an earlier doubt; this one they have not seen.
                values = {**entry, "cleared": False}
                db.execute(update(t.doubt).where(mine, t.doubt.c.item == item).values(**values))
                del known[item]
            elif known[item].last != entry["last"]:
                db.execute(update(t.doubt).where(mine, t.doubt.c.item == item).values(last=entry["last"]))
        return [item for item in told if item in known and known[item].cleared]


def _differs(known: Any, told: dict[str, Any]) -> bool:
    return bool(known.since != told["since"] or known.wanted != told["wanted"])


def listed(service: Service) -> list[dict[str, Any]]:
    """Every machine with how it was when last heard of and how many items it has in doubt; none that was withdrawn."""
    return _listed(service, t.machine.c.withdrawn_at.is_(None))


def withdrawn(service: Service) -> list[dict[str, Any]]:
    """The same of those that were withdrawn."""
    return _listed(service, t.machine.c.withdrawn_at.is_not(None))


def known(service: Service, id_: str) -> dict[str, Any]:
    """One of them.

    Raises:
        CirculationError: there is no such machine.
    """
    found = _listed(service, t.machine.c.id == id_)
    if not found:
        raise _not_there()
    return found[0]


def _not_there() -> CirculationError:
    return CirculationError("not_found", "there is no such machine", 404)


def _listed(service: Service, condition: ColumnElement[bool]) -> list[dict[str, Any]]:
    doubts = select(t.doubt.c.machine_id, func.count().label("doubts")).group_by(t.doubt.c.machine_id).subquery()
    with service.database.reading() as db:
        query = select(t.machine, doubts.c.doubts).outerjoin(doubts, doubts.c.machine_id == t.machine.c.id)
        query = query.where(condition)
        return [dict(row._mapping) for row in db.execute(query.order_by(t.machine.c.name))]  # noqa: SLF001


def doubts(service: Service) -> list[dict[str, Any]]:
    """Every item in doubt, oldest first."""
    query = select(t.doubt, t.machine.c.name, t.item.c.title)
    query = query.join(t.machine, t.machine.c.id == t.doubt.c.machine_id)
    query = query.outerjoin(t.item, t.item.c.id == t.doubt.c.item).order_by(t.doubt.c.since)
    with service.database.reading() as db:
        return [dict(row._mapping) for row in db.execute(query)]  # noqa: SLF001


def clear_doubt(service: Service, item: str, by: str = audit.COMMAND_LINE) -> int:
    """Staff have looked at an item; its machines are told with their next heartbeat. How many doubts it had."""
    with service.database.writing() as db:
        cleared = db.execute(update(t.doubt).where(t.doubt.c.item == item).values(cleared=True)).rowcount
        if cleared:
            audit.note(db, service.clock(), by, "doubt.clear", item)
        return cleared


# --- staff change machines --------------------------------------------------------------------------------------------


def change(service: Service, by: str, id_: str, name: str, branch: str) -> None:
    """Rename a machine, or say that it stands in another branch, whose rules decide from now on (R12).

    Raises:
        CirculationError: there is no such machine in service, no such branch, or the name is empty.
    """
    if not name.strip():
        raise CirculationError("field_missing", "a machine has a name", place="name")
    with service.database.writing() as db:
        before = _in_service(db, id_)
        if branch not in house.organisations(db).nodes:
            raise CirculationError("branch_unknown", f"there is no branch {branch!r}", place="branch")
        values = {"name": name, "branch": branch}
        db.execute(update(t.machine).where(t.machine.c.id == id_).values(**values))
        told = {"before": {key: getattr(before, key) for key in values}, "after": values}
        audit.note(db, service.clock(), by, "machine.change", f"machine {id_}", told)


def quieten(service: Service, by: str, id_: str) -> None:
    """Staff have seen the alarm of a machine at which too many wrong PINs were tried.

    Raises:
        CirculationError: there is no such machine in service.
    """
    with service.database.writing() as db:
        row = _in_service(db, id_)
        if row.alarm_at is not None:
            db.execute(update(t.machine).where(t.machine.c.id == id_).values(alarm_at=None))
            told = {"name": row.name, "alarm_at": row.alarm_at.isoformat()}
            audit.note(db, service.clock(), by, "machine.alarm_seen", f"machine {id_}", told)


def withdraw(service: Service, by: str, id_: str) -> None:
    """Take a machine out of service: its key opens nothing any more, and who is signed in at it is signed out.

    What it did stays. It comes back as a new one, with a new code.

    Raises:
        CirculationError: there is no such machine in service.
    """
    with service.database.writing() as db:
        row, now = _in_service(db, id_), service.clock()
        gone = {"withdrawn_at": now, "alarm_at": None, "key_hash": token_hash(new_token())}
        db.execute(update(t.machine).where(t.machine.c.id == id_).values(**gone))
        db.execute(delete(t.patron_session).where(t.patron_session.c.machine_id == id_))
        told = {"name": row.name, "branch": row.branch}
        audit.note(db, now, by, "machine.withdraw", f"machine {id_}", told)


def _in_service(db: Connection, id_: str) -> Any:
    """The row of a machine that staff may change. A desk is none: it is there as long as its branch."""
    chosen = (t.machine.c.id == id_, t.machine.c.withdrawn_at.is_(None), t.machine.c.channel.in_(CHANNELS))
    row = db.execute(select(t.machine).where(*chosen).with_for_update()).one_or_none()
    if row is None:
        raise _not_there()
    return row
