"""Health, enrolment and heartbeat."""

from __future__ import annotations

from fastapi import APIRouter

from circulation import machines
from circulation.api import models as m
from circulation.api.access import ApiVersion, TheMachine, TheService
from circulation.service import VERSION

router = APIRouter(tags=["machine"])


@router.get("/health")
def health() -> m.Health:
    """Whether the service is there; needs no key."""
    return m.Health(status="ok", version=VERSION)


@router.post("/enrol", responses={403: {"model": m.Problem}, 429: {"model": m.Problem}})
def enrol(body: m.EnrolAsked, service: TheService, version: ApiVersion) -> m.EnrolAnswer:
    """Enrol a machine by a one-time code."""
    return m.EnrolAnswer(**machines.enrol(service, body.code, body.name, body.version))


@router.post("/heartbeat")
def heartbeat(body: m.HeartbeatAsked, service: TheService, machine: TheMachine) -> m.HeartbeatAnswer:
    """Hear how a machine is; tell it which doubts staff have cleared."""
    return m.HeartbeatAnswer(cleared=machines.heartbeat(service, machine, body.model_dump()))
