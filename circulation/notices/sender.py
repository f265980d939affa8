"""What sending needs, and what it has done so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from circulation.jobs.running import Run
from circulation.notices.content import Composer
from circulation.notices.lines import Asked
from circulation.notices.types import Channel
from circulation.service import Service

RETRIED = "retried"  # beside the states of messages: tried again later


def nowhere(_: str) -> None:
    """What happens at a point unless a test has other plans."""


@dataclass(slots=True)
class Sender:
    """What sending needs, and what it has done so far.

    Attributes:
        channels: ways by name; a message whose channel is not there waits.
        at: called at each of sending.POINTS.
        counts: what became of messages, by state; ``RETRIED`` those that are tried again.
    """

    service: Service
    asked: Asked
    run: Run
    channels: Mapping[str, Channel]
    composer: Composer
    at: Callable[[str], None] = nowhere
    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str | None, number: int = 1) -> None:
        """Count something, and tell it; None = there is nothing to count."""
        if name is None:
            return
        self.counts[name] = self.counts.get(name, 0) + number
        self.run.tell(**self.counts)
