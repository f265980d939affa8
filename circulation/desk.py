"""The desk as a workplace: its operations, with everything staff are told of them (R83, R87)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from circulation import operations
from circulation.operations import Asked, Line
from circulation.secrets import new_token, token_hash
from circulation.service import Service, Workplace
from circulation.staffing import StaffSession
from circulation.store import circulating as store
from circulation.store import operations as recorded

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
