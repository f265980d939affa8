"""What the parts of sending have in common: one message, what became of handing it over, and the way it goes.

Standard library only. Not responsible for which messages there are (ledger) or for any particular way (channels).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

EMAIL, SMS, LETTER = "email", "sms", "letter"
CHANNELS = (EMAIL, SMS, LETTER)
ABOUT = ADDRESS, MESSAGE, SERVER = "address", "message", "server"


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to be handed over.

    Attributes:
        key: names it wherever it is seen, also to the server that takes it (RFC 5322 Message-ID, without brackets);
            the same however often it is tried.
        to: e-mail address, telephone number, or the lines of a postal address.
        language: BCP 47 tag.
        text: as plain text; html: the same with layout; pdf: a letter's pages.
        headers: more header fields of an e-mail.
        made_with: the version of the text it was made with: its place and "number" (templates.Place), or "shipped", the
            version of this program that came with it; None = of no text.
    """

    key: str
    channel: str
    to: str = field(repr=False)
    language: str
    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)
    pdf: bytes | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)
    made_with: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """Whoever carries it has taken it. ``reply``: their own words, without an address."""

    reply: str


@dataclass(frozen=True, slots=True)
class Refused:
    """It certainly did not leave.

    Attributes:
        reply: their own words, or ours where nobody said anything (channels.replies).
        permanent: trying this message again the same way is of no use (R74).
        about: what it was refused for: "address", "message" (its content), or "server" (set-up, policy).
    """

    reply: str
    permanent: bool
    about: str = ADDRESS

    @property
    def address_wrong(self) -> bool:
        """Whether nothing can be sent to this address: it is flagged (R74)."""
        return self.permanent and self.about == ADDRESS


@dataclass(frozen=True, slots=True)
class Lost:
    """It may have left: the answer did not come. Never repeated by itself (R67, R74)."""

    why: str


Outcome = Accepted | Refused | Lost


def nothing() -> None:
    """What is done while an answer is waited for, unless there is something to do."""


class Line(Protocol):
    """An open way for several messages, one after another."""

    def wait(self) -> None:
        """Wait until the next message may leave; before it is noted as being sent, so that nothing stands between.

        Raises:
            CirculationError: none may leave by this way any more.
        """

    def hand_over(self, message: Message, meanwhile: Callable[[], None] = nothing) -> Outcome:
        """Hand one over. What a server says or does is an outcome, never an exception.

        Args:
            message: what.
            meanwhile: done while the answer is waited for; where none is, not at all.
        """


class Channel(Protocol):
    """A way for messages."""

    def opened(self) -> AbstractContextManager[Line]:
        """Open it; where that is not possible, the line refuses each message for now, with the reason."""
