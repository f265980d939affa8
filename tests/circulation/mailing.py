"""Messages, senders and the time, for tests of what sends them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from circulation.notices.addresses import mail_address
from circulation.notices.channels.mail_text import Sender
from circulation.notices.channels.pace import Pace, Times
from circulation.notices.channels.smtp import Patience, Smtp
from circulation.notices.channels.smtp_connecting import NONE, Server
from circulation.notices.types import EMAIL, Message

MORNING = datetime(2026, 6, 15, 5, 0, tzinfo=UTC)
SOON = Patience(command=5.0, whole=5.0)


class Seconds:
    """A clock that moves only when somebody sleeps, and remembers how long they did."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    @property
    def times(self) -> Times:
        """The morning of 15 June 2026, on which nothing takes time but sleeping."""
        return Times(lambda: MORNING, self, self.sleep, self)


def message(key: str = "m1", to: str = "mira@example.org", **more: Any) -> Message:
    words = {"subject": "Two books are due", "text": "Dear Mira,\ntwo books are due.\n", "language": "en"}
    return Message(key, more.pop("channel", EMAIL), to, **{**words, **more})


def sender(name: str = "City Library", **more: Any) -> Sender:
    address = mail_address("library@example.com")
    assert address is not None
    return Sender(name, address, **more)


def account(port: int, *, security: str = NONE, seconds: Seconds | None = None, **more: Any) -> Smtp:
    """A way to a server of the test."""
    told = {name: more.pop(name) for name in ("user", "password", "authority", "host") if name in more}
    server = Server(told.pop("host", "127.0.0.1"), port, security, **told)
    rest = {"per_minute": 6000, "patience": SOON, **more}
    times = (seconds or Seconds()).times
    return Smtp(server, rest.pop("sender", None) or sender(), Pace(rest.pop("per_minute"), times), times, **rest)
