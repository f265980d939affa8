"""The values of a message as its patron reads them: dates, money and numbers in words, titles fit to be shown.

Responsible for that nothing a catalogue or a patron's record holds can change a message but by being read in it: one
line each, no control characters, text from right to left kept apart. Not responsible for layout (composing, letters).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import wording
from circulation.notices import gsm
from circulation.notices.content import (
    DUE_WARNING,
    OVERDUE,
    PAYMENT,
    RECEIPT,
    RESERVATION,
    Content,
    FeeSaid,
    LoanSaid,
    ReservationSaid,
)
from circulation.notices.letterhead import Letterhead
from circulation.notices.types import LETTER, SMS
from circulation.notices.vocabulary import INVOICE

MOST_SHOWN = 300  # letters of a title
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_LETTERS = frozenset({"L", "R", "AL"})
_ISOLATE, _END = "\u2068", "\u2069"
_STEERING = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u2028\u2029")
_NO_LETTERS = frozenset({"Cc", "Cs"})
_NONCHARACTERS, _PLANE_END = range(0xFDD0, 0xFDF0), 0xFFFE
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    DUE_WARNING: ("due",),
    OVERDUE: ("due", "late"),
    PAYMENT: ("on", "amount"),
    RESERVATION: ("collect_by", "shelf"),
    RECEIPT: ("due", "done"),
}
_INVOICE_COLUMNS = ("due", "price")
_MONEY = frozenset({"price", "amount"})


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head. ``number``: what stands below it is aligned at its end."""

    text: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """An item of the table.

    Attributes:
        title: what it is; ``more``: its author, or what a fee is for; "" = nothing.
        cells: the other columns.
    """

    title: str
    more: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The items of a message. ``sums``: what follows them, each with what it is."""

    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    sums: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """Everything a text may say (vocabulary), and the items as a table."""

    values: Mapping[str, str]
    items: tuple[Mapping[str, str], ...]
    table: Table


class Speaker:
    """One language.

    Args:
        language: BCP 47 tag of a language there is.
        today: a day of this year is said without its year, None = every day with it.
        plain: for text messages, whose telephones make of signs for direction what they like.
    """

    def __init__(self, language: str, currency: str, today: date | None, plain: bool = False) -> None:
        self._language, self._currency, self._today = language, currency, today
        self.text: Callable[[str | None], str] = shown if plain else kept_apart

    def word(self, code: str, **params: object) -> str:
        """A word of the layout."""
        return wording.say_staff(f"notice.{code}", params, self._language)

    def day(self, day: date | None) -> str:
        """A day, "" = none."""
        return wording.written(day, self._language, self._today) if day is not None else ""

    def money(self, amount: int) -> str:
        """An amount of minor units, "" = nothing."""
        return wording.written((amount, self._currency), self._language) if amount else ""

    def number(self, number: int) -> str:
        """A number."""
        return wording.written(number, self._language)

    def reason(self, code: str) -> str:
        """What a fee is for."""
        known = f"fee.reason.{code}"
        return wording.say_staff(known, {}, self._language) if known in _STAFF else self.word("fee")


_STAFF = wording.codes(wording.STAFF)


def said(content: Content, head: Letterhead, language: str) -> Said:
    """Everything a message may say, in a language there is."""
    today = None if content.channel == LETTER else content.today
    speaker = Speaker(language, content.currency, today, content.channel == SMS)
    items = tuple(_items(content, speaker))
    return Said(_values(content, head, speaker, items), items, _table(content, speaker, items))


def _values(
    content: Content, head: Letterhead, speaker: Speaker, items: tuple[Mapping[str, str], ...]
) -> dict[str, str]:
    names = (content.patron.first_name, content.patron.last_name)
    first = min((loan.due for loan in content.loans if loan.due is not None), default=None)
    collect = min((one.collect_by for one in content.reservations if one.collect_by is not None), default=None)
    late = max((loan.late for loan in content.loans), default=0)
    return {
        "name": speaker.text(" ".join(filter(None, names))),
        "first_name": speaker.text(names[0]),
        "last_name": speaker.text(names[1]),
        "library": speaker.text(content.library),
        "branch": speaker.text(content.branch.name),
        "contact": speaker.text(head.contact),
        "account": head.account or "",
        "today": speaker.day(content.today),
        "count": speaker.number(len(items)),
        "several": speaker.number(len(items)) if len(items) > 1 else "",
        "due": speaker.day(first),
        "late": speaker.word("late", n=late) if late else "",
        "level": content.level if content.level.isdigit() else "",
        "fee": speaker.money(content.sums.fee),
        "owed": speaker.money(content.sums.owed),
        "invoiced": speaker.money(content.sums.invoiced),
        "total": speaker.money(content.sums.total),
        "collect_by": speaker.day(collect),
        "titles": "",
    }


def _items(content: Content, speaker: Speaker) -> list[dict[str, str]]:
    if content.kind == PAYMENT:
        return [_fee(fee, speaker) for fee in content.fees]
    if content.kind == RESERVATION:
        return [_reservation(one, speaker) for one in content.reservations]
    return [_loan(loan, speaker) for loan in content.loans]


def _loan(loan: LoanSaid, speaker: Speaker) -> dict[str, str]:
    return {
        "title": speaker.text(loan.title),
        "author": speaker.text(loan.author),
        "item": speaker.text(loan.item),
        "done": speaker.word(f"done.{loan.done}") if loan.done else "",
        "due": speaker.day(loan.due),
        "late": speaker.word("late", n=loan.late) if loan.late else "",
        "price": speaker.money(loan.invoiced),
    }


def _fee(fee: FeeSaid, speaker: Speaker) -> dict[str, str]:
    return {
        "title": speaker.text(fee.title),
        "reason": speaker.reason(fee.reason),
        "on": speaker.day(fee.on),
        "amount": speaker.money(fee.owed),
    }


def _reservation(one: ReservationSaid, speaker: Speaker) -> dict[str, str]:
    return {
        "title": speaker.text(one.title),
        "author": speaker.text(one.author),
        "collect_by": speaker.day(one.collect_by),
        "shelf": speaker.text(one.shelf),
    }


def _table(content: Content, speaker: Speaker, items: tuple[Mapping[str, str], ...]) -> Table:
    invoice = content.kind == OVERDUE and content.level == INVOICE
    wanted = _INVOICE_COLUMNS if invoice else _COLUMNS[content.kind]
    columns = [name for name in wanted if any(item[name] for item in items)]
    first, more = ("reason", "title") if content.kind == PAYMENT else ("title", "author")
    heads = (Head(speaker.word(f"head.{first}")), *(Head(speaker.word(f"head.{n}"), n in _MONEY) for n in columns))
    called = _begun if first == "reason" else str
    lines = (Line(called(item[first]), item[more], tuple(item[name] for name in columns)) for item in items)
    return Table(heads, tuple(lines), _sums(content, speaker, invoice))


def _begun(text: str) -> str:
    """With a capital at its beginning: what a fee is for stands there as within a sentence."""
    return text[:1].upper() + text[1:]


def _sums(content: Content, speaker: Speaker, invoice: bool) -> tuple[tuple[str, str], ...]:
    if not invoice and content.kind != PAYMENT:
        return ()
    sums = content.sums
    before = sums.owed if invoice else 0  # of a payment reminder they are its lines
    parts = (("sum.fee", sums.fee), ("sum.owed", before), ("sum.total", sums.total))
    return tuple((speaker.word(code), speaker.money(amount)) for code, amount in parts if amount)


# --- texts from elsewhere ---------------------------------------------------------------------------------------------


def shown(text: str | None) -> str:
    """A text as one line that can be shown: no control characters, nothing that turns what stands around it."""
    whole = text or ""
    plain = whole.isascii() and whole.isprintable()
    signs = whole if plain else "".join(one if _is_letter(one) else " " for one in whole if one not in _STEERING)
    return gsm.shortened(" ".join(signs.split()), MOST_SHOWN)


def _is_letter(sign: str) -> bool:
    number = ord(sign)
    odd = number in _NONCHARACTERS or number & _PLANE_END == _PLANE_END
    return not odd and unicodedata.category(sign) not in _NO_LETTERS


def kept_apart(text: str | None) -> str:
    """The same; if it has letters from right to left, between signs that keep it from turning its neighbours."""
    line = shown(text)
    turns = not line.isascii() and any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in line)
    return f"{_ISOLATE}{line}{_END}" if turns else line


def direction(text: str) -> str:
    """How a block of its own is read, "rtl" or "ltr": as its first letter is (UAX 9, P2).

    Programs that lay out each line by itself lose the signs of ``kept_apart`` at the end of the first line.
    """
    ways = (unicodedata.bidirectional(sign) for sign in text)
    return "rtl" if next((way for way in ways if way in _LETTERS), "L") in _RIGHT_TO_LEFT else "ltr"
