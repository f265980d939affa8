"""One PC/SC reader: is a card there, and what does it answer?

Responsible for the context with the card service and for turning everything that can go wrong there into an error of
ours. Not responsible for what an APDU means. The only module that knows pyscard, and of it only the raw functions:
its monitors die with the service. No call of the service has a time-out and a mute card blocks it for good, so each
runs under a watchdog. After any error the context is thrown away; opening makes a new one. Where the service listens
is taken from PCSCLITE_CSOCK_NAME by the service's own library, once in a process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from smartcard import scard

from drivers.api import LinkBusy, LinkError, LinkLost, TagLost
from drivers.links.failures import LinkAbsent, LinkForbidden, ServiceAbsent
from drivers.links.watchdog import Watchdog

T = TypeVar("T")

_CARD_GONE = frozenset(
    {
        scard.SCARD_W_REMOVED_CARD,
        scard.SCARD_W_RESET_CARD,
        scard.SCARD_W_UNPOWERED_CARD,
        scard.SCARD_W_UNRESPONSIVE_CARD,
        scard.SCARD_W_UNSUPPORTED_CARD,
        scard.SCARD_E_NO_SMARTCARD,
        scard.SCARD_E_NOT_TRANSACTED,
        scard.SCARD_E_PROTO_MISMATCH,
    }
)
_ERRORS: dict[int, type[LinkError]] = {
    scard.SCARD_E_NO_SERVICE: ServiceAbsent,
    scard.SCARD_E_SERVICE_STOPPED: ServiceAbsent,
    scard.SCARD_E_NO_READERS_AVAILABLE: LinkAbsent,
    scard.SCARD_E_UNKNOWN_READER: LinkAbsent,
    scard.SCARD_E_SHARING_VIOLATION: LinkBusy,
    scard.SCARD_E_NO_ACCESS: LinkForbidden,
    scard.SCARD_W_SECURITY_VIOLATION: LinkForbidden,
}
_PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_PCI = {scard.SCARD_PROTOCOL_T0: scard.SCARD_PCI_T0, scard.SCARD_PROTOCOL_T1: scard.SCARD_PCI_T1}
_KEPT_STATE = 0xFFFF0000  # the service's counter of insertions and removals
_GONE_STATE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a card is in the field; ``count`` changes with each insertion and removal."""

    present: bool
    count: int


class PcscLink:
    """One reader. Used by one thread.

    Args:
        name_part: the first reader whose name contains this is taken.
        seconds: longest time one call of the service may take.
    """

    def __init__(self, name_part: str, seconds: float = _PATIENCE) -> None:
        self._part = name_part
        self._seconds = seconds
        self._watchdog = Watchdog("pcsc")
        self._context: Any = None
        self._state = scard.SCARD_STATE_UNAWARE
        self.reader = ""

    def open(self) -> str:
        """Find the reader; return its full name. Raises LinkError."""
        self.close()
        self._context = self._call(_establish, self._seconds)
        readers = self._call(lambda: _readers(self._context), self._seconds)
        for name in readers:
            if self._part in name:
                self.reader = name
                return name
        self.close()
        there = ", ".join(readers) or "none"
        raise LinkAbsent(f"no reader's name contains {self._part!r}; there are: {there}")

    def close(self) -> None:
        """Idempotent. Releasing the context may hang with the service, so nobody waits for it."""
        context, self._context = self._context, None
        self._state = scard.SCARD_STATE_UNAWARE
        if context is not None:
            self._watchdog.later(lambda: _release(context))
        self._watchdog.close()

    def wait(self, seconds: float) -> Presence | None:
        """Wait up to ``seconds`` for a change; at the first call after ``open`` the present state is one.

        Raises:
            LinkError: the reader or the service has gone.
        """
        context, state = self._opened(), [(self.reader, self._state)]
        milliseconds = max(int(seconds * 1000), 1)
        result, states = self._call(
            lambda: scard.SCardGetStatusChange(context, milliseconds, state), seconds + self._seconds
        )
        if result == scard.SCARD_E_TIMEOUT:
            return None
        self._check(result, "waiting for a card")
        new = int(states[0][1])
        if new & _GONE_STATE:
            self.close()
            raise LinkLost(f"the reader {self.reader!r} has gone")
        self._state = new & ~scard.SCARD_STATE_CHANGED
        return Presence(bool(new & scard.SCARD_STATE_PRESENT), (new & _KEPT_STATE) >> 16)

    def transmit(self, apdu: bytes) -> bytes:
        """Send one APDU to the card that is there; return its answer with the two status bytes.

        Raises:
            TagLost: the card has gone or does not answer as a card.
            LinkTimeout: the card is mute.
            LinkError: the reader or the service has gone, or another program holds the card.
        """
        context, reader = self._opened(), self.reader
        result, answer = self._call(lambda: _exchange(context, reader, apdu), self._seconds)
        if result in _CARD_GONE:
            raise TagLost("the card has gone")
        self._check(result, "talking to the card")
        return answer

    def _opened(self) -> Any:
        if self._context is None:
            raise LinkLost("the reader is not open")
        return self._context

    def _call(self, function: Callable[[], T], seconds: float) -> T:
        try:
            return self._watchdog.call(function, seconds)
        except LinkError:
            self.close()
            raise
        except (SystemError, scard.error, OSError, ValueError) as error:  # a dying service also shows as SystemError
            self.close()
            raise LinkLost(f"the card service has gone ({type(error).__name__})") from None

    def _check(self, result: int, doing: str) -> None:
        if result != scard.SCARD_S_SUCCESS:
            self.close()
            raise _error(result, doing)


def _error(result: int, doing: str) -> LinkError:
    kind = _ERRORS.get(result, LinkLost)
    return kind(f"{doing}: {scard.SCardGetErrorMessage(result)} (0x{result & 0xFFFFFFFF:08X})")


def _establish() -> Any:
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    if result != scard.SCARD_S_SUCCESS:
        raise _error(result, "reaching the card service")
    return context


def _release(context: Any) -> None:
    scard.SCardReleaseContext(context)


def _readers(context: Any) -> list[str]:
    result, names = scard.SCardListReaders(context, [])
    if result == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    if result != scard.SCARD_S_SUCCESS:
        raise _error(result, "listing readers")
    return [str(name) for name in names]


def _exchange(context: Any, reader: str, apdu: bytes) -> tuple[int, bytes]:
    """Connect, transmit, disconnect: no connection outlives a touch."""
    result, card, protocol = scard.SCardConnect(context, reader, scard.SCARD_SHARE_SHARED, _PROTOCOLS)
    if result != scard.SCARD_S_SUCCESS:
        return result, b""
    try:
        result, answer = scard.SCardTransmit(card, _PCI.get(protocol, scard.SCARD_PCI_T1), list(apdu))
    finally:
        scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    return result, bytes(answer) if result == scard.SCARD_S_SUCCESS else b""


def list_readers(seconds: float = _PATIENCE) -> list[str]:
    """Names of the readers of this computer. Raises LinkError."""

    def ask() -> list[str]:
        context = _establish()
        try:
            return _readers(context)
        finally:
            _release(context)

    watchdog = Watchdog("pcsc")
    try:
        return watchdog.call(ask, seconds)
    except (SystemError, scard.error) as error:
        raise LinkLost(f"the card service has gone ({type(error).__name__})") from None
    finally:
        watchdog.close()
