"""The web application: routers, headers on every answer, and errors that say what is wrong without telling secrets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from circulation.api import (
    advising,
    closings,
    desk,
    fleet,
    headers,
    house,
    items,
    machine,
    machine_settings,
    models,
    operations,
    patron,
    patrons,
    reservations,
    rules,
    staff,
    staff_access,
    staff_problems,
)
from circulation.errors import CirculationError
from circulation.service import VERSION, Service
from circulation.staff.app import make_console, nobody

log = structlog.get_logger("circulation")

MOST_BODY = 1_000_000  # bytes
# Thousands of rules.
MOST_OF: dict[str, int] = dict.fromkeys(("/v1/staff/drafts/import", "/staff/drafts/import"), 8_000_000)
PROBLEMS: dict[int | str, dict[str, object]] = {
    status: {"model": models.Problem, "description": text}
    for status, text in {
        401: "the machine or the session is not known",
        404: "there is no such thing",
        413: "the request is too large",
        422: "something in the request is wrong",
        426: "this version of the API is not served",
        500: "the service failed; nothing may be concluded",
        503: "the service is not set up yet",
    }.items()
}


def make_app(service: Service, ring: Callable[[], None] = nobody) -> FastAPI:
    """The application around a service.

    Args:
        service: the service.
        ring: wakes the scheduler of this process, where there is one (jobs.alarm).
    """
    app = _application()
    app.state.service, app.state.ring = service, ring
    app.mount("/staff", make_console(service, ring))
    app.add_route("/", lambda _: RedirectResponse("/staff/"))
    return app


def document() -> dict[str, Any]:
    """The OpenAPI document; it does not depend on what is served."""
    return _application().openapi()


def document_text() -> str:
    """The document as ``docs/openapi.json`` has it: a change of the API is a small difference of text."""
    return json.dumps(document(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _application() -> FastAPI:
    app = FastAPI(title="Library circulation", version=VERSION, docs_url=None, redoc_url=None)
    root = APIRouter(prefix="/v1", responses=PROBLEMS)
    for module in (machine, patron, operations, items):
        root.include_router(module.router)
    root.include_router(machine_settings.router)
    root.include_router(reservations.router)
    of_staff = (
        staff.router,
        rules.router,
        advising.router,
        house.router,
        closings.router,
        fleet.router,
        desk.router,
        patrons.router,
    )
    for router in (*of_staff, reservations.staff_router, machine_settings.staff_router):
        root.include_router(router, responses=staff_access.REFUSED)
    app.include_router(root)
    app.add_exception_handler(CirculationError, _circulation_error)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(HTTPException, _http_error)
    for error, answer in (staff_problems.HANDLERS | machine_settings.HANDLERS).items():
        app.add_exception_handler(error, answer)
    app.add_middleware(Around)
    return app


def _problem(status: int, error: str, detail: str, place: str | None = None) -> JSONResponse:
    return JSONResponse({"error": error, "detail": detail, "place": place}, status_code=status)


def _circulation_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, CirculationError):
        raise error
    return _problem(error.status, error.code, error.detail, error.place)


def _wrong_request(_: Request, error: Exception) -> Response:
    """Name the place and what is expected there; never repeat what was sent."""
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return _problem(422, "bad_request", str(first["msg"]), place)


def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 400:  # the body is not JSON, not UTF-8, or nested beyond reason
        return _problem(422, "bad_request", "the body cannot be read as JSON", "body")
    known = {404: "not_found", 405: "method_not_allowed"}
    return _problem(error.status_code, known.get(error.status_code, "bad_request"), "this request is not served")


class Around:
    """Refuses what is too large, catches what nobody caught, and puts time, generation and rule set onto each answer.

    An ASGI application around the others: a "http middleware" would pass each answer through streams and tasks of its
    own, which takes longer than a whole checkout in the database.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                more = await headers.of(scope, scope["app"].state.service)
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        request = Request(scope)
        most = MOST_OF.get(scope["path"], MOST_BODY)
        if _too_large(request, most):
            problem = _problem(413, "too_large", f"a request has a length of at most {most} bytes")
            await problem(scope, receive, answer)
            return
        try:
            await self._app(scope, receive, answer)
        except Exception:  # the last line of defence: nothing of the inside is told
            log.exception("request_failed", method=scope["method"], route=_route(request))
            if begun:
                raise
            await _problem(500, "failed", "the service failed; please try again")(scope, receive, answer)


def _too_large(request: Request, most: int) -> bool:
    length = request.headers.get("content-length", "0")
    known = length.isascii() and length.isdigit() and "transfer-encoding" not in request.headers
    return not known or len(length) > len(str(most)) or int(length) > most


def _route(request: Request) -> str:
    """The route as it is written, without what was asked for."""
    return str(getattr(request.scope.get("route"), "path", "none"))
