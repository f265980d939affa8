"""A rule set spread out for the publish check: the lists walked at each place, and what each rule can decide there.

Responsible for places and lists. Not responsible for what is found in them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from rules.check import KnownCodes
from rules.compiled import CompiledRules
from rules.kinds import OrganisationUsed
from rules.organisation import OrganisationTree
from rules.region import Region, Universe, left_over, universe
from rules.rule import FACT_FIELDS, Rule


def branches(tree: OrganisationTree) -> tuple[str, ...]:
    """Organisations with none below them: where things are lent."""
    parents = {node.parent for node in tree.nodes.values()}
    return tuple(key for key in tree.nodes if key not in parents)


def authorities(tree: OrganisationTree) -> tuple[str, ...]:
    """The organisations directly above branches: where debts are kept. A branch without one stands for itself."""
    return tuple(dict.fromkeys(tree.nodes[key].parent or key for key in branches(tree)))


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What the checks look at.

    Attributes:
        rules: the active ones that have not expired.
        wide: everything that can happen, with facts that are unknown.
        known: likewise, but what has known codes has one of them, and every age is known.
    """

    compiled: CompiledRules
    codes: KnownCodes
    today: date
    rules: tuple[Rule, ...]
    wide: Universe
    known: Universe
    _branches: tuple[str, ...]
    _authorities: tuple[str, ...]
    _wide: dict[str, Region | None] = field(default_factory=dict)
    _known: dict[str, Region | None] = field(default_factory=dict)
    _winners: dict[tuple[str, str, str | None], Sequence[tuple[Rule, list[Region]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, compiled: CompiledRules, rules: Sequence[Rule], codes: KnownCodes, today: date) -> Survey:
        """Spread out compiled rules."""
        living = tuple(r for r in rules if r.active and not (r.valid_until and r.valid_until < today))
        tree = compiled.organisations
        wide = universe(living, codes, today, unknown=True)
        known = universe(living, codes, today, unknown=False)
        return cls(compiled, codes, today, living, wide, known, branches(tree), authorities(tree))

    def places(self, kind: str, under: str | None = None) -> tuple[str, ...]:
        """Organisations whose lists of this kind are walked, all or those under one.

        A debt is kept by the authority, everything else is decided at branches. A rule made for an organisation
        that no place is under is never walked.
        """
        used = self.compiled.kinds[kind].organisation
        found = self._authorities if used is OrganisationUsed.AUTHORITY else self._branches
        return tuple(key for key in found if under is None or under in self.compiled.organisations.chain(key))

    def levels(self, kind: str) -> tuple[str | None, ...]:
        """Levels of a kind; (None,) where it has none."""
        return self.compiled.kinds[kind].lists

    def slots(self) -> Iterator[tuple[str, str | None]]:
        """Every kind and level."""
        return ((kind, level) for kind in self.compiled.kinds for level in self.levels(kind))

    def listed(self, kind: str, place: str, level: str | None = None) -> tuple[Rule, ...]:
        """The list walked there."""
        return self.compiled.listed(kind, place, level)

    def wide_region(self, rule: Rule) -> Region | None:
        """What a rule matches of everything that can happen."""
        if rule.id not in self._wide:
            self._wide[rule.id] = self.wide.of(rule)
        return self._wide[rule.id]

    def known_region(self, rule: Rule) -> Region | None:
        """What a rule matches where every fact is known."""
        if rule.id not in self._known:
            self._known[rule.id] = self.known.of(rule)
        return self._known[rule.id]

    def regions(self, kind: str, place: str, level: str | None = None) -> list[Region]:
        """What the rules of that list match."""
        found = (self.known_region(rule) for rule in self.listed(kind, place, level))
        return [region for region in found if region is not None]

    def winners(self, kind: str, place: str, level: str | None = None) -> Sequence[tuple[Rule, list[Region]]]:
        """What each rule of that list decides: what it matches without what earlier ones match."""
        slot = (kind, place, level)
        if slot not in self._winners:
            self._winners[slot] = list(self._walk(*slot))
        return self._winners[slot]

    def _walk(self, kind: str, place: str, level: str | None) -> Iterator[tuple[Rule, list[Region]]]:
        earlier: list[Region] = []
        for rule in self.listed(kind, place, level):
            region = self.known_region(rule)
            if region is None:
                continue
            left = left_over([region], earlier)
            earlier.append(region)
            if left:
                yield rule, left

    def number(self, rule: Rule) -> int:
        """Its place in the list of its own organisation, from 1."""
        return self.listed(rule.kind, rule.org, rule.level).index(rule) + 1

    def highest(self, places: Collection[str], kind: str) -> tuple[str, ...]:
        """The same places in as few organisations as possible: the highest all of whose places are among them."""
        return tuple(sorted({self._climb(place, places, kind) for place in places}))

    def _climb(self, place: str, places: Collection[str], kind: str) -> str:
        top = place
        for above in self.compiled.organisations.chain(place)[1:]:
            if not set(self.places(kind, above)) <= set(places):
                break
            top = above
        return top


def asked_of(region: Region, whole: Universe) -> Mapping[str, str]:
    """What a region asks for, per field that is narrower than everything; for people."""
    found: dict[str, str] = {}
    for name, values, every in zip(FACT_FIELDS, region.sets, whole.sets, strict=True):
        if values != every:
            found[name] = _told(values)
    return found


def _told(values: frozenset[str | int | bool | None]) -> str:
    ages = sorted(value for value in values if type(value) is int)
    if ages:
        return f"{ages[0]}-{ages[-1]}" if len(ages) > 1 else str(ages[0])
    return " | ".join(sorted(str(value).lower() if isinstance(value, bool) else str(value) for value in values))
