"""What may stand in a device's section of the configuration: a dataclass per driver, each field with its reader.

Responsible for finding every mistake at once and saying what to write instead. Not responsible for the file's syntax.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING
from typing import Any, TypeVar

T = TypeVar("T")
Reader = Callable[[Any], Any]
_READER = "reader"


class OptionsError(ValueError):
    """Options that cannot be used; ``problems`` lists each as (key, what to write instead)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{key}: {text}" for key, text in problems))
        self.problems = problems


def option(reader: Reader, default: Any = MISSING) -> Any:
    """A field of an options dataclass; without a default it must be given."""
    return dataclasses.field(default=default, metadata={_READER: reader})


def read_options(kind: type[T], given: Mapping[str, object]) -> T:
    """Build an options dataclass.

    Raises:
        OptionsError: with every mistake.
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # kind is a dataclass
    known = ", ".join(fields)
    problems = [(key, f"there is no such setting; there are: {known}") for key in given if key not in fields]
    values: dict[str, object] = {}
    for name, field in fields.items():
        if name not in given:
            if field.default is MISSING:
                problems.append((name, "is missing"))
            continue
        try:
            values[name] = field.metadata[_READER](given[name])
        except ValueError as error:
            problems.append((name, str(error)))
    if not problems:
        try:
            return kind(**values)
        except OptionsError as error:
            problems += error.problems
    raise OptionsError(problems)


def text(value: object) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text in quotes, not empty")
    return value


def whole(low: int, high: int) -> Reader:
    """A whole number from ``low`` to ``high``."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return value

    return read


def byte(value: object) -> int:
    """A byte, usually written in hexadecimal."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 0xFF:
        raise ValueError("must be a byte from 0x00 to 0xFF")
    return value


def seconds(low: float, high: float) -> Reader:
    """A time in seconds from ``low`` to ``high``."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"must be seconds from {low:g} to {high:g}")
        return float(value)

    return read


def one_of(*choices: str | int) -> Reader:
    """One of the given values."""

    def read(value: object) -> object:
        if isinstance(value, bool) or value not in choices:
            raise ValueError(f"must be one of {', '.join(map(repr, choices))}")
        return value

    return read


def truth(value: object) -> bool:
    """Yes or no."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


BAUD_RATES = (4800, 9600, 19200, 38400, 57600, 115200)
