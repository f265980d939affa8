"""E-mail addresses, telephone numbers and postal addresses: what can be written to.

Responsible for that nothing else than one address ever reaches a server. Not responsible for whether somebody reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_LOCAL, MOST_ADDRESS = 64, 254  # octets (RFC 5321 4.5.3.1)
MOST_LINES, MOST_LINE = 8, 80  # of a postal address, and characters of one: what the window of an envelope has room for
_ATOM = r"[\w!#$%&'*+/=?^`{|}~\u0080-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_NUMBER = re.compile(r"\+?[0-9]{5,15}")
_BETWEEN_DIGITS = re.compile(r"[ \u00a0/().-]")


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An e-mail address. ``domain`` is in ASCII wherever it can be."""

    local: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def ascii(self) -> bool:
        """Whether every server can be told it (otherwise RFC 6531 is needed)."""
        return str(self).isascii()


def mail_address(text: str) -> MailAddress | None:
    """Exactly one e-mail address, without a name; None = it is none."""
    local, at, domain = text.strip(" ").rpartition("@")
    if not at or not (local + domain).isprintable() or not _LOCAL.fullmatch(local):
        return None
    found = MailAddress(local, _in_ascii(domain))
    fits = len(local.encode()) <= MOST_LOCAL and len(str(found).encode()) <= MOST_ADDRESS
    return found if fits and (_DOMAIN.fullmatch(found.domain) or _is_name(found.domain)) else None


def _in_ascii(domain: str) -> str:
    """The domain as the name system has it, unless that would be another one than was written (ß is not ss)."""
    try:
        written = domain.encode("idna").decode("ascii")
        return written if written.encode("ascii").decode("idna") == domain.lower() else domain
    except UnicodeError:
        return domain


def _is_name(domain: str) -> bool:
    """Whether every part of a domain that is not in ASCII is letters, digits and hyphens."""
    parts = domain.split(".")
    return not domain.isascii() and all(part and part.replace("-", "").isalnum() for part in parts)


def telephone_number(text: str) -> str | None:
    """A telephone number without what people write between its digits; None = it is none."""
    digits = _BETWEEN_DIGITS.sub("", text.strip())
    return digits if _NUMBER.fullmatch(digits) else None


def postal_address(text: str) -> str | None:
    """The lines of a postal address, without empty ones and outer spaces; None = it is none, or there is no room."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fits = len(lines) <= MOST_LINES and all(len(line) <= MOST_LINE and line.isprintable() for line in lines)
    return "\n".join(lines) if lines and fits else None
