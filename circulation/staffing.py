"""Staff: who they are, their sign-in, and the tokens with which programs act for them.

Responsible for that nobody can try many passwords (as signin does for PINs), for idle sessions, and for that an
administrator is always left. Not responsible for which call needs which role (api.staff_access).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection

from circulation import audit, lockout
from circulation.errors import CirculationError
from circulation.lockout import LockOut
from circulation.secrets import new_token, token_hash
from circulation.service import Service
from circulation.store import house
from circulation.store import staff as store

log = structlog.get_logger("circulation.staffing")

ROLES = DESK, RULES, MACHINES, ADMIN = "desk", "rules", "machines", "admin"
NAME = re.compile(r"\w[\w.@-]{1,63}")
SHORTEST_PASSWORD = 12
SESSION_IDLE = timedelta(hours=8)
SESSION_LONGEST = timedelta(hours=14)  # a working day: whoever stays signed in overnight signs in again
USED_WITHIN = timedelta(minutes=1)  # as exactly as that is known when a session was used: fewer writes
TRIES_FROM = LockOut(30, timedelta(minutes=1), timedelta(hours=1), timedelta(hours=1))  # a whole house may be behind it
TRIES = LockOut(5, timedelta(minutes=1), timedelta(hours=1), timedelta(hours=24))
MOST_DAYS = 3650
MARK = 16  # digits of a token's hash by which it is listed and revoked


def in_order(roles: Collection[str]) -> list[str]:
    """Roles in the order of ``ROLES``."""
    return [role for role in ROLES if role in roles]


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A member of staff who is signed in, or whose token a program shows.

    Attributes:
        may_override: whether refusals may be set aside (R83).
        branch: where the session or token works; its rules decide (R12).
    """

    name: str
    roles: frozenset[str]
    may_override: bool
    branch: str


# --- sessions ---------------------------------------------------------------------------------------------------------


def sign_in(service: Service, name: str, password: str, branch: str, address: str = "") -> dict[str, Any]:
    """Name and password to a session: {"token", "roles", "may_override"}.

    Somebody who is not there, or no longer active, gets the same answer in the same time as a wrong password.

    Args:
        service: the service.
        name: of the member of staff.
        password: theirs.
        branch: where the session works.
        address: network address of whoever tries: one that tries many names is locked too.

    Raises:
        CirculationError: wrong, too many wrong tries, or no such branch.
    """
    now = service.clock()
    subject = _subject(service, name)
    source = f"staff-from:{service.secrets.keyed('address', address)}"
    with service.database.writing() as db:
        _known_branch(db, branch)
        for one in (source, subject):
            until = lockout.locked(db, one, now)
            if until is not None:
                raise _locked(until)
        from_there = lockout.count(db, source, TRIES_FROM, now)
        counted = lockout.count(db, subject, TRIES, now)
        found = store.member(db, name)
    fits = service.secrets.password_fits(found.password_hash if found is not None else None, password)
    if found is None or not fits or not found.active:
        if counted.locks_until is not None:
            log.warning("staff_locked")
            raise _locked(counted.locks_until)
        raise CirculationError("sign_in_wrong", "name or password is wrong", 401)
    token = new_token()
    with service.database.writing() as db:
        lockout.take_back(db, source, from_there)  # first the address, then the name, as above
        lockout.forget(db, subject)
        values = {"token_hash": token_hash(token), "staff": name, "branch": branch, "used_at": now}
        store.open_session(db, {**values, "expires": now + SESSION_LONGEST})
        audit.note(db, now, name, "session.begin", name, {"branch": branch})
    return {"token": token, "roles": in_order(found.roles), "may_override": found.may_override}


def _subject(service: Service, name: str) -> str:
    """Under which wrong tries with somebody's password are counted."""
    return f"staff:{service.secrets.keyed('staff', name)}"


def _locked(until: datetime) -> CirculationError:
    at = until.isoformat(timespec="seconds")
    return CirculationError("locked", f"too many wrong tries; try again after {at}", 429)


