"""Items and rules as machines hold them, and fresh item states."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from circulation.api import models as m
from circulation.api.access import TheMachine, TheService
from circulation.api.tagged import NOT_MODIFIED, IfNoneMatch, tagged
from circulation.clock import local_day
from circulation.domain.item_states import shown_state
from circulation.domain.records import Item
from circulation.errors import CirculationError
from circulation.store import circulating as store
from circulation.store import house
from rules.published import write

router = APIRouter(tags=["items and rules"])


@router.get("/items", response_model=m.Items, responses=NOT_MODIFIED)
def items(service: TheService, machine: TheMachine, if_none_match: IfNoneMatch = None) -> Response:
    """The item list: what a machine needs to decide, no personal data."""
    with service.database.reading() as db:
        return tagged({"items": store.item_records(db)}, if_none_match)


@router.get("/rules", response_model=m.RuleDocument, responses=NOT_MODIFIED)
def rules(service: TheService, machine: TheMachine, if_none_match: IfNoneMatch = None) -> Response:
    """The live rule set for the machine's branch."""
    with service.database.reading() as db:
        here = house.installation(db)
        if here.live is None:
            raise CirculationError("not_found", "no rule set was published yet", 404)
        today = local_day(service.clock(), here.time_zone)
        live, now = service.live.of(db, here, today.year)
        calendar = now.calendars[machine.branch]
        document = write(live, machine.branch, house.media_types(db), here.isils, calendar)
        return tagged(document, if_none_match)


@router.post("/items/look-up")
def look_up(body: m.LookUpAsked, service: TheService, machine: TheMachine) -> m.LookUpAnswer:
    """Fresh states of items, in the order asked."""
    with service.database.reading() as db:
        found = {row.item: row for row in store.item_states(db, body.items)}
    return m.LookUpAnswer(items=[_state(item, found.get(item)) for item in body.items])


def _state(item: str, row: Any) -> m.ItemState:
    if row is None:
        return m.ItemState(item=item, record=None, on_loan=False, state="unknown")
    record = m.Record(**{key: getattr(row, key) for key in m.Record.model_fields})
    facts = (row.media_type, row.material_type, row.department, row.audience, row.fiction)
    on_loan = row.loan is not None
    state = shown_state(Item(row.item, *facts, row.state, row.set_aside_for, row.branch, row.title_id), on_loan)
    return m.ItemState(item=item, record=record, on_loan=on_loan, state=state)
