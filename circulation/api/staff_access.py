"""Who of the staff asks, and what their role lets them do. A machine's or patron's key opens nothing here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

from fastapi import Depends, Header
from fastapi.dependencies.models import Dependant

from circulation import staffing
from circulation.api.access import TheService
from circulation.api.models import Problem
from circulation.errors import CirculationError
from circulation.staffing import ADMIN, DESK, MACHINES, RULES, StaffSession

MOST_TOKEN = 200
# Answers of routes: each that needs a role has the first.
REFUSED: dict[int | str, dict[str, Any]] = {403: {"model": Problem, "description": "this needs another role"}}
CONFLICT: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "what is there stands against it"}}


def token_of(authorization: Annotated[str, Header()] = "") -> str:
    """The token that came with the request.

    Raises:
        CirculationError: there is none.
    """
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > MOST_TOKEN:
        raise CirculationError("staff_unknown", "please sign in", 401)
    return token


StaffToken = Annotated[str, Depends(token_of)]


def any_staff(service: TheService, token: StaffToken) -> StaffSession:
    """Whoever is signed in.

    Raises:
        CirculationError: nobody is.
    """
    return staffing.by_token(service, token)


AnyStaff = Annotated[StaffSession, Depends(any_staff)]
Needs = Callable[..., StaffSession]
# Dependency -> roles of which one is needed; empty = any member of staff. Read by the tests and the console.
ROLES_NEEDED: dict[Needs, tuple[str, ...]] = {any_staff: ()}


def needs(*roles: str) -> Needs:
    """A dependency that lets in who has one of these roles."""

    def allowed(staff: AnyStaff) -> StaffSession:
        if staff.roles.isdisjoint(roles):
            raise CirculationError("role_missing", f"this needs the role {' or '.join(roles)}", 403)
        return staff

    ROLES_NEEDED[allowed] = roles
    return allowed


Desk = Annotated[StaffSession, Depends(needs(DESK))]
RuleStaff = Annotated[StaffSession, Depends(needs(RULES))]
RuleReaders = Annotated[StaffSession, Depends(needs(RULES, DESK))]
MachineStaff = Annotated[StaffSession, Depends(needs(MACHINES))]
Admin = Annotated[StaffSession, Depends(needs(ADMIN))]
DoubtStaff = Annotated[StaffSession, Depends(needs(MACHINES, DESK))]
CalendarStaff = Annotated[StaffSession, Depends(needs(ADMIN, RULES))]


def roles_needed(dependant: Dependant) -> tuple[str, ...] | None:
    """Roles of which one is needed at a route (``route.dependant``); () = any staff, None = no staff at all."""
    found = [ROLES_NEEDED[call] for call in _calls(dependant) if call in ROLES_NEEDED]
    return max(found, key=len, default=None)


def _calls(dependant: Dependant) -> Iterator[Needs]:
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from _calls(inner)
