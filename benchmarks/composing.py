"""How many messages a second are composed on one core: values, words, layout; of letters the PDF pages too.

Each is an overdue reminder in German that lists five items. Nothing is read from a database and nothing is sent.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from circulation.notices import templates
from circulation.notices.composing import compose
from circulation.notices.content import OVERDUE, BranchSaid, Content, LoanSaid, Reader, Sums
from circulation.notices.letterhead import Letterhead
from circulation.notices.types import EMAIL, LETTER, SMS

COUNTS: Mapping[str, int] = MappingProxyType({EMAIL: 2000, SMS: 2000, LETTER: 30})
LANGUAGE, LEVEL, ITEMS = "de", "2", 5
HEAD = Letterhead(
    address="Stadtbibliothek\nAm Markt 1\n12345 Musterstadt",
    contact="Tel. 0123 456",
    account="https://library.example/account",
    payee="Stadt Musterstadt",
    iban="DE89370400440532013000",
    code=True,
)


@dataclass(frozen=True, slots=True)
class Figure:
    """Messages of one way."""

    channel: str
    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.count / self.seconds


def measure(counts: Mapping[str, int] = COUNTS) -> list[Figure]:
    """Compose so many of each way."""
    return [_measured(channel, count) for channel, count in counts.items()]


def _measured(channel: str, count: int) -> Figure:
    words = templates.shipped(OVERDUE, LEVEL, channel, LANGUAGE)
    compose(_content(channel, count), words, HEAD, LANGUAGE)  # layouts and fonts are read once
    begun = time.perf_counter()
    for number in range(count):
        compose(_content(channel, number), words, HEAD, LANGUAGE)
    return Figure(channel, count, time.perf_counter() - begun)


def _content(channel: str, number: int) -> Content:
    loans = tuple(
        LoanSaid(one, f"3{one:09}", f"Der {number}. Band von {one}", "Autorin, Eine", "BOOK", date(2026, 6, one), 9)
        for one in range(1, ITEMS + 1)
    )
    return Content(
        key=f"n{number}",
        kind=OVERDUE,
        level=LEVEL,
        language=LANGUAGE,
        channel=channel,
        to="Mira Vogel\nWaldweg 3\n12345 Musterstadt",
        patron=Reader(str(number), "Mira", "Vogel"),
        branch=BranchSaid("N1", "Zweigstelle Nord"),
        library="Stadtbibliothek",
        currency="EUR",
        today=date(2026, 6, 15),
        loans=loans,
        sums=Sums(150, 0, number),
    )
