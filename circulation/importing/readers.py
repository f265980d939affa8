"""What one text of a file means: codes, days, instants, flags, numbers, cards. Also what the house knows.

Responsible for single values. Not responsible for what several of them mean together, nor for what is in the database
already (checking).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from unicodedata import category
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_symbol
from sqlalchemy import Connection, select

import wording
from circulation.clock import local_day
from circulation.domain.item_states import STATES
from circulation.importing.faults import FaultError
from circulation.notices.addresses import MOST_LINE, MOST_LINES, postal_address
from circulation.notices.types import CHANNELS
from circulation.secrets import LONGEST_PIN, SHORTEST_PIN, can_be_pin
from circulation.store import house
from circulation.store import tables as t
from rules.age import age_on
from rules.rule import is_code
from rules.values import MOST_AGE

MOST_CODE = 64  # characters of an id in the database
MOST_NAMED = 12  # codes a sentence lists
MOST_MAIL = 254
CARDS = "|"  # between several cards in one cell; no card number has it
LINES = "|"  # between lines of an address, for files that cannot have line breaks in a cell

_LAID_OUT = "\n\t"  # control characters a text may have
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_GERMAN_DAY = re.compile(r"([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4})")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_UID = re.compile(r"(?:[0-9A-F]{2}){4,10}")
_BETWEEN_BYTES = re.compile(r"[\s:-]")
_MAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(?:\.[^@\s,;<>.]+)+")
# 24.90, 24,90, 24, and 24.900000 as Koha keeps it. Nothing may stand between thousands: 1.234 could be either.
_AMOUNT = r"[0-9]{1,6}(?:[.,][0-9]{2}(?:0000)?)?"
# As spreadsheets and people write them in English and German.
_FLAGS = {
    **dict.fromkeys(("true", "yes", "1", "wahr", "ja"), True),
    **dict.fromkeys(("false", "no", "0", "falsch", "nein"), False),
}


@dataclass(frozen=True, slots=True)
class House:
    """What the house knows, read once before a file is checked."""

    branches: frozenset[str]
    media_types: frozenset[str]
    categories: frozenset[str]
    languages: frozenset[str]
    states: frozenset[str]
    channels: frozenset[str]
    currency: str
    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The day at the library."""
        return local_day(self.now, self.zone.key)


def house_of(db: Connection, now: datetime) -> House:
    """What the house of a database knows.

    Raises:
        CirculationError: nothing was set up yet.
    """
    here = house.installation(db)
    categories = frozenset(db.execute(select(t.patron_category.c.code)).scalars())
    places = frozenset(house.organisations(db).nodes)
    codes = (frozenset(house.media_types(db)), categories, frozenset(wording.languages()))
    return House(places, *codes, frozenset(STATES), frozenset(CHANNELS), here.currency, now, ZoneInfo(here.time_zone))


Reader = Callable[[str, House], object]


def check_signs(text: str) -> None:
    """Refuse what no text may hold.

    Raises:
        FaultError: it has a control character, such as NUL, or half of a character.
    """
    if text.isprintable():
        return
    for sign in text:
        if sign not in _LAID_OUT and category(sign) in ("Cc", "Cs"):
            raise FaultError("control_character", sign=f"U+{ord(sign):04X}")


def text_of(most: int) -> Reader:
    """A text of so many characters at most."""

    def read(text: str, _: House) -> str:
        if len(text) > most:
            raise FaultError("too_long", most=str(most))
        return text

    return read


def code(text: str, _: House) -> str:
    """An id or a free code."""
    if len(text) > MOST_CODE or not is_code(text):
        raise FaultError("bad_code", most=str(MOST_CODE))
    return text


def known(name: str, fault: str) -> Reader:
    """One of the codes the house knows under a name."""

    def read(text: str, here: House) -> str:
        codes: frozenset[str] = getattr(here, name)
        if text not in codes:
            raise FaultError(fault, known=_listed(codes))
        return text

    return read


def _listed(codes: Iterable[str]) -> str:
    some = sorted(codes) or ["-"]
    return ", ".join(some[:MOST_NAMED]) + (", ..." if len(some) > MOST_NAMED else "")


def language(text: str, here: House) -> str:
    """A language tag; of "de-AT" the language itself must be there."""
    if len(text) > 16 or text.partition("-")[0] not in here.languages or not is_code(text):
        raise FaultError("unknown_language", known=_listed(here.languages))
    return text


