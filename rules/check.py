"""Errors that are wrong in themselves: unknown codes, wrong units, reversed dates, patron fields in self-service rules.

Responsible for finding all of them at once, with rule and key. Not responsible for shape (plain) or for findings about
the set as a whole, such as overlaps and gaps (R80).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rules.kinds import KINDS, Catalogue, Kind, RuleType
from rules.plain import Fields, fields_of
from rules.problems import Fault, Problem
from rules.refusals import message_parameters
from rules.rule import CODE_FIELDS, PATRON_FIELDS, Rule

_PARAMETER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class KnownCodes:
    """Codes a rule may name. None = a free code: whatever is written is right."""

    organisations: frozenset[str]
    media_types: frozenset[str]
    patron_categories: frozenset[str]
    age_groups: frozenset[str]
    material_types: frozenset[str] | None = None
    departments: frozenset[str] | None = None
    audiences: frozenset[str] | None = None

    def of(self, field: str) -> frozenset[str] | None:
        """Codes of a condition field."""
        known: Mapping[str, frozenset[str] | None] = {
            "patron_category": self.patron_categories,
            "age_group": self.age_groups,
            "media_type": self.media_types,
            "material_type": self.material_types,
            "department": self.departments,
            "audience": self.audiences,
        }
        return known[field]


def fields_faults(fields: Fields, codes: KnownCodes, kinds: Catalogue = KINDS) -> tuple[Fault, ...]:
    """Everything wrong with one rule; keys that could not be read are passed over, the others are checked."""
    return (*fields.faults, *_rule_faults(fields, codes, kinds), *_code_faults(fields, codes), *_range_faults(fields))


def _rule_faults(fields: Fields, codes: KnownCodes, kinds: Catalogue) -> Iterator[Fault]:
    org = fields.rule.get("org")
    if isinstance(org, str) and org not in codes.organisations:
        yield Fault("org", "code_unknown", {"value": org})
    key = fields.rule.get("kind")
    if not isinstance(key, str):
        return
    kind = kinds.get(key)
    if kind is None:
        yield Fault("kind", "kind_unknown", {"kind": key})
        return
    yield from _value_faults(fields, kind)
    yield from _level_faults(fields, kind)
    yield from _field_faults(fields, kind)
    yield from _message_faults(fields, kind)


def _value_faults(fields: Fields, kind: Kind) -> Iterator[Fault]:
    value = fields.rule.get("value")
    if value is not None and not kind.unit.accepts(value):  # type: ignore[arg-type]  # plain read it as a Value
        yield Fault("value", f"value_unit.{kind.unit.value}")


def _level_faults(fields: Fields, kind: Kind) -> Iterator[Fault]:
    level = fields.rule.get("level")
    unreadable = any(fault.key == "level" for fault in fields.faults)
    if not kind.levels:
        if level is not None:
            yield Fault("level", "level_unleveled")
    elif level is None:
        if not unreadable:
            yield Fault("level", "level_missing", {"levels": ", ".join(kind.levels)})
    elif level not in kind.levels:
        yield Fault("level", "level_unknown", {"level": str(level), "levels": ", ".join(kind.levels)})


def _field_faults(fields: Fields, kind: Kind) -> Iterator[Fault]:
    for key in fields.when:
        name = "age" if key in ("age_min", "age_max") else key
        if name in kind.fields:
            continue
        about_patron = kind.rule_type is RuleType.SELF_SERVICE and name in PATRON_FIELDS
        yield Fault(f"when.{key}", "patron_field" if about_patron else "field_not_allowed")


def _message_faults(fields: Fields, kind: Kind) -> Iterator[Fault]:
    message = fields.rule.get("message")
    if not isinstance(message, Mapping):
        return
    allowed = message_parameters(kind.key)
    for language, text in message.items():
        for name in _PARAMETER.findall(text):
            if name not in allowed:
                yield Fault(f"message.{language}", "bad_parameter", {"name": name})


def _code_faults(fields: Fields, codes: KnownCodes) -> Iterator[Fault]:
    for name in CODE_FIELDS:
        known, asked = codes.of(name), fields.when.get(name)
        if known is None or not isinstance(asked, tuple):
            continue
        for code in asked:
            if code not in known:
                yield Fault(f"when.{name}", "code_unknown", {"value": code})


def _range_faults(fields: Fields) -> Iterator[Fault]:
    first, until = fields.rule.get("valid_from"), fields.rule.get("valid_until")
    if isinstance(first, date) and isinstance(until, date) and until < first:
        yield Fault("valid_until", "dates_reversed", {"first": first.isoformat(), "until": until.isoformat()})
    least, most = fields.when.get("age_min"), fields.when.get("age_max")
    if isinstance(least, int) and isinstance(most, int) and most < least:
        yield Fault("when.age_max", "ages_reversed", {"least": least, "most": most})


def all_faults(found: Sequence[Fields], codes: KnownCodes, kinds: Catalogue = KINDS) -> tuple[tuple[Fault, ...], ...]:
    """Everything wrong with each of several rules; an id used more than once is wrong in each of them."""
    times = Counter(fields.rule["id"] for fields in found if "id" in fields.rule)

    def faults(fields: Fields) -> tuple[Fault, ...]:
        key = fields.rule.get("id")
        twice = (Fault("id", "id_duplicate", {"id": str(key)}),) if times[key] > 1 else ()
        return (*fields_faults(fields, codes, kinds), *twice)

    return tuple(faults(fields) for fields in found)


def place_of(number: int, rule: object, key: str, rule_line: int | None = None, line: int | None = None) -> str:
    """Where a finding is: 'rule 2 "loan-n1" (line 9), value (line 14)'."""
    named = f' "{rule}"' if isinstance(rule, str) else ""
    at = f" (line {rule_line})" if rule_line is not None else ""
    inner = f" (line {line})" if line is not None and line != rule_line else ""
    return f"rule {number}{named}{at}" + (f", {key}{inner}" if key else "")


def check_rules(rules: Sequence[Rule], codes: KnownCodes, kinds: Catalogue = KINDS) -> tuple[Problem, ...]:
    """Everything wrong in itself with rules that did not come from a document. Empty: they may be saved."""
    every = all_faults([fields_of(rule) for rule in rules], codes, kinds)
    return tuple(
        Problem(place_of(number, rule.id, fault.key), fault.code, fault.params, rule.id, fault.key)
        for number, (rule, faults) in enumerate(zip(rules, every, strict=True), start=1)
        for fault in faults
    )
