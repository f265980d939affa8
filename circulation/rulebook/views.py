"""Rules as pages list them: per kind and level the list that is walked, and what stands around one rule (R7, R8).

Responsible for choosing what is listed and for a rule's place at each branch. Not responsible for order (rules.order),
for when a rule holds (rules.overview) or for words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from circulation.rulebook import drafts
from circulation.store import house
from rules.changes import RuleChanges, rule_changes
from rules.compiled import CompiledRules, RuleSet, compile_rules
from rules.kinds import KINDS, OrganisationUsed, RuleType
from rules.organisation import OrganisationTree
from rules.overview import overview, state_of
from rules.rule import Rule
from rules.survey import authorities, branches

INACTIVE = "inactive"
STATES = ("active", "future", "expired", INACTIVE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be listed; "" = everything."""

    organisation: str
    rule_type: str = ""
    kind: str = ""
    level: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One rule of a list.

    Attributes:
        number: its place in the list, None for one that is switched off and so not walked.
        state: of ``STATES``.
        inherited: made for an organisation above.
    """

    rule: Rule
    number: int | None
    state: str
    inherited: bool


@dataclass(frozen=True, slots=True)
class KindList:
    """The list of one kind and level; without lines nothing is set, and the default holds (R6)."""

    kind: str
    level: str | None
    lines: tuple[Line, ...]

    @property
    def rule_type(self) -> str:
        """The type of its kind."""
        return self.kind.partition(".")[0]


def set_of(db: Connection, which: str) -> RuleSet:
    """The set that is live (an empty one before the first), a published one by its number, or a draft by its id.

    Raises:
        CirculationError: there is none.
    """
    if which == drafts.LIVE and house.installation(db).live is None:
        return RuleSet(0, (), house.organisations(db))
    return drafts.rule_set(db, which)


def lists(rule_set: RuleSet, wanted: Wanted, day: date) -> tuple[KindList, ...]:
    """Every list of one organisation, kind by kind and level by level, as far as it is wanted.

    Lists without a rule are left out where a state is asked for.

    Raises:
        RulesError: there is no such organisation.
    """
    compiled = compile_rules(rule_set)
    chain = rule_set.organisations.chain(wanted.organisation)
    off = [rule for rule in rule_set.rules if not rule.active and rule.org in chain]
    found = (
        KindList(key, level, tuple(_lines(compiled, off, (key, level), wanted, day))) for key, level in _slots(wanted)
    )
    return tuple(one for one in found if one.lines or not wanted.state)


def _slots(wanted: Wanted) -> Iterator[tuple[str, str | None]]:
    for kind in KINDS.values():
        if wanted.rule_type not in ("", kind.rule_type) or wanted.kind not in ("", kind.key):
            continue
        for level in kind.lists:
            if wanted.level in ("", level):
                yield kind.key, level


def _lines(
    compiled: CompiledRules, off: Sequence[Rule], slot: tuple[str, str | None], wanted: Wanted, day: date
) -> Iterator[Line]:
    key, level = slot
    for one in overview(compiled, wanted.organisation, day, kind=key, level=level):
        if wanted.state in ("", one.state):
            yield Line(one.rule, one.number, one.state, one.inherited)
    for rule in off if wanted.state in ("", INACTIVE) else ():
        if (rule.kind, rule.level) == slot:
            yield Line(rule, None, INACTIVE, rule.org != wanted.organisation)


def state(rule: Rule, day: date) -> str:
    """Whether a rule holds on a day, will, is over, or is switched off."""
    return state_of(rule, day) if rule.active else INACTIVE


# --- one rule ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule's place in the list walked at an organisation. ``count``: length of that list."""

    organisation: str
    number: int
    count: int


def standings(rule_set: RuleSet, rule: Rule) -> tuple[Standing, ...]:
    """The place of a rule in each list it is walked in: branches, or authorities where a debt is what it is about."""
    if not rule.active:
        return ()
    compiled, tree = compile_rules(rule_set), rule_set.organisations
    found = []
    for place in _places(rule.kind, tree):
        listed = compiled.listed(rule.kind, place, rule.level)
        if rule in listed:
            found.append(Standing(place, listed.index(rule) + 1, len(listed)))
    return tuple(found)


def _places(kind: str, tree: OrganisationTree) -> tuple[str, ...]:
    of_debt = KINDS[kind].organisation is OrganisationUsed.AUTHORITY
    return authorities(tree) if of_debt else branches(tree)


def group_of(rule_set: RuleSet, rule: Rule) -> tuple[tuple[str, tuple[Rule, ...]], ...]:
    """The kinds a rule works together with (R7), each with those of its rules that can meet this one.

    That is: of an organisation above or below, and of the same level where both have one.
    """
    tree = rule_set.organisations

    def meets(other: Rule) -> bool:
        near = other.org in tree.chain(rule.org) or rule.org in tree.chain(other.org)
        return near and (None in (rule.level, other.level) or rule.level == other.level)

    return tuple(
        (key, tuple(other for other in rule_set.rules if other.kind == key and meets(other)))
        for key in KINDS[rule.kind].depends_on
    )


def compared(before: Iterable[Rule], after: Iterable[Rule]) -> RuleChanges:
    """Which rules differ, in the order of kinds and levels."""
    made = rule_changes(before, after)
    return RuleChanges(
        tuple(sorted(made.added, key=_shelf)),
        tuple(sorted(made.removed, key=_shelf)),
        tuple(sorted(made.changed, key=lambda pair: _shelf(pair[1]))),
    )


def _shelf(rule: Rule) -> tuple[int, int, str, str]:
    return list(KINDS).index(rule.kind), KINDS[rule.kind].lists.index(rule.level), rule.org, rule.id


def types_and_kinds() -> tuple[tuple[RuleType, tuple[str, ...]], ...]:
    """Every rule type with its kinds."""
    return tuple((one, tuple(key for key, kind in KINDS.items() if kind.rule_type is one)) for one in RuleType)
