"""What is wrong with rules, as findings and as errors.

Responsible for the finding (place, code, parameters, English text) and the error tree of this package. Not responsible
for finding anything (check, plain, toml) or for other languages (wording's staff catalogue has the same codes).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

TEXTS: Mapping[str, str] = {
    "not_toml": "This is not TOML: {why}",
    "format": 'The document must say format = "{wanted}".',
    "rules_not_list": "Rules must be written as [[rule]] tables.",
    "rule_not_table": "A rule must be a table.",
    "unknown_key": "There is no key of this name.",
    "missing": "This key is missing.",
    "not_text": "This must be a text.",
    "bad_text": "This text is longer than {most} characters or holds control characters.",
    "empty_text": "This text is empty.",
    "not_texts": "This must be a table of language and text.",
    "bad_language": '"{language}" is not a language tag.',
    "bad_parameter": 'The message names the parameter "{name}", which this refusal does not have.',
    "not_codes": "This must be a list of codes.",
    "bad_code": '"{value}" cannot be a code: it is empty, has a | or a space at its ends, or is too long.',
    "not_flag": "This must be true or false.",
    "not_number": "This must be a whole number.",
    "number_range": "This must be between {least} and {most}.",
    "not_date": "This must be a date such as 2026-06-01.",
    "not_table": "This must be a table.",
    "kind_unknown": 'There is no rule kind "{kind}".',
    "level_missing": "This kind of rule has levels: one of {levels} is needed.",
    "level_unknown": 'There is no level "{level}" here; levels are {levels}.',
    "level_unleveled": "This kind of rule has no levels.",
    "code_unknown": '"{value}" is not known here.',
    "patron_field": "A self-service rule decides about items only and cannot ask about the patron.",
    "field_not_allowed": "This kind of rule cannot ask for this.",
    "dates_reversed": "The last day {until} lies before the first day {first}.",
    "ages_reversed": "The highest age {most} is lower than the lowest age {least}.",
    "value_notation": "The value is not in a notation of rule documents: {why}.",
    "value_unit.yes_no": "This kind of rule needs true or false.",
    "value_unit.yes_no_or_min_age": "This kind of rule needs true, false, or an age (min_age = 18).",
    "value_unit.number": "This kind of rule needs a whole number.",
    "value_unit.days": "This kind of rule needs days (days = 28).",
    "value_unit.amount": 'This kind of rule needs an amount (amount = "10.00").',
    "value_unit.fee": 'This kind of rule needs a fee (per_day = "0.20" or fixed = "5.00").',
    "id_duplicate": 'The id "{id}" is used more than once.',
    "not_utf8": "Line {line} is not UTF-8 text; save the file as CSV UTF-8.",
    "not_csv": "This is not CSV: {why}.",
    "unknown_column": 'There is no column "{name}".',
    "column_twice": 'The column "{name}" is there more than once.',
    "column_missing": 'The column "{name}" is missing.',
    "cells_surplus": "This row has more cells than the first row has columns.",
    "unit_unknown": '"{value}" is no unit; units are {wanted}, or none.',
    "value_without_unit": "Without a unit this must be true, false or a whole number.",
    "document": "The document cannot be used: {why}.",
}


class RulesError(Exception):
    """Something of the rule model was used wrongly, or cannot be used."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a key of one rule, before it is known where that rule stands.

    Attributes:
        key: e.g. "valid_from", "when.media_type"; "" for the rule as a whole.
        code: key of ``TEXTS``.
        params: what the text needs.
    """

    key: str
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    Attributes:
        place: rule and key, with line numbers where they are known; in English.
        code: key of ``TEXTS``, and with "check." before it a code of wording's staff catalogue.
        params: what the text needs.
        rule: id of the rule, None where it has none.
        key: as in ``Fault``.
        line: in the document, counted from 1; in CSV the row as a spreadsheet counts; None if unknown.
    """

    place: str
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    rule: str | None = None
    key: str = ""
    line: int | None = None

    @property
    def text(self) -> str:
        """The finding in English."""
        return TEXTS[self.code].format_map(self.params)

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class RuleFileError(RulesError):
    """Rules that cannot be taken over; every problem is listed.

    Attributes:
        problems: all of them, in the order of the document.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
