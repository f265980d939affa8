"""Rule documents: TOML with ``format = "circulation-rules/1"`` (requirements, section L and R79).

Responsible for reading with every problem and its line, and for writing so that export, import, export is identical.
Not responsible for what is wrong with a rule (plain, check) or for the order of rules (order.document_order).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from rules.check import KnownCodes, all_faults, place_of
from rules.kinds import KINDS, Catalogue
from rules.plain import Fields, fields_from_plain, rule_of, rule_table
from rules.problems import Fault, Problem, RuleFileError
from rules.rule import RULE_KEYS, Rule

FORMAT = "circulation-rules/1"

_HEADER = re.compile(r"\s*\[\[\s*(?:rule|\"rule\"|'rule')\s*\]\]\s*(?:#.*)?")
_KEY = re.compile(r"\s*[\"']?([A-Za-z_]+)[\"']?\s*=")
_OPENS = re.compile(r'"""|\'\'\'|#|"(?:[^"\\]|\\.)*"|\'[^\']*\'')
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


@dataclass(frozen=True, slots=True)
class _Lines:
    """Where rules and their keys stand; empty where it could not be found out."""

    rules: tuple[int, ...] = ()
    keys: tuple[Mapping[str, int], ...] = ()

    def of_rule(self, index: int) -> int | None:
        return self.rules[index] if self.rules else None

    def of_key(self, index: int, key: str) -> int | None:
        return self.keys[index].get(key.partition(".")[0]) if self.keys else None


def _outside_texts(lines: list[str]) -> Iterator[tuple[int, str]]:
    """Numbered lines that do not begin inside a multi-line text."""
    inside: str | None = None
    for number, line in enumerate(lines, start=1):
        if inside is None:
            yield number, line
        inside = _after(line, inside)


def _after(line: str, inside: str | None) -> str | None:
    """The quotes of the multi-line text that is open after a line, None if none is."""
    at = 0
    while True:
        if inside is not None:
            end = line.find(inside, at)
            if end < 0:
                return inside
            inside, at = None, end + 3
        found = _OPENS.search(line, at)
        if found is None or found[0] == "#":
            return None
        at = found.end()
        if found[0] in ('"""', "'''"):
            inside = found[0]


def _find_lines(text: str, rules: int) -> _Lines:
    """Lines of ``rules`` rules; nothing if the document is written in a way in which they cannot be told apart."""
    starts: list[int] = []
    keys: list[dict[str, int]] = []
    for number, line in _outside_texts(text.split("\n")):
        if _HEADER.fullmatch(line):
            starts.append(number)
            keys.append({})
        elif keys and (found := _KEY.match(line)):
            keys[-1].setdefault(found[1], number)
    return _Lines(tuple(starts), tuple(keys)) if len(starts) == rules else _Lines()


def _decoded(document: str | bytes) -> str:
    if isinstance(document, str):
        return document
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = document.count(b"\n", 0, error.start) + 1
        raise RuleFileError(
            [Problem("document", "not_toml", {"why": f"line {line} is not UTF-8"}, line=line)]
        ) from None


def _parse(text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        line = re.search(r"at line ([0-9]+)", why)
        at = int(line[1]) if line else None
        raise RuleFileError([Problem("document", "not_toml", {"why": why}, line=at)]) from None


def _document_problems(document: Mapping[str, object]) -> Iterator[Problem]:
    if document.get("format") != FORMAT:
        yield Problem("format", "format", {"wanted": FORMAT}, key="format")
    for key in document:
        if key not in ("format", "rule"):
            yield Problem(ascii(key)[1:-1], "unknown_key", key=key)
    if not isinstance(document.get("rule", []), list):
        yield Problem("rule", "rules_not_list", key="rule")


def read(content: str | bytes, codes: KnownCodes, kinds: Catalogue = KINDS) -> tuple[Rule, ...]:
    """Read a rule document: all or nothing.

    Raises:
        RuleFileError: with every problem of the whole document.
    """
    text = _decoded(content)
    document = _parse(text)
    problems = list(_document_problems(document))
    raw = document.get("rule", [])
    tables = raw if isinstance(raw, list) else []
    read_fields = [fields_from_plain(table) for table in tables]
    lines = _find_lines(text, len(tables))
    for index, (fields, faults) in enumerate(zip(read_fields, all_faults(read_fields, codes, kinds), strict=True)):
        problems.extend(_rule_problems(index, fields, lines, faults))
    if problems:
        raise RuleFileError(problems)
    return tuple(rule_of(fields) for fields in read_fields)


def _rule_problems(index: int, fields: Fields, lines: _Lines, faults: tuple[Fault, ...]) -> Iterator[Problem]:
    rule = fields.rule.get("id")
    for fault in faults:
        at = lines.of_key(index, fault.key)
        place = place_of(index + 1, rule, fault.key, lines.of_rule(index), at)
        known = str(rule) if rule is not None else None
        yield Problem(place, fault.code, fault.params, known, fault.key, at or lines.of_rule(index))


# --- writing ----------------------------------------------------------------------------------------------------------


def _text(value: str) -> str:
    return '"' + "".join(_ESCAPES.get(letter, letter) for letter in value) + '"'


def _toml(value: object) -> str:
    """One value in TOML, on one line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case date():
            return value.isoformat()
        case Mapping():
            return "{ " + ", ".join(f"{_key(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
        case list():
            return "[" + ", ".join(_toml(inner) for inner in value) + "]"
        case _:
            return str(value)


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def write(rules: Iterable[Rule]) -> str:
    """The document of these rules, in the order given. ``read`` gives the same rules, ``write`` the same text again."""
    blocks = [f"format = {_text(FORMAT)}\n"]
    for rule in rules:
        table = rule_table(rule)
        lines = [f"{key} = {_toml(table[key])}" for key in RULE_KEYS if key in table]
        blocks.append("\n".join(["[[rule]]", *lines]) + "\n")
    return "\n".join(blocks)
