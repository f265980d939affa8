"""What a message to a patron may say: values only, no words and no layout (templates, composing).

Not responsible for where the values come from (contents) or for when a message is sent (sending).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from circulation.notices.types import Message

DUE_WARNING, OVERDUE, PAYMENT, RESERVATION = "due_warning", "overdue", "payment", "reservation"
RECEIPT = "receipt"
KINDS = (DUE_WARNING, OVERDUE, PAYMENT, RESERVATION, RECEIPT)
# What a line of a receipt says was done; these stand in the place of levels.
LENT, RENEWED, RETURNED = "lent", "renewed", "returned"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who is written to."""

    id: str
    first_name: str = field(repr=False)
    last_name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BranchSaid:
    """The branch a message comes from: of the first checkout, of the pick-up, or the authority a debt belongs to."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class LoanSaid:
    """A loan that a message is about.

    Attributes:
        late: days after the due date, 0 up to it.
        due: None = it is back.
        invoiced: what the invoice asks for it, minor units; 0 unless the message is the invoice.
        done: of a receipt what was done: LENT, RENEWED or RETURNED.
    """

    id: int
    item: str
    title: str
    author: str
    media_type: str
    due: date | None
    late: int = 0
    invoiced: int = 0
    done: str = ""


@dataclass(frozen=True, slots=True)
class FeeSaid:
    """An open fee. ``owed``: what is left of it, minor units. ``reason``: a code (wording's "fee.reason.<code>")."""

    reason: str
    title: str | None
    on: date
    owed: int
    invoice: bool = False


@dataclass(frozen=True, slots=True)
class ReservationSaid:
    """A reservation that waits on the hold shelf. ``collect_by``: last day there."""

    id: str
    title: str
    author: str
    collect_by: date | None
    shelf: str | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """Minor units of the library's currency.

    Attributes:
        fee: what this message costs.
        invoiced: what the invoice asks for all its loans.
        owed: what was owed before this message.
    """

    fee: int = 0
    invoiced: int = 0
    owed: int = 0

    @property
    def total(self) -> int:
        """What is owed with this message."""
        return self.owed + self.fee + self.invoiced


@dataclass(frozen=True, slots=True)
class Content:
    """Everything one message may say.

    Attributes:
        key: of the message (types.Message).
        kind: one of ``KINDS``.
        level: "1" to "6" or "invoice" of reminders, "" of other kinds.
        language: BCP 47 tag the patron has chosen, else the library's first.
        channel, to: as in types.Message.
        today: the day on which it is sent; of a receipt the day of which it tells.
        loans: of due warnings and overdue reminders, next due first; of receipts, in the order in which it was done.
        fees: of payment reminders, oldest first.
        reservations: of reservation notices.
    """

    key: str
    kind: str
    level: str
    language: str
    channel: str
    to: str = field(repr=False)
    patron: Reader
    branch: BranchSaid
    library: str
    currency: str
    today: date
    loans: tuple[LoanSaid, ...] = ()
    fees: tuple[FeeSaid, ...] = ()
    reservations: tuple[ReservationSaid, ...] = ()
    sums: Sums = Sums()


Composer = Callable[[Connection], Callable[[Content], Message]]
"""Puts contents in words, by the texts as they are in a transaction."""
