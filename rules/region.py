"""Sets of transactions: which ones a rule matches, what two rules share, what an earlier rule leaves over.

Responsible for set operations field by field and day by day; every field is a finite set. Not responsible for what an
overlap or a gap means (shadows, gaps, dependencies).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rules.check import KnownCodes
from rules.rule import CODE_FIELDS, FACT_FIELDS, Rule
from rules.values import MOST_AGE

Values = frozenset[str | int | bool | None]

MOST_REGIONS = 5_000
_LAST_DAY = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Region:
    """Transactions whose facts lie in these sets on these days (ordinals, both inclusive).

    Attributes:
        sets: in the order of ``FACT_FIELDS``. None in a set = unknown, or another code than any named.
    """

    sets: tuple[Values, ...]
    first: int
    last: int

    def shared(self, other: Region) -> Region | None:
        """What lies in both; None if nothing does."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        if first > last:
            return None
        sets = tuple(one & two for one, two in zip(self.sets, other.sets, strict=True))
        return Region(sets, first, last) if all(sets) else None

    def without(self, other: Region) -> list[Region]:
        """What lies in this one only, in pieces that do not overlap."""
        inner = self.shared(other)
        if inner is None:
            return [self]
        pieces: list[Region] = []
        if self.first < inner.first:
            pieces.append(replace(self, last=inner.first - 1))
        if self.last > inner.last:
            pieces.append(replace(self, first=inner.last + 1))
        sets = list(self.sets)
        for place, values in enumerate(inner.sets):
            outside = sets[place] - values
            if outside:
                pieces.append(Region((*sets[:place], outside, *sets[place + 1 :]), inner.first, inner.last))
            sets[place] = values
        return pieces


@dataclass(frozen=True, slots=True)
class Universe:
    """Everything that can happen from a day on."""

    sets: tuple[Values, ...]
    first: int

    def only(self, field: str, value: str) -> Region:
        """Everything with one value in one field."""
        place = FACT_FIELDS.index(field)
        return Region((*self.sets[:place], frozenset({value}), *self.sets[place + 1 :]), self.first, _LAST_DAY)

    def of(self, rule: Rule) -> Region | None:
        """What a rule matches; None if nothing, e.g. because it has expired."""
        wanted = rule.when.wanted()
        sets = tuple(all_ & wanted.get(name, all_) for name, all_ in zip(FACT_FIELDS, self.sets, strict=True))
        first = max(self.first, rule.valid_from.toordinal() if rule.valid_from else self.first)
        last = rule.valid_until.toordinal() if rule.valid_until else _LAST_DAY
        return Region(sets, first, last) if first <= last and all(sets) else None


def universe(rules: Sequence[Rule], codes: KnownCodes, today: date, *, unknown: bool) -> Universe:
    """What can happen from today on.

    Args:
        rules: free codes are known from them.
        codes: known codes.
        today: the first day.
        unknown: facts may be unknown too. A rule for children and one for adults cover everybody only without.
    """
    missing: Values = frozenset({None}) if unknown else frozenset()
    return Universe(tuple(_values(name, rules, codes) | missing for name in FACT_FIELDS), today.toordinal())


def _values(name: str, rules: Sequence[Rule], codes: KnownCodes) -> Values:
    if name == "age":
        return frozenset(range(MOST_AGE + 1))
    if name not in CODE_FIELDS:
        return frozenset({True, False})
    known = codes.of(name)
    if known is None:  # a free code: those that rules name, and any other
        return frozenset({code for rule in rules for code in getattr(rule.when, name)} | {None})
    return frozenset(known) or frozenset({None})


def left_over(regions: Iterable[Region], minus: Iterable[Region]) -> list[Region]:
    """What remains of regions without others. Beyond ``MOST_REGIONS`` pieces it stops and counts the rest as left."""
    left = list(regions)
    for region in minus:
        if not left or len(left) > MOST_REGIONS:
            break
        left = [piece for one in left for piece in one.without(region)]
    return left


def touches(regions: Iterable[Region], others: Sequence[Region]) -> bool:
    """Whether any of the regions shares something with any of the others."""
    return any(one.shared(other) is not None for one in regions for other in others)
