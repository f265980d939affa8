"""The console as an application of its own below /staff: its pages, its files, and what every answer carries.

Errors are pages here, in the reader's language, not documents of the API.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from circulation.errors import CirculationError
from circulation.service import Service
from circulation.staff import assets, sessions
from circulation.staff.page import SignInNeededError, any_page, link, visit_of
from circulation.staff.pages import ROUTERS

log = structlog.get_logger("circulation.staff")

# Nothing from elsewhere, nothing written into the page itself; pages go into no frame.
POLICY = "; ".join(
    (
        *("default-src 'none'", "style-src 'self'", "script-src 'self'", "img-src 'self'", "connect-src 'self'"),
        *("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"),
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
KEPT_FOR_GOOD = "public, max-age=31536000, immutable"
NOT_KEPT = "no-store"  # pages name patrons: nothing of them stays in a browser that others use next


def nobody() -> None:
    """Wakes no scheduler: this process has none."""


def make_console(service: Service, ring: Callable[[], None] = nobody) -> FastAPI:
    """The console around a service; ``ring`` wakes the scheduler of this process."""
    console = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    console.state.service, console.state.ring = service, ring
    for router in (sessions.router, *ROUTERS):
        console.include_router(router)
    console.mount("/static", StaticFiles(directory=assets.FOLDER), name="static")
    console.add_exception_handler(SignInNeededError, _sign_in)
    console.add_exception_handler(CirculationError, _told)
    console.add_exception_handler(RequestValidationError, _wrong_address)
    console.add_exception_handler(HTTPException, _not_here)
    console.add_middleware(Around)
    return console


def _sign_in(_: Request, error: Exception) -> Response:
    wanted = error.wanted if isinstance(error, SignInNeededError) else "/"
    return RedirectResponse(link("/sign-in", wanted=wanted if wanted != "/" else None), 303)


def _told(request: Request, error: Exception) -> Response:
    if not isinstance(error, CirculationError):
        raise error
    return error_page(request, error)


def _wrong_address(request: Request, _: Exception) -> Response:
    return error_page(request, CirculationError("address_wrong", "this address names nothing", 404))


def _not_here(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return error_page(request, CirculationError("address_wrong", "this address names nothing", status))


def error_page(request: Request, error: CirculationError) -> Response:
    """What went wrong, as a page with the menu of whoever is signed in."""
    visit = visit_of(request)
    with suppress(SignInNeededError):
        visit = any_page(visit)
    return visit.show("error.html", error.status, error=error)


class Around:
    """Puts the security headers onto each answer, and makes a page of what nobody caught."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False
        of_files = scope["path"].startswith(f"{assets.PREFIX}/")

        async def answer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                own = headers.get("Content-Security-Policy")  # of a page that shows what is not ours
                headers.update(HEADERS if own is None else {**HEADERS, "Content-Security-Policy": own})
                headers["Cache-Control"] = KEPT_FOR_GOOD if of_files and message["status"] == 200 else NOT_KEPT
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception:  # the last line of defence: nothing of the inside is told
            log.exception("page_failed", method=scope["method"])
            if begun:
                raise
            failed = CirculationError("failed", "the service failed; please try again", 500)
            await error_page(Request(scope), failed)(scope, receive, answer)
