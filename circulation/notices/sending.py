"""Sending what was written down, one message after another, so that each leaves at most once (R67, R74).

Composed, looked at once more and noted as being sent, handed over, and noted as what became of it: four steps, between
any two of which the process may die. Not responsible for what is due (selecting), for what is noted of a message that
was handed over (ending) or for a run as a whole (runs).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import zip_longest
from typing import Any

import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import SQLAlchemyError

from circulation.domain.records import Place
from circulation.errors import CirculationError
from circulation.notices import contents, ending, ledger, rechecking, selecting, subjects
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
            for id_, following in zip_longest(ids, ids[1:]):
                sender.run.go_on()
                _send_one(on_the_way, id_, following)
            after = ids[-1]


@dataclass(slots=True)
class _OnTheWay:
    """What messages that are sent one after another have in common.

    Attributes:
        lines: by channel, opened with its first message.
        ahead: the next message, if it was composed already, with its id.
    """

    sender: Sender
    open: ExitStack
    lines: dict[str, Line] = field(default_factory=dict)
    ahead: tuple[int, _Composed | None] | None = None

    def line(self, channel: str) -> Line:
        """The line of a channel."""
        if channel not in self.lines:
            self.lines[channel] = self.open.enter_context(self.sender.channels[channel].opened())
        return self.lines[channel]

    def composed(self, id_: int) -> _Composed | None:
        """A message in words."""
        ahead, self.ahead = self.ahead, None
        return ahead[1] if ahead is not None and ahead[0] == id_ else _compose(self.sender, id_)

    def compose_ahead(self, id_: int | None) -> None:
        """Compose the next message, if there is one; whatever is wrong with it is met again in its turn."""
        if id_ is not None:
            with suppress(Exception):  # the message before it has nothing to do with it
                self.ahead = id_, _compose(self.sender, id_)


def _waiting(sender: Sender, after: int) -> Sequence[int]:
    with sender.service.database.reading() as db:
        now = sender.service.clock()
        return store.waiting(db, sender.asked.kind, sender.run.claim.run, now, after, TOGETHER)


def _send_one(common: _OnTheWay, id_: int, following: int | None) -> None:
    """All steps of one message."""
    sender = common.sender
    try:
        begun = _composed_and_begun(common, id_)
        if begun is None:
            return
        sender.at(SENDING)
        outcome = _hand_over(common, begun.message, following)
        sender.at(HANDED_OVER)
        ending.note(sender, begun.left, outcome)
        sender.at(ENDED)
    except SQLAlchemyError:  # it stays as it was written down last; the next run finds it
        log.exception("message_not_noted", message=id_)


def _composed_and_begun(common: _OnTheWay, id_: int) -> _Begun | None:
    """The message, noted as being sent; None where there is nothing to send now."""
    for _ in range(COMPOSED_AGAIN):
        composed = common.composed(id_)
        if composed is None:
            return None
        if composed.message is None:
            _give_up(common.sender, composed)
            return None
        common.line(composed.message.channel).wait()
        common.sender.at(COMPOSED)
        with suppress(_OutdatedError):
            return _begin(common.sender, composed, composed.message)
    return None


# --- step 1: composing ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Composed:
    """A message in words; None = nothing of it holds, or it cannot be said. ``notices``: all it was to tell."""

    row: Row[Any]
    notices: Sequence[Row[Any]]
    checked: Checked
    message: Message | None


def _compose(sender: Sender, id_: int) -> _Composed | None:
    """The message in words; None where there is nothing to be done about it now. Reads only."""
    with sender.service.database.reading() as db:
        row = store.one(db, id_)
        if row is None or row.state != store.PLANNED:
            return None
        if row.try_at is not None and row.try_at > sender.service.clock():
            return None  # another run has tried it meanwhile
        place = selecting.place_of(sender.service, db)
        notices = store.notices_of(db, id_)
        found = subjects.read(db, row, notices)
        checked = rechecking.check(db, place, row, notices, found)
        if found is None or checked.reason is not None:
            return _Composed(row, notices, checked, None)
        if row.channel not in sender.channels:
            return None  # it waits for a run that has this way
        content = contents.of(db, place, row, checked.holding, found, _fee(place, row, checked))
        return _Composed(row, notices, checked, _in_words(sender, db, row, content))


def _in_words(sender: Sender, db: Connection, row: Row[Any], content: Content) -> Message | None:
    try:
        return sender.composer(sender.service, db, content)
    except SQLAlchemyError:
        raise
    except CirculationError as error:
        log.warning("message_not_composed", message=row.id, code=error.code)
    except Exception:  # a template, whatever is wrong with it, stops its own messages only
        log.exception("message_not_composed", message=row.id)
    return None


def _fee(place: Place, row: Row[Any], checked: Checked) -> int:
    return selecting.message_fee(place, row.branch, [one.fee for one in checked.holding])


def _give_up(sender: Sender, composed: _Composed) -> None:
    with sender.service.database.writing() as db:
        if composed.checked.reason is None:
            became = ending.end(db, sender, composed.row.id, store.FAILED, NOT_COMPOSED, was=store.PLANNED)
        else:
            became = _cancel(db, sender, composed.row, composed.checked)
    sender.count(became)
    _plan_again(sender, composed.row, composed.checked)


# --- step 2: once more, then it is being sent -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Begun:
    """A message that is being sent. ``left``: what is to be noted once it has left."""

    message: Message
    left: Left


class _OutdatedError(Exception):
    """A message tells something that no longer holds: it is to be composed anew."""


def _begin(sender: Sender, composed: _Composed, message: Message) -> _Begun | None:
    """Note that a message is being sent; None if it no longer holds or another run was first.

    Raises:
        _OutdatedError: it is to be composed anew.
    """
    row, notices = composed.row, composed.notices  # both as they were, unless somebody has claimed it since
    with sender.service.database.writing() as db:
        place = selecting.place_of(sender.service, db)
        checked = rechecking.check(db, place, row, notices, subjects.read(db, row, notices, locked=True))
        if checked.reason is None:
            if checked.holding != composed.checked.holding:
                raise _OutdatedError
            left = Left(row, _fee(place, row, checked), checked.holding)
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


def _hand_over(common: _OnTheWay, message: Message, following: int | None) -> Outcome:
    try:
        return common.line(message.channel).hand_over(message, partial(common.compose_ahead, following))
    except Exception as error:  # a channel should have told: nobody knows whether it left
        log.exception("not_handed_over", channel=message.channel)
        return Lost(type(error).__name__)