def number(least: int, most: int) -> Reader:
    """A whole number."""

    def read(text: str, _: House) -> int:
        if not _NUMBER.fullmatch(text):
            raise FaultError("not_number")
        if not least <= int(text) <= most:
            raise FaultError("number_range", least=str(least), most=str(most))
        return int(text)

    return read


def flag(text: str, _: House) -> bool:
    """Yes or no."""
    found = _FLAGS.get(text.lower())
    if found is None:
        raise FaultError("not_flag")
    return found


def day(text: str, _: House) -> date:
    """A day: 2026-06-30 or 30.06.2026."""
    german = _GERMAN_DAY.fullmatch(text)
    try:
        if german:
            return date(int(german[3]), int(german[2]), int(german[1]))
        if _ISO_DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise FaultError("no_such_day") from None
    raise FaultError("not_day")


def birthday(text: str, here: House) -> date:
    """A day on which somebody who lives can have been born."""
    found = day(text, here)
    if age_on(found, here.today) is None:
        raise FaultError("not_birthday", most=str(MOST_AGE))
    return found


def past_instant(text: str, here: House) -> datetime:
    """An instant that is over: a day (its beginning), or a day and a time of the library or with an offset."""
    found = _instant(text, here)
    if found > here.now:
        raise FaultError("future")
    return found


def _instant(text: str, here: House) -> datetime:
    first, _, rest = text.replace("T", " ", 1).partition(" ")
    try:
        on = day(first, here)
        clock = _CLOCK.fullmatch(rest.strip()) if rest else None
        if rest and clock is None:
            raise FaultError("not_instant")
        return _at(on, clock, here.zone).astimezone(UTC)
    except (ValueError, OverflowError, FaultError):
        raise FaultError("not_instant") from None


def _at(on: date, clock: re.Match[str] | None, zone: ZoneInfo) -> datetime:
    if clock is None:
        return datetime.combine(on, time(), zone)
    fraction = round(float(clock[4] or 0) * 1_000_000)
    at = time(int(clock[1]), int(clock[2]), int(clock[3] or 0), min(fraction, 999_999))
    if clock[5] is None:
        return datetime.combine(on, at, zone)
    return datetime.fromisoformat(f"{datetime.combine(on, at).isoformat()}{clock[5]}")


def mail(text: str, _: House) -> str:
    """An e-mail address: one, with a name, an @ and a domain."""
    if len(text) > MOST_MAIL or not _MAIL.fullmatch(text) or ".." in text:
        raise FaultError("not_mail")
    return text


def postal(text: str, _: House) -> str:
    """The lines of a postal address, with line breaks or vertical lines between them."""
    found = postal_address(text.replace(LINES, "\n"))
    if found is None:
        raise FaultError("bad_postal", lines=str(MOST_LINES), most=str(MOST_LINE))
    return found


def price(text: str, here: House) -> int:
    """Minor units: an amount, or one in the library's currency as catalogues have it ("kart. : EUR 24.90 (DE)")."""
    found = _prices(here.currency).fullmatch(text)
    if found is None:
        raise FaultError("not_price", currency=here.currency)
    amount = next(filter(None, found.groups()))
    whole, _, cents = amount.replace(",", ".").partition(".")
    return int(whole) * 100 + int(cents[:2] or 0)


@cache
def _prices(currency: str) -> re.Pattern[str]:
    sign = f"(?:{re.escape(currency)}|{re.escape(get_currency_symbol(currency, 'en'))})"
    beside = rf"{sign}\s*({_AMOUNT})|({_AMOUNT})\s*{sign}"
    return re.compile(rf"({_AMOUNT})|(?:[^0-9]*:\s*)?(?:{beside})(?:\s*[(;,]\D.*)?", re.DOTALL)


def pin(text: str, _: House) -> str:
    """Digits, as many as are typed at a machine."""
    if not can_be_pin(text):
        raise FaultError("bad_pin", least=str(SHORTEST_PIN), most=str(LONGEST_PIN))
    return text


def barcodes(text: str, here: House) -> tuple[str, ...]:
    """The barcodes of one patron's cards, the first of which names the patron."""
    return _different([str(code(one.strip(), here)) for one in text.split(CARDS)])


def uids(text: str, _: House) -> tuple[str, ...]:
    """The chip numbers of one patron's cards: hexadecimal, with or without colons."""
    found = [_BETWEEN_BYTES.sub("", one).upper() for one in text.split(CARDS)]
    if not all(_UID.fullmatch(one) for one in found):
        raise FaultError("bad_uid")
    return _different(found)


def _different(cards: list[str]) -> tuple[str, ...]:
    if len(set(cards)) < len(cards):
        raise FaultError("card_twice")
    return tuple(cards)
