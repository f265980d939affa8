"""One request for a page: who asks, in which language, and how a template becomes an answer.

Every page begins with one of the dependencies here; none can forget to ask who it is or whether a form is ours.
Not responsible for what pages show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy import Connection

from circulation import desk, staffing
from circulation.clock import local_day
from circulation.errors import CirculationError
from circulation.service import Service, Workplace
from circulation.staff import forms, navigation
from circulation.staff.assets import address
from circulation.staff.forms import Form
from circulation.staff.words import LANGUAGES, Words
from circulation.staffing import StaffSession
from circulation.store import house

ROOT = "/staff"
SESSION, LANGUAGE, SAID = "staff", "language", "said"  # cookies
TEMPLATES = Environment(
    loader=PackageLoader("circulation.staff"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class SignInNeededError(Exception):
    """Nobody is signed in; ``wanted`` is the path to come back to."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self.wanted = wanted


@dataclass(frozen=True)
class Visit:
    """A request, whoever makes it."""

    request: Request
    service: Service

    @cached_property
    def here(self) -> house.Installation | None:
        """The installation; None in an empty database."""
        with self.service.database.reading() as db:
            try:
                return house.installation(db)
            except CirculationError:
                return None

    @cached_property
    def words(self) -> Words:
        """The reader's words: as chosen before, else the first language of the browser that there is."""
        chosen = (self.request.cookies.get(LANGUAGE, ""), *_accepted(self.request.headers.get("accept-language", "")))
        language = next((one for one in chosen if one in LANGUAGES), LANGUAGES[0])
        if self.here is None:
            return Words(language)
        return Words(language, self.here.time_zone, self.here.currency)

    @property
    def path(self) -> str:
        """The path below /staff."""
        return self.request.url.path.removeprefix(ROOT) or "/"

    @property
    def address(self) -> str:
        """The path below /staff with what is asked for."""
        query = self.request.url.query
        return f"{self.path}?{query}" if query else self.path

    def known(self) -> dict[str, Any]:
        """What every template knows."""
        words = self.words
        return {
            "say": words.say,
            "words": words,
            "languages": LANGUAGES,
            "link": link,
            "static": address,
            "library": self.here.library if self.here is not None else "",
            "address": self.address,
            "current": navigation.current(self.path),
            "staff": None,
            "said": None,
        }

    def show(self, template: str, status: int = 200, **given: Any) -> Response:
        """A template as an answer."""
        content = TEMPLATES.get_template(template).render({**self.known(), **given})
        return HTMLResponse(content, status)

    def go(self, path: str, said: str | None = None, **query: str | int | None) -> Response:
        """Send the browser to a page below /staff after something was done.

        Args:
            path: below /staff.
            said: "done.<said>" is told on the next page, once.
            query: what that page is asked for; None is left out.
        """
        answer = RedirectResponse(link(path, **query), 303)
        if said is not None:
            answer.set_cookie(SAID, said, path=ROOT, httponly=True, samesite="lax", secure=self.secure, max_age=60)
        return answer

    @property
    def secure(self) -> bool:
        """Whether the browser speaks TLS to us or to the proxy before us."""
        return self.request.url.scheme == "https"


@dataclass(frozen=True)
class Page(Visit):
    """A request of somebody who is signed in."""

    staff: StaffSession
    token: str

    @cached_property
    def asked(self) -> Form:
        """What the address asks for."""
        return forms.asked(self.request)

    @cached_property
    def today(self) -> Any:
        """The day in the installation's zone."""
        return local_day(self.service.clock(), self.words.zone)

    @cached_property
    def workplace(self) -> Workplace:
        """The desk this session works at."""
        return desk.workplace(self.service, self.staff)

    @property
    def csrf(self) -> str:
        """What the forms of this session carry."""
        return forms.csrf_of(self.service, self.token)

    def may(self, *roles: str) -> bool:
        """Whether one of these roles is held."""
        return not self.staff.roles.isdisjoint(roles)

    def reading(self) -> Any:
        """A transaction that only reads."""
        return self.service.database.reading()

    def known(self) -> dict[str, Any]:
        """What every template knows."""
        said = self.request.cookies.get(SAID, "")
        return {
            **super().known(),
            "page": self,
            "staff": self.staff,
            "csrf": self.csrf,
            "menu": navigation.menu_for(self.staff.roles),
            "said": said if self.words.knows(f"done.{said}") else None,
        }

    def show(self, template: str, status: int = 200, **given: Any) -> Response:
        """A template as an answer; what was to be said once is said."""
        answer = super().show(template, status, **given)
        if SAID in self.request.cookies:
            answer.delete_cookie(SAID, path=ROOT)
        return answer

    def wrong(self, template: str, error: CirculationError, **given: Any) -> Response:
        """The page of a form again, with what is wrong in it; ``given`` holds what was entered."""
        return self.show(template, error.status if error.status >= 400 else 422, error=error, **given)

    def names(self, db: Connection) -> dict[str, str]:
        """Organisations by id, with what they are called."""
        return {id_: node.name for id_, node in house.organisations(db).nodes.items()}


