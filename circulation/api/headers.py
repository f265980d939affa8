"""What every answer tells: the time, the database's generation, the number of the live rule set."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from circulation.service import Service
from circulation.store import tables as t
from circulation.store.house import Installation

KNOWN = "installation"  # of the request's state: what was read for it already
_HERE = select(t.installation.c.generation, t.installation.c.live_rules)


def tell(scope: MutableMapping[str, Any], here: Installation) -> None:
    """This row was read while the request was answered: it need not be read once more for the headers."""
    scope["state"][KNOWN] = (here.generation, here.live)


async def of(scope: MutableMapping[str, Any], service: Service) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, as they are sent."""
    known = scope["state"].get(KNOWN) or await run_in_threadpool(_read, service)
    headers = {"library-time": service.clock().isoformat()}
    if known is not None:
        headers["library-generation"] = known[0]
    if known is not None and known[1] is not None:
        headers["library-rules"] = str(known[1])
    return [(name.encode("ascii"), value.encode("ascii")) for name, value in headers.items()]


def _read(service: Service) -> tuple[str, int | None] | None:
    """What holds now; None where nothing is set up, or the database does not answer."""
    try:
        with service.database.reading() as db:
            row = db.execute(_HERE).one_or_none()
    except SQLAlchemyError:
        return None
    return (row.generation, row.live_rules) if row is not None else None
