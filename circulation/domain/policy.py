"""What a library wants of its machines (design 8): the settings there are, their bounds, and which of them hold where.

The half of a machine's settings that is not about its devices. Responsible for what can be said, and for that nothing a
machine cannot use can be said. Not responsible for storing it (machine_settings) or for doing it (the machine).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import wording
from rules.duedate import WEEKDAYS
from rules.rule import is_text

LEAST_WARNING = 20  # seconds of warning before a sign-out (WCAG 2.2.1)
MOST_NAME = 60
MOST_WORDS = 300
MOST_OPENINGS = 8  # of a day
TEXTS = "texts"
LANGUAGES = "languages"
LIBRARY_NAME = "library_name"
ACCENT = "accent"
HOURS = "opening_hours"
_PATTERNS = "format."  # codes of these say how dates are written; they are no sentences
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_MOST_SHOWN = 80  # letters of a key that is not known


class Type(StrEnum):
    """What kind of value a setting has."""

    SECONDS = "seconds"
    NUMBER = "number"
    YES_NO = "yes_no"
    CHOICE = "choice"
    LANGUAGES = "languages"
    NAME = "name"
    HOURS = "hours"
    TEXTS = "texts"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. Its meaning in words: wording's ``policy.name.<name>`` and ``policy.meaning.<name>``.

    Attributes:
        default: what holds where nobody says anything.
        least, most: of a number, both inclusive.
        choices: of which the value is one.
    """

    name: str
    type: Type
    default: Any
    least: int = 0
    most: int = 0
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Accent:
    """The colour of buttons and lines, ``#RRGGBB``, in the light and the dark theme. High contrast is never branded."""

    light: str
    dark: str


# Checked by a test: each reads well on the machine's grounds and is not mistaken for a state's colour (ui.md 9).
ACCENTS: Mapping[str, Accent] = MappingProxyType(
    {
        "blue": Accent("#1F3E73", "#A9C4F0"),
        "petrol": Accent("#0F4F67", "#85C8E0"),
        "teal": Accent("#0B5050", "#85E0E0"),
        "moss": Accent("#3A4E13", "#C2E085"),
        "plum": Accent("#772867", "#E8A1D9"),
    }
)


def _table(*settings: Setting) -> Mapping[str, Setting]:
    return MappingProxyType({one.name: one for one in settings})


SETTINGS = _table(
    Setting("idle_seconds", Type.SECONDS, 90, 5, 3600),
    Setting("warn_seconds", Type.SECONDS, 30, LEAST_WARNING, 600),
    Setting("goodbye_seconds", Type.SECONDS, 8, 1, 120),
    Setting("asking_seconds", Type.SECONDS, 15, 1, 600),
    Setting("pad_grace_seconds", Type.SECONDS, 30, 1, 3600),
    Setting(LANGUAGES, Type.LANGUAGES, ("en", "de")),
    Setting(TEXTS, Type.TEXTS, MappingProxyType({})),
    Setting("offline_loans", Type.NUMBER, 0, 0, 20),
    Setting("receipts", Type.CHOICE, "ask", choices=("ask", "never", "always")),
    Setting("sounds", Type.YES_NO, True),
    Setting(HOURS, Type.HOURS, None),
    Setting(LIBRARY_NAME, Type.NAME, None),
    Setting(ACCENT, Type.CHOICE, "blue", choices=tuple(ACCENTS)),
)


@dataclass(frozen=True, slots=True)
class Mistake:
    """Something a machine could not use.

    Attributes:
        place: the setting, and where in it, e.g. "languages.1".
        code: what is wrong; "policy.wrong." before it makes a code of wording's staff catalogue.
        params: what the sentence needs.
    """

    place: str
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


def mistakes(own: Mapping[str, object]) -> tuple[Mistake, ...]:
    """Everything that is wrong with what a place says; nothing = all of it can be used by a machine."""
    return tuple(_mistakes(own))


def _mistakes(own: Mapping[str, object]) -> Iterator[Mistake]:
    for name, value in own.items():
        setting = SETTINGS.get(name)
        if setting is None:
            yield Mistake(_shown(name), "unknown", {"names": ", ".join(SETTINGS)})
        else:
            yield from _CHECKS[setting.type](setting, value)


def _shown(key: object) -> str:
    return ascii(str(key)[:_MOST_SHOWN])[1:-1]


# --- one check for each type ------------------------------------------------------------------------------------------


def _number(setting: Setting, value: object) -> Iterator[Mistake]:
    if type(value) is not int or not setting.least <= value <= setting.most:
        yield Mistake(setting.name, "number", {"least": setting.least, "most": setting.most})


def _yes_no(setting: Setting, value: object) -> Iterator[Mistake]:
    if not isinstance(value, bool):
        yield Mistake(setting.name, "yes_no")


def _choice(setting: Setting, value: object) -> Iterator[Mistake]:
    if not isinstance(value, str) or value not in setting.choices:
        yield Mistake(setting.name, "choice", {"choices": ", ".join(setting.choices)})


def _languages(setting: Setting, value: object) -> Iterator[Mistake]:
    known = wording.languages()
    if not isinstance(value, (list, tuple)) or not value:
        yield Mistake(setting.name, "languages", {"languages": ", ".join(known)})
        return
    for number, language in enumerate(value):
        place = f"{setting.name}.{number}"
        if language not in known:
            yield Mistake(place, "language", {"languages": ", ".join(known)})
        elif language in value[:number]:
            yield Mistake(place, "language_twice", {"language": language})


