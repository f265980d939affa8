"""The smallest and largest number of loans the counting rules of an organisation come to (R22).

Responsible for both numbers and for the advice that follows. Not responsible for counting real loans (counting).

A rule counts the loans its item conditions cover, whoever decided them (R20). So the total is largest if the most
general rules are used up first, and smallest if the narrowest are, because their loans count for the general ones too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from rules.check import KnownCodes
from rules.compiled import Candidate, CompiledRules
from rules.counting import covers
from rules.rule import CODE_FIELDS, FACT_FIELDS, ITEM_FIELDS, PATRON_FIELDS, Facts, Rule
from rules.values import MOST_AGE

KIND = "counts.max_loans"
_MOST_ITEMS = 10_000


@dataclass(frozen=True, slots=True)
class Totals:
    """What the rules for one patron come to.

    Attributes:
        smallest: number of loans after which nothing more is lent, in the least generous order of borrowing; None = no
            limit. If conditions of rules overlap only in part it is one that can be reached, not surely the smallest.
        largest: likewise in the most generous order; None = no limit for some items.
        rules: the rules that decide something, in the order walked.
    """

    smallest: int | None
    largest: int | None
    rules: tuple[Rule, ...]

    @property
    def varies(self) -> bool:
        """The total depends on the order of borrowing; one general rule would give a fixed one."""
        return self.smallest is not None and self.smallest != self.largest


def totals(compiled: CompiledRules, organisation: str, codes: KnownCodes, patron: Facts, on: date) -> Totals:
    """What one patron can have on loan at most.

    Args:
        compiled: the rule set.
        organisation: whose rules decide.
        codes: known media types.
        patron: category, age and age group; the rest is not looked at.
        on: the day.
    """
    valid = [c for c in compiled.candidates(KIND, organisation) if c.first <= on <= c.last]
    facts = patron.values()[: len(PATRON_FIELDS)]
    candidates = [c for c in valid if _fits(c, facts)]
    decided: dict[str, list[Facts]] = {}
    limited = True
    for item in _items([c.rule for c in candidates], codes):
        rule = next((c.rule for c in candidates if covers(c.rule, item)), None)
        if rule is None:
            limited = False
        else:
            decided.setdefault(rule.id, []).append(item)
    rules = tuple(c.rule for c in candidates if c.rule.id in decided)
    if not limited:
        return Totals(None, None, rules)
    return Totals(_smallest(rules, decided), sum(_limit(rule) for rule in rules), rules)


def _limit(rule: Rule) -> int:
    return rule.value if isinstance(rule.value, int) else 0


def _fits(candidate: Candidate, facts: Sequence[object]) -> bool:
    return all(facts[place] in values for place, values in candidate.tests if place < len(PATRON_FIELDS))


def _smallest(rules: Sequence[Rule], decided: dict[str, list[Facts]]) -> int:
    """Use up one rule after the other as they are walked, each with the items that most of the later ones count too."""
    borrowed: list[tuple[Facts, int]] = []
    for place, rule in enumerate(rules):
        counted = sum(number for item, number in borrowed if covers(rule, item))
        later = rules[place + 1 :]
        item = max(decided[rule.id], key=lambda item: sum(covers(other, item) for other in later))
        borrowed.append((item, max(0, _limit(rule) - counted)))
    return sum(number for _, number in borrowed)


def _items(rules: Sequence[Rule], codes: KnownCodes) -> Iterator[Facts]:
    """Every kind of item the rules tell apart."""
    asked = [name for name in ITEM_FIELDS if any(name in rule.when.wanted() for rule in rules)]
    for count, values in enumerate(product(*(_choices(name, rules, codes) for name in asked))):
        if count >= _MOST_ITEMS:
            return
        yield Facts(**dict(zip(asked, values, strict=True)))  # type: ignore[arg-type]  # a value of each field


def _choices(name: str, rules: Sequence[Rule], codes: KnownCodes) -> list[str | bool | None]:
    """Values of a field: the known codes, or those named and another one."""
    if name not in CODE_FIELDS:
        return [True, False]
    known = codes.of(name)
    if known:
        return [*sorted(known)]
    return [*sorted({code for rule in rules for code in getattr(rule.when, name)}), None]


def patrons(compiled: CompiledRules, organisation: str, codes: KnownCodes) -> Iterator[Facts]:
    """Every kind of patron the counting rules of an organisation tell apart."""
    rules = compiled.listed(KIND, organisation)
    asked = [name for name in PATRON_FIELDS if any(name in rule.when.wanted() for rule in rules)]
    choices = [_ages(rules) if name == "age" else sorted(codes.of(name) or ()) for name in asked]
    for values in product(*choices):
        yield Facts(**dict(zip(asked, values, strict=True)))  # type: ignore[arg-type]  # a value of each field


def advice(compiled: CompiledRules, organisation: str, codes: KnownCodes, on: date) -> Iterator[tuple[Facts, Totals]]:
    """What every kind of patron the counting rules tell apart can have on loan at most (R22)."""
    for patron in patrons(compiled, organisation, codes):
        yield patron, totals(compiled, organisation, codes, patron, on)


def _ages(rules: Sequence[Rule]) -> list[int]:
    """Ages from which on other rules hold."""
    first = {rule.when.age_min for rule in rules if rule.when.age_min is not None}
    after = {rule.when.age_max + 1 for rule in rules if rule.when.age_max is not None}
    return sorted(age for age in {0} | first | after if age <= MOST_AGE)


def told(patron: Facts) -> dict[str, str]:
    """A patron of ``patrons`` as staff write it: condition field -> value, an age as "from this age on"."""
    known = {name: value for name, value in zip(FACT_FIELDS, patron.values(), strict=True) if value is not None}
    return {name: f"{value}-" if name == "age" else str(value) for name, value in known.items()}
