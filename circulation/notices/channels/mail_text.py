"""A message as it travels by e-mail (RFC 5322), in ASCII wherever its addresses are.

It is written here and not by the standard library, whose older versions read a title that looks like an encoded word as
one and can make a header line of it, and which takes longer to write a mail than everything else that is done for it.
Not responsible for handing it over (smtp).
"""

from __future__ import annotations

import re
from base64 import b64encode, encodebytes
from binascii import b2a_qp
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from circulation.notices.addresses import MailAddress
from circulation.notices.channels.keys import key_of
from circulation.notices.channels.replies import one_line
from circulation.notices.types import Message

_ENDS = "\r\n"
_LINE, _LONGEST_LINE = 76, 900  # letters: of a line we may fold, of one that has to stay whole
_ENCODED_OCTETS = 30  # of text in one encoded word, so that it fits behind every name of a field
_MIME = f"MIME-Version: 1.0{_ENDS}"
_BOUNDARY = "=_part"  # stands in no text that is encoded (RFC 2045, 6.7)
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}")
_OURS = frozenset({"from", "to", "cc", "bcc", "sender", "reply-to", "subject", "date", "message-id", "mime-version"})
_UNSUBSCRIBE = "List-Unsubscribe"
_UNFIT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # all but tab and line feed


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a message is from.

    Attributes:
        name: shown with the address; may be empty.
        reply_to: where answers go, None = to ``address``.
        unsubscribe: an address or https:// page where nothing more can be asked for, None = not offered.
    """

    name: str
    address: MailAddress
    reply_to: MailAddress | None = None
    unsubscribe: str | None = None


def written(message: Message, to: MailAddress, sender: Sender, now: datetime) -> bytes:
    """The message, every line ending in CRLF.

    Args:
        message: what is sent.
        to: ``message.to``, read.
        sender: who sends it.
        now: its date.

    Raises:
        ValueError: it has a header field that is not its own to say, or a key that is none.
    """
    fields = {
        "From": f"{_phrase(sender.name)}<{sender.address}>",
        "To": str(to),
        **({"Reply-To": str(sender.reply_to)} if sender.reply_to else {}),
        "Subject": _unstructured(message.subject, _LINE - len("Subject: ")),
        "Date": format_datetime(now),
        "Message-ID": _message_id(message, sender),
        "Auto-Submitted": "auto-generated",
        "Content-Language": _unstructured(message.language, _LINE),
        **(_unsubscribe(sender.unsubscribe) if sender.unsubscribe else {}),
    }
    mine = dict(_more(message.headers))
    if _UNSUBSCRIBE in mine:  # the message's own way out holds, as a whole
        fields = {name: value for name, value in fields.items() if not name.startswith(_UNSUBSCRIBE)}
    head = "".join(f"{name}: {value}{_ENDS}" for name, value in (fields | mine).items())
    return head.encode() + _body(message)


def _message_id(message: Message, sender: Sender) -> str:
    key = key_of(message)
    return f"<{key}>" if "@" in key else f"<{key}@{sender.address.domain}>"


def _unsubscribe(where: str) -> dict[str, str]:
    """RFC 2369, and RFC 8058 for pages."""
    if where.startswith("https://"):
        return {_UNSUBSCRIBE: f"<{where}>", f"{_UNSUBSCRIBE}-Post": f"{_UNSUBSCRIBE}=One-Click"}
    return {_UNSUBSCRIBE: f"<mailto:{where}?subject=unsubscribe>"}


def _more(headers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        if not _FIELD.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("content-"):
            raise ValueError("a message cannot say this header field itself")
        yield name, _unstructured(value, _LONGEST_LINE)


def _unstructured(text: str, most: int) -> str:
    """A text as the value of a field: as it is where that is possible, otherwise as encoded words (RFC 2047)."""
    line = one_line(text)
    return line if line.isascii() and "=?" not in line and len(line) <= most else _encoded(line)


def _phrase(name: str) -> str:
    """A name and what parts it from its address: quoted where that is possible, otherwise as encoded words."""
    line = one_line(name)
    if not line:
        return ""
    if not line.isascii() or "=?" in line or len(line) > _LINE // 2:
        return f"{_encoded(line)}{_ENDS} "
    quoted = re.sub(r'(["\\])', r"\\\1", line)
    return f'"{quoted}" '


def _encoded(line: str) -> str:
    words = (b64encode(part).decode("ascii") for part in _parts(line))
    return f"{_ENDS} ".join(f"=?utf-8?b?{word}?=" for word in words)


def _parts(line: str) -> Iterator[bytes]:
    """The octets of a text, some at a time, no letter in two parts."""
    part = b""
    for sign in line:
        octets = sign.encode()
        if len(part) + len(octets) > _ENCODED_OCTETS:
            yield part
            part = b""
        part += octets
    yield part


def _body(message: Message) -> bytes:
    """The text, and beside it the HTML if there is some (RFC 2046, 5.1.4)."""
    if message.html is None:
        return _part("plain", message.text, _MIME)
    parts = (_part("plain", message.text), _part("html", message.html))
    kind = f'Content-Type: multipart/alternative; boundary="{_BOUNDARY}"{_ENDS}{_MIME}'
    between = f"{_ENDS}--{_BOUNDARY}{_ENDS}".encode()
    return b"".join((kind.encode(), *(between + part for part in parts), f"{_ENDS}--{_BOUNDARY}--{_ENDS}".encode()))


def _part(kind: str, text: str, more: str = "") -> bytes:
    """A text with its own header, quoted-printable or base64, whichever is shorter; ``more``: of the header."""
    octets = _clean(text).encode()
    quoted, encoded = b2a_qp(octets), encodebytes(octets).replace(b"\n", b"\r\n")
    how, content = ("quoted-printable", quoted) if len(quoted) <= len(encoded) else ("base64", encoded)
    head = f"Content-Type: text/{kind}; charset=utf-8{_ENDS}Content-Transfer-Encoding: {how}{_ENDS}{more}{_ENDS}"
    return head.encode() + content


def _clean(text: str) -> str:
    """A text with every line ended in one way, without control characters and halves of characters."""
    lines = _UNFIT.sub(" ", text.replace(_ENDS, "\n").replace("\r", "\n"))
    return (lines if lines.endswith("\n") else f"{lines}\n").replace("\n", _ENDS)
