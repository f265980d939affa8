"""What differs between two versions of a rule, in the words staff read.

Responsible for which parts are shown and under which name. Not responsible for which rules differ (rules.changes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from circulation.staff import rule_words
from circulation.staff.rule_words import Names
from circulation.staff.words import Words
from rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that differs. ``part``: "draft.part.<part>" is its name; ``language``: of a message, else ""."""

    part: str
    before: str
    after: str
    language: str = ""


_Said = Callable[[Words, Rule, Names], str]
_PARTS: Mapping[str, _Said] = {
    "id": lambda words, rule, names: rule.id,
    "name": lambda words, rule, names: rule.name,
    "kind": lambda words, rule, names: rule_words.kind(words, rule.kind, rule.level),
    "organisation": lambda words, rule, names: names.organisation(rule.org),
    "conditions": rule_words.conditions,
    "value": lambda words, rule, names: rule_words.value(words, rule.value, rule.kind),
    "validity": lambda words, rule, names: rule_words.validity(words, rule) or words.say("draft.always"),
    "active": lambda words, rule, names: words.say("console.yes" if rule.active else "console.no"),
    "position": lambda words, rule, names: "" if rule.position is None else words.number(rule.position),
    "comment": lambda words, rule, names: rule.comment,
}


def differences(words: Words, before: Rule, after: Rule, names: Names) -> tuple[Difference, ...]:
    """Every part that reads differently before and after, in a fixed order, messages last."""
    pairs = [(part, said(words, before, names), said(words, after, names)) for part, said in _PARTS.items()]
    found = [Difference(part, one, two) for part, one, two in pairs if one != two]
    for language in sorted({*before.message, *after.message}):
        one, two = before.message.get(language, ""), after.message.get(language, "")
        if one != two:
            found.append(Difference("message", one, two, language))
    return tuple(found)
