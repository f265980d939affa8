"""One reading of what cases call differently: names, channels, kinds of notices, days, weekdays, amounts."""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from circulation.notices.content import DUE_WARNING, OVERDUE, PAYMENT, RESERVATION
from circulation.notices.types import EMAIL, LETTER, SMS

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = tuple(name.lower() for name in month_name)
CHANNELS: Mapping[str, str] = {
    **dict.fromkeys(("email", "e_mail", "mail", "emails"), EMAIL),
    **dict.fromkeys(("sms", "text", "text_message", "phone", "mobile"), SMS),
    **dict.fromkeys(("letter", "post", "postal", "paper", "print", "printed", "letters"), LETTER),
}
# Part of a word -> kind of notice, the first that fits; "all" kinds are run in the order of their first part.
_KINDS: Mapping[str, str] = {
    "warning": DUE_WARNING,
    "overdue": OVERDUE,
    "payment": PAYMENT,
    "reservation": RESERVATION,
    "shelf": RESERVATION,
    "invoice": OVERDUE,
    "level": OVERDUE,
    "reminder": OVERDUE,
}
WAITING, RESTING, SHELVED = "waiting", "suspended", "on_shelf"
# Words that tell the state of a reservation, the first that fits decides.
_STATES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"cancel"), "cancelled"),
    (re.compile(r"expired|lapsed"), "expired"),
    (re.compile(r"fulfilled|(?<!be_)(?<!un)collected$|fetched|(?<!be_)picked_up|done|closed"), "fulfilled"),
    (re.compile(r"suspended|resting|paused|inactive"), RESTING),
    (
        re.compile(r"shelf|shelved|set_aside|assigned|ready|pick_?up|picked_up|arrived|collect"),
        SHELVED,
    ),
    (re.compile(r"wait|^active|queue|open|placed|pending|requested|reserved"), WAITING),
)
KINDS = tuple(dict.fromkeys(_KINDS.values()))
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BETWEEN = re.compile(r"[\s-]+")


def word(said: object) -> str:
    """A name in small letters, its parts joined by "_": "On hold shelf" is "on_hold_shelf"."""
    return _BETWEEN.sub("_", str(said).strip().lower())


def last(said: object) -> str:
    """The last part of a code or of its name: "overdue_fee" of "general fees / overdue fee"."""
    return word(re.split(r"[./]", str(said))[-1])


def kind(said: object) -> str | None:
    """The kind of notices a word names, None if none."""
    name = word(said)
    return next((of for part, of in _KINDS.items() if part in name), None)


def state(said: object) -> str | None:
    """The state of a reservation a word tells, None if none."""
    name = word(said)
    return next((of for words, of in _STATES if words.search(name)), None)


def month(said: object) -> int:
    """The number of a month by its name, which may be short; 0 = it is none."""
    name = word(said).rstrip(".")
    return next((n for n, of in enumerate(MONTHS) if n and len(name) >= len("may") and of.startswith(name)), 0)


def listed(said: Any) -> list[Any]:
    """Several as they are, one as a list of it, nothing as none."""
    return said if isinstance(said, list) else [] if said is None else [said]


def days(said: Any) -> Iterator[date]:
    """Every day in a date, a text, or a list of them."""
    for one in listed(said):
        if isinstance(one, datetime):
            yield one.date()
        elif isinstance(one, date):
            yield one
        else:
            yield from map(date.fromisoformat, ISO_DAY.findall(str(one)))


def minor(amount: object) -> int:
    """An amount such as "8.00" in minor units."""
    return int(Decimal(str(amount)) * 100)
