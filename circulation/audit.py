"""The audit log: who of the staff did what, when, and why.

Responsible for the form of a line and for paging. It names staff, never patrons (R89): a line about a patron's loan or
fee names the item, the loan or the fee. Not responsible for traces of decisions, which the operations hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from circulation.store import staff as store

MOST_SUBJECT = 200
MOST_LINES = 200
COMMAND_LINE = "command line"  # no member of staff can have this name: it has a space


def note(
    db: Connection,
    at: datetime,
    who: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Write a line, in the transaction of what it tells.

    Args:
        db: that transaction.
        at: when.
        who: name of the member of staff, or ``COMMAND_LINE``.
        action: what was done, e.g. "rules.publish".
        subject: to what; never a patron.
        details: more, as JSON; never a patron.
        reason: why, in the words of staff, where one is asked for.
    """
    told = {"action": action, "subject": subject[:MOST_SUBJECT], "details": dict(details or {}), "reason": reason}
    store.add_audit(db, {"at": at, "who": who, **told})


def listed(
    db: Connection, wanted: Mapping[str, str] | None = None, before: int | None = None, most: int = MOST_LINES
) -> list[dict[str, Any]]:
    """Lines, newest first.

    Args:
        db: the transaction.
        wanted: "who", "action", "subject" -> the value a line must have.
        before: only lines with a lower id; the last id of the page before.
        most: how many lines, at most ``MOST_LINES``.
    """
    rows = store.audit(db, wanted or {}, before, min(most, MOST_LINES))
    return [dict(row._mapping) for row in rows]  # noqa: SLF001
