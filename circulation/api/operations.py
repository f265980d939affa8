"""Operations: a batch answered line by line, settling, and sealed requests after a restore."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from sqlalchemy.exc import SQLAlchemyError

from circulation import operations, signin
from circulation.api import models as m
from circulation.api.access import SessionToken, TheMachine, TheService, needed
from circulation.errors import CirculationError
from circulation.service import Machine, Service

router = APIRouter(tags=["operations"])
log = structlog.get_logger("circulation.operations")
NDJSON = "application/x-ndjson"


@router.post(
    "/operations",
    response_class=StreamingResponse,
    responses={200: {"description": "one line of JSON per operation, in order", "content": {NDJSON: {}}}},
)
def run(
    body: m.OperationsAsked, service: TheService, machine: TheMachine, token: SessionToken = None
) -> StreamingResponse:
    """Carry out operations in the given order; each line is sent after its own transaction."""
    patron = _patron(service, machine, body, token)
    service_ready(service, machine)
    return StreamingResponse(_lines(service, machine, body, patron), media_type=NDJSON)


def _patron(service: Service, machine: Machine, body: m.OperationsAsked, token: str | None) -> str | None:
    if token is None and all(operation.action == "return" for operation in body.operations):
        return None
    with service.database.writing() as db:
        patron = signin.patron_of(service, db, machine, needed(token))
    if body.patron is not None and body.patron != patron:
        raise CirculationError("bad_request", "the session belongs to another patron", 422)
    return patron


def service_ready(service: Service, machine: Machine) -> None:
    """Refuse a whole batch before its first operation where nothing could be decided.

    Raises:
        CirculationError: no rule set.
    """
    with service.database.reading() as db:
        service.place(db, machine)


def _lines(service: Service, machine: Machine, body: m.OperationsAsked, patron: str | None) -> Iterator[bytes]:
    for operation in body.operations:
        asked = operations.Asked(
            operation.id, operation.action, operation.item, None if operation.action == "return" else patron
        )
        try:
            line = operations.run(service, machine, asked)
        except SQLAlchemyError as error:
            # The line is left out: the machine treats the operation as unknown and settles it.
            log.error("operation_failed", operation=operation.id, error=type(error).__name__)
            continue
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


@router.post("/operations/resend")
def resend(body: m.ResendAsked, service: TheService, machine: TheMachine) -> m.ResendAnswer:
    """Take sealed requests back after a restore: known ids answer what was recorded, the others are carried out."""
    lines = [operations.run(service, machine, _unsealed(service, sealed)) for sealed in body.operations]
    return m.ResendAnswer(operations=[_line(line) for line in lines])


def _unsealed(service: Service, sealed: m.SealedOperation) -> operations.Asked:
    try:
        raw = json.loads(service.secrets.open_sealed(base64.b64decode(sealed.sealed, validate=True)))
        asked = m.OperationAsked(id=raw["id"], action=raw["action"], item=raw["item"])
        patron = raw["patron"]
    except (binascii.Error, ValueError, KeyError, TypeError, ValidationError):
        raise CirculationError("sealed_unreadable", f"sealed request {sealed.id} is not understood") from None
    if asked.id != sealed.id or not (patron is None or isinstance(patron, str)):
        raise CirculationError("sealed_unreadable", f"sealed request {sealed.id} says something else inside")
    return operations.Asked(asked.id, asked.action, asked.item, patron)


@router.post("/operations/{operation}/settle")
def settle(
    operation: Annotated[str, Path(pattern=m.UUID_PATTERN)], service: TheService, machine: TheMachine
) -> m.Done | m.Refused:
    """The recorded outcome of an operation, or "abandoned" recorded now."""
    line = _line(operations.settle(service, machine, operation))
    if isinstance(line, m.OperationError):
        raise CirculationError("bad_request", "this operation has no outcome", 422)
    return line


def _line(line: dict[str, Any]) -> m.Line:
    kinds: dict[str, type[m.Done] | type[m.Refused] | type[m.OperationError]] = {
        "done": m.Done,
        "refused": m.Refused,
        "error": m.OperationError,
    }
    return kinds[line["outcome"]](**line)
