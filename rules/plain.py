"""Rules as plain values: the tables of a TOML document and the objects of JSON.

Responsible for shape: which keys there are and of which type (section L). Not responsible for whether codes, kinds and
levels exist (check) or for text (toml). In JSON dates are ISO text; everything else is written alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from rules.problems import Fault, Problem, RuleFileError
from rules.rule import CODE_FIELDS, CONDITION_KEYS, MOST_TEXT, Conditions, Rule, is_code, is_text
from rules.values import MOST_AGE, Value, value_from_plain, value_to_plain

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_REQUIRED = ("id", "kind", "org", "value")
MOST_POSITION = 1_000_000


@dataclass(frozen=True, slots=True)
class Fields:
    """What could be read of one rule.

    Attributes:
        rule: key -> value, for every key that is there and of the right type.
        when: condition key -> value, likewise.
        faults: everything that was wrong.
    """

    rule: Mapping[str, object]
    when: Mapping[str, object]
    faults: tuple[Fault, ...]


class _WrongError(Exception):
    """A key is not of its type; carries the faults found in it."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(faults)
        self.faults = faults


def _code(key: str, raw: object) -> str:
    if not isinstance(raw, str):
        raise _WrongError(Fault(key, "not_text"))
    if not is_code(raw):
        raise _WrongError(Fault(key, "bad_code", {"value": ascii(raw[:60])[1:-1]}))
    return raw


def _text(key: str, raw: object) -> str:
    if not isinstance(raw, str):
        raise _WrongError(Fault(key, "not_text"))
    if not is_text(raw):
        raise _WrongError(Fault(key, "bad_text", {"most": MOST_TEXT}))
    return raw


def _flag(key: str, raw: object) -> bool:
    if not isinstance(raw, bool):
        raise _WrongError(Fault(key, "not_flag"))
    return raw


def _number(key: str, raw: object, most: int) -> int:
    if not isinstance(raw, int) or isinstance(raw, bool):
        raise _WrongError(Fault(key, "not_number"))
    if not 0 <= raw <= most:
        raise _WrongError(Fault(key, "number_range", {"least": 0, "most": most}))
    return raw


def _age(key: str, raw: object) -> int:
    return _number(key, raw, MOST_AGE)


def _position(key: str, raw: object) -> int:
    return _number(key, raw, MOST_POSITION)


def _day(key: str, raw: object) -> date:
    if not isinstance(raw, date) or isinstance(raw, datetime):
        raise _WrongError(Fault(key, "not_date"))
    return raw


def _codes(key: str, raw: object) -> tuple[str, ...]:
    if not isinstance(raw, (list, tuple)) or not all(isinstance(code, str) for code in raw):
        raise _WrongError(Fault(key, "not_codes"))
    bad = [code for code in raw if not is_code(code)]
    if bad:
        raise _WrongError(*(Fault(key, "bad_code", {"value": ascii(code[:60])[1:-1]}) for code in bad))
    return tuple(raw)


def _value(key: str, raw: object) -> Value:
    try:
        return value_from_plain(raw)
    except ValueError as error:
        raise _WrongError(Fault(key, "value_notation", {"why": str(error)})) from None


def _message(key: str, raw: object) -> dict[str, str]:
    if not isinstance(raw, Mapping) or not all(isinstance(text, str) for text in raw.values()):
        raise _WrongError(Fault(key, "not_texts"))
    faults = [
        Fault(key, "bad_language", {"language": ascii(language)[1:-1]})
        for language in raw
        if not isinstance(language, str) or not _LANGUAGE.fullmatch(language)
    ]
    for language, text in raw.items():
        if not is_text(text):
            faults.append(Fault(f"{key}.{ascii(language)[1:-1]}", "bad_text", {"most": MOST_TEXT}))
        elif not text.strip():
            faults.append(Fault(f"{key}.{ascii(language)[1:-1]}", "empty_text"))
    if faults:
        raise _WrongError(*faults)
    return dict(raw)


_RULE: Mapping[str, Callable[[str, object], object]] = {
    "id": _code,
    "kind": _code,
    "level": _code,
    "name": _text,
    "org": _code,
    "value": _value,
    "valid_from": _day,
    "valid_until": _day,
    "position": _position,
    "active": _flag,
    "message": _message,
    "comment": _text,
}
_WHEN: Mapping[str, Callable[[str, object], object]] = {
    **dict.fromkeys(CODE_FIELDS, _codes),
    "age_min": _age,
    "age_max": _age,
    "fiction": _flag,
}