def _known_branch(db: Connection, branch: str) -> None:
    if branch not in house.organisations(db).nodes:
        raise CirculationError("branch_unknown", f"there is no branch {branch!r}")


def sign_out(service: Service, token: str) -> None:
    """End a session; one that is not there is ended already. A token goes on until it is revoked."""
    with service.database.writing() as db:
        row = store.session(db, token_hash(token))
        if row is not None and row.label is None:
            store.end_session(db, row.token_hash)
            audit.note(db, service.clock(), row.staff, "session.end", row.staff)


def by_token(service: Service, token: str) -> StaffSession:
    """The member of staff of a session or token; using a session keeps it alive.

    Raises:
        CirculationError: unknown, ended, or of somebody who is no longer active.
    """
    now = service.clock()
    with service.database.reading() as db:
        row = store.session(db, token_hash(token))
    if row is None or not row.active or _over(row, now):
        raise CirculationError("staff_unknown", "please sign in", 401)
    if now - row.used_at > USED_WITHIN:
        with service.database.writing() as db:
            store.use_session(db, row.token_hash, now)
    return StaffSession(row.staff, frozenset(row.roles), row.may_override, row.branch)


def _over(row: Any, now: datetime) -> bool:
    if row.label is None and now - row.used_at > SESSION_IDLE:
        return True
    return row.expires is not None and bool(row.expires <= now)


# --- tokens -----------------------------------------------------------------------------------------------------------


def create_token(
    service: Service, by: str, name: str, branch: str, label: str, days: int | None = None
) -> dict[str, Any]:
    """A token with which a program acts for a member of staff: {"id", "token"}; it is told this once.

    Args:
        service: the service.
        by: who makes it.
        name: for whom it acts.
        branch: where it works.
        label: what it is for.
        days: how long it holds; None = until revoked.

    Raises:
        CirculationError: no such active member of staff, no such branch, or days out of range.
    """
    now, token = service.clock(), new_token()
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise CirculationError("days", f"a token holds for 1 to {MOST_DAYS} days")
    mark = token_hash(token)[:MARK]
    with service.database.writing() as db:
        _known_branch(db, branch)
        if not _present(db, name).active:
            raise CirculationError("staff_inactive", f"{name} is not active", 409)
        expires = now + timedelta(days=days) if days is not None else None
        values = {"token_hash": token_hash(token), "staff": name, "branch": branch, "label": label}
        store.open_session(db, {**values, "used_at": now, "expires": expires})
        audit.note(db, now, by, "token.create", mark, {"staff": name, "branch": branch, "label": label, "days": days})
    return {"id": mark, "token": token}


def tokens(service: Service) -> list[dict[str, Any]]:
    """Every token, with the id by which it is revoked."""
    with service.database.reading() as db:
        rows = store.tokens(db)
    keys = ("staff", "branch", "label", "used_at", "expires")
    return [{"id": row.token_hash[:MARK], **{key: getattr(row, key) for key in keys}} for row in rows]


def revoke_token(service: Service, by: str, mark: str) -> None:
    """End a token.

    Raises:
        CirculationError: there is none of this id.
    """
    with service.database.writing() as db:
        row = next((row for row in store.tokens(db) if row.token_hash[:MARK] == mark), None)
        if row is None:
            raise CirculationError("not_found", "there is no such token", 404)
        store.end_session(db, row.token_hash)
        audit.note(db, service.clock(), by, "token.revoke", mark, {"staff": row.staff, "label": row.label})


# --- members of staff -------------------------------------------------------------------------------------------------


def listed(service: Service) -> list[dict[str, Any]]:
    """Every member of staff."""
    with service.database.reading() as db:
        return [dict(row._mapping) for row in store.members(db)]  # noqa: SLF001


def member(service: Service, name: str) -> dict[str, Any]:
    """One member of staff.

    Raises:
        CirculationError: nobody has this name.
    """
    with service.database.reading() as db:
        row = _present(db, name)
    return {key: getattr(row, key) for key in ("name", "roles", "may_override", "active", "created_at")}


