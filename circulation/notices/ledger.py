"""Writing down what is to be sent, before anything leaves (R67, R74): one message and its notices in one transaction.

Not responsible for what is due (selecting) or for what becomes of it (sending).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from circulation.notices import selecting
from circulation.notices.lines import Asked, Line
from circulation.notices.selecting import Chosen, Planned
from circulation.service import Service
from circulation.store import notices as store

NO_RUN = 0  # of a message that was asked for: the next run of a task takes it


@dataclass(frozen=True, slots=True)
class Written:
    """How much was written down: messages, what they tell, and what is not sent though it is due."""

    messages: int = 0
    notices: int = 0
    skipped: int = 0


def new_key() -> str:
    """The key of a new message."""
    return f"notice-{uuid4()}"


def write(service: Service, asked: Asked, run: int, patron: str) -> Written:
    """Write down all that is due for a patron now, decided again while nobody else writes for them.

    It is on the disk before a message leaves, whose own note waits for that; what a power cut takes is found again.
    """

    def work(db: Connection) -> Written:
        store.patrons(db, [patron], locked=True)
        found = selecting.chosen_of(service, db, asked, patron)
        if found is None:
            return Written()
        number = selecting.place_of(service, db).rules.number
        return _write(db, found, _Making(run, number, service.clock()))

    return service.database.again_if_overtaken(work, lazily=True)


def write_asked(db: Connection, planned: Planned, rule_set: int, now: datetime, key: str) -> None:
    """Write down a message that somebody has asked for, and that no run has found.

    Raises:
        IntegrityError: there is a message of this key, or one that tells the same.
    """
    _write_message(db, planned, _Making(NO_RUN, rule_set, now), key)


@dataclass(frozen=True, slots=True)
class _Making:
    """What all messages of a transaction have in common."""

    run: int
    rule_set: int
    now: datetime


def _write(db: Connection, found: Chosen, making: _Making) -> Written:
    for planned in found.messages:
        _write_message(db, planned, making, new_key())
    new = [one for one in found.skipped if one.is_new]
    state = {"message": None, "state": store.SKIPPED, "kind": found.kind}
    store.add_notices(db, [{**_row(one.line, making), **state, "reason": one.reason, "rule": one.rule} for one in new])
    return Written(len(found.messages), sum(len(one.lines) for one in found.messages), len(new))


def _write_message(db: Connection, planned: Planned, making: _Making, key: str) -> None:
    id_ = store.add_message(
        db,
        {
            "key": key,
            "run": making.run,
            "kind": planned.kind,
            "level": planned.level,
            "patron_id": planned.to.person.id,
            "branch": planned.branch,
            "channel": planned.channel,
            "address": planned.address,
            "language": planned.to.language,
            "state": store.PLANNED,
            "tries": 0,
            "created_at": making.now,
            "fee": planned.fee,
            "fees": [],
            "rule_set": making.rule_set,
        },
    )
    state = {"message": id_, "state": store.PLANNED, "reason": None, "rule": None, "kind": planned.kind}
    store.add_notices(db, [{**_row(line, making), **state} for line in planned.lines if line.again is None])
    store.hand_on(db, list(_again(planned.lines)), id_)


def _again(lines: Sequence[Line]) -> Iterator[int]:
    return (line.again for line in lines if line.again is not None)


_ABOUT = ("loan_id", "loan_period", "due", "patron_id", "organisation", "since", "reservation_id")


def _row(line: Line, making: _Making) -> dict[str, Any]:
    return {
        **{name: line.about.get(name) for name in _ABOUT},
        "level": line.noticed.level,
        "fee": line.noticed.fee,
        "invoiced": line.noticed.invoiced,
        "late_fee": line.noticed.late_fee,
        "winners": dict(line.noticed.winners),
        "at": making.now,
    }
