"""The web application: routers, headers on every answer, and errors that say what is wrong without telling secrets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from circulation.api import items, machine, models, operations, patron
from circulation.errors import CirculationError
from circulation.service import VERSION, Service
from circulation.store import tables as t

log = structlog.get_logger("circulation")

MOST_BODY = 1_000_000  # bytes
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


def make_app(service: Service) -> FastAPI:
    """The application around a service."""
    app = FastAPI(title="Library circulation, machine API", version=VERSION, docs_url=None, redoc_url=None)
    app.state.service = service
    root = APIRouter(prefix="/v1", responses=PROBLEMS)
    for module in (machine, patron, operations, items):
        root.include_router(module.router)
    app.include_router(root)
    app.add_exception_handler(CirculationError, _circulation_error)
    app.add_exception_handler(RequestValidationError, _wrong_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.middleware("http")(_around)
    return app


def _problem(status: int, error: str, detail: str, place: str | None = None) -> JSONResponse:
    return JSONResponse({"error": error, "detail": detail, "place": place}, status_code=status)


def _circulation_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, CirculationError):
        raise error
    return _problem(error.status, error.code, error.detail)


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


async def _around(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """Refuse what is too large, catch what nobody caught, and put time, generation and rule set onto the answer."""
    if _too_large(request):
        response: Response = _problem(413, "too_large", f"a request has a length of at most {MOST_BODY} bytes")
    else:
        try:
            response = await call_next(request)
        except Exception:  # the last line of defence: nothing of the inside is told
            log.exception("request_failed", method=request.method, route=_route(request))
            response = _problem(500, "failed", "the service failed; please try again")
    service: Service = request.app.state.service
    response.headers["Library-Time"] = service.clock().isoformat()
    response.headers.update(await run_in_threadpool(_house_headers, service))
    return response


def _too_large(request: Request) -> bool:
    length = request.headers.get("content-length", "0")
    known = length.isascii() and length.isdigit() and "transfer-encoding" not in request.headers
    return not known or len(length) > len(str(MOST_BODY)) or int(length) > MOST_BODY


def _route(request: Request) -> str:
    """The route as it is written, without what was asked for."""
    return str(getattr(request.scope.get("route"), "path", "none"))


def _house_headers(service: Service) -> dict[str, str]:
    try:
        with service.database.reading() as db:
            row = db.execute(select(t.installation.c.generation, t.installation.c.live_rules)).one_or_none()
    except SQLAlchemyError:
        return {}
    if row is None:
        return {}
    rules = {} if row.live_rules is None else {"Library-Rules": str(row.live_rules)}
    return {"Library-Generation": row.generation, **rules}
