"""Documents of staff themselves: sessions, members, tokens, the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, StringConstraints

from circulation.api.models import Answer, Asked, Code, Words

MOST_PASSWORD = 200
Role = Literal["desk", "rules", "machines", "admin"]
Roles = Annotated[list[Role], Field(max_length=4)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=MOST_PASSWORD)]


class StaffSignIn(Asked):
    """Name, password, and where the session works."""

    name: Code
    password: Password
    branch: Code


class StaffSignedIn(Answer):
    """A staff session."""

    token: str
    roles: list[Role]
    may_override: bool


class Me(Answer):
    """Whoever is signed in."""

    name: str
    roles: list[Role]
    may_override: bool
    branch: str


class Member(Answer):
    """A member of staff."""

    name: str
    roles: list[Role]
    may_override: bool
    active: bool
    created_at: datetime


class Members(Answer):
    """All members of staff."""

    staff: list[Member]


class NewMember(Asked):
    """A new member of staff."""

    name: Code
    password: Password
    roles: Roles
    may_override: StrictBool = False


class MemberChange(Asked):
    """What to change of a member of staff; what is left out stays, and so does what is null."""

    password: Password | None = None
    roles: Roles | None = None
    may_override: StrictBool | None = None
    active: StrictBool | None = None


class Token(Answer):
    """A token with which a program acts for a member of staff."""

    id: str
    staff: str
    branch: str
    label: str
    used_at: datetime
    expires: datetime | None


class Tokens(Answer):
    """All tokens."""

    tokens: list[Token]


class NewToken(Asked):
    """A token to make. ``days``: how long it holds, null = until revoked."""

    staff: Code
    branch: Code
    label: Words
    days: Annotated[int, Field(ge=1, le=3650)] | None = None


class MadeToken(Answer):
    """A token, told this once."""

    id: str
    token: str


class AuditLine(Answer):
    """What somebody of the staff did."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    details: dict[str, Any]
    reason: str | None


class AuditLines(Answer):
    """Lines of the audit log, newest first; ``next`` is ``before`` of the next page, null = no more."""

    lines: list[AuditLine]
    next: int | None
