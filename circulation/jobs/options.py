"""Options of a task: a frozen dataclass for each type, read from JSON with every mistake named.

An option is a field that says with ``option`` what may stand in it; a page can be built from that. Not responsible for
whether a code or an account that is named exists: each type checks that itself (running.TaskType.check).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from circulation.domain.policy import Mistake

OPTION = "option"
MOST_CODES = 100
T = TypeVar("T")


class Form(Enum):
    """What an option is: a whole number, yes or no, one line of text, one code, or several codes (a tuple)."""

    NUMBER = "number"
    YES_NO = "yes_no"
    LINE = "line"
    CODE = "code"
    CODES = "codes"


@dataclass(frozen=True, slots=True)
class Option:
    """What may stand in a field.

    Attributes:
        required: it must be given and may not be empty; otherwise None (or no code) may stand there.
        least, most: of a number; most letters of a line or code.
        choices: the only codes there are; empty = any.
    """

    form: Form
    required: bool = True
    least: int = 0
    most: int = 200
    choices: tuple[str, ...] = ()


_NEEDED: Any = object()


def option(what: Option, default: Any = _NEEDED) -> Any:
    """A field of an options dataclass."""
    metadata = {OPTION: what}
    if default is _NEEDED:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class NoOptions:
    """Of a task that has none."""


def described(options: type[Any]) -> dict[str, Option]:
    """The options of a type by name, in the order in which they are asked for."""
    return {field.name: field.metadata[OPTION] for field in dataclasses.fields(options)}


def plain(options: Any) -> dict[str, Any]:
    """As JSON; ``read`` takes it back."""
    values = ((field.name, getattr(options, field.name)) for field in dataclasses.fields(options))
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values}


def read(options: type[T], given: object) -> T | tuple[Mistake, ...]:
    """Options from JSON, or everything that is wrong with them; places begin with "options"."""
    if not isinstance(given, Mapping):
        return (Mistake("options", "options"),)
    found = tuple(_mistakes(options, given))
    return found or options(**{name: _held(value) for name, value in given.items()})


def _held(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _mistakes(options: type[Any], given: Mapping[Any, Any]) -> Iterator[Mistake]:
    known = described(options)
    if set(given) - set(known):
        yield Mistake("options", "unknown", {"names": ", ".join(known)})
    defaults = {field.name: field.default for field in dataclasses.fields(options)}
    for name, what in known.items():
        value = given.get(name, defaults[name])
        place = f"options.{name}"
        if value is dataclasses.MISSING or (what.required and value in (None, "", (), [])):
            yield Mistake(place, "missing")
        elif value is not None:
            yield from _CHECKS[what.form](place, what, value)


def _number(place: str, what: Option, value: object) -> Iterator[Mistake]:
    if type(value) is not int or not what.least <= value <= what.most:
        yield Mistake(place, "number", {"least": what.least, "most": what.most})


def _yes_no(place: str, what: Option, value: object) -> Iterator[Mistake]:
    if not isinstance(value, bool):
        yield Mistake(place, "yes_no")


def _line(place: str, what: Option, value: object) -> Iterator[Mistake]:
    if not isinstance(value, str) or len(value) > what.most or not value.isprintable():
        yield Mistake(place, "line", {"most": what.most})


def _code(place: str, what: Option, value: object) -> Iterator[Mistake]:
    if what.choices and value not in what.choices:
        yield Mistake(place, "choice", {"choices": ", ".join(what.choices)})
    else:
        yield from _line(place, what, value)


def _codes(place: str, what: Option, value: object) -> Iterator[Mistake]:
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MOST_CODES:
        yield Mistake(place, "codes", {"most": MOST_CODES})
        return
    for number, one in enumerate(value):
        yield from _code(f"{place}.{number}", what, one)


_CHECKS: Mapping[Form, Callable[[str, Option, object], Iterator[Mistake]]] = {
    Form.NUMBER: _number,
    Form.YES_NO: _yes_no,
    Form.LINE: _line,
    Form.CODE: _code,
    Form.CODES: _codes,
}
