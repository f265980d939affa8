"""All that is read of messages before they are composed: of many at once, so that it costs each of them little.

Not responsible for words (composing) or for what is looked at once more before a message leaves (sending).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from circulation.domain.records import Place
from circulation.notices import contents, rechecking, selecting, subjects
from circulation.notices.content import Content
from circulation.notices.rechecking import Checked
from circulation.notices.sender import Sender
from circulation.notices.subjects import Subjects
from circulation.notices.types import Message
from circulation.store import debts
from circulation.store import notices as store

TOGETHER = 20  # messages that are read at once
FRESH = 1.0  # seconds for which what was read is composed; where messages leave slowly each is read in its turn


@dataclass(frozen=True, slots=True)
class Brief:
    """What was read of a message that is to be sent.

    Attributes:
        row: of the ledger.
        notices: all it is to tell.
        checked: what of it still held.
    """

    row: Row[Any]
    notices: Sequence[Row[Any]]
    checked: Checked
    place: Place
    about: Subjects
    open_fees: Sequence[Row[Any]]

    @property
    def fee(self) -> int:
        """What the message costs, minor units."""
        return selecting.message_fee(self.place, self.row.branch, [one.fee for one in self.checked.holding])

    def content(self) -> Content:
        """What it may say."""
        return contents.of(self.place, self.row, self.checked.holding, self.about, self.open_fees, self.fee)


@dataclass(frozen=True, slots=True)
class Briefs:
    """What was read of some messages.

    Attributes:
        of: by id; None = nothing is to be done about it now.
        worded: puts a content in words, as it is done at the time.
        until: by ``time.monotonic``, when they are too old.
    """

    of: dict[int, Brief | None]
    worded: Callable[[Content], Message]
    until: float

    def take(self, id_: int) -> Brief | None:
        """One of them, which is used once."""
        return self.of.pop(id_)

    def holds(self, id_: int) -> bool:
        """Whether it can be taken."""
        return id_ in self.of and time.monotonic() < self.until


def read(sender: Sender, ids: Sequence[int]) -> Briefs:
    """Read all there is to know about messages."""
    until = time.monotonic() + FRESH
    service = sender.service
    with service.database.reading() as db:
        rows = store.planned(db, ids, service.clock())
        notices = store.notices_of_each(db, [row.id for row in rows])
        place = selecting.place_of(service, db)
        told = [one for row in rows for one in notices[row.id]]
        about = subjects.read(db, sender.asked.kind, rows, told)
        fees = debts.open_fees_of(db, list(about.patrons))
        found = {
            row.id: Brief(
                row,
                notices[row.id],
                rechecking.check(db, place, row, notices[row.id], about),
                place,
                about,
                fees.get(row.patron_id, ()),
            )
            for row in rows
        }
        return Briefs({id_: found.get(id_) for id_ in ids}, sender.composer(db), until)
