"""Operations: a batch answered line by line, settling, and sealed requests after a restore."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import StreamingResponse

from circulation import offline, operations, people, signin
from circulation.api import desk_models as d
from circulation.api import headers
from circulation.api import models as m
from circulation.api.access import SessionToken, TheMachine, TheService, needed
from circulation.errors import CirculationError
from circulation.offline import Happened
from circulation.service import Service, Workplace
from circulation.store import house

router = APIRouter(tags=["operations"])
log = structlog.get_logger("circulation.operations")
NDJSON = "application/x-ndjson"
# OpenAPI 3.1 has no word for "each line is": this is the schema of one line.
ONE_LINE = {
    "schema": {
        "anyOf": [{"$ref": f"#/components/schemas/{kind.__name__}"} for kind in (m.Done, m.Refused, m.OperationError)]
    }
}


@router.post(
    "/operations",
    response_class=StreamingResponse,
    responses={200: {"description": "lines of JSON, one per operation, in order", "content": {NDJSON: ONE_LINE}}},
)
def run(
    request: Request, body: m.OperationsAsked, service: TheService, machine: TheMachine, token: SessionToken = None
) -> Response:
    """Carry out operations in the given order; each line is sent after its own transaction."""
    # Nothing about a patron, nor about a session that has ended, stops a return.
    returns = all(operation.action == operations.RETURN for operation in body.operations)
    with service.database.reading() as db:
        session = None if returns else signin.session(service, db, machine, needed(token))
        here = house.installation(db)
        service.place_in(db, here, machine)  # where nothing can be decided the whole batch is refused
    headers.tell(request.scope, here)
    lines = _lines(service, machine, body, _patron(service, body, session))
    if len(body.operations) == 1:
        return Response(b"".join(lines), media_type=NDJSON)  # a stream of one line would only take longer
    return StreamingResponse(lines, media_type=NDJSON)


def _patron(service: Service, body: m.OperationsAsked, session: signin.PatronSession | None) -> str | None:
    if session is None:
        return None
    signin.keep_alive(service, session)
    if body.patron is not None and body.patron != session.patron:
        raise CirculationError("bad_request", "the session belongs to another patron", 422)
    return session.patron


def service_ready(service: Service, machine: Workplace) -> None:
    """Refuse a whole batch before its first operation where nothing could be decided.

    Raises:
        CirculationError: no rule set.
    """
    with service.database.reading() as db:
        service.place(db, machine)


def _lines(service: Service, machine: Workplace, body: m.OperationsAsked, patron: str | None) -> Iterator[bytes]:
    for operation in body.operations:
        line = _carried_out(service, machine, _asked(operation, patron))
        if line is not None:
            yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


def _asked(operation: m.OperationAsked, patron: str | None) -> operations.Asked:
    whose = None if operation.action == operations.RETURN else patron
    return operations.Asked(operation.id, operation.action, operation.item, whose)


def _carried_out(service: Service, machine: Workplace, asked: operations.Asked) -> operations.Line | None:
    """The operation's line; None if the service failed at it.

    Its line is then left out, so the machine treats it as unknown and settles it; the next operation goes its own way.
    """
    try:
        return operations.run(service, machine, asked)
    except Exception:  # whatever it was, it concerns this operation alone
        log.exception("operation_failed", machine=machine.id, operation=asked.id)
        return None


@router.post("/operations/resend")
def resend(body: m.ResendAsked, service: TheService, machine: TheMachine) -> m.ResendAnswer:
    """Take sealed requests back after a restore: known ids answer what was recorded, the others are carried out.

    An operation at which the service failed has no line: it is resent another time.
    """
    service_ready(service, machine)
    lines = [_resent(service, machine, sealed) for sealed in body.operations]
    return m.ResendAnswer(operations=[m.line_of(line) for line in lines if line is not None])


def _resent(service: Service, machine: Workplace, sealed: m.SealedOperation) -> operations.Line | None:
    try:
        asked = _unsealed(service, sealed)
    except CirculationError as error:
        return operations.error_line(sealed.id, error.code, error.detail)
    known = operations.is_recorded(service, machine, asked.id)
    line = _carried_out(service, machine, asked)
    if line is not None and line["outcome"] == "refused" and not known:
        offline.note_conflict(service, machine, asked, line)
    return line


@router.post("/operations/offline")
def happened(body: d.OfflineAsked, service: TheService, machine: TheMachine) -> d.OfflineAnswer:
    """Record what a machine did off-line; what would have been refused is listed for staff (R82)."""
    service_ready(service, machine)
    lines = [_happened(service, machine, one, body.rules) for one in body.operations]
    return d.OfflineAnswer(operations=[m.line_of(line) for line in lines if line is not None])


def _happened(
    service: Service, machine: Workplace, one: d.OfflineOperation, rules: int | None
) -> operations.Line | None:
    """Its line; None if the service failed at it, and the machine tells it another time."""
    try:
        patron = people.by_card(service, one.card) if one.patron is None and one.card is not None else one.patron
    except CirculationError as error:
        return operations.error_line(one.id, error.code, error.detail)
    try:
        return offline.record(service, machine, Happened(_asked(one, patron), one.at, one.due), rules)
    except Exception:  # whatever it was, it concerns this operation alone
        log.exception("operation_failed", machine=machine.id, operation=one.id)
        return None


def _unsealed(service: Service, sealed: m.SealedOperation) -> operations.Asked:
    try:
        request = m.SealedRequest.model_validate_json(
            service.secrets.open_sealed(base64.b64decode(sealed.sealed, validate=True))
        )
    except (binascii.Error, ValueError, RecursionError):
        raise CirculationError("sealed_unreadable", "this sealed request is not understood") from None
    if request.id != sealed.id:
        raise CirculationError("sealed_unreadable", "this sealed request belongs to another operation")
    return _asked(request, request.patron)


@router.post("/operations/{operation}/settle")
def settle(
    operation: Annotated[str, Path(pattern=m.UUID_PATTERN)], service: TheService, machine: TheMachine
) -> m.Done | m.Refused:
    """The recorded outcome of an operation, or "abandoned" recorded now."""
    line = m.line_of(operations.settle(service, machine, operation))
    if isinstance(line, m.OperationError):
        raise CirculationError("bad_request", "this operation has no outcome", 422)
    return line
