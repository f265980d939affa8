"""Sending what was written down, one message after another, so that each leaves at most once (R67, R74).

Composed, looked at once more and noted as being sent, handed over, and noted as what became of it: four steps, between
any two of which the process may die. Not responsible for what is due (selecting), for what follows from a message that
has left (sent), or for a run as a whole (runs).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection, Row
from sqlalchemy.exc import SQLAlchemyError

from circulation.clock import day_begins
from circulation.domain.records import Place
from circulation.errors import CirculationError
from circulation.jobs.running import Run
from circulation.notices import contents, ledger, rechecking, selecting, sent
from circulation.notices.ahead import one_ahead
from circulation.notices.content import DUE_WARNING, Composer
from circulation.notices.rechecking import ADDRESS_CHANGED, LATEST_DAYS, Checked
from circulation.notices.selecting import ADDRESS_REFUSED, GAVE_UP, MESSAGE_REFUSED, NOT_COMPOSED, Asked
from circulation.notices.types import MESSAGE, SMS, Accepted, Channel, Line, Lost, Message, Outcome, Refused
from circulation.service import Service
from circulation.store import notices as store

log = structlog.get_logger("circulation.notices")

# Where a process may die, in their order: tests let it.
POINTS = PLANNED, COMPOSED, SENDING, HANDED_OVER, ENDED = "planned", "composed", "sending", "handed_over", "ended"
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=10), timedelta(hours=6)  # until a refused message is tried again
COMPOSED_AGAIN = 3  # times at most, where loans come back meanwhile
TOGETHER = 100  # messages that wait, as many as are looked up at once
# Why a message ended as it did; codes beside those of selecting and rechecking.
CUT_OFF, LOST = "cut_off", "lost"


def nowhere(_: str) -> None:
    """What happens at a point unless a test has other plans."""


@dataclass(slots=True)
class Sender:
    """What sending needs, and what it has done so far.

    Attributes:
        channels: ways by name; a message whose channel is not there waits.
        at: called at each of ``POINTS``.
        counts: what became of messages, by state; "retried" those that are tried again.
    """

    service: Service
    asked: Asked
    run: Run
    channels: Mapping[str, Channel]
    composer: Composer
    at: Callable[[str], None] = nowhere
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, number: int = 1) -> None:
        """Count something, and tell it."""
        self.counts[name] = self.counts.get(name, 0) + number
        self.run.tell(**self.counts)


def give_up_cut_off(sender: Sender) -> None:
    """Messages a dead run was sending may have left: they are uncertain, and never repeated by themselves."""
    with sender.service.database.reading() as db:
        found = store.cut_off(db, sender.asked.kind)
    for message in found:
        with sender.service.database.writing() as db:
            _end(db, sender, message, store.UNCERTAIN, CUT_OFF)


def send_all(sender: Sender) -> None:
    """Send every message of this kind that waits, each once; one that cannot be sent stops no other.

    While a message is being sent, the next one is composed.

    Raises:
        RunStoppedError: the run was told to end.
    """
    after = 0
    with ExitStack() as open_, ThreadPoolExecutor(1, "composing") as pool:
        on_the_way = _OnTheWay(sender, pool, open_)
        while ids := _waiting(sender, after):
            for id_, composing in one_ahead(pool, partial(_compose, sender), ids):
                sender.run.go_on()
                _send_one(on_the_way, id_, composing)
            after = ids[-1]


@dataclass(frozen=True, slots=True)
class _OnTheWay:
    """What messages that are sent one after another have in common. ``lines``: by channel, opened with its first."""

    sender: Sender
    pool: Executor
    open: ExitStack
    lines: dict[str, Line] = field(default_factory=dict)

    def line(self, channel: str) -> Line:
        """The line of a channel."""
        if channel not in self.lines:
            self.lines[channel] = self.open.enter_context(self.sender.channels[channel].opened())
        return self.lines[channel]


def _waiting(sender: Sender, after: int) -> Sequence[int]:
    with sender.service.database.reading() as db:
        now = sender.service.clock()
        return store.waiting(db, sender.asked.kind, sender.run.claim.run, now, after, TOGETHER)


def _send_one(common: _OnTheWay, id_: int, composing: Future[_Composed | None]) -> None:
    """All steps of one message."""
    sender = common.sender
    try:
        message = _composed_and_begun(common, id_, composing)
        if message is None:
            return
        sender.at(SENDING)
        outcome = _hand_over(common.line(message.channel), message)
        sender.at(HANDED_OVER)
        _note(sender, id_, outcome)
        sender.at(ENDED)
    except SQLAlchemyError:  # it stays as it was written down last; the next run finds it
        log.exception("message_not_noted", message=id_)


def _composed_and_begun(common: _OnTheWay, id_: int, composing: Future[_Composed | None]) -> Message | None:
    """The message, noted as being sent; None where there is nothing to send now."""
    for _ in range(COMPOSED_AGAIN):
        composed = composing.result()
        if composed is None:
            return None
        if composed.message is None:
            _give_up(common.sender, composed)
            return None
        common.line(composed.message.channel).wait()
        common.sender.at(COMPOSED)
        begun = _begin(common.sender, id_, composed.told, composed.message.made_with)
        if begun is not None:
            return composed.message if begun else None
        composing = common.pool.submit(_compose, common.sender, id_)
    return None


# --- step 1: composing ------------------------------------------------------------------------------------------------


_Told = frozenset[int]
_Text = Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
class _Composed:
    """A message in words; None = nothing of it holds, or it cannot be said."""

    row: Row[Any]
    checked: Checked
    message: Message | None

    @property
    def told(self) -> _Told:
        """The notices it tells."""
        return frozenset(one.id for one in self.checked.holding)


def _compose(sender: Sender, id_: int) -> _Composed | None:
    """The message in words; None where there is nothing to be done about it now. Reads only."""
    with sender.service.database.reading() as db:
        row = store.one(db, id_)
        if row is None or row.state != store.PLANNED:
            return None
        if row.try_at is not None and row.try_at > sender.service.clock():
            return None  # another run has tried it meanwhile
        place = selecting.place_of(sender.service, db)
        checked = rechecking.check(db, place, row)
        if checked.reason is not None:
            return _Composed(row, checked, None)
        if row.channel not in sender.channels:
            return None  # it waits for a run that has this way
        return _Composed(row, checked, _in_words(sender, db, place, row, checked))


def _give_up(sender: Sender, composed: _Composed) -> None:
    with sender.service.database.writing() as db:
        if composed.checked.reason is None:
            _end(db, sender, composed.row.id, store.FAILED, NOT_COMPOSED, was=store.PLANNED)
        else:
            _cancel(db, sender, composed.row, composed.checked)
    _plan_again(sender, composed.row, composed.checked)


def _in_words(sender: Sender, db: Connection, place: Place, row: Row[Any], checked: Checked) -> Message | None:
    content = contents.of(db, place, row, checked.holding, _fee(place, row, checked))
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


# --- step 2: once more, then it is being sent -------------------------------------------------------------------------


def _begin(sender: Sender, id_: int, told: _Told, made_with: _Text) -> bool | None:
    """Note that a message is being sent; False if it no longer holds or another run was first.

    None if it tells something that no longer holds: it is to be composed anew.
    """
    with sender.service.database.writing() as db:
        seen = store.one(db, id_)
        if seen is None:
            return False
        place = selecting.place_of(sender.service, db)
        checked = rechecking.check(db, place, seen, locked=True)
        if checked.reason is None:
            if {one.id for one in checked.holding} != told:
                return None
            return _claim(db, sender, seen, checked, _fee(place, seen, checked), made_with)
        _cancel(db, sender, seen, checked)
    _plan_again(sender, seen, checked)
    return False


def _claim(db: Connection, sender: Sender, row: Row[Any], checked: Checked, fee: int, made_with: _Text) -> bool:
    if not store.claim(db, row.id, sender.run.claim.run, fee, made_with):
        return False
    _drop(db, checked)
    store.set_notices(db, [one.id for one in checked.holding], {"state": store.SENDING})
    return True


def _drop(db: Connection, checked: Checked) -> None:
    for notice, reason in checked.over.items():
        store.set_notices(db, [notice], {"state": store.CANCELLED, "reason": reason})


def _cancel(db: Connection, sender: Sender, row: Row[Any], checked: Checked) -> None:
    values = {"state": store.CANCELLED, "reason": checked.reason, "ended_at": sender.service.clock()}
    if store.set_message(db, row.id, values, store.PLANNED):
        _drop(db, checked)
        sender.count(store.CANCELLED)


def _plan_again(sender: Sender, row: Row[Any], checked: Checked) -> None:
    """Whoever has another address now is written to there, in the same run."""
    if checked.reason == ADDRESS_CHANGED:
        ledger.write(sender.service, sender.asked, sender.run.claim.run, row.patron_id)


# --- step 3: handing over ---------------------------------------------------------------------------------------------


def _hand_over(line: Line, message: Message) -> Outcome:
    try:
        return line.hand_over(message)
    except Exception as error:  # a channel should have told: nobody knows whether it left
        log.exception("not_handed_over", channel=message.channel)
        return Lost(type(error).__name__)


# --- step 4: what became of it ----------------------------------------------------------------------------------------


def _note(sender: Sender, id_: int, outcome: Outcome) -> None:
    """Note it. What a power cut takes of it again leaves the message uncertain, as it would have a moment before."""

    def work(db: Connection) -> None:
        match outcome:
            case Accepted():
                _sent(db, sender, id_, outcome.reply)
            case Lost():
                _end(db, sender, id_, store.UNCERTAIN, LOST, outcome.why)
            case Refused():
                _refused(db, sender, id_, outcome)

    sender.service.database.again_if_overtaken(work, lazily=True)
    if isinstance(outcome, Accepted):
        sender.count(store.SENT)


def _sent(db: Connection, sender: Sender, id_: int, reply: str) -> None:
    row = store.one(db, id_, locked=True)
    # Others may have taken this process for dead meanwhile: here it is known that the message has left.
    if row is not None and row.state in (store.SENDING, store.UNCERTAIN):
        sent.mark(sender.service, db, row, {"reply": reply})


def _refused(db: Connection, sender: Sender, id_: int, outcome: Refused) -> None:
    if outcome.address_wrong:
        _address_refused(db, sender, id_, outcome.reply)
    elif outcome.permanent and outcome.about == MESSAGE:
        _end(db, sender, id_, store.FAILED, MESSAGE_REFUSED, outcome.reply)
    else:
        _try_again(db, sender, id_, outcome.reply)


def _address_refused(db: Connection, sender: Sender, id_: int, reply: str) -> None:
    """The address is flagged; a warning goes by text message at once, a reminder by letter another day."""
    row = store.one(db, id_)
    notices = [one.id for one in store.notices_of(db, id_)]
    _end(db, sender, id_, store.FAILED, ADDRESS_REFUSED, reply)
    if row is None or row.patron_id is None:
        return
    store.flag(db, row.patron_id, row.channel, {"address": row.address, "at": sender.service.clock(), "reply": reply})
    if row.kind == DUE_WARNING and row.channel != SMS and SMS in sender.asked.usable:
        _by_text_message(db, sender, row, notices)


def _by_text_message(db: Connection, sender: Sender, row: Row[Any], notices: Sequence[int]) -> None:
    place = selecting.place_of(sender.service, db)
    who = selecting.addressees(db, place, frozenset({SMS}), [row.patron_id]).get(row.patron_id)
    if who is None or SMS not in who.addresses:
        return
    kept = ("kind", "level", "patron_id", "branch", "language", "fee", "rule_set")
    second = {
        **{name: getattr(row, name) for name in kept},
        "key": ledger.new_key(),
        "run": sender.run.claim.run,
        "channel": SMS,
        "address": who.addresses[SMS],
        "state": store.PLANNED,
        "tries": 0,
        "created_at": sender.service.clock(),
        "fees": [],
    }
    store.hand_on(db, notices, store.add_message(db, second))


def _try_again(db: Connection, sender: Sender, id_: int, reply: str) -> None:
    """It did not leave: it is tried again, later each time, until it is too late."""
    row = store.one(db, id_)
    if row is None:
        return
    at = sender.service.clock() + min(FIRST_WAIT * 2 ** min(row.tries - 1, 10), LONGEST_WAIT)
    if at >= _too_late(db, sender, row):
        _end(db, sender, id_, store.FAILED, GAVE_UP, reply)
        return
    if store.set_message(db, id_, {"state": store.PLANNED, "try_at": at, "reply": reply}, store.SENDING):
        notices = [one.id for one in store.notices_of(db, id_)]
        store.set_notices(db, notices, {"state": store.PLANNED})
        sender.run.ask_again(at)
        sender.count("retried")


def _too_late(db: Connection, sender: Sender, row: Row[Any]) -> datetime:
    """The instant from which on a message is of no use: after the due date, or after some days."""
    if row.kind != DUE_WARNING:
        limit: datetime = row.created_at + timedelta(days=LATEST_DAYS)
        return limit
    last = max(one.due for one in store.notices_of(db, row.id))
    zone = selecting.place_of(sender.service, db).house.zone(row.branch)
    return day_begins(last + timedelta(days=1), zone)


def _end(
    db: Connection,
    sender: Sender,
    id_: int,
    state: str,
    reason: str,
    reply: str | None = None,
    was: str = store.SENDING,
) -> None:
    """End a message and all it tells."""
    notices = [one.id for one in store.notices_of(db, id_)]
    values = {"state": state, "reason": reason, "reply": reply, "ended_at": sender.service.clock()}
    if store.set_message(db, id_, values, was):
        store.set_notices(db, notices, {"state": state, "reason": reason})
        sender.count(state)
