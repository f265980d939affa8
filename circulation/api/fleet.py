"""Machines as staff see them: how they are, codes for new ones, and items in doubt."""

from __future__ import annotations

from fastapi import APIRouter

from circulation import machines
from circulation.api import fleet_models as m
from circulation.api.access import TheService
from circulation.api.staff_access import DoubtStaff, MachineStaff
from circulation.errors import CirculationError

router = APIRouter(prefix="/staff", tags=["machines"])


@router.get("/machines")
def fleet(service: TheService, staff: MachineStaff) -> m.StaffMachines:
    """How every machine was when it was last heard of."""
    shown = set(m.StaffMachine.model_fields)
    rows = [{key: value for key, value in row.items() if key in shown} for row in machines.listed(service)]
    return m.StaffMachines(
        machines=[
            m.StaffMachine(**{**row, "devices": row["devices"] or {}, "doubts": row["doubts"] or 0}) for row in rows
        ]
    )


@router.post("/machines/codes", status_code=201)
def new_code(body: m.CodeAsked, service: TheService, staff: MachineStaff) -> m.CodeAnswer:
    """A one-time code with which a machine or a portal is enrolled within a day."""
    expires = service.clock() + machines.CODE_LIVES
    return m.CodeAnswer(code=machines.new_code(service, body.branch, body.channel, staff.name), expires=expires)


@router.get("/doubts")
def doubts(service: TheService, staff: DoubtStaff) -> m.StaffDoubts:
    """Items whose security bit may be wrong."""
    return m.StaffDoubts(
        doubts=[
            m.StaffDoubt(
                item=row["item"],
                title=row["title"],
                machine=row["name"],
                wanted=row["wanted"],
                last=row["last"],
                since=row["since"],
                cleared=row["cleared"],
            )
            for row in machines.doubts(service)
        ]
    )


@router.post("/doubts/clear", status_code=204)
def clear_doubt(body: m.DoubtCleared, service: TheService, staff: DoubtStaff) -> None:
    """Staff have looked at an item."""
    if not machines.clear_doubt(service, body.item, staff.name):
        raise CirculationError("not_found", "this item is not in doubt", 404)
