"""Generated rules of every unit, field and level, valid by the test world's codes."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from rules.kinds import KINDS, Kind, Unit
from rules.rule import Conditions, Rule
from rules.values import MOST_MINOR, Amount, Days, Fee, FeeBasis, FeeStep, MinAge, Value
from tests.rules.made import CODES

texts = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("\n\t\"'\\#=[]"), max_size=30)
free_codes = st.from_regex(r"[A-Za-z0-9_äß.-]{1,8}", fullmatch=True)
amounts = st.builds(Amount, st.integers(0, MOST_MINOR))


def lists(codes: frozenset[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(sorted(codes)), unique=True, max_size=3).map(tuple)


@st.composite
def fees(draw: st.DrawFn) -> Fee:
    basis = draw(st.sampled_from(FeeBasis))
    limits = sorted(draw(st.sets(st.integers(0, 9999), max_size=3)))
    steps = [FeeStep(limit, draw(amounts)) for limit in limits] or [FeeStep(None, draw(amounts))]
    return Fee(basis, tuple(steps))


VALUES: dict[Unit, st.SearchStrategy[Value]] = {
    Unit.YES_NO: st.booleans(),
    Unit.YES_NO_OR_MIN_AGE: st.one_of(st.booleans(), st.builds(MinAge, st.integers(0, 120))),
    Unit.NUMBER: st.integers(0, 1000),
    Unit.DAYS: st.builds(Days, st.integers(0, 400)),
    Unit.AMOUNT: amounts,
    Unit.FEE: fees(),
}


@st.composite
def conditions(draw: st.DrawFn, kind: Kind) -> Conditions:
    low, high = sorted((draw(st.integers(0, 120)), draw(st.integers(0, 120))))
    every: dict[str, Any] = {
        "patron_category": draw(lists(CODES.patron_categories)),
        "age_group": draw(lists(CODES.age_groups)),
        "age_min": draw(st.sampled_from([None, low])),
        "age_max": draw(st.sampled_from([None, high])),
        "media_type": draw(lists(CODES.media_types)),
        "material_type": draw(st.lists(free_codes, unique=True, max_size=2).map(tuple)),
        "department": draw(st.lists(free_codes, unique=True, max_size=2).map(tuple)),
        "audience": draw(st.lists(free_codes, unique=True, max_size=2).map(tuple)),
        "fiction": draw(st.sampled_from([None, True, False])),
    }
    field_of = {"age_min": "age", "age_max": "age"}
    return Conditions(**{name: value for name, value in every.items() if field_of.get(name, name) in kind.fields})


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    first, last = sorted(draw(st.tuples(*[st.dates(date(2000, 1, 1), date(2099, 1, 1))] * 2)))
    message_text = texts.filter(lambda text: bool(text.strip()) and "{" not in text)
    return Rule(
        id=draw(free_codes),
        kind=kind.key,
        level=draw(st.sampled_from(kind.levels)) if kind.levels else None,
        org=draw(st.sampled_from(sorted(CODES.organisations))),
        value=draw(VALUES[kind.unit]),
        name=draw(texts),
        when=draw(conditions(kind)),
        valid_from=draw(st.sampled_from([None, first])),
        valid_until=draw(st.sampled_from([None, last])),
        position=draw(st.one_of(st.none(), st.integers(0, 50))),
        active=draw(st.booleans()),
        message=draw(st.dictionaries(st.sampled_from(["en", "de", "de-AT"]), message_text, max_size=2)),
        comment=draw(texts),
    )


rule_sets = st.lists(rules(), max_size=6, unique_by=lambda rule: rule.id).map(tuple)