def _name(setting: Setting, value: object) -> Iterator[Mistake]:
    """None = the installation's."""
    fits = isinstance(value, str) and value == value.strip() and value.isprintable() and 0 < len(value) <= MOST_NAME
    if value is not None and not fits:
        yield Mistake(setting.name, "name", {"most": MOST_NAME})


def _hours(setting: Setting, value: object) -> Iterator[Mistake]:
    """None = always open; a weekday that is left out, or has no opening, is closed."""
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield Mistake(setting.name, "hours")
        return
    for day, openings in value.items():
        place = f"{setting.name}.{_shown(day)}"
        if day not in WEEKDAY_KEYS:
            yield Mistake(place, "weekday")
        elif not isinstance(openings, list) or len(openings) > MOST_OPENINGS:
            yield Mistake(place, "openings", {"most": MOST_OPENINGS})
        else:
            yield from _openings(place, openings)
    if not any(value.values()):
        yield Mistake(setting.name, "never_open")


WEEKDAY_KEYS = tuple(str(day) for day in range(WEEKDAYS))  # "0" = Monday, as JSON has keys


def _openings(place: str, openings: Sequence[object]) -> Iterator[Mistake]:
    """Openings of one day, one after the other; times of this form compare as texts."""
    closed = ""
    for number, opening in enumerate(openings):
        at = f"{place}.{number}"
        if not isinstance(opening, list) or len(opening) != len(("from", "until")) or not all(map(_is_clock, opening)):
            yield Mistake(at, "opening")
            return
        first, last = opening
        if not closed <= first < last:
            yield Mistake(at, "opening_order")
        closed = last


def _is_clock(value: object) -> bool:
    return isinstance(value, str) and _CLOCK.fullmatch(value) is not None


def _texts(setting: Setting, value: object) -> Iterator[Mistake]:
    if not isinstance(value, Mapping):
        yield Mistake(setting.name, "texts")
        return
    known = wording.codes()
    for code, by_language in value.items():
        place = f"{setting.name}.{_shown(code)}"
        if code not in known or code.startswith(_PATTERNS):
            yield Mistake(place, "text_unknown")
        elif not isinstance(by_language, Mapping):
            yield Mistake(place, "texts")
        else:
            for language, text in by_language.items():
                yield from _text(f"{place}.{_shown(language)}", code, language, text)


def _text(place: str, code: str, language: object, text: object) -> Iterator[Mistake]:
    """A site's own words: whatever the sentence tells must still be told."""
    if language not in wording.languages():
        yield Mistake(place, "language", {"languages": ", ".join(wording.languages())})
        return
    if not isinstance(text, str) or not _is_sentence(text):
        yield Mistake(place, "text", {"most": MOST_WORDS})
        return
    check = wording.check_site_text(code, text)
    if check.missing:
        yield Mistake(place, "text_missing", {"names": _named(check.missing)})
    if check.unknown:
        yield Mistake(place, "text_extra", {"names": _named(check.unknown)})


def _is_sentence(text: str) -> bool:
    return bool(text.strip()) and len(text) <= MOST_WORDS and is_text(text) and not set("\n\t") & set(text)


def _named(parameters: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in parameters)


_CHECKS: Mapping[Type, Callable[[Setting, object], Iterator[Mistake]]] = {
    Type.SECONDS: _number,
    Type.NUMBER: _number,
    Type.YES_NO: _yes_no,
    Type.CHOICE: _choice,
    Type.LANGUAGES: _languages,
    Type.NAME: _name,
    Type.HOURS: _hours,
    Type.TEXTS: _texts,
}


# --- what holds -------------------------------------------------------------------------------------------------------


class SourceKind(StrEnum):
    """Who can say something about a machine's settings."""

    MACHINE = "machine"
    ORGANISATION = "organisation"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from. ``id``: of the machine or organisation, None for a default."""

    kind: SourceKind
    id: str | None = None


DEFAULT = Source(SourceKind.DEFAULT)


@dataclass(frozen=True, slots=True)
class Held:
    """A value and where it comes from."""

    value: Any
    source: Source


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds at a place.

    Attributes:
        values: every setting but the texts.
        texts: code -> language -> the site's words; sentence by sentence, the deepest that has words for it decides.
    """

    values: Mapping[str, Held]
    texts: Mapping[str, Mapping[str, Held]]

    def plain_texts(self) -> dict[str, dict[str, str]]:
        """The texts without where they come from."""
        return {code: {language: held.value for language, held in by.items()} for code, by in self.texts.items()}


Level = tuple[Source, Mapping[str, object]]


def policy(levels: Sequence[Level]) -> Policy:
    """What holds where these say something, deepest first; the deepest that says something decides.

    What was right when it was stored and is wrong by now (a newer version has other sentences) is passed over.
    """
    values: dict[str, Held] = {}
    texts: dict[str, dict[str, Held]] = {}
    for source, own in levels:
        for name, value in own.items():
            if name == TEXTS:
                _add_texts(texts, source, value)
            elif name not in values and not mistakes({name: value}):
                values[name] = Held(value, source)
    defaults = {name: Held(one.default, DEFAULT) for name, one in SETTINGS.items() if name != TEXTS}
    return Policy({**defaults, **values}, texts)


def _add_texts(texts: dict[str, dict[str, Held]], source: Source, value: object) -> None:
    if not isinstance(value, Mapping):
        return
    for code, by_language in value.items():
        for language, text in by_language.items() if isinstance(by_language, Mapping) else ():
            if not mistakes({TEXTS: {code: {language: text}}}):
                texts.setdefault(code, {}).setdefault(language, Held(text, source))
