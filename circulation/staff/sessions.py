"""Signing in and out in the browser, and the language pages are read in."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from circulation import staffing
from circulation.errors import CirculationError
from circulation.staff.forms import Form
from circulation.staff.page import LANGUAGE, ROOT, SESSION, AnyPage, SentForm, TheForm, TheVisit, Visit, local
from circulation.staff.words import LANGUAGES
from circulation.store import house
from rules.survey import branches

router = APIRouter()
YEAR = 365 * 24 * 3600


@router.get("/sign-in")
def sign_in_page(visit: TheVisit, wanted: str = "/") -> Response:
    """Name, password and branch."""
    return _sign_in_page(visit, {"wanted": wanted})


def _sign_in_page(visit: Visit, given: dict[str, str], error: CirculationError | None = None) -> Response:
    with visit.service.database.reading() as db:
        tree = house.organisations(db)
    places = [(one, tree.nodes[one].name) for one in sorted(branches(tree))]
    chosen = given.get("branch") or visit.request.cookies.get("branch", "")
    status = error.status if error is not None else 200
    return visit.show("sign_in.html", status, places=places, given={**given, "branch": chosen}, error=error)


@router.post("/sign-in")
def sign_in(visit: TheVisit, form: SentForm) -> Response:
    """Begin a session."""
    try:
        name, password, branch = (form.needed(field) for field in ("name", "password", "branch"))
        address = visit.request.client.host if visit.request.client is not None else ""
        token = staffing.sign_in(visit.service, name, password, branch, address)["token"]
    except CirculationError as error:
        return _sign_in_page(visit, _without_password(form), error)
    answer = RedirectResponse(ROOT + local(form.text("wanted", "/")), 303)
    answer.set_cookie(SESSION, token, path=ROOT, httponly=True, samesite="lax", secure=visit.secure)
    answer.set_cookie("branch", branch, YEAR, path=ROOT, httponly=True, samesite="lax", secure=visit.secure)
    return answer


def _without_password(form: Form) -> dict[str, str]:
    return {name: form.text(name) for name in ("name", "branch", "wanted")}


@router.post("/sign-out")
def sign_out(page: AnyPage, form: TheForm) -> Response:
    """End the session."""
    staffing.sign_out(page.service, page.token)
    answer = page.go("/sign-in")
    answer.delete_cookie(SESSION, path=ROOT)
    return answer


@router.get("/language/{language}")
def choose_language(language: str, visit: TheVisit, back: str = "/") -> Response:
    """Read the pages in another language from now on."""
    answer = RedirectResponse(ROOT + local(back), 303)
    if language in LANGUAGES:
        answer.set_cookie(LANGUAGE, language, YEAR, path=ROOT, httponly=True, samesite="lax", secure=visit.secure)
    return answer
