"""Why nothing can be sent by an account or gateway, as opposed to why one message cannot.

Not responsible for where it is kept (accounts).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """How far a message, or the connection for it, has come."""

    CONNECT = "connect"
    TLS = "tls"
    SIGN_IN = "sign_in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing can be sent by an account: how far we came, and what was said."""

    stage: Stage
    reply: str


Heard = Callable[[Trouble | None], None]


def to_nobody(_: Trouble | None) -> None:
    """For whoever does not want to know."""


def why(error: object) -> str:
    """What went wrong on the way to a server, in the system's words."""
    return str(getattr(error, "verify_message", None) or getattr(error, "strerror", None) or error)


def trusting(authority: str | None) -> ssl.SSLContext:
    """How servers prove who they are: by the system's certificates, or by these (PEM).

    Raises:
        ssl.SSLError: there is no certificate in it.
    """
    return ssl.create_default_context(cadata=authority)
