"""What a run is for, and the notices it finds: lines of messages, or skipped with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from circulation.domain import noticing
from circulation.domain.noticing import Noticed
from circulation.notices.content import DUE_WARNING
from circulation.notices.types import LETTER

# Why nothing is sent though it is due; codes as those of noticing.
NO_ADDRESS = "no_address"
MISSED = "missed"  # nobody warned in time: now overdue (R66)
# Why a message failed; codes.
ADDRESS_REFUSED = "address_refused"
MESSAGE_REFUSED = "message_refused"
GAVE_UP = "gave_up"  # nobody took it for days
NOT_COMPOSED = "not_composed"  # its template is wrong


@dataclass(frozen=True, slots=True)
class Asked:
    """What a run is for.

    Attributes:
        kind: one of content.KINDS.
        wanted: filters and days of due warnings.
        channels: there are for it; due warnings never go by letter (R49).
        missed_since: first due day from which a due warning can have been missed; None = none.
    """

    kind: str
    channels: frozenset[str]
    wanted: noticing.Wanted = field(default_factory=noticing.Wanted)
    missed_since: date | None = None

    @property
    def usable(self) -> frozenset[str]:
        """The channels it may take."""
        return self.channels - {LETTER} if self.kind == DUE_WARNING else self.channels


@dataclass(frozen=True, slots=True)
class Line:
    """One notice: about a loan, a debt or a reservation.

    Attributes:
        branch: whose rules decided; messages are split by it.
        about: columns of the ledger that name it.
        shown: what it is called, for staff.
        noted: reasons for which it was skipped, as they stand in the ledger already.
        again: id of a notice whose message failed, and that is told once more.
        by_letter: the only way left for it.
    """

    branch: str
    noticed: Noticed
    about: Mapping[str, Any]
    shown: str
    noted: frozenset[str] = frozenset()
    again: int | None = None
    by_letter: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A notice that is not sent, which staff must know. ``rule``: the one that says no, if one does."""

    line: Line
    reason: str
    rule: str | None = None

    @property
    def is_new(self) -> bool:
        """It does not stand in the ledger yet."""
        return self.reason not in self.line.noted
