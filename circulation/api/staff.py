"""Staff: sign-in, members of staff, tokens and the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from circulation import audit, staffing
from circulation.api import staff_access
from circulation.api import staff_models as m
from circulation.api.access import TheService
from circulation.api.models import Code, Problem, Whole, Words
from circulation.api.staff_access import Admin, AnyStaff, StaffToken

router = APIRouter(prefix="/staff", tags=["staff"])
CONFLICT = staff_access.CONFLICT


@router.post("/sign-in", responses={429: {"model": Problem, "description": "too many wrong tries"}})
def sign_in(body: m.StaffSignIn, request: Request, service: TheService) -> m.StaffSignedIn:
    """Name and password to a session."""
    address = request.client.host if request.client is not None else ""
    return m.StaffSignedIn(**staffing.sign_in(service, body.name, body.password, body.branch, address))


@router.post("/sign-out", status_code=204)
def sign_out(service: TheService, staff: AnyStaff, token: StaffToken) -> None:
    """End the session; a token goes on until it is revoked."""
    staffing.sign_out(service, token)


@router.get("/me")
def me(staff: AnyStaff) -> m.Me:
    """Who is signed in, and what they may do."""
    roles: Any = staffing.in_order(staff.roles)
    return m.Me(name=staff.name, roles=roles, may_override=staff.may_override, branch=staff.branch)


@router.get("/members")
def members(service: TheService, staff: Admin) -> m.Members:
    """Every member of staff."""
    return m.Members(staff=[m.Member(**row) for row in staffing.listed(service)])


@router.post("/members", status_code=201, responses=CONFLICT)
def create_member(body: m.NewMember, service: TheService, staff: Admin) -> m.Member:
    """Make a member of staff."""
    staffing.create(service, staff.name, body.name, body.password, body.roles, may_override=body.may_override)
    return m.Member(**staffing.member(service, body.name))


@router.patch("/members/{name}", responses=CONFLICT)
def change_member(name: Code, body: m.MemberChange, service: TheService, staff: Admin) -> m.Member:
    """Change roles, permission, activity or password; the last active administrator stays one."""
    staffing.change(service, staff.name, name, body.model_dump(exclude_none=True))
    return m.Member(**staffing.member(service, name))


@router.get("/tokens")
def tokens(service: TheService, staff: Admin) -> m.Tokens:
    """Every token with which programs act for staff."""
    return m.Tokens(tokens=[m.Token(**row) for row in staffing.tokens(service)])


@router.post("/tokens", status_code=201, responses=CONFLICT)
def create_token(body: m.NewToken, service: TheService, staff: Admin) -> m.MadeToken:
    """Make a token; it is told this once."""
    made = staffing.create_token(service, staff.name, body.staff, body.branch, body.label, body.days)
    return m.MadeToken(**made)


@router.delete("/tokens/{id}", status_code=204)
def revoke_token(id: Code, service: TheService, staff: Admin) -> None:
    """End a token."""
    staffing.revoke_token(service, staff.name, id)


@router.get("/audit")
def audit_lines(
    service: TheService,
    staff: Admin,
    who: Code | None = None,
    action: Code | None = None,
    subject: Words | None = None,
    before: Whole | None = None,
    most: Annotated[int, Query(ge=1, le=audit.MOST_LINES)] = 100,
) -> m.AuditLines:
    """What staff did, newest first."""
    asked = {"who": who, "action": action, "subject": subject}
    wanted = {key: value for key, value in asked.items() if value is not None}
    with service.database.reading() as db:
        rows = audit.listed(db, wanted, before, most)
    last = rows[-1]["id"] if len(rows) == most else None
    return m.AuditLines(lines=[m.AuditLine(**row) for row in rows], next=last)
