"""Sending what was written down, one message after another, so that each leaves at most once (R67, R74).

Composed, looked at once more and noted as being sent, handed over, and noted as what became of it: four steps, between
any two of which the process may die. Not responsible for what is due (selecting), for what is noted of a message that
was handed over (ending) or for a run as a whole (runs).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import SQLAlchemyError

from circulation.errors import CirculationError
from circulation.notices import briefs, ending, ledger, rechecking, selecting, subjects
from circulation.notices.briefs import Brief, Briefs
from circulation.notices.content import Content
from circulation.notices.lines import NOT_COMPOSED
from circulation.notices.rechecking import ADDRESS_CHANGED, Checked
from circulation.notices.sender import Sender
from circulation.notices.sent import Left
from circulation.notices.types import Line, Lost, Message, Outcome
from circulation.store import notices as store

log = structlog.get_logger("circulation.notices")

# Where a process may die, in their order: tests let it.
POINTS = PLANNED, COMPOSED, SENDING, HANDED_OVER, ENDED = "planned", "composed", "sending", "handed_over", "ended"
COMPOSED_AGAIN = 3  # times at most, where loans come back meanwhile
TOGETHER = 100  # messages that wait, as many as are looked up at once


def send_all(sender: Sender) -> None:
    """Send every message of this kind that waits, each once; one that cannot be sent stops no other.

    While the answer to a message is waited for, the next one is composed.

    Raises:
        RunStoppedError: the run was told to end.
    """
    after = 0
    with ExitStack() as open_:
        on_the_way = _OnTheWay(sender, open_)
        while ids := _waiting(sender, after):
            for number in range(len(ids)):
                sender.run.go_on()
                _send_one(on_the_way, ids[number:])
            after = ids[-1]


@dataclass(slots=True)
class _OnTheWay:
    """What messages that are sent one after another have in common.

    Attributes:
        lines: by channel, opened with its first message.
        briefs: what was read of some of them.
        ahead: the next message, if it was composed already, with its id.
    """

    sender: Sender
    open: ExitStack
    lines: dict[str, Line] = field(default_factory=dict)
    briefs: Briefs | None = None
    ahead: tuple[int, _Composed | None] | None = None

    def line(self, channel: str) -> Line:
        """The line of a channel."""
        if channel not in self.lines:
            self.lines[channel] = self.open.enter_context(self.sender.channels[channel].opened())
        return self.lines[channel]

    def composed(self, ids: Sequence[int]) -> _Composed | None:
        """The first of some messages in words."""
        ahead, self.ahead = self.ahead, None
        return ahead[1] if ahead is not None and ahead[0] == ids[0] else self._compose(ids)

    def compose_ahead(self, ids: Sequence[int]) -> None:
        """Compose the next message, if there is one; whatever is wrong with it is met again in its turn."""
        if ids:
            with suppress(Exception):  # the message before it has nothing to do with it
                self.ahead = ids[0], self._compose(ids)

    def _compose(self, ids: Sequence[int]) -> _Composed | None:
        if self.briefs is None or not self.briefs.holds(ids[0]):
            self.briefs = briefs.read(self.sender, ids[: briefs.TOGETHER])
        brief = self.briefs.take(ids[0])
        return _compose(self.sender, brief, self.briefs.worded) if brief is not None else None


def _waiting(sender: Sender, after: int) -> Sequence[int]:
    with sender.service.database.reading() as db:
        now = sender.service.clock()
        return store.waiting(db, sender.asked.kind, sender.run.claim.run, now, after, TOGETHER)


def _send_one(common: _OnTheWay, ids: Sequence[int]) -> None:
    """All steps of the first of some messages."""
    sender = common.sender
    try:
        begun = _composed_and_begun(common, ids)
        if begun is None:
            return
        sender.at(SENDING)
        outcome = _hand_over(common, begun.message, ids[1:])
        sender.at(HANDED_OVER)
        ending.note(sender, begun.left, outcome)
        sender.at(ENDED)
    except SQLAlchemyError:  # it stays as it was written down last; the next run finds it
        log.exception("message_not_noted", message=ids[0])


def _composed_and_begun(common: _OnTheWay, ids: Sequence[int]) -> _Begun | None:
    """The message, noted as being sent; None where there is nothing to send now."""
    for _ in range(COMPOSED_AGAIN):
        composed = common.composed(ids)
        if composed is None:
            return None
        if composed.message is None:
            _give_up(common.sender, composed)
            return None
        common.line(composed.message.channel).wait()
        common.sender.at(COMPOSED)
        with suppress(_OutdatedError):
            return _begin(common.sender, composed.brief, composed.message)
    return None


# --- step 1: composing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Composed:
    """A message in words; None = nothing of it holds, or it cannot be said."""

    brief: Brief
    message: Message | None


def _compose(sender: Sender, brief: Brief, worded: Callable[[Content], Message]) -> _Composed | None:
    """The message in words; None where it waits for a run that has this way."""
    if brief.checked.reason is not None:
        return _Composed(brief, None)
    if brief.row.channel not in sender.channels:
        return None
    try:
        return _Composed(brief, worded(brief.content()))
    except CirculationError as error:
        log.warning("message_not_composed", message=brief.row.id, code=error.code)
    except Exception:  # a template, whatever is wrong with it, stops its own messages only
        log.exception("message_not_composed", message=brief.row.id)
    return _Composed(brief, None)


def _give_up(sender: Sender, composed: _Composed) -> None:
    row, checked = composed.brief.row, composed.brief.checked
    with sender.service.database.writing() as db:
        if checked.reason is None:
            became = ending.end(db, sender, row.id, store.FAILED, NOT_COMPOSED, was=store.PLANNED)
        else:
            became = _cancel(db, sender, row, checked)
    sender.count(became)
    _plan_again(sender, row, checked)


# --- step 2: once more, then it is being sent -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Begun:
    """A message that is being sent. ``left``: what is to be noted once it has left."""

    message: Message
    left: Left


class _OutdatedError(Exception):
    """A message tells something that no longer holds: it is to be composed anew."""


def _begin(sender: Sender, brief: Brief, message: Message) -> _Begun | None:
    """Note that a message is being sent; None if it no longer holds or another run was first.

    Raises:
        _OutdatedError: it is to be composed anew.
    """
    row, notices = brief.row, brief.notices  # both as they were, unless somebody has claimed it since
    with sender.service.database.writing() as db:
        place = selecting.place_of(sender.service, db)
        about = subjects.read(db, row.kind, [row], notices, locked=True)
        checked = rechecking.check(db, place, row, notices, about)
        if checked.reason is None:
            if checked.holding != brief.checked.holding:
                raise _OutdatedError
            left = Left(row, brief.fee, checked.holding)
            return _Begun(message, left) if _claim(db, sender, left, checked, message) else None
        became = _cancel(db, sender, row, checked)
    sender.count(became)
    _plan_again(sender, row, checked)
    return None


def _claim(db: Connection, sender: Sender, left: Left, checked: Checked, message: Message) -> bool:
    begun = {"run": sender.run.claim.run, "fee": left.fee, "made_with": message.made_with}
    if not store.claim(db, left.row, begun):
        return False
    _drop(db, checked)
    store.set_notices(db, [one.id for one in left.notices], {"state": store.SENDING})
    return True


def _drop(db: Connection, checked: Checked) -> None:
    for notice, reason in checked.over.items():
        store.set_notices(db, [notice], {"state": store.CANCELLED, "reason": reason})


def _cancel(db: Connection, sender: Sender, row: Row[Any], checked: Checked) -> str | None:
    values = {"state": store.CANCELLED, "reason": checked.reason, "ended_at": sender.service.clock()}
    if not store.set_message(db, row.id, values, store.PLANNED):
        return None
    _drop(db, checked)
    return store.CANCELLED


def _plan_again(sender: Sender, row: Row[Any], checked: Checked) -> None:
    """Whoever has another address now is written to there, in the same run."""
    if checked.reason == ADDRESS_CHANGED:
        ledger.write(sender.service, sender.asked, sender.run.claim.run, row.patron_id)


# --- step 3: handing over ---------------------------------------------------------------------------------------------


def _hand_over(common: _OnTheWay, message: Message, following: Sequence[int]) -> Outcome:
    try:
        return common.line(message.channel).hand_over(message, partial(common.compose_ahead, following))
    except Exception as error:  # a channel should have told: nobody knows whether it left
        log.exception("not_handed_over", channel=message.channel)
        return Lost(type(error).__name__)
