"""The desk as a workplace: its operations, with everything staff are told of them (R83, R87)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection

from circulation import machines, operations
from circulation.operations import Asked, Line
from circulation.secrets import new_token, token_hash
from circulation.service import Service, Workplace
from circulation.staffing import StaffSession
from circulation.store import circulating as store
from circulation.store import operations as recorded
from circulation.store import people, reservations

TOLD = ("days_late", "uncapped", "unadjusted", "moves", "shelf", "cancelled", "fulfilled", "found", "due_now")


def workplace(service: Service, staff: StaffSession) -> Workplace:
    """The desk of the branch somebody is signed in to; made when it is first used."""
    number = str(uuid5(NAMESPACE_URL, f"desk:{staff.branch}"))
    with service.database.reading() as db:
        known = store.has_machine(db, number)
    if not known:
        with service.database.writing() as db:
            now = service.clock()
            # Nobody knows the key of a desk: staff sign in, a desk does not.
            values = {"name": f"desk {staff.branch}", "branch": staff.branch, "key_hash": token_hash(new_token())}
            store.add_desk(db, {"id": number, "channel": "desk", "enrolled_at": now, **values})
    return Workplace(number, staff.branch, "desk", staff.name)


def carry_out(service: Service, at: Workplace, asked: Asked) -> tuple[Line, Mapping[str, Any] | None]:
    """Carry out an operation; its line, and what staff are told beyond it."""
    line = operations.run(service, at, asked)
    if line["outcome"] == "error":
        return line, None
    with service.database.reading() as db:
        row = recorded.by_id(db, asked.id)
    trace = row.trace if row is not None else None
    if trace is None:
        return line, None
    return line, details(trace)


def details(trace: Mapping[str, Any]) -> dict[str, Any]:
    """What staff are told of an operation beyond its line."""
    steps = trace["steps"]
    return {
        "reasons": trace["reasons"],
        "overridden": trace["overridden"],
        "winners": {step["kind"]: step["winner"] for step in steps},
        "default_used": [step["kind"] for step in steps if step["default_used"]],
        "numbers": trace["numbers"],
        "charged": trace.get("charged", []),
        "organisation": steps[-1]["organisation"] if steps else trace["branch"],
        "ruleset": trace["ruleset"],
        **{name: trace[name] for name in TOLD if name in trace},
    }


# --- what was scanned, and what came of it ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scanned code is: the card of a patron, an item, both (cards and items may share numbers) or neither."""

    patron: str | None
    item: bool


def scanned(service: Service, code: str) -> Scanned:
    """What a code is."""
    with service.database.reading() as db:
        return Scanned(people.patron_of_card(db, code), bool(store.item_states(db, [code])))


@dataclass(frozen=True, slots=True)
class Recorded:
    """An operation of this desk as it was recorded.

    Attributes:
        line: its outcome.
        trace: how it was decided; empty once that has had its time.
        title: of the item; None if there is none such.
        doubt: a machine's doubt about the item that nobody has cleared.
        taker: for whom it is set aside: id and name.
    """

    id: str
    line: Line
    trace: Mapping[str, Any]
    title: str | None
    doubt: Mapping[str, Any] | None
    taker: tuple[str, str] | None


def recorded_lines(service: Service, at: Workplace, wanted: Sequence[str]) -> list[Recorded]:
    """What is recorded at this desk under some ids, in their order; ids of others, or of nothing, are left out."""
    doubts = {row["item"]: row for row in machines.doubts(service) if not row["cleared"]} if wanted else {}
    with service.database.reading() as db:
        rows = {row.id: row for row in recorded.of_workplace(db, at.id, wanted) if row.outcome is not None}
        items = {row.item: row.title for row in store.item_states(db, [row.outcome["item"] for row in rows.values()])}
        takers = _takers(db, rows.values())
    return [
        Recorded(
            id_,
            rows[id_].outcome,
            rows[id_].trace or {},
            items.get(rows[id_].outcome["item"]),
            doubts.get(rows[id_].outcome["item"]),
            takers.get(id_),
        )
        for id_ in wanted
        if id_ in rows
    ]


def _takers(db: Connection, rows: Collection[Any]) -> dict[str, tuple[str, str]]:
    """By operation, for whom its item is set aside, as long as that reservation is open."""
    given = {row.id: (row.trace or {}).get("shelf", {}).get("reservation") for row in rows}
    found = {id_: reservations.by_id(db, number) for id_, number in given.items() if number is not None}
    patrons = {id_: one.patron for id_, one in found.items() if one is not None and one.patron is not None}
    names = people.names(db, set(patrons.values()))
    return {id_: (patron, names[patron]) for id_, patron in patrons.items()}
