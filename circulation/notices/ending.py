"""Writing down what became of a message (R67, R74): it has left, it is tried again, or it has ended in another way.

Not responsible for what follows from one that has left (sent) or for handing over (sending).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from circulation.clock import day_begins
from circulation.notices import addressees, ledger, selecting, sent
from circulation.notices.content import DUE_WARNING
from circulation.notices.lines import ADDRESS_REFUSED, GAVE_UP, MESSAGE_REFUSED
from circulation.notices.rechecking import LATEST_DAYS
from circulation.notices.sender import RETRIED, Sender
from circulation.notices.sent import Left
from circulation.notices.types import MESSAGE, SMS, Accepted, Lost, Outcome, Refused
from circulation.store import notices as store

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=10), timedelta(hours=6)  # until a refused message is tried again
# Why a message ended as it did; codes beside those of lines and rechecking.
CUT_OFF, LOST = "cut_off", "lost"


def give_up_cut_off(sender: Sender) -> None:
    """Messages a dead run was sending may have left: they are uncertain, and never repeated by themselves."""
    with sender.service.database.reading() as db:
        found = store.cut_off(db, sender.asked.kind)
    for message in found:
        with sender.service.database.writing() as db:
            became = end(db, sender, message, store.UNCERTAIN, CUT_OFF)
        sender.count(became)


def note(sender: Sender, left: Left, outcome: Outcome) -> None:
    """Note it. What a power cut takes of it again leaves the message uncertain, as it would have a moment before."""

    def work(db: Connection) -> str | None:
        match outcome:
            case Accepted():
                # Others may have taken this process for dead meanwhile: here it is known that the message has left.
                sent.mark(sender.service, db, left, (store.SENDING, store.UNCERTAIN), {"reply": outcome.reply})
                return store.SENT
            case Lost():
                return end(db, sender, left.row.id, store.UNCERTAIN, LOST, outcome.why)
            case Refused():
                return _refused(db, sender, left.row.id, outcome)

    sender.count(sender.service.database.again_if_overtaken(work, lazily=True))


def _refused(db: Connection, sender: Sender, id_: int, outcome: Refused) -> str | None:
    if outcome.address_wrong:
        return _address_refused(db, sender, id_, outcome.reply)
    if outcome.permanent and outcome.about == MESSAGE:
        return end(db, sender, id_, store.FAILED, MESSAGE_REFUSED, outcome.reply)
    return _try_again(db, sender, id_, outcome.reply)


def _address_refused(db: Connection, sender: Sender, id_: int, reply: str) -> str | None:
    """The address is flagged; a warning goes by text message at once, a reminder by letter another day."""
    row = store.one(db, id_)
    notices = [one.id for one in store.notices_of(db, id_)]
    became = end(db, sender, id_, store.FAILED, ADDRESS_REFUSED, reply)
    if row is None or row.patron_id is None:
        return became
    store.flag(db, row.patron_id, row.channel, {"address": row.address, "at": sender.service.clock(), "reply": reply})
    if row.kind == DUE_WARNING and row.channel != SMS and SMS in sender.asked.usable:
        _by_text_message(db, sender, row, notices)
    return became


def _by_text_message(db: Connection, sender: Sender, row: Row[Any], notices: Sequence[int]) -> None:
    place = selecting.place_of(sender.service, db)
    who = addressees.of_patrons(db, place, frozenset({SMS}), [row.patron_id]).get(row.patron_id)
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


def _try_again(db: Connection, sender: Sender, id_: int, reply: str) -> str | None:
    """It did not leave: it is tried again, later each time, until it is too late."""
    row = store.one(db, id_)
    if row is None:
        return None
    at = sender.service.clock() + min(FIRST_WAIT * 2 ** min(row.tries - 1, 10), LONGEST_WAIT)
    if at >= _too_late(db, sender, row):
        return end(db, sender, id_, store.FAILED, GAVE_UP, reply)
    if not store.set_message(db, id_, {"state": store.PLANNED, "try_at": at, "reply": reply}, store.SENDING):
        return None
    store.set_notices(db, [one.id for one in store.notices_of(db, id_)], {"state": store.PLANNED})
    sender.run.ask_again(at)
    return RETRIED


def _too_late(db: Connection, sender: Sender, row: Row[Any]) -> datetime:
    """The instant from which on a message is of no use: after the due date, or after some days."""
    if row.kind != DUE_WARNING:
        limit: datetime = row.created_at + timedelta(days=LATEST_DAYS)
        return limit
    last = max(one.due for one in store.notices_of(db, row.id))
    zone = selecting.place_of(sender.service, db).house.zone(row.branch)
    return day_begins(last + timedelta(days=1), zone)


def end(
    db: Connection,
    sender: Sender,
    id_: int,
    state: str,
    reason: str,
    reply: str | None = None,
    was: str = store.SENDING,
) -> str | None:
    """End a message and all it tells: the state it has ended in; None = somebody else was first."""
    notices = [one.id for one in store.notices_of(db, id_)]
    values = {"state": state, "reason": reason, "reply": reply, "ended_at": sender.service.clock()}
    if not store.set_message(db, id_, values, was):
        return None
    store.set_notices(db, notices, {"state": state, "reason": reason})
    return state
