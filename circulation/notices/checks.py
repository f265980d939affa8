"""What can be said of a mail account or gateway, field by field, each mistake named by a code.

The sentence of a mistake is "mail.wrong." and its code in wording's staff catalogue. Not responsible for whether a
server answers: a test tells that (accounts, gateways).
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.notices.addresses import mail_address
from circulation.notices.channels.trouble import trusting
from rules.rule import is_code

MOST_LINE, MOST_URL, MOST_PER_MINUTE = 200, 500, 6000
_HOST = re.compile(r"(?!.{254})(?:[\w](?:[\w-]{0,61}\w)?)(?:\.\w(?:[\w-]{0,61}\w)?)*\.?")
_URL = re.compile(r"https?://[!#-;=?-\[\]_a-z~%]+", re.IGNORECASE)  # what an address is made of (RFC 3986), no < > "
_LOCAL = frozenset({"localhost", "localhost."})
Found = Iterator[Mistake]


class MailWrongError(CirculationError):
    """A mail account, gateway or test that cannot be so; nothing was done.

    Attributes:
        mistakes: all of them, each with the field it is in.
    """

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        detail = f"mistakes here: {len(mistakes)}; nothing was done"
        super().__init__("mail_wrong", detail, place=mistakes[0].place)
        self.mistakes = tuple(mistakes)


def must_be_right(found: Iterable[Mistake]) -> None:
    """Go on only without mistakes.

    Raises:
        MailWrongError: with all there are.
    """
    mistakes = tuple(found)
    if mistakes:
        raise MailWrongError(mistakes)


def code(value: str) -> Found:
    """A code by which something is named."""
    if not is_code(value):
        yield Mistake("code", "code_unfit" if value else "missing")


def line(place: str, value: str | None, *, needed: bool = False, most: int = MOST_LINE) -> Found:
    """One line of text."""
    if not (value or "").strip():
        if needed:
            yield Mistake(place, "missing")
    elif value is not None and len(value) > most:
        yield Mistake(place, "too_long", {"most": most})
    elif value is not None and not value.isprintable():
        yield Mistake(place, "unprintable")


def one_of(place: str, value: str, known: Collection[str]) -> Found:
    """One of some words."""
    if value not in known:
        yield Mistake(place, "not_one_of", {"names": ", ".join(known)})


def number(place: str, value: int, most: int) -> Found:
    """A whole number from 1."""
    if not 1 <= value <= most:
        yield Mistake(place, "not_number", {"most": most})


def host(value: str) -> Found:
    """A server's name or network address."""
    if not value:
        yield Mistake("host", "missing")
    elif not _HOST.fullmatch(value) and not _is_ip(value):
        yield Mistake("host", "not_host")


def address(place: str, value: str | None, *, needed: bool = False) -> Found:
    """An e-mail address every server can be told."""
    if not value:
        if needed:
            yield Mistake(place, "missing")
        return
    found = mail_address(value)
    if found is None:
        yield Mistake(place, "not_address")
    elif not found.ascii:
        yield Mistake(place, "not_ascii")


def authority(value: str | None) -> Found:
    """Certificates (PEM)."""
    if value is None:
        return
    try:
        trusting(value.strip() or "-")
    except (ssl.SSLError, ValueError):
        yield Mistake("authority", "not_certificate")


def url(place: str, value: str) -> Found:
    """Where a gateway is: encrypted, unless it is on this computer."""
    fits = len(value) <= MOST_URL and _URL.fullmatch(value)
    try:
        parts = urlsplit(value) if fits else None
        named = parts is not None and bool(parts.hostname) and parts.username is None and parts.port != 0
    except ValueError:
        named = False
    if parts is None or not named:
        yield Mistake(place, "not_url")
    elif parts.scheme != "https" and not on_this_computer(parts.hostname or ""):
        yield Mistake(place, "url_in_clear")


def unsubscribe(value: str | None) -> Found:
    """An https:// page or an e-mail address."""
    if not value or (value.startswith("https://") and not tuple(url("unsubscribe", value))):
        return
    if any(True for _ in address("unsubscribe", value)):
        yield Mistake("unsubscribe", "not_unsubscribe")


def on_this_computer(name: str) -> bool:
    """Whether what is sent there never leaves this computer."""
    return name.lower() in _LOCAL or (_is_ip(name) and ip_address(name).is_loopback)


def _is_ip(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