def _read(
    raw: Mapping[object, object], readers: Mapping[str, Callable[[str, object], object]], prefix: str
) -> tuple[dict[str, object], list[Fault]]:
    found: dict[str, object] = {}
    faults: list[Fault] = []
    for key, value in raw.items():
        reader = readers.get(key) if isinstance(key, str) else None
        if reader is None or not isinstance(key, str):
            faults.append(Fault(prefix + ascii(key)[1:-1], "unknown_key"))
            continue
        try:
            found[key] = reader(prefix + key, value)
        except _WrongError as wrong:
            faults.extend(wrong.faults)
    return found, faults


def fields_from_plain(raw: object) -> Fields:
    """Read one rule's table; never fails, everything wrong is a fault."""
    if not isinstance(raw, Mapping):
        return Fields({}, {}, (Fault("", "rule_not_table"),))
    rest = {key: value for key, value in raw.items() if key != "when"}
    rule, faults = _read(rest, _RULE, "")
    faults += [Fault(key, "missing") for key in _REQUIRED if key not in raw]
    conditions = raw.get("when", {})
    if not isinstance(conditions, Mapping):
        return Fields(rule, {}, (*faults, Fault("when", "not_table")))
    when, wrong = _read(conditions, _WHEN, "when.")
    return Fields(rule, when, (*faults, *wrong))


def rule_of(fields: Fields) -> Rule:
    """The rule that was read. Only for fields without faults that passed the check.

    Raises:
        ValueError, TypeError: they did not.
    """
    return Rule(when=Conditions(**fields.when), **fields.rule)  # type: ignore[arg-type]  # each reader made its type


def fields_of(rule: Rule) -> Fields:
    """A rule's keys and conditions as ``fields_from_plain`` would have read them."""
    optional = {
        "level": rule.level,
        "valid_from": rule.valid_from,
        "valid_until": rule.valid_until,
        "position": rule.position,
    }
    found: dict[str, object] = {"id": rule.id, "kind": rule.kind, "org": rule.org, "value": rule.value}
    found |= {key: value for key, value in optional.items() if value is not None}
    found |= {key: getattr(rule, key) for key in ("name", "comment", "message") if getattr(rule, key)}
    if not rule.active:
        found["active"] = False
    when = {key: getattr(rule.when, key) for key in CONDITION_KEYS if getattr(rule.when, key) not in (None, ())}
    return Fields(found, when, ())


def rule_table(rule: Rule) -> dict[str, object]:
    """A rule's table as TOML has it: only keys that say something, dates as dates."""
    fields = fields_of(rule)
    table = dict(fields.rule)
    table["value"] = value_to_plain(rule.value)
    if rule.message:
        table["message"] = dict(sorted(rule.message.items()))  # a mapping has no order of its own
    if fields.when:
        table["when"] = {key: list(value) if isinstance(value, tuple) else value for key, value in fields.when.items()}
    return table


def rule_to_plain(rule: Rule) -> dict[str, object]:
    """A rule as a JSON object."""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in rule_table(rule).items()}


def json_dates(raw: object) -> object:
    """A rule's JSON object with its two dates as dates; whatever is no ISO date stays, and is then found wrong."""
    if not isinstance(raw, Mapping):
        return raw
    return {key: _to_day(value) if key in ("valid_from", "valid_until") else value for key, value in raw.items()}


def _to_day(value: object) -> object:
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value


def rule_from_plain(raw: object) -> Rule:
    """Read a rule's JSON object.

    Raises:
        RuleFileError: with everything wrong in its shape; whether its codes exist is for ``check``.
    """
    fields = fields_from_plain(json_dates(raw))
    name = fields.rule.get("id")
    place = f'rule "{name}"' if isinstance(name, str) else "rule"
    faults = fields.faults
    if not faults:
        try:
            return rule_of(fields)
        except ValueError as error:
            faults = (Fault("", "document", {"why": str(error)}),)
    raise RuleFileError([Problem(f"{place}, {x.key}" if x.key else place, x.code, x.params, key=x.key) for x in faults])