def _accepted(header: str) -> Iterator[str]:
    """Languages of an Accept-Language header, the wanted ones first; weights are close enough in their order."""
    for part in header.split(",")[:20]:
        yield part.partition(";")[0].strip().partition("-")[0].lower()


def link(path: str, **query: object) -> str:
    """The address of a page below /staff; what is asked for with None or "" is left out."""
    asked = {key: value for key, value in query.items() if value not in (None, "")}
    whole = ROOT + quote(path)
    return f"{whole}?{urlencode(asked)}" if asked else whole


def local(path: str) -> str:
    """A path below /staff that came with a request; anything that could lead elsewhere becomes the start page."""
    fits = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if fits else "/"


# --- who asks ---------------------------------------------------------------------------------------------------------


def visit_of(request: Request) -> Visit:
    """A request of anybody."""
    return Visit(request, request.app.state.service)


TheVisit = Annotated[Visit, Depends(visit_of)]


def any_page(visit: TheVisit) -> Page:
    """A request of whoever is signed in.

    Raises:
        SignInNeededError: nobody is, or no longer.
    """
    request, token = visit.request, visit.request.cookies.get(SESSION, "")
    wanted = visit.address if request.method == "GET" else "/"
    if not token or len(token) > 200:
        raise SignInNeededError(wanted)
    try:
        return Page(request, visit.service, staffing.by_token(visit.service, token), token)
    except CirculationError:
        raise SignInNeededError(wanted) from None


Needs = Callable[..., Page]
# Dependency -> roles of which one is needed; empty = any member of staff. Read by the tests.
ROLES_NEEDED: dict[Needs, tuple[str, ...]] = {any_page: ()}


def needs(*roles: str) -> Needs:
    """A dependency that lets in who has one of these roles."""

    def allowed(page: AnyPage) -> Page:
        if not page.may(*roles):
            raise CirculationError("role_missing", f"this needs the role {' or '.join(roles)}", 403)
        return page

    ROLES_NEEDED[allowed] = roles
    return allowed


AnyPage = Annotated[Page, Depends(any_page)]
DeskPage = Annotated[Page, Depends(needs(staffing.DESK))]
RulesPage = Annotated[Page, Depends(needs(staffing.RULES))]
RuleReadersPage = Annotated[Page, Depends(needs(staffing.RULES, staffing.DESK))]
CalendarPage = Annotated[Page, Depends(needs(staffing.ADMIN, staffing.RULES))]
MachinesPage = Annotated[Page, Depends(needs(staffing.MACHINES))]
NightPage = Annotated[Page, Depends(needs(staffing.DESK, staffing.ADMIN))]
AttentionPage = Annotated[Page, Depends(needs(staffing.DESK, staffing.MACHINES))]
AdminPage = Annotated[Page, Depends(needs(staffing.ADMIN))]


async def _sent(request: Request) -> Form:
    forms.must_be_ours(request)
    return await forms.sent(request)


SentForm = Annotated[Form, Depends(_sent)]


def form_of(page: AnyPage, form: SentForm) -> Form:
    """A form of whoever is signed in, sent by a page of their session.

    Raises:
        CirculationError: it was not.
    """
    forms.must_carry(form, page.csrf)
    return form


TheForm = Annotated[Form, Depends(form_of)]


def calls_of(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """Every dependency of a route: the tests see by them whom it lets in and that its form is checked."""
    for inner in dependant.dependencies:
        if inner.call is not None:
            yield inner.call
        yield from calls_of(inner)


def plain_form(form: Form) -> Mapping[str, str]:
    """Entered texts by field, to be shown again."""
    return {name: values[-1] for name, values in form.fields.items() if values and name != forms.CSRF}
