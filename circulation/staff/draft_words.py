"""Findings in the words of whoever looks, and what is there and missing of the kinds that only work together (R7).

Not responsible for finding anything (rules.publishing) or for the kinds and groups themselves (rules.kinds).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from circulation.staff.words import Words
from rules.finding import Finding, Severity
from rules.kinds import (
    CHECKOUT_QUEUE_GROUP,
    KINDS,
    OVERDUE_GROUP,
    PAYMENT_GROUP,
    RENEWAL_QUEUE_GROUP,
    WARNING_GROUP,
)
from rules.rule import Rule

# "draft.group.<name>" is what a group is called.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "due_warning": WARNING_GROUP,
    "overdue_reminder": OVERDUE_GROUP,
    "payment_reminder": PAYMENT_GROUP,
    "renewal_queue": RENEWAL_QUEUE_GROUP,
    "checkout_queue": CHECKOUT_QUEUE_GROUP,
}
_ABOUT_GROUPS = ("dependency_", "queue_min_", "levels_")  # how the codes of their findings begin
_ENABLES = "circulation.enable_"


def sentence(words: Words, finding: Finding) -> str:
    """A finding as a sentence."""
    return initial(finding.sentence(lambda code, params: words.say(code, **params)))


def initial(text: str) -> str:
    """The same with a capital at its beginning."""
    return text[:1].upper() + text[1:]


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of a group.

    Attributes:
        rules: how many active rules of it there are.
        levels: which have a rule, for a kind with levels.
    """

    kind: str
    rules: int
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds that only work together.

    Attributes:
        state: "unused", "works" or "broken": something of it is an error.
    """

    name: str
    state: str
    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]


def groups(rules: Iterable[Rule], findings: Sequence[Finding]) -> list[Group]:
    """Every group: what of it is there, and what the publish check found about it."""
    active = [rule for rule in rules if rule.active]
    return [_group(name, kinds, active, findings) for name, kinds in GROUPS.items()]


def _group(name: str, kinds: Sequence[str], rules: Sequence[Rule], findings: Sequence[Finding]) -> Group:
    of_group = [one for one in findings if one.kind in kinds and one.code.startswith(_ABOUT_GROUPS)]
    parts = tuple(_part(kind, rules) for kind in kinds)
    broken = any(one.severity is Severity.ERROR for one in of_group)
    unused = not any(part.rules for part in parts)
    return Group(name, "unused" if unused else "broken" if broken else "works", parts, tuple(of_group))


def _part(kind: str, rules: Sequence[Rule]) -> Part:
    mine = [rule for rule in rules if rule.kind == kind]
    levels = {rule.level for rule in mine if not kind.startswith(_ENABLES) or rule.value is True}
    return Part(kind, len(mine), tuple(level for level in KINDS[kind].levels if level in levels))
