"""Values as a person reads them: dates, times, money, numbers, in the form of each language (Babel).

Responsible for one value at a time. Not responsible for sentences; the patterns stand in the catalogues
(``format.date``, ``format.date_year``, ``format.time``), so that whoever translates decides about them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, localcontext

from babel import Locale, dates, numbers

from wording.catalogue import PLACEHOLDER, WordingError

Value = str | int | date | datetime | time | tuple[int, str]


@dataclass(frozen=True, slots=True)
class Formats:
    """How one language writes values.

    Attributes:
        locale: Babel's.
        patterns: "date", "date_year", "time" (CLDR patterns) and "instant" (a sentence of {date} and {time}).
        today: a date of this year is written without its year, None = every date with it.
    """

    locale: Locale
    patterns: Mapping[str, str]
    today: date | None

    def written(self, name: str, value: object) -> str:
        """One parameter's value as text.

        Raises:
            WordingError: it is of no type that can be written.
        """
        match value:
            case str():
                return value
            case datetime():
                return self._instant(value)
            case date():
                return self._day(value)
            case time():
                return self._clock(value)
            case bool() | None:
                raise WordingError(f"parameter {name!r} has no value that can be written")
            case int():
                return self._number(value)
            case (int(minor), str(currency)):
                return self._money(minor, currency)
            case _:
                raise WordingError(f"parameter {name!r} is of a type that cannot be written: {type(value).__name__}")

    def _day(self, day: date) -> str:
        this_year = self.today is not None and day.year == self.today.year
        return dates.format_date(day, self.patterns["date" if this_year else "date_year"], locale=self.locale)

    def _clock(self, clock: time | datetime) -> str:
        return dates.format_time(clock.replace(tzinfo=None), self.patterns["time"], locale=self.locale)

    def _instant(self, instant: datetime) -> str:
        """The time of day in the instant's own zone; with its day, where that is known not to be today."""
        clock = self._clock(instant)
        if self.today is None or instant.date() == self.today:
            return clock
        parts = {"date": self._day(instant.date()), "time": clock}
        return PLACEHOLDER.sub(lambda found: parts[found[1]], self.patterns["instant"])

    def _number(self, number: int) -> str:
        with localcontext(prec=_digits(number)):
            return str(numbers.format_decimal(Decimal(number), locale=self.locale))

    def _money(self, minor: int, currency: str) -> str:
        with localcontext(prec=_digits(minor)):
            amount = Decimal(minor).scaleb(-numbers.get_currency_precision(currency))
            return numbers.format_currency(amount, currency, locale=self.locale)


def _digits(number: int) -> int:
    """As many as an exact result may need, fractions included: Babel rounds by the context, which knows 28 digits."""
    return number.bit_length() // 3 + 10
