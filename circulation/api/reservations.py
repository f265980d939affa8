"""Reservations at the desk, and by patrons in their own session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from circulation import desk, reserving, signin
from circulation.api import desk_models as m
from circulation.api import models
from circulation.api.access import SessionToken, TheMachine, TheService, needed
from circulation.api.staff_access import Desk
from circulation.domain.records import Verdict
from circulation.errors import CirculationError
from circulation.operations import reason_line
from circulation.reserving import Wanted
from rules.refusals import in_order

staff_router = APIRouter(prefix="/staff", tags=["desk"])
router = APIRouter(tags=["reservations"])
Id = Annotated[str, Path(pattern=models.UUID_PATTERN)]
Filter = Annotated[str | None, Query(min_length=1, max_length=64)]


def _reserved(reservation: str | None, verdict: Verdict) -> m.Reserved:
    return m.Reserved(
        reservation=reservation,
        reasons=[models.Reason(**reason_line(reason)) for reason in verdict.reasons],
        winners=dict(verdict.winners),
        default_used=[step.kind for step in verdict.steps if step.default_used],
        numbers=dict(verdict.numbers),
        steps=[step.to_plain() for step in verdict.steps],
    )


@staff_router.post("/reservations")
def reserve(body: m.ReserveAsked, service: TheService, staff: Desk) -> m.Reserved:
    """Reserve a title for a patron."""
    at = desk.workplace(service, staff)
    return _reserved(*reserving.reserve(service, at, Wanted(**body.model_dump())))


@staff_router.get("/reservations")
def listed(service: TheService, staff: Desk, title: Filter = None, patron: Filter = None) -> m.ReservationList:
    """Open reservations of a title or a patron, first come first."""
    if title is None and patron is None:
        raise CirculationError("bad_request", "name a title or a patron")
    rows = reserving.open_of(service, title=title, patron=patron)
    return m.ReservationList(reservations=[m.ReservationRecord(**row) for row in rows])


@staff_router.get("/hold-shelf")
def hold_shelf(service: TheService, staff: Desk, branch: Filter = None) -> m.ReservationList:
    """What stands on the hold shelf, and what is on its way there."""
    rows = reserving.hold_shelf(service, branch or staff.branch)
    return m.ReservationList(reservations=[m.ReservationRecord(**row) for row in rows])


@staff_router.post("/reservations/{reservation}/cancel")
def cancel(reservation: Id, service: TheService, staff: Desk) -> m.Cancelled:
    """Cancel a reservation; one on the hold shelf costs the fee for uncollected ones (R32)."""
    return m.Cancelled(**reserving.cancel(service, desk.workplace(service, staff), reservation, staff.name, None))


@staff_router.post("/reservations/{reservation}/suspend", status_code=204, responses={409: {"model": models.Problem}})
def suspend(reservation: Id, service: TheService, staff: Desk) -> None:
    """Let a reservation rest: it keeps its place and is given no copy."""
    reserving.suspend(service, reservation, suspended=True)


@staff_router.post("/reservations/{reservation}/resume", status_code=204, responses={409: {"model": models.Problem}})
def resume(reservation: Id, service: TheService, staff: Desk) -> None:
    """Let a reservation take part again."""
    reserving.suspend(service, reservation, suspended=False)


@router.post("/reservations")
def reserve_own(
    body: m.ReserveOwnAsked, service: TheService, machine: TheMachine, token: SessionToken = None
) -> m.ReservedOwn:
    """Reserve a title for the signed-in patron."""
    patron = signin.patron_of(service, machine, needed(token))
    number, verdict = reserving.reserve(service, machine, Wanted(patron, **body.model_dump()))
    reasons = [models.Reason(**reason_line(reason)) for reason in in_order(verdict.reasons)]
    return m.ReservedOwn(reservation=number, reason=reasons[0] if reasons else None, all_reasons=reasons)


@router.post("/reservations/{reservation}/cancel")
def cancel_own(reservation: Id, service: TheService, machine: TheMachine, token: SessionToken = None) -> m.CancelledOwn:
    """Cancel a reservation of the signed-in patron; what it cost."""
    patron = signin.patron_of(service, machine, needed(token))
    told = reserving.cancel(service, machine, reservation, "patron", patron)
    return m.CancelledOwn(charged=sum(fee["amount"] for fee in told["charged"]))
