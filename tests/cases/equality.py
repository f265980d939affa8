"""When a value is the expected one: amounts are numbers, codes in any order, tables hold what is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.dates import format_date

from tests.cases.words import ISO_DAY, listed, word

FREE = frozenset({"about", "comment", "because", "why", "note", "requirement", "requirements"})  # is not compared
NOTHING = frozenset({"", "none", "nobody", "nothing", "no", "-"})  # TOML has no word of its own for it
Fits = Callable[[Any, Any], bool]


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(inner) for inner in value]
    return value


def equal(expected: Any, actual: Any) -> bool:
    """Whether a value is the expected one.

    Amounts are numbers, codes in any order, tables hold the keys expected. A single value is looked for in a table,
    as is each of a list; a number may count a list, and a single text or table stand for a list of one.
    """
    if isinstance(actual, Mapping):
        return _in_table(expected, actual)
    if isinstance(expected, Mapping):
        return isinstance(actual, list) and len(actual) == 1 and equal(expected, actual[0])
    if isinstance(expected, list):
        return isinstance(actual, list) and complete(expected, actual)
    return same_value(expected, actual)


def _in_table(expected: Any, actual: Mapping[str, Any]) -> bool:
    if isinstance(expected, Mapping):
        return all(equal(value, actual.get(key)) for key, value in expected.items() if key not in FREE)
    if isinstance(expected, bool):
        return expected == bool(actual)
    if isinstance(expected, list):
        return all(equal(one, actual) for one in expected) if expected else not any(actual.values())
    return any(equal(expected, value) for value in actual.values())


def same_value(expected: Any, actual: Any) -> bool:
    """Whether a value that is neither list nor table is another one, or the only one of a list, or its length."""
    if isinstance(expected, str) and word(expected) in NOTHING and actual in (None, "", []):
        return True
    if actual is None:
        return expected in (None, False)
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual or (isinstance(actual, list) and expected == bool(actual))
    if isinstance(expected, int) and isinstance(actual, list):
        return expected == len(actual)
    if isinstance(actual, list):
        return len(actual) == 1 and equal(expected, actual[0])
    return str(expected) == str(actual) or number(expected) == number(actual) is not None


def number(value: Any) -> Decimal | None:
    """A value as a number, None if it is none."""
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def all_in(expected: Sequence[Any], actual: Sequence[Any], fits: Fits = equal) -> bool:
    """Whether each of these is another one of those."""
    left = list(actual)
    for wanted in expected:
        found = next((index for index, there in enumerate(left) if fits(wanted, there)), None)
        if found is None:
            return False
        del left[found]
    return True


def complete(expected: Sequence[Any], actual: Sequence[Any], fits: Fits = equal) -> bool:
    """Whether these are all of those."""
    return len(expected) == len(actual) and all_in(expected, actual, fits)


def part(expected: Any, actual: Any) -> bool:
    """At least these."""
    return isinstance(actual, list) and all_in(listed(expected), actual)


def none_in(expected: Any, actual: Any) -> bool:
    """None of these."""
    return isinstance(actual, list) and not any(equal(one, there) for one in listed(expected) for there in actual)


def renamed(names: Mapping[str, str], said: Mapping[str, Any]) -> dict[str, Any]:
    """A table with the keys we have for those a case uses."""
    return {names.get(key, key): value for key, value in said.items()}


def said(expected: Any, actual: Any) -> bool:
    """Words, or values, that a text must contain."""
    words = [expected] if isinstance(expected, (str, int, float, date)) else list(expected)
    return isinstance(actual, str) and all(says(str(one), actual) for one in words)


def says(wanted: str, text: str) -> bool:
    """A word, or a date in whatever form people read it."""
    forms = [wanted]
    if ISO_DAY.fullmatch(wanted):
        day = date.fromisoformat(wanted)
        forms += [format_date(day, "d MMMM", "en"), format_date(day, "d. MMMM", "de"), format_date(day, "d MMM", "en")]
    return any(re.sub(r"\s+", " ", form).lower() in text.lower() for form in forms)
