"""Who asks: machine key, API version, patron session. Channel and branch follow from the key alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Request

from circulation import machines
from circulation.errors import CirculationError
from circulation.service import API_VERSION, Service, Workplace

OLDEST_API = API_VERSION - 1


# What waits for nothing is async: it runs where the request is read, without a thread of its own.


async def service_of(request: Request) -> Service:
    """The running service."""
    service: Service = request.app.state.service
    return service


async def ring_of(request: Request) -> Callable[[], None]:
    """Wakes the scheduler of this process, where there is one."""
    ring: Callable[[], None] = request.app.state.ring
    return ring


Ring = Annotated[Callable[[], None], Depends(ring_of)]
TheService = Annotated[Service, Depends(service_of)]


async def _version(library_api: Annotated[str, Header()] = str(API_VERSION)) -> int:
    """The machine's API version; this one and the one before are served.

    Raises:
        CirculationError: any other.
    """
    known = {str(version): version for version in range(OLDEST_API, API_VERSION + 1)}
    if library_api not in known:
        detail = f"this service speaks versions {OLDEST_API} to {API_VERSION} of the machine API"
        raise CirculationError("version_unsupported", detail, 426)
    return known[library_api]


ApiVersion = Annotated[int, Depends(_version)]


def _machine(service: TheService, version: ApiVersion, authorization: Annotated[str, Header()] = "") -> Workplace:
    """The machine whose key came with the request.

    Raises:
        CirculationError: no key, or one that no machine has.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key or len(key) > 200:
        raise CirculationError("machine_unknown", "a machine key is needed", 401)
    return machines.by_key(service, key)


TheMachine = Annotated[Workplace, Depends(_machine)]
SessionToken = Annotated[str | None, Header(alias="Library-Session", max_length=200)]


def needed(token: str | None) -> str:
    """The session token where one is needed.

    Raises:
        CirculationError: there is none.
    """
    if token is None:
        raise CirculationError("session_ended", "please sign in first", 401)
    return token
