"""Every role at every route of the console: who is let in, and that nobody else is; and that every form is ours.

The table below is written by hand and compared with the routes: a new page fails until somebody says who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import requests
from fastapi.routing import iter_route_contexts

from circulation import staffing
from circulation.service import Service
from circulation.staff.app import make_console
from circulation.staff.navigation import MENU
from circulation.staff.page import ROLES_NEEDED, SESSION, calls_of, form_of, visit_of
from tests.circulation.running import SECONDS, Central
from tests.circulation.world import World
from tests.console.conftest import session_of
from tests.console.looking import text_of

DESK, RULES, MACHINES, ADMIN = (frozenset({role}) for role in staffing.ROLES)
ANY: frozenset[str] = frozenset()
# Route -> roles of which one is needed; ANY = whoever is signed in, None = nobody needs to be.
NEEDED: Mapping[str, frozenset[str] | None] = {
    "GET /sign-in": None,
    "POST /sign-in": None,
    "POST /sign-out": ANY,
    "GET /language/{language}": None,
    "GET /": ANY,
    "GET /me": ANY,
    "GET /usage": ANY,
    "GET /usage/export": ANY,
    "POST /me/password": ANY,
    # desk and what it looks at
    "GET /attention": MACHINES | DESK,
    "POST /attention/doubts": MACHINES | DESK,
    "POST /attention/{breach}": DESK,
    "GET /decisions": DESK,
    "GET /decisions/{operation}": DESK,
    "GET /desk": DESK,
    "POST /desk/doubt": DESK,
    "POST /desk/receipt": DESK,
    "POST /desk/scan": DESK,
    "GET /fees": DESK,
    "GET /fees/{fee}": DESK,
    "POST /fees/{fee}/waive": DESK,
    "GET /hold-shelf": DESK,
    "GET /items": DESK,
    "GET /items-new": DESK,
    "POST /items-new": DESK,
    "GET /items/{item:path}": DESK,
    "GET /items/{item:path}/change": DESK,
    "POST /items/{item:path}/change": DESK,
    "POST /items/{item:path}/clear": DESK,
    "POST /items/{item:path}/state": DESK,
    "GET /loans": DESK,
    "GET /loans/{loan}": DESK,
    "GET /patrons": DESK,
    "GET /patrons/new": DESK,
    "POST /patrons/new": DESK,
    "GET /patrons/{patron}": DESK,
    "GET /patrons/{patron}/card": DESK,
    "POST /patrons/{patron}/card": DESK,
    "GET /patrons/{patron}/edit": DESK,
    "POST /patrons/{patron}/edit": DESK,
    "GET /patrons/{patron}/erase": ADMIN,
    "POST /patrons/{patron}/erase": ADMIN,
    "GET /patrons/{patron}/export": ADMIN,
    "POST /patrons/{patron}/fees": DESK,
    "POST /patrons/{patron}/operations": DESK,
    "POST /patrons/{patron}/payments": DESK,
    "POST /patrons/{patron}/pin": DESK,
    "POST /patrons/{patron}/reservations/{reservation}/{what}": DESK,
    "GET /patrons/{patron}/reserve": DESK,
    "POST /patrons/{patron}/reserve": DESK,
    "POST /patrons/{patron}/waive": DESK,
    "GET /reservations": DESK,
    "POST /reservations/{reservation}/cancel": DESK,
    "POST /reservations/{reservation}/resume": DESK,
    "POST /reservations/{reservation}/suspend": DESK,
    "GET /what-if": DESK,
    "POST /what-if": DESK,
    # rules
    "GET /drafts": RULES,
    "POST /drafts": RULES,
    "POST /drafts/import": RULES,
    "POST /drafts/sets": RULES,
    "GET /drafts/{draft}": RULES,
    "GET /drafts/{draft}/check": RULES,
    "POST /drafts/{draft}/delete": RULES,
    "GET /drafts/{draft}/deleted": RULES,
    "GET /drafts/{draft}/export": RULES,
    "POST /drafts/{draft}/move": RULES,
    "POST /drafts/{draft}/publish": RULES,
    "POST /drafts/{draft}/put-back": RULES,
    "POST /drafts/{draft}/rename": RULES,
    "GET /drafts/{draft}/rule": RULES,
    "POST /drafts/{draft}/rule": RULES,
    "POST /drafts/{draft}/rule/delete": RULES,
    "POST /drafts/{draft}/sets": RULES,
    "POST /drafts/{draft}/switch": RULES,
    "GET /rule": RULES | DESK,
    "GET /rule-help": RULES | DESK,
    "GET /rule-help/flow/{flow}": RULES | DESK,
    "POST /rule-help/flow/{flow}": RULES,
    "GET /rule-help/{kind}": RULES | DESK,
    "GET /rule-sets": RULES,
    "GET /rule-sets/compare": RULES,
    "GET /rule-sets/use": RULES,
    "GET /rule-sets/{rule_set:int}": RULES,
    "GET /rules": RULES | DESK,
    "GET /self-service": RULES,
    "POST /self-service": RULES,
    "POST /self-service/begin-again": RULES,
    # manual
    "GET /manual": ANY,
    "GET /manual/pictures/{language}/{name}": ANY,
    "GET /manual/{chapter}": ANY,
    # house
    "GET /calendar": ADMIN | RULES,
    "GET /calendar/{organisation:path}": ADMIN | RULES,
    "GET /calendar/{organisation:path}/closing": ADMIN | RULES,
    "POST /calendar/{organisation:path}/closings": ADMIN | RULES,
    "POST /calendar/{organisation:path}/closings/delete": ADMIN | RULES,
    "POST /calendar/{organisation:path}/move": ADMIN | RULES,
    "POST /calendar/{organisation:path}/days": ADMIN | RULES,
    "GET /organisations": ADMIN,
    "POST /organisations": ADMIN,
    "GET /organisations/{organisation:path}": ADMIN,
    "POST /organisations/{organisation:path}/change": ADMIN,
    "POST /organisations/{organisation:path}/settings": ADMIN,
    "GET /codes": ADMIN,
    "POST /codes/{table}/add": ADMIN,
    "POST /codes/media_type/names": ADMIN,
    "POST /codes/{table}/delete": ADMIN,
    # machines
    "GET /machines": MACHINES,
    "POST /machines/code": MACHINES,
    "GET /machines/{machine}": MACHINES,
    "POST /machines/{machine}/change": MACHINES,
    "POST /machines/{machine}/seen": MACHINES,
    "POST /machines/{machine}/withdraw": MACHINES,
    "GET /machine-settings": MACHINES,
    "GET /machine-settings/{organisation:path}": MACHINES,
    "POST /machine-settings/{organisation:path}": MACHINES,
    "GET /machine-settings/{organisation:path}/texts": MACHINES,
    "POST /machine-settings/{organisation:path}/texts": MACHINES,
    "GET /machines/{machine}/settings": MACHINES,
    "POST /machines/{machine}/settings": MACHINES,
    "GET /machines/{machine}/settings/texts": MACHINES,
    "POST /machines/{machine}/settings/texts": MACHINES,
    # notices: tasks and ways of sending
    "GET /tasks": ADMIN,
    "POST /tasks": ADMIN,
    "GET /tasks/new": ADMIN,
    "GET /tasks/{task:int}": ADMIN,
    "POST /tasks/{task:int}": ADMIN,
    "POST /tasks/{task:int}/confirm": ADMIN,
    "POST /tasks/{task:int}/delete": ADMIN,
    "POST /tasks/{task:int}/pause": ADMIN,
    "GET /tasks/{task:int}/preview": ADMIN,
    "POST /tasks/{task:int}/resume": ADMIN,
    "POST /tasks/{task:int}/run": ADMIN,
    "GET /mail": ADMIN,
    "GET /mail/new/{what}": ADMIN,
    "POST /mail/new/{what}": ADMIN,
    "GET /mail/{what}/{code:path}": ADMIN,
    "POST /mail/{what}/{code:path}/change": ADMIN,
    "POST /mail/{what}/{code:path}/delete": ADMIN,
    "POST /mail/{what}/{code:path}/test": ADMIN,
    "GET /notices/setup": ADMIN,
    # notices: what was sent, what will be, and their words
    "GET /notices": DESK,
    "GET /notices/effect": DESK,
    "POST /notices/patron": DESK,
    "GET /notices/tonight": DESK | ADMIN,
    "GET /notices/why": DESK,
    "GET /notices/{message:int}": DESK,
    "POST /notices/{message:int}/settle": DESK,
    "GET /notice-texts": ADMIN,
    "GET /notice-texts/edit": ADMIN,
    "POST /notice-texts/edit": ADMIN,
    "GET /notice-texts/letterhead": ADMIN,
    "POST /notice-texts/letterhead": ADMIN,
    "POST /notice-texts/preview": ADMIN,
    "POST /notice-texts/use": ADMIN,
    # staff
    "GET /members": ADMIN,
    "POST /members": ADMIN,
    "GET /members/{member}": ADMIN,
    "POST /members/{member}/roles": ADMIN,
    "POST /members/{member}/active": ADMIN,
    "POST /members/{member}/password": ADMIN,
    "GET /tokens": ADMIN,
    "POST /tokens": ADMIN,
    "POST /tokens/revoke": ADMIN,
    "GET /audit": ADMIN,
}
SIGNED_IN = {route: roles for route, roles in NEEDED.items() if roles is not None}
WITHOUT_SESSION = {"POST /sign-in"}  # of what is sent: there is no session yet whose mark a form could carry


def routes() -> Iterator[tuple[str, list[Callable[..., Any]]]]:
    """Every route of the console as the table writes it, with all it depends on."""
    nothing: Any = None
    for route in iter_route_contexts(make_console(Service(nothing, nothing, nothing)).routes):
        for method in (route.methods or set()) - {"HEAD"}:
            yield f"{method} {route.path}", list(calls_of(route.dependant))


def needed(calls: list[Callable[..., Any]]) -> frozenset[str] | None:
    """Roles of which a route needs one; a form depends on whoever is signed in, whatever else is asked for."""
    found = [frozenset(ROLES_NEEDED[call]) for call in calls if call in ROLES_NEEDED]
    if not found:
        return None
    strict = {roles for roles in found if roles}
    assert len(strict) <= 1, "one route, one dependency that says the role"
    return strict.pop() if strict else ANY


def test_every_route_says_whom_it_lets_in_as_the_table_does() -> None:
    assert {name: needed(calls) for name, calls in routes()} == NEEDED


def test_whatever_is_sent_must_come_from_a_page_of_the_session() -> None:
    unchecked = {name for name, calls in routes() if not name.startswith("GET ") and form_of not in calls}
    assert unchecked == WITHOUT_SESSION


def test_the_menu_leads_nobody_to_a_page_they_may_not_open() -> None:
    open_to = {name.removeprefix("GET "): needed(calls) for name, calls in routes() if name.startswith("GET ")}
    assert {one.path: frozenset(one.roles) for group in MENU for one in group.entries} == {
        one.path: open_to[one.path] for group in MENU for one in group.entries
    }


def test_every_route_begins_with_a_visit() -> None:
    assert [name for name, calls in routes() if visit_of not in calls] == []


def asked(running: Central, route: str, cookie: str | None) -> requests.Response:
    """The bare request, as another site or a bookmark would make it."""
    method, _, path = route.partition(" ")
    with requests.Session() as http:
        http.trust_env = False
        if cookie is not None:
            http.cookies.set(SESSION, cookie)
        url = f"{running.url}/staff" + re.sub(r"\{[^}]*\}", "1", path)
        return http.request(method, url, timeout=SECONDS, allow_redirects=False)


@pytest.mark.parametrize("role", [*staffing.ROLES, None])
def test_a_role_opens_its_pages_and_gets_a_page_that_says_so_at_every_other(
    world: World, central: Central, role: str | None
) -> None:
    world.rules()
    cookie = session_of(central.service, role) if role is not None else session_without_role(central.service)
    wrong = []
    for route, roles in SIGNED_IN.items():
        answer = asked(central, route, cookie)
        allowed = not roles or role in roles
        said = text_of(answer.text)
        if not allowed and (answer.status_code != 403 or "This needs another role." not in said):
            wrong.append((route, answer.status_code, said))
        # A form without the session's mark is refused for that alone; a page that is not there is one all the same.
        foreign = "does not come from a page of your session" in said
        if allowed and (foreign != (not route.startswith("GET ")) or answer.status_code >= 500):
            wrong.append((route, answer.status_code, said))
    assert wrong == []


def session_without_role(service: Service) -> str:
    """Somebody who may sign in and nothing else."""
    staffing.create(service, "test", "anna", "a good long password", ())
    return str(staffing.sign_in(service, "anna", "a good long password", "N1")["token"])


@pytest.mark.parametrize("whose", ["nobody", "unknown", "machine", "ended"])
def test_whoever_is_not_signed_in_is_sent_to_the_sign_in(world: World, central: Central, whose: str) -> None:
    world.rules()
    ended = session_of(central.service)
    staffing.sign_out(central.service, ended)
    cookies = {"nobody": None, "unknown": "x" * 43, "machine": central.machine().key, "ended": ended}
    answers = {route: asked(central, route, cookies[whose]) for route in SIGNED_IN}
    assert {
        route: (answer.status_code, answer.headers.get("location"))
        for route, answer in answers.items()
        if answer.status_code != 303 or not answer.headers["location"].startswith("/staff/sign-in")
    } == {}


@pytest.mark.parametrize("role", staffing.ROLES)
def test_the_menu_shows_a_role_its_pages_only(central: Central, role: str) -> None:
    page = asked(central, "GET /", session_of(central.service, role)).text
    menu = page.partition("<nav")[2].partition("</nav>")[0]
    shown = set(re.findall(r'href="/staff(/[^"]*)"', menu))
    assert shown == {one.path for group in MENU for one in group.entries if not one.roles or role in one.roles}
