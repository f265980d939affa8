"""What mail accounts and gateways have in common as they are kept.

Responsible for that a test holds until something is changed, for what has gone wrong since, and for the audit log. Not
responsible for what an account or gateway is (accounts, gateways) or for statements (store.mail).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table

import wording
from circulation import audit
from circulation.errors import CirculationError
from circulation.notices.channels.pace import Turns, following
from circulation.notices.channels.trouble import Stage, Trouble
from circulation.notices.types import ADDRESS, Accepted, Lost, Outcome
from circulation.service import Service
from circulation.store import jobs
from circulation.store import mail as store

Values = Mapping[str, Any]
UsedBy = Callable[[Connection, str], Sequence[Row[Any]]]
UNTESTED: Values = {"tested_at": None, "tested_ok": None, "test_stage": None, "test_answer": None}
_CALM: Values = {"trouble_at": None, "trouble_stage": None, "trouble": None}


@dataclass(frozen=True, slots=True)
class State:
    """What is known of an account or gateway besides what staff say of it.

    Attributes:
        tested_at, tested_ok, test_stage, test_answer: the last test of it as it is now; None = there was none. The
            stage is how far a test came that did not succeed (channels.trouble.Stage).
        trouble_at, trouble_stage, trouble: why nothing can be sent since; None = nothing is known to be wrong.
    """

    tested_at: datetime | None
    tested_ok: bool | None
    test_stage: str | None
    test_answer: str | None
    trouble_at: datetime | None
    trouble_stage: str | None
    trouble: str | None
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Tested:
    """How a test went.

    Attributes:
        stage: how far it came, None = all the way.
        answer: what was said (channels.replies).
    """

    ok: bool
    stage: Stage | None
    answer: str

    def sentence(self, language: str) -> str:
        """What it means, for staff."""
        code = "ok" if self.stage is None else self.stage
        return wording.say_staff(f"mail.test.{code}", {}, language)


def tested(outcome: Outcome, trouble: Trouble | None) -> Tested:
    """What became of a test message."""
    if isinstance(outcome, Accepted):
        return Tested(True, None, outcome.reply)
    if isinstance(outcome, Lost):
        return Tested(False, Stage.CONTENT, outcome.why)
    if trouble is not None:
        return Tested(False, trouble.stage, trouble.reply)
    return Tested(False, Stage.RECIPIENT if outcome.about == ADDRESS else Stage.CONTENT, outcome.reply)


def state(row: Row[Any]) -> State:
    """Of a row of either table."""
    return State(**{field.name: getattr(row, field.name) for field in fields(State)})


def present(db: Connection, table: Table, code: str, *, locked: bool = False) -> Row[Any]:
    """A row.

    Raises:
        CirculationError: there is none.
    """
    row = store.row(db, table, code, locked=locked)
    if row is None:
        raise CirculationError("not_found", f"there is no {_named(table)} {code}", 404)
    return row


def usable(row: Row[Any]) -> bool:
    """Whether it may be chosen: in use, and tested as it is now (R61)."""
    return bool(row.active and row.tested_ok)


def must_be_usable(db: Connection, table: Table, code: str, *, locked: bool = False) -> Row[Any]:
    """A row that may be chosen, and be sent by.

    Raises:
        CirculationError: it is not there, not in use, or no test of it as it is now has succeeded.
    """
    row = present(db, table, code, locked=locked)
    if not row.active:
        raise CirculationError("mail_inactive", f"{_named(table)} {code} is not in use", 409)
    if not row.tested_ok:
        raise CirculationError("mail_untested", f"{_named(table)} {code}: a test must succeed first", 409)
    return row


def add(service: Service, by: str, table: Table, code: str, values: Values, told: Values) -> None:
    """A new one; ``told`` goes into the audit log.

    Raises:
        CirculationError: its code is taken.
    """
    now = service.clock()
    with service.database.writing() as db:
        store.hold_codes(db, table)
        if store.row(db, table, code) is not None:
            raise CirculationError("code_exists", f"there is a {_named(table)} {code} already", 409, place="code")
        changed = {"version": 1, "changed_by": by, "changed_at": now}
        store.add(db, table, {"code": code, **values, **changed})
        audit.note(db, now, by, f"{table.name}.create", code, told)


def change(
    service: Service, db: Connection, by: str, table: Table, row: Row[Any], values: Values, told: Values, void: bool
) -> None:
    """Change a locked row; ``void``: its test no longer counts."""
    now = service.clock()
    more = {**UNTESTED, **_CALM} if void else {}
    changed = {"version": row.version + 1, "changed_by": by, "changed_at": now}
    store.change(db, table, row.code, {**values, **more, **changed})
    audit.note(db, now, by, f"{table.name}.change", row.code, told)


def delete(service: Service, by: str, table: Table, code: str, used_by: UsedBy) -> None:
    """Take one out that nothing uses.

    Raises:
        CirculationError: it is not there, or something uses it.
    """
    with service.database.writing() as db:
        jobs.hold_tasks(db)
        present(db, table, code, locked=True)
        users = used_by(db, code)
        if users:
            names = ", ".join(task.name for task in users)
            raise CirculationError("mail_used", f"{_named(table)} {code} is used by {names}", 409)
        store.remove(db, table, code)
        audit.note(db, service.clock(), by, f"{table.name}.delete", code)


def record_test(service: Service, by: str, table: Table, row: Row[Any], found: Tested, used_by: UsedBy) -> None:
    """Keep how a test went, unless something was changed while it was under way; tasks that failed run again.

    Raises:
        CirculationError: something was.
    """
    now = service.clock()
    values: dict[str, Any] = {"tested_at": now, "tested_ok": found.ok, "test_answer": found.answer}
    values["test_stage"] = found.stage.value if found.stage is not None else None
    with service.database.writing() as db:
        if not store.change(db, table, row.code, {**values, **(_CALM if found.ok else {})}, row.version):
            raise CirculationError("mail_changed", "it was changed while it was tested; test it again", 409)
        audit.note(db, now, by, f"{table.name}.test", row.code, {"ok": found.ok, "stage": values["test_stage"]})
        if found.ok and row.active:
            ask_failed(db, used_by(db, row.code), now)


def ask_failed(db: Connection, tasks: Sequence[Row[Any]], now: datetime) -> None:
    """Ask those of some tasks for a run whose last one failed: what they lacked is there now."""
    last = jobs.last_runs(db) if tasks else {}
    for task in tasks:
        if not task.paused and task.id in last and last[task.id].state == jobs.FAILED:
            jobs.change_task(db, task.id, {"again_at": now})


def record_trouble(service: Service, table: Table, row: Row[Any], trouble: Trouble | None) -> None:
    """Keep why nothing could be sent, or that all is well again; of one that was changed since, nothing."""
    if trouble is None and row.trouble_at is None:
        return
    values = _CALM
    if trouble is not None:
        values = {"trouble_at": service.clock(), "trouble_stage": trouble.stage.value, "trouble": trouble.reply}
    with service.database.writing() as db:
        store.change(db, table, row.code, values, row.version)


def turns(service: Service, table: Table, code: str) -> Turns:
    """The turns of all who send by one, whichever task, run or process they are.

    Once staff have switched it off, asking for a turn raises ``CirculationError``.
    """

    def turn(now: float, between: float) -> float:
        with service.database.writing(lazily=True) as db:
            row = must_be_usable(db, table, code, locked=True)
            at = following(now, between, row.last_turn)
            store.change(db, table, code, {"last_turn": at})
            return at

    return turn


def secret(service: Service, table: Table, row: Row[Any], purpose: str) -> str | None:
    """The password of a row, None = it has none.

    Raises:
        CirculationError: it cannot be read: the server's secrets, or what it was entered for, are no longer the same.
    """
    if row.password is None:
        return None
    try:
        return service.secrets.kept(purpose, row.password)
    except CirculationError as error:
        raise CirculationError(error.code, f"{_named(table)} {row.code}: {error.detail}", error.status) from None


def tasks_with(option: str) -> UsedBy:
    """The tasks that name one in this option of theirs."""

    def used_by(db: Connection, code: str) -> Sequence[Row[Any]]:
        return [task for task in jobs.tasks(db) if task.options.get(option) == code]

    return used_by


def _named(table: Table) -> str:
    return table.name.replace("_", " ")