def create(
    service: Service, by: str, name: str, password: str, roles: Collection[str], *, may_override: bool = False
) -> None:
    """A new member of staff.

    Raises:
        CirculationError: the name is taken or unfit, the password too short, or there is no such role.
    """
    if not NAME.fullmatch(name):
        raise CirculationError("staff_name", "a name has 2 to 64 letters, digits or . @ - _")
    now, hashed = service.clock(), _hashed(service, password)
    values = {"name": name, "password_hash": hashed, "roles": _roles(roles), "may_override": may_override}
    with service.database.writing() as db:
        store.hold_staff(db)
        if store.member(db, name) is not None:
            raise CirculationError("staff_exists", f"{name} is there already", 409)
        store.add_member(db, {**values, "active": True, "created_at": now})
        audit.note(db, now, by, "staff.create", name, {"roles": values["roles"], "may_override": may_override})


def change(service: Service, by: str, name: str, changes: Mapping[str, Any]) -> None:
    """Change a member of staff: "roles", "may_override", "active", "password".

    A new password ends the sessions; who is no longer active loses the tokens too.

    Raises:
        CirculationError: nobody has this name, a value is not allowed, or no active administrator would be left.
    """
    values = {key: changes[key] for key in ("may_override", "active") if key in changes}
    if "roles" in changes:
        values["roles"] = _roles(changes["roles"])
    told = dict(values)
    if "password" in changes:
        values["password_hash"] = _hashed(service, changes["password"])
        told["password"] = "changed"
    with service.database.writing() as db:
        store.hold_staff(db)
        _present(db, name)
        store.change_member(db, name, values)
        if not any(row.active and ADMIN in row.roles for row in store.members(db)):
            raise CirculationError("last_admin", "this would leave no active administrator", 409)
        if "password" in changes or values.get("active") is False:
            store.end_sessions(db, name, tokens=values.get("active") is False)
        audit.note(db, service.clock(), by, "staff.change", name, told)


def change_password(service: Service, token: str, old: str, new: str) -> None:
    """Somebody who is signed in changes the own password; every other session of theirs ends.

    The old password is asked for, and counted as at a sign-in: a browser left alone is no way to take an account over.

    Args:
        service: the service.
        token: of the session in which it is asked for.
        old: the password so far.
        new: the next one.

    Raises:
        CirculationError: not signed in, the old one is wrong, too many wrong tries, or the new one is too short.
    """
    who, now = by_token(service, token), service.clock()
    _long_enough(new)
    subject = _subject(service, who.name)
    with service.database.writing() as db:
        until = lockout.locked(db, subject, now)
        if until is not None:
            raise _locked(until)
        lockout.count(db, subject, TRIES, now)
        stored = _present(db, who.name).password_hash
    if not service.secrets.password_fits(stored, old):
        raise CirculationError("password_wrong", "this is not the password so far", 403, place="old")
    hashed = _hashed(service, new)
    with service.database.writing() as db:
        lockout.forget(db, subject)
        store.hold_staff(db)
        store.change_member(db, who.name, {"password_hash": hashed})
        store.end_sessions(db, who.name, tokens=False, but=token_hash(token))
        audit.note(db, now, who.name, "staff.own_password", who.name)


def _present(db: Connection, name: str) -> Any:
    row = store.member(db, name)
    if row is None:
        raise CirculationError("not_found", "there is no such member of staff", 404)
    return row


def _roles(roles: Collection[str]) -> list[str]:
    unknown = sorted(set(roles) - set(ROLES))
    if unknown:
        raise CirculationError("role_unknown", f"there is no role {unknown[0]!r}; there are {', '.join(ROLES)}")
    return in_order(roles)


def _long_enough(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise CirculationError("password", f"a password has at least {SHORTEST_PASSWORD} characters", place="password")


def _hashed(service: Service, password: str) -> str:
    _long_enough(password)
    return service.secrets.hash_password(password)
