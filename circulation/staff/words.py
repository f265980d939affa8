"""What a page says, in the language of whoever looks: sentences by code, days, instants and money.

Not responsible for the sentences themselves (wording) or for which one is said (pages).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.numbers import get_decimal_symbol

import wording
from circulation.errors import CirculationError
from rules.values import minor_to_text

LANGUAGES = wording.languages(wording.STAFF)
_CODES = wording.codes(wording.STAFF)


@dataclass(frozen=True, slots=True)
class Words:
    """One reader's language and place.

    Attributes:
        language: one of ``LANGUAGES``.
        zone: IANA name of the time zone instants are shown in.
        currency: ISO 4217 code of the installation.
    """

    language: str
    zone: str = "UTC"
    currency: str = "EUR"

    def say(self, code: str, **params: object) -> str:
        """The sentence of a code of the staff catalogue.

        Raises:
            WordingError: unknown code, or a parameter is missing.
        """
        return wording.say_staff(code, params, self.language)

    def knows(self, code: str) -> bool:
        """Whether there is a sentence of this code: for codes that come from elsewhere, as an error's."""
        return code in _CODES

    def name(self, prefix: str, code: str) -> str:
        """What a code of ours is called ("state.item", "lost"); one without a name is shown as it is."""
        whole = f"{prefix}.{code}"
        return self.say(whole) if self.knows(whole) else code

    def day(self, day: date | None) -> str:
        """A day with its year; nothing for none."""
        return wording.written(day, self.language) if day is not None else ""

    def instant(self, instant: datetime | None) -> str:
        """Day and time of day in the installation's zone; nothing for none."""
        if instant is None:
            return ""
        local = instant.astimezone(ZoneInfo(self.zone))
        return f"{wording.written(local.date(), self.language)} {wording.written(local.time(), self.language)}"

    def money(self, minor: int) -> str:
        """An amount of minor units with the currency."""
        return wording.written((minor, self.currency), self.language)

    def amount(self, minor: int) -> str:
        """An amount as it is typed into a field: no currency, the decimal sign of the language."""
        return minor_to_text(minor).replace(".", get_decimal_symbol(Locale.parse(self.language)))

    def number(self, number: int) -> str:
        """A whole number as this language groups its digits."""
        return wording.written(number, self.language)

    def problem(self, error: CirculationError) -> str:
        """What went wrong, for the person who did it: by the error's code, in words of their own language."""
        code = f"problem.{error.code}"
        return self.say(code) if self.knows(code) else error.detail

    def named(self, names: dict[str, str], code: str) -> str:
        """A name the site gave in several languages; one it did not give in this one in any other, else the code."""
        return names.get(self.language) or next(iter(names.values()), code)
