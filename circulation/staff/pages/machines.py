"""Machines: how they are, codes for new ones, and renaming, moving and withdrawing one (their settings: elsewhere)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter, Response

from circulation import machines
from circulation.errors import CirculationError
from circulation.staff.page import MachinesPage, Page, TheForm
from circulation.store import house
from rules.survey import branches

router = APIRouter()
JUST_NOW = timedelta(minutes=2)  # machines tell every half minute how they are
QUIET = timedelta(minutes=15)  # from then on something is wrong with it
UNITS = (("days", timedelta(days=1)), ("hours", timedelta(hours=1)), ("minutes", timedelta(minutes=1)))
WORKS = "up"  # of a device; anything else is the reason why not


@dataclass(frozen=True, slots=True)
class Heard:
    """When a machine was last heard of. ``code``: "machine.heard.<code>" says it with ``n``; ``kind``: of its badge."""

    code: str
    n: int
    kind: str


def heard(now: datetime, seen: datetime | None) -> Heard:
    """When a machine was last heard of, in words."""
    if seen is None:
        return Heard("never", 0, "info")
    passed = now - seen
    if passed < JUST_NOW:
        return Heard("now", 0, "ok")
    unit, length = next(one for one in UNITS if passed >= one[1])
    return Heard(unit, passed // length, "act" if passed < QUIET else "stop")


@router.get("/machines")
def fleet(page: MachinesPage) -> Response:
    """How every machine is."""
    return _fleet(page)


def _fleet(
    page: Page,
    error: CirculationError | None = None,
    given: Mapping[str, str] | None = None,
    made: Mapping[str, Any] | None = None,
) -> Response:
    with page.reading() as db:
        tree, names = house.organisations(db), page.names(db)
    now = page.service.clock()
    rows = [row for row in machines.listed(page.service) if row["channel"] in machines.CHANNELS]
    return page.show(
        "machines/list.html",
        error.status if error is not None else 200,
        error=error,
        given=given or {},
        made=made,
        now=now,
        rows=[{**row, "heard": heard(now, row["seen_at"])} for row in rows],
        gone=machines.withdrawn(page.service),
        names=names,
        places=[(id_, tree.nodes[id_].name) for id_ in sorted(branches(tree))],
        channels=machines.CHANNELS,
        works=WORKS,
    )


@router.post("/machines/code")
def new_code(page: MachinesPage, form: TheForm) -> Response:
    """A code for a new machine, shown on the answer and never again."""
    given = {name: form.text(name) for name in ("branch", "channel")}
    try:
        until = page.service.clock() + machines.CODE_LIVES
        code = machines.new_code(page.service, form.needed("branch"), form.needed("channel"), page.staff.name)
    except CirculationError as error:
        return _fleet(page, error, given)
    url = page.request.url
    return _fleet(page, made={**given, "code": code, "until": until, "url": f"{url.scheme}://{url.netloc}"})


@router.get("/machines/{machine}")
def machine_page(machine: str, page: MachinesPage) -> Response:
    """Everything that is known of one machine."""
    return _machine(page, machine)


def _machine(
    page: Page, machine: str, error: CirculationError | None = None, given: Mapping[str, str] | None = None
) -> Response:
    row = machines.known(page.service, machine)
    with page.reading() as db:
        tree, names = house.organisations(db), page.names(db)
    now = page.service.clock()
    return page.show(
        "machines/one.html",
        error.status if error is not None else 200,
        error=error,
        given=given or row,
        row={**row, "heard": heard(now, row["seen_at"])},
        now=now,
        doubts=[one for one in machines.doubts(page.service) if one["machine_id"] == machine],
        names=names,
        places=[(id_, tree.nodes[id_].name) for id_ in sorted(branches(tree))],
        works=WORKS,
        in_service=row["withdrawn_at"] is None and row["channel"] in machines.CHANNELS,
        is_kiosk=row["channel"] == machines.KIOSK,
    )


@router.post("/machines/{machine}/change")
def change(machine: str, page: MachinesPage, form: TheForm) -> Response:
    """Rename a machine, or say where it stands."""
    try:
        machines.change(page.service, page.staff.name, machine, form.needed("name"), form.needed("branch"))
    except CirculationError as error:
        return _machine(page, machine, error, {name: form.text(name) for name in ("name", "branch")})
    return page.go(f"/machines/{machine}", "machine_changed")


@router.post("/machines/{machine}/seen")
def seen(machine: str, page: MachinesPage, form: TheForm) -> Response:
    """Staff have seen the alarm."""
    machines.quieten(page.service, page.staff.name, machine)
    return page.go("/machines", "alarm_seen")


@router.post("/machines/{machine}/withdraw")
def withdraw(machine: str, page: MachinesPage, form: TheForm) -> Response:
    """Take a machine out of service."""
    machines.withdraw(page.service, page.staff.name, machine)
    return page.go("/machines", "machine_withdrawn")
