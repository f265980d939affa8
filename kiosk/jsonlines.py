"""Intents in, screens out, as lines of JSON: the machine's screen for a parent process (design 6).

``{"intent": "pin", "digits": "1234"}`` in, ``{"screen": "Borrow", ...}`` out; names are those of ``kiosk.messages`` and
``kiosk.screens``, intents in snake case. A line that is not understood is an error that names the place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from typing import Any, get_args, get_type_hints

from kiosk import messages as m
from kiosk.central.api import CardIdentifier
from kiosk.screens import Screen

MOST_LINE = 10_000


class LineError(Exception):
    """A line is no intent; says what is wrong and where."""


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


INTENTS: Mapping[str, type] = {_snake(kind.__name__): kind for kind in get_args(m.Intent)}


def read_intent(line: str) -> m.Intent:
    """Read one line.

    Raises:
        LineError: it is no intent.
    """
    if len(line) > MOST_LINE:
        raise LineError(f"a line has at most {MOST_LINE} characters")
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        raise LineError("this line is not JSON") from None
    if not isinstance(raw, dict):
        raise LineError('a line is an object with an "intent"')
    name = raw.pop("intent", None)
    kind = INTENTS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise LineError(f"intent: one of {', '.join(sorted(INTENTS))}")
    return _make(kind, raw)


def _make(kind: type, raw: Mapping[str, Any]) -> m.Intent:
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    for name in raw:
        if name not in known:
            raise LineError(f"{name}: no part of {_snake(kind.__name__)}")
    values = {}
    for name, field in known.items():
        if name in raw:
            values[name] = _value(name, hints[name], raw[name])
        elif field.default is MISSING:
            raise LineError(f"{name}: missing")
    made: m.Intent = kind(**values)
    return made


def _value(name: str, hint: object, raw: object) -> object:
    if hint is str and isinstance(raw, str):
        return raw
    if hint == tuple[str, ...] and isinstance(raw, list) and all(isinstance(part, str) for part in raw):
        return tuple(raw)
    if hint is CardIdentifier and isinstance(raw, dict) and raw.keys() == {"kind", "value"}:
        kind, value = raw["kind"], raw["value"]
        if kind in ("uid", "barcode") and isinstance(value, str):
            return CardIdentifier(kind, value)
    raise LineError(f"{name}: not what is expected there")


def write_screen(screen: Screen) -> str:
    """A screen as one line, without its line end."""
    return _line({"screen": type(screen).__name__, **_plain_fields(screen)})


def error_line(error: Exception) -> str:
    """The answer to a line that cannot be obeyed."""
    return _line({"error": str(error)})


def _line(value: Mapping[str, Any]) -> str:
    """JSON that can be written in UTF-8: half of a surrogate pair stays escaped, as it came."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def _plain_fields(value: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(part) for part in value]
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value
