"""A rule set made ready for deciding: per organisation, kind and level one tuple of candidates in the order walked.

Responsible for filtering by organisation chain and sorting (R4), once, when a set is published or fetched. Not
responsible for deciding (evaluate).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from rules.kinds import KINDS, Catalogue, Kind
from rules.order import walked
from rules.organisation import OrganisationTree
from rules.problems import RulesError
from rules.rule import FACT_FIELDS, ITEM_FIELDS, Rule

Test = tuple[int, frozenset[str | int | bool]]
_Slot = tuple[str, str | None]  # kind, level

# Facts that differ from question to question of one person; a list is narrowed by all others.
OPEN = frozenset(FACT_FIELDS.index(name) for name in ("age_group", "age"))
ITEM_FROM = FACT_FIELDS.index(ITEM_FIELDS[0])
MOST_NARROWED = 50_000  # lists kept; then they are made anew


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A published, immutable set (R78).

    Attributes:
        number: counted from 1 by the central service.
    """

    number: int
    rules: tuple[Rule, ...]
    organisations: OrganisationTree


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A rule in the form in which it is walked.

    Attributes:
        first, last: days between which it is valid, inclusive.
        tests: place in ``FACT_FIELDS`` and the values that fulfil it; all must hold.
        asked: what each test asks for, as staff write it.
    """

    rule: Rule
    first: date
    last: date
    tests: tuple[Test, ...]
    asked: tuple[str, ...]


_Value = str | int | bool | None
_Question = tuple[str, str, str | None, date, tuple[_Value, ...]]
_Left = tuple[int, Rule, tuple[Test, ...]]
_Answers = tuple[tuple[Candidate, ...], tuple[_Left, ...]]


def _left(candidates: tuple[Candidate, ...], on: date, values: tuple[_Value, ...]) -> tuple[_Left, ...]:
    left: list[_Left] = []
    for number, candidate in enumerate(candidates, start=1):
        fits = all(place in OPEN or values[place] in wanted for place, wanted in candidate.tests)
        if fits and candidate.first <= on <= candidate.last:
            tests = tuple(test for test in candidate.tests if test[0] in OPEN)
            left.append((number, candidate.rule, tests))
            if not tests:
                break
    return tuple(left)


@dataclass(frozen=True, slots=True, eq=False)
class CompiledRules:
    """A rule set ready for deciding. It never changes, but for what it remembers; may be shared between threads."""

    number: int
    organisations: OrganisationTree
    kinds: Catalogue
    _lists: Mapping[str, Mapping[_Slot, tuple[Candidate, ...]]]
    _narrowed: dict[_Question, _Answers] = field(default_factory=dict, repr=False)

    def kind(self, key: str, level: str | None) -> Kind:
        """The kind of this key.

        Raises:
            RulesError: there is none, or it has no such level.
        """
        kind = self.kinds.get(key)
        if kind is None:
            raise RulesError(f"there is no rule kind {key!r}")
        if level not in kind.lists:
            raise RulesError(f"rule kind {key} has no level {level!r}")
        return kind

    def candidates(self, kind: str, organisation: str, level: str | None = None) -> tuple[Candidate, ...]:
        """The list walked there: own and inherited active rules, first to last.

        Raises:
            RulesError: unknown kind, level or organisation.
        """
        try:
            return self._lists[organisation][(kind, level)]
        except KeyError:
            self.kind(kind, level)
            self.organisations.chain(organisation)
            return ()

    def narrowed(
        self, kind: str, organisation: str, level: str | None, on: date, values: tuple[_Value, ...]
    ) -> _Answers:
        """The list walked there, and what of it can decide on a day for a patron category and an item.

        A library has few categories and few kinds of items, and nearly every question is about the same day, so what
        is left of a list for them is kept: number, rule and the tests of age, up to the first rule with none.

        Args:
            kind: key of the kind.
            organisation: whose list is walked.
            level: for kinds with levels.
            on: the day.
            values: of the facts, in the order of ``FACT_FIELDS``.

        Raises:
            RulesError: unknown kind, level or organisation.
        """
        key = (kind, organisation, level, on, values[:1] + values[ITEM_FROM:])
        found = self._narrowed.get(key)
        if found is None:
            candidates = self.candidates(kind, organisation, level)
            found = (candidates, _left(candidates, on, values))
            if len(self._narrowed) >= MOST_NARROWED:
                self._narrowed.clear()
            self._narrowed[key] = found
        return found

    def listed(self, kind: str, organisation: str, level: str | None = None) -> tuple[Rule, ...]:
        """The list staff see (R4, R8): the one that is walked; its first rule has number 1."""
        return tuple(candidate.rule for candidate in self.candidates(kind, organisation, level))


def _candidate(rule: Rule) -> Candidate:
    wanted = rule.when.wanted()
    tests = tuple((FACT_FIELDS.index(name), values) for name, values in wanted.items())
    asked = tuple(rule.when.asked(name) for name in wanted)
    return Candidate(rule, rule.valid_from or date.min, rule.valid_until or date.max, tests, asked)


def compile_rules(rule_set: RuleSet, kinds: Catalogue = KINDS) -> CompiledRules:
    """Make a set ready.

    Depth ranks before all else (R4), so the list of a branch is its own sorted rules, then those of the organisation
    above it, and so on.

    Raises:
        RulesError: a rule names an unknown kind, level or organisation.
    """
    tree = rule_set.organisations
    own: dict[str, dict[_Slot, list[Rule]]] = defaultdict(lambda: defaultdict(list))
    for rule in rule_set.rules:
        tree.chain(rule.org)
        _must_fit(rule, kinds)
        if rule.active:
            own[rule.org][(rule.kind, rule.level)].append(rule)
    sorted_own = {
        org: {slot: tuple(_candidate(rule) for rule in walked(rules, tree)) for slot, rules in slots.items()}
        for org, slots in own.items()
    }
    lists = {org: _inherited(tree.chain(org), sorted_own) for org in tree.nodes}
    return CompiledRules(rule_set.number, tree, kinds, lists)


def _must_fit(rule: Rule, kinds: Catalogue) -> None:
    kind = kinds.get(rule.kind)
    if kind is None or rule.level not in kind.lists or not kind.unit.accepts(rule.value):
        raise RulesError(f"rule {rule.id}: its kind, level or value does not exist in this catalogue")


def _inherited(
    chain: tuple[str, ...], own: Mapping[str, Mapping[_Slot, tuple[Candidate, ...]]]
) -> Mapping[_Slot, tuple[Candidate, ...]]:
    lists: dict[_Slot, tuple[Candidate, ...]] = {}
    for org in chain:
        for slot, candidates in own.get(org, {}).items():
            lists[slot] = lists.get(slot, ()) + candidates
    return lists
