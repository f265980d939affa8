"""The form of the machine settings: from what a place says to fields, and from fields to what it says.

Goes through the table of settings (domain.policy), one reader and one writer for each type of value. Not responsible
for whether a value can be used (domain.policy) or for the texts, which have a page of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import wording
from circulation.domain.policy import SETTINGS, TEXTS, WEEKDAY_KEYS, Setting, Type, mistakes
from circulation.staff.forms import Form
from circulation.staff.words import Words

INHERIT, OWN, ALWAYS = "", "own", "always"  # where opening hours come from
YES, NO = "yes", "no"
BETWEEN, NEXT = "-", ","  # from and until of an opening; openings of a day


def fields() -> tuple[Setting, ...]:
    """The settings of the form, in the order of the table."""
    return tuple(one for one in SETTINGS.values() if one.type != Type.TEXTS)


# --- what is shown ----------------------------------------------------------------------------------------------------


def entered(own: Mapping[str, Any]) -> dict[str, Any]:
    """What a place says itself, by field, as it is entered; nothing = it is inherited."""
    found: dict[str, Any] = {}
    for one in fields():
        found.update(_SHOWN.get(one.type, _shown_text)(one.name, own.get(one.name, ...)))
    return found


def _shown_text(name: str, value: Any) -> dict[str, Any]:
    return {name: "" if value in (..., None) else str(value)}


def _shown_yes_no(name: str, value: Any) -> dict[str, Any]:
    return {name: "" if value is ... else YES if value else NO}


def _shown_languages(name: str, value: Any) -> dict[str, Any]:
    spoken = [] if value is ... else list(value)
    return {name: spoken[0] if spoken else "", f"{name}.more": spoken[1:]}


def _shown_hours(name: str, value: Any) -> dict[str, Any]:
    origin = INHERIT if value is ... else ALWAYS if value is None else OWN
    hours = value if origin == OWN else {}
    return {name: origin, **{f"{name}.{day}": day_text(hours.get(day, [])) for day in WEEKDAY_KEYS}}


def day_text(openings: list[list[str]]) -> str:
    """Openings of a day as they are entered: "10:00-13:00, 14:00-18:00"."""
    return f"{NEXT} ".join(BETWEEN.join(opening) for opening in openings)


_SHOWN: Mapping[Type, Callable[[str, Any], dict[str, Any]]] = {
    Type.YES_NO: _shown_yes_no,
    Type.LANGUAGES: _shown_languages,
    Type.HOURS: _shown_hours,
}


# --- what was entered -------------------------------------------------------------------------------------------------


def read(form: Form) -> dict[str, Any]:
    """What a place says itself, as it was entered, right or wrong; what was left empty is inherited."""
    return {one.name: _READ.get(one.type, _read_text)(form, one.name) for one in fields() if form.text(one.name)}


def _read_text(form: Form, name: str) -> Any:
    return form.text(name)


def _read_number(form: Form, name: str) -> Any:
    text = form.text(name)
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000000000") else text


def _read_yes_no(form: Form, name: str) -> Any:
    return {YES: True, NO: False}.get(form.text(name), form.text(name))


def _read_languages(form: Form, name: str) -> Any:
    first = form.text(name)
    return [first, *(one for one in form.every(f"{name}.more") if one != first)]


def _read_hours(form: Form, name: str) -> Any:
    if form.text(name) == ALWAYS:
        return None
    days = {day: form.text(f"{name}.{day}") for day in WEEKDAY_KEYS}
    return {day: [_opening(part) for part in text.split(NEXT)] for day, text in days.items() if text}


def _opening(text: str) -> list[str]:
    """From and until; hours without minutes and without a leading zero are what people write."""
    return [_clock(part) for part in text.replace("\u2013", BETWEEN).split(BETWEEN)]


def _clock(text: str) -> str:
    hour, _, minute = text.strip().replace(".", ":").partition(":")
    return f"{hour:0>2}:{minute or '00'}"


_READ: Mapping[Type, Callable[[Form, str], Any]] = {
    Type.SECONDS: _read_number,
    Type.NUMBER: _read_number,
    Type.YES_NO: _read_yes_no,
    Type.LANGUAGES: _read_languages,
    Type.HOURS: _read_hours,
}


# --- values in words --------------------------------------------------------------------------------------------------


def in_words(words: Words, setting: Setting, value: Any) -> str:
    """A value as people read it."""
    return _WORDS.get(setting.type, _plain)(words, setting, value)


def _plain(words: Words, setting: Setting, value: Any) -> str:
    return words.say(f"policy.none.{setting.name}") if value is None else str(value)


def _number(words: Words, setting: Setting, value: Any) -> str:
    return words.number(value)


def _seconds(words: Words, setting: Setting, value: Any) -> str:
    return words.say("policy.seconds", n=value)


def _yes_no(words: Words, setting: Setting, value: Any) -> str:
    return words.say("console.yes" if value else "console.no")


def _choice(words: Words, setting: Setting, value: Any) -> str:
    return words.name(f"policy.choice.{setting.name}", value)


def _languages(words: Words, setting: Setting, value: Any) -> str:
    return ", ".join(language_name(words, one) for one in value)


def language_name(words: Words, language: str) -> str:
    """A language by its own name."""
    return words.name("console.language", language)


def _hours(words: Words, setting: Setting, value: Any) -> str:
    return words.say("policy.always_open" if value is None else "policy.by_hours")


_WORDS: Mapping[Type, Callable[[Words, Setting, Any], str]] = {
    Type.SECONDS: _seconds,
    Type.NUMBER: _number,
    Type.YES_NO: _yes_no,
    Type.CHOICE: _choice,
    Type.LANGUAGES: _languages,
    Type.HOURS: _hours,
}


# --- sentences for patrons --------------------------------------------------------------------------------------------


def sentences(sought: str, language: str) -> list[str]:
    """Codes of sentences the library may say otherwise and in which a text occurs, or in whose code it does."""
    wanted = sought.casefold()
    return [
        code
        for code in sorted(wording.codes())
        if wanted in f"{code} {wording.standard(code, language)}".casefold() and may_say(code)
    ]


def may_say(code: str) -> bool:
    """Whether the library may have words of its own for this code."""
    return not mistakes({TEXTS: {code: {}}})
