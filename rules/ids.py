"""Ids of new rules: readable, and not taken. Not responsible for what else a rule says."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import count

from rules.rule import Rule

_MOST = 80  # leaves room for a number behind it (rule.MOST_CODE)


def free_id(wanted: str, taken: Collection[str]) -> str:
    """The wanted id, with a number behind it if there is one already."""
    base = wanted[:_MOST].strip()
    numbered = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(one for one in numbered if one not in taken)


def with_free_ids(rules: Iterable[Rule], taken: Collection[str]) -> tuple[Rule, ...]:
    """The same rules under ids that are not taken, neither there nor among themselves."""
    used = set(taken)
    made: list[Rule] = []
    for rule in rules:
        id_ = free_id(rule.id, used)
        used.add(id_)
        made.append(replace(rule, id=id_))
    return tuple(made)
