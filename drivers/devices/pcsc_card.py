"""Patron cards at a PC/SC reader: their UID, once per presentation.

Responsible for telling one touch from the flicker of a card held at the edge of the field, and for refusing identifiers
that can identify nobody. Not responsible for who the patron is, nor for cards' memory: a UID is all that is read (PC/SC
part 3, FF CA 00 00 00). Readers that send an ISO 15693 UID least significant byte first are turned round.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from drivers.api import (
    CardEvent,
    CardGone,
    CardProblem,
    CardRefused,
    CardSeen,
    CardUid,
    DeviceInfo,
    LinkTimeout,
    TagLost,
)
from drivers.devices.options import option, seconds, text
from drivers.links.pcsc_link import PcscLink
from drivers.links.trace import Trace

GET_UID = bytes.fromhex("FFCA000000")
_OK = b"\x90\x00"
_LENGTHS = frozenset({4, 7, 8, 10})
_RANDOM = 0x08  # ISO 14443-3: a single-size UID starting 08 is made anew at every touch
_TRIES = 3

Touch = CardUid | CardProblem


@dataclass(frozen=True, slots=True)
class PcscOptions:
    """Options of driver "pcsc".

    Attributes:
        reader: a part of the reader's name.
        gone_seconds: a card that comes back within this time was never away.
        answer_seconds: longest time the card service may take for one call.
    """

    reader: str = option(text)
    gone_seconds: float = option(seconds(0, 5), 0.6)
    answer_seconds: float = option(seconds(0.2, 30), 2.0)


def read_uid(answer: bytes) -> Touch:
    """What an answer to FF CA says: an identifier, or why there is none."""
    if answer[-2:] != _OK or len(answer) - 2 not in _LENGTHS:
        return CardProblem.UNREADABLE
    uid = answer[:-2]
    if len(uid) == 4 and uid[0] == _RANDOM:
        return CardProblem.RANDOM_UID
    if len(uid) == 8 and uid[0] != 0xE0 and uid[-1] == 0xE0:
        uid = uid[::-1]
    return CardUid(uid)


class Presentations:
    """Folds touches and liftings into one event per presentation. Pure: time is a parameter."""

    def __init__(self, device: str, gone_seconds: float) -> None:
        self._device = device
        self._gone_seconds = gone_seconds
        self._here: Touch | None = None
        self._lifted_at: float | None = None

    @property
    def due(self) -> float | None:
        """When ``lapse`` has something to say."""
        return None if self._lifted_at is None else self._lifted_at + self._gone_seconds

    def touched(self, touch: Touch) -> list[CardEvent]:
        """A card was read (or could not be)."""
        self._lifted_at = None
        if touch == self._here:
            return []
        gone: list[CardEvent] = [] if self._here is None else [CardGone(self._device)]
        self._here = touch
        if isinstance(touch, CardProblem):
            return [*gone, CardRefused(self._device, touch)]
        return [*gone, CardSeen(self._device, touch)]

    def lifted(self, now: float) -> None:
        """The field is empty."""
        if self._here is not None and self._lifted_at is None:
            self._lifted_at = now

    def lapse(self, now: float) -> list[CardEvent]:
        """Time has passed: a card that did not come back is gone."""
        if self.due is None or now < self.due:
            return []
        self._here = self._lifted_at = None
        return [CardGone(self._device)]


class PcscCard:
    """One reader. Blocking; used by one thread. Implements ``drivers.api.CardReader``."""

    def __init__(self, device: str, options: PcscOptions, clock: Callable[[], float] = monotonic) -> None:
        self._link = PcscLink(options.reader, options.answer_seconds)
        self._touches = Presentations(device, options.gone_seconds)
        self._events: deque[CardEvent] = deque()
        self._clock = clock
        self._trace = Trace(clock)
        self._count: int | None = None

    def open(self) -> DeviceInfo:
        """Find the reader. Raises DeviceError."""
        self._count = None
        return DeviceInfo(self._link.open(), "")

    def close(self) -> None:
        """Idempotent."""
        self._link.close()

    def wait(self, timeout: float) -> CardEvent | None:
        """Wait up to ``timeout`` seconds for a card to come or go. Raises DeviceError."""
        if not self._events:
            now = self._clock()
            due = self._touches.due
            presence = self._link.wait(timeout if due is None else min(timeout, max(due - now, 0)))
            if presence is not None:
                self._changed(presence.present, presence.count)
            self._events += self._touches.lapse(self._clock())
        return self._events.popleft() if self._events else None

    def _changed(self, present: bool, count: int) -> None:
        """The service reports also what is no insertion (somebody connected): only its counter tells."""
        if count == self._count:
            return
        self._count = count
        if not present:
            self._touches.lifted(self._clock())
            return
        touch = self._touch()
        if touch is not None:
            self._events += self._touches.touched(touch)

    def _touch(self) -> Touch | None:
        """Read the UID. A mute card is refused; the next ``wait`` finds the link closed and says so."""
        for _ in range(_TRIES):
            try:
                self._trace.sent(GET_UID)
                answer = self._link.transmit(GET_UID)
            except TagLost:
                continue
            except LinkTimeout:
                break
            self._trace.received(answer, shown=0)
            return read_uid(answer)
        return CardProblem.UNREADABLE
