"""Every role at every route of the staff API: who is let in, and that nobody else is.

The table below is written by hand and compared with the routes: a new route fails until somebody says who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fastapi.routing import iter_route_contexts

from circulation import app, staffing
from circulation.api.staff_access import roles_needed
from circulation.service import Service
from tests.circulation.document import document
from tests.circulation.running import SECONDS, Central
from tests.circulation.world import World

DESK, RULES, MACHINES, ADMIN = (frozenset({role}) for role in staffing.ROLES)
ANY: frozenset[str] = frozenset()
# Route -> roles of which one is needed; ANY = whoever is signed in, None = nobody needs to be.
NEEDED: dict[str, frozenset[str] | None] = {
    "POST /sign-in": None,
    "POST /sign-out": ANY,
    "GET /me": ANY,
    "GET /members": ADMIN,
    "POST /members": ADMIN,
    "PATCH /members/{name}": ADMIN,
    "GET /tokens": ADMIN,
    "POST /tokens": ADMIN,
    "DELETE /tokens/{id}": ADMIN,
    "GET /audit": ADMIN,
    # rules
    "GET /rules": RULES | DESK,
    "GET /rules/kinds": RULES | DESK,
    "GET /rules/advice": RULES,
    "POST /rules/look": RULES,
    "GET /rules/export": RULES,
    "GET /rule-sets": RULES,
    "GET /rule-sets/{number}": RULES,
    "GET /drafts": RULES,
    "POST /drafts": RULES,
    "POST /drafts/import": RULES,
    "GET /drafts/{draft}": RULES,
    "PATCH /drafts/{draft}": RULES,
    "DELETE /drafts/{draft}": RULES,
    "POST /drafts/{draft}/rules": RULES,
    "PUT /drafts/{draft}/rules": RULES,
    "PATCH /drafts/{draft}/rules": RULES,
    "DELETE /drafts/{draft}/rules": RULES,
    "GET /drafts/{draft}/check": RULES,
    "POST /drafts/{draft}/publish": RULES,
    # house
    "GET /organisations": ANY,
    "POST /organisations": ADMIN,
    "PATCH /organisations/{organisation}": ADMIN,
    "GET /organisations/{organisation}/settings": ADMIN,
    "PUT /organisations/{organisation}/settings": ADMIN,
    "GET /organisations/{organisation}/calendar": ADMIN | RULES,
    "PATCH /organisations/{organisation}/calendar": ADMIN | RULES,
    "POST /organisations/{organisation}/closings": ADMIN | RULES,
    "DELETE /organisations/{organisation}/closings/{closing}": ADMIN | RULES,
    "GET /organisations/{organisation}/closings/preview": ADMIN | RULES,
    "POST /organisations/{organisation}/closings/move": ADMIN | RULES,
    "GET /media-types": ANY,
    "POST /media-types": ADMIN,
    "GET /patron-categories": ANY,
    "POST /patron-categories": ADMIN,
    "GET /age-groups": ANY,
    "POST /age-groups": ADMIN,
    # machines
    "GET /machines": MACHINES,
    "POST /machines/codes": MACHINES,
    "GET /machine-settings": MACHINES,
    "GET /organisations/{organisation}/machine-settings": MACHINES,
    "PUT /organisations/{organisation}/machine-settings": MACHINES,
    "GET /machines/{machine}/settings": MACHINES,
    "PUT /machines/{machine}/settings": MACHINES,
    "GET /doubts": MACHINES | DESK,
    "POST /doubts/clear": MACHINES | DESK,
    # desk
    "POST /operations": DESK,
    "GET /operations/{operation}/explanation": DESK,
    "POST /what-if": DESK,
    "GET /breaches": DESK,
    "POST /breaches/{breach}/clear": DESK,
    "GET /patrons": DESK,
    "GET /patrons/{patron}": DESK,
    "PATCH /patrons/{patron}": DESK,
    "GET /patrons/{patron}/export": ADMIN,
    "POST /patrons/{patron}/erase": ADMIN,
    "POST /patrons/{patron}/payments": DESK,
    "POST /patrons/{patron}/fees": DESK,
    "POST /fees/{fee}/waive": DESK,
    "GET /loans/{loan}": DESK,
    "GET /items/{item}": DESK,
    "PATCH /items/{item}": DESK,
    "POST /reservations": DESK,
    "GET /reservations": DESK,
    "GET /hold-shelf": DESK,
    "POST /reservations/{reservation}/cancel": DESK,
    "POST /reservations/{reservation}/suspend": DESK,
    "POST /reservations/{reservation}/resume": DESK,
}
STAFF = "/v1/staff"
SIGNED_IN = {route: roles for route, roles in NEEDED.items() if roles is not None}


def routes() -> Iterator[tuple[str, Any]]:
    """Every route of the staff API as the table writes it."""
    nothing: Any = None
    served = app.make_app(Service(nothing, nothing, nothing))
    for route in iter_route_contexts(served.routes):
        path = route.path or ""
        if path.startswith(f"{STAFF}/"):
            for method in route.methods or ():
                yield f"{method} {path.removeprefix(STAFF)}", route


def test_every_route_says_whom_it_lets_in_as_the_table_does() -> None:
    found = {name: roles_needed(route.dependant) for name, route in routes()}
    assert {name: None if roles is None else frozenset(roles) for name, roles in found.items()} == NEEDED


@pytest.mark.parametrize("route", SIGNED_IN)
def test_what_is_refused_is_in_the_document(route: str) -> None:
    method, _, path = route.partition(" ")
    responses = document()["paths"][STAFF + path][method.lower()]["responses"]
    assert {"401", "403" if SIGNED_IN[route] else "401", "422", "500"} <= set(responses)


def asked(url: str, route: str, token: str | None) -> requests.Response:
    """The bare request: whoever is let in is told what is missing in it."""
    method, _, path = route.partition(" ")
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    url = url + STAFF + re.sub(r"\{[^}]*\}", "1", path)
    with requests.Session() as http:
        http.trust_env = False
        return http.request(method, url, headers=headers, timeout=SECONDS)


def token_for(service: Service, *roles: str) -> str:
    """A token, which no sign-out ends."""
    staffing.create(service, "test", "anna", "a good long password", roles)
    return str(staffing.create_token(service, "test", "anna", "N1", "test")["token"])


@pytest.mark.parametrize("role", [*staffing.ROLES, None])
def test_a_role_opens_its_routes_and_no_other(world: World, central: Central, role: str | None) -> None:
    world.rules()
    roles = (role,) if role is not None else ()
    token = token_for(world.service, *roles)
    wrong = []
    for route, needed in SIGNED_IN.items():
        answer = asked(central.url, route, token)
        allowed = not needed or role in needed
        refused = (answer.status_code, answer.json()["error"]) == (403, "role_missing") if not allowed else False
        if (answer.status_code in (401, 403) or answer.status_code >= 500) if allowed else not refused:
            wrong.append((route, answer.status_code, answer.text))
        if refused and not all(one in answer.json()["detail"] for one in needed):
            wrong.append((route, answer.status_code, answer.text))
    assert wrong == []


@pytest.mark.parametrize("whose", ["nobody", "machine", "patron", "unknown", "ended", "inactive"])
def test_no_other_key_opens_any_route(world: World, central: Central, whose: str) -> None:
    world.rules()
    machine, admin = central.machine(), central.staff(*staffing.ROLES)
    gone = central.staff(*staffing.ROLES, name="gone")
    token = str(staffing.create_token(world.service, "test", "gone", "N1", "test")["token"])
    assert gone.post("/sign-out").status_code == 204
    assert admin.ask("PATCH", "/members/gone", {"active": False}).status_code == 200
    keys = {
        "nobody": None,
        "machine": machine.key,
        "patron": machine.token(world.patron()),
        "unknown": "x" * 43,
        "ended": gone.token,
        "inactive": token,
    }
    wrong = []
    for route in SIGNED_IN:
        answer = asked(central.url, route, keys[whose])
        if (answer.status_code, answer.json()["error"]) != (401, "staff_unknown"):
            wrong.append((route, answer.status_code, answer.text))
    assert wrong == []


def test_a_staff_token_opens_no_route_of_machines(world: World, central: Central) -> None:
    world.rules()
    staff = central.staff(*staffing.ROLES)
    machine = central.known(str(staff.token))
    for method, path in (("get", "/items"), ("get", "/rules"), ("get", "/account"), ("post", "/sign-out")):
        answer = getattr(machine, method)(path)
        assert (answer.status_code, answer.json()["error"]) == (401, "machine_unknown")
