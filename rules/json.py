"""Rules as JSON objects, as the staff API speaks them (section L): the third notation beside TOML and CSV.

Responsible for reading with every problem. Not responsible for what is wrong with a rule (plain, check); writing is
``plain.rule_to_plain``.
"""

from __future__ import annotations

from collections.abc import Sequence

from rules.check import KnownCodes, all_faults, place_of
from rules.kinds import KINDS, Catalogue
from rules.plain import fields_from_plain, json_dates, rule_of
from rules.problems import Problem, RuleFileError
from rules.rule import Rule


def read(document: Sequence[object], codes: KnownCodes, kinds: Catalogue = KINDS) -> tuple[Rule, ...]:
    """Read rules: all or nothing.

    Raises:
        RuleFileError: with every problem.
    """
    found = [fields_from_plain(json_dates(raw)) for raw in document]
    problems: list[Problem] = []
    for number, (fields, faults) in enumerate(zip(found, all_faults(found, codes, kinds), strict=True), start=1):
        key = fields.rule.get("id")
        known = str(key) if key is not None else None
        places = [place_of(number, key, fault.key) for fault in faults]
        problems += [Problem(at, x.code, x.params, known, x.key) for at, x in zip(places, faults, strict=True)]
    if problems:
        raise RuleFileError(problems)
    return tuple(rule_of(fields) for fields in found)
