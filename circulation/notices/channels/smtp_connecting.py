"""Reaching a mail server: encrypted as the account says, never less, and signed in.

Not responsible for messages (smtp).
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from circulation.notices.channels.replies import ours
from circulation.notices.channels.smtp_replies import words
from circulation.notices.channels.trouble import Stage, Trouble, trusting, why

SECURITIES = STARTTLS, TLS, NONE = "starttls", "tls", "none"
_GOES_ON, _SIGNED_IN = 334, 235
_FOR_GOOD = range(500, 600)


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and how we sign in there.

    Attributes:
        security: "starttls" (asked for and insisted on), "tls" (from the first octet) or "none".
        user, password: None = without signing in.
        authority: certificates (PEM) to trust instead of the system's, None = the system's.
    """

    host: str
    port: int
    security: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    authority: str | None = field(default=None, repr=False)


class Unable(Exception):
    """Nothing can be sent by this account. ``lasting``: not before somebody has put it right."""

    def __init__(self, trouble: Trouble, lasting: bool = False) -> None:
        super().__init__(trouble.reply)
        self.trouble = trouble
        self.lasting = lasting


def connection(server: Server, patience: float) -> smtplib.SMTP:
    """A connection as safe as the account says, signed in.

    Raises:
        Unable: it cannot be had.
    """
    with _at(Stage.TLS):
        context = trusting(server.authority)
    with _at(Stage.CONNECT):
        if server.security == TLS:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=patience, context=context)
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=patience)
    _send_at_once(smtp)
    try:
        _greet(smtp, server, context)
    except Unable:
        smtp.close()
        raise
    return smtp


def _send_at_once(smtp: smtplib.SMTP) -> None:
    """Hold no octets back until the server has confirmed those before: the final dot is sent by itself (smtp)."""
    if smtp.sock is not None:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def speaks_out_of_turn(smtp: smtplib.SMTP) -> bool:
    """Whether the server has said something that nobody asked for: every answer after it would belong to another."""
    if smtp.sock is None or smtp.file is None:
        return False
    patience = smtp.sock.gettimeout()
    smtp.sock.settimeout(0)
    try:
        return bool(smtp.file.peek(1))
    except OSError:  # there is nothing, or the connection is lost, which the next command finds
        return False
    finally:
        smtp.sock.settimeout(patience)


def _greet(smtp: smtplib.SMTP, server: Server, context: ssl.SSLContext) -> None:
    if speaks_out_of_turn(smtp):
        raise Unable(Trouble(Stage.CONNECT, ours("out_of_turn")))
    with _at(Stage.CONNECT):
        smtp.ehlo_or_helo_if_needed()
    if server.security == STARTTLS:
        if not smtp.has_extn("starttls"):  # not offered, or taken out on the way: nothing is said in the clear
            raise Unable(Trouble(Stage.TLS, ours("no_starttls")))
        with _at(Stage.TLS):
            smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
    if server.user is not None:
        with _at(Stage.SIGN_IN):
            _sign_in(smtp, server.user, server.password or "")


def _sign_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """Sign in by PLAIN (RFC 4616) or LOGIN, in UTF-8, which the standard library cannot."""
    ways = smtp.esmtp_features.get("auth", "").upper().split()
    plain = _coded(chr(0).join(("", user, password)))
    if "PLAIN" in ways:
        code, answer = smtp.docmd("AUTH", f"PLAIN {plain}")
    elif "LOGIN" in ways:
        code, answer = smtp.docmd("AUTH", "LOGIN")
        for said in (user, password):
            if code == _GOES_ON:
                code, answer = smtp.docmd(_coded(said))
    else:
        raise Unable(Trouble(Stage.SIGN_IN, ours("no_sign_in")), lasting=True)
    if code != _SIGNED_IN:
        private = (user, password, plain, _coded(user), _coded(password))  # some servers repeat what they were told
        reply = words(code, text(answer), *private)
        raise Unable(Trouble(Stage.SIGN_IN, reply), lasting=code in _FOR_GOOD)


def _coded(text: str) -> str:
    return b64encode(text.encode()).decode("ascii")


@contextmanager
def _at(stage: Stage) -> Iterator[None]:
    """What goes wrong while connecting, as a trouble of this stage."""
    try:
        yield
    except ssl.SSLError as error:
        raise Unable(Trouble(Stage.TLS, ours("tls", why(error)))) from None
    except smtplib.SMTPResponseException as error:
        answer = error.smtp_error
        raise Unable(
            Trouble(stage, words(error.smtp_code, text(answer) if isinstance(answer, bytes) else answer))
        ) from None
    except (OSError, UnicodeError) as error:  # a name can be too long for the name system
        raise Unable(Trouble(stage, ours("unreachable", why(error)))) from None


def text(answer: bytes) -> str:
    """An answer's words."""
    return answer.decode("utf-8", "replace")
