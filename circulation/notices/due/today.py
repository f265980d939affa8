"""The days it is now in the house, which may lie in several time zones, and the rules that hold on them."""

from __future__ import annotations

from datetime import date

from circulation.domain.records import Place
from rules.rule import Rule
from rules.values import Value


def todays(place: Place) -> list[date]:
    """The days it is now somewhere in the house, one or two."""
    return sorted({place.at(organisation).today for organisation in place.rules.organisations.nodes})


def values(place: Place, kind: str) -> list[Value]:
    """What the rules of a kind say that are looked at somewhere in the house on one of these days."""
    tree, days = place.rules.organisations, todays(place)
    rules: dict[str, Rule] = {
        one.rule.id: one.rule
        for org in tree.nodes
        for level in place.rules.kinds[kind].levels or (None,)
        for one in place.rules.candidates(kind, org, level)
        if any(one.first <= today <= one.last for today in days)
    }
    return [rule.value for rule in rules.values()]
