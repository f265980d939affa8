"""Members of staff and the tokens of programs that act for them; the own password."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from circulation import staffing
from circulation.errors import CirculationError
from circulation.staff.forms import Form
from circulation.staff.page import AdminPage, AnyPage, Page, TheForm
from circulation.store import house
from rules.survey import branches

router = APIRouter()


@router.get("/members")
def members(page: AdminPage) -> Response:
    """Everybody who may sign in."""
    return _members(page)


def _members(page: Page, error: CirculationError | None = None, form: Form | None = None) -> Response:
    entered = form or Form()
    given = {"name": entered.text("name"), "roles": entered.every("roles"), "override": entered.ticked("override")}
    return page.show(
        "members/list.html",
        error.status if error is not None else 200,
        error=error,
        given=given,
        members=staffing.listed(page.service),
        roles=staffing.ROLES,
        shortest=staffing.SHORTEST_PASSWORD,
    )


@router.post("/members")
def add(page: AdminPage, form: TheForm) -> Response:
    """One more member of staff."""
    try:
        name, password = form.needed("name"), form.needed("password")
        may_override = form.ticked("override")
        staffing.create(page.service, page.staff.name, name, password, form.every("roles"), may_override=may_override)
    except CirculationError as error:
        return _members(page, error, form)
    return page.go("/members", "member_added")


@router.get("/members/{member}")
def one(member: str, page: AdminPage) -> Response:
    """What somebody may do."""
    return _member(page, member)


def _member(page: Page, name: str, error: CirculationError | None = None) -> Response:
    return page.show(
        "members/one.html",
        error.status if error is not None else 200,
        error=error,
        member=staffing.member(page.service, name),
        tokens=[one for one in staffing.tokens(page.service) if one["staff"] == name],
        roles=staffing.ROLES,
        shortest=staffing.SHORTEST_PASSWORD,
    )


@router.post("/members/{member}/roles")
def change_roles(member: str, page: AdminPage, form: TheForm) -> Response:
    """Change what somebody may do."""
    changes = {"roles": form.every("roles"), "may_override": form.ticked("override")}
    return _change(page, member, changes, "member_changed")


@router.post("/members/{member}/active")
def change_active(member: str, page: AdminPage, form: TheForm) -> Response:
    """Let somebody in no more, or again."""
    active = form.ticked("active")
    return _change(page, member, {"active": active}, "member_back" if active else "member_gone")


@router.post("/members/{member}/password")
def new_password(member: str, page: AdminPage, form: TheForm) -> Response:
    """A new password for somebody who has lost theirs."""
    return _change(page, member, {"password": form.text("password")}, "password_given")


def _change(page: Page, member: str, changes: dict[str, Any], said: str) -> Response:
    try:
        staffing.change(page.service, page.staff.name, member, changes)
    except CirculationError as error:
        return _member(page, member, error)
    return page.go(f"/members/{member}", said)


# --- the own account --------------------------------------------------------------------------------------------------


@router.get("/me")
def me(page: AnyPage) -> Response:
    """Who is signed in, and what they may do."""
    return _me(page)


def _me(page: Page, error: CirculationError | None = None) -> Response:
    status = error.status if error is not None else 200
    roles = staffing.in_order(page.staff.roles)
    return page.show("members/me.html", status, error=error, roles=roles, shortest=staffing.SHORTEST_PASSWORD)


@router.post("/me/password")
def own_password(page: AnyPage, form: TheForm) -> Response:
    """Change the own password."""
    try:
        old, new = form.needed("old"), form.needed("password")
        if new != form.text("again"):
            raise CirculationError("password_differs", "the new password was not repeated", place="again")
        staffing.change_password(page.service, page.token, old, new)
    except CirculationError as error:
        return _me(page, error)
    return page.go("/me", "password_changed")


# --- tokens -----------------------------------------------------------------------------------------------------------


@router.get("/tokens")
def tokens(page: AdminPage) -> Response:
    """Every token."""
    return _tokens(page, {"staff": page.asked.text("staff")})


def _tokens(
    page: Page, given: dict[str, str], error: CirculationError | None = None, made: dict[str, Any] | None = None
) -> Response:
    with page.reading() as db:
        tree = house.organisations(db)
    return page.show(
        "tokens/list.html",
        error.status if error is not None else 200,
        error=error,
        given=given,
        made=made,
        tokens=staffing.tokens(page.service),
        members=[(one["name"], one["name"]) for one in staffing.listed(page.service) if one["active"]],
        places=[(id_, tree.nodes[id_].name) for id_ in sorted(branches(tree))],
        most_days=staffing.MOST_DAYS,
    )


@router.post("/tokens")
def add_token(page: AdminPage, form: TheForm) -> Response:
    """A token, shown on the answer and never again."""
    given = {name: form.text(name) for name in ("staff", "branch", "label", "days")}
    try:
        staff, branch, label = (form.needed(name) for name in ("staff", "branch", "label"))
        made = staffing.create_token(page.service, page.staff.name, staff, branch, label, form.number("days"))
    except CirculationError as error:
        return _tokens(page, given, error)
    return _tokens(page, {}, made={**made, "label": label})


@router.post("/tokens/revoke")
def revoke(page: AdminPage, form: TheForm) -> Response:
    """End a token."""
    staffing.revoke_token(page.service, page.staff.name, form.needed("token"))
    return page.go("/tokens", "token_revoked")
