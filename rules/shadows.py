"""Rules in each other's way: never reached, equal in rank, overlooked by a summer rule, the same as inherited (R80).

Responsible for findings about pairs of rules in one list. Not responsible for what is missing (gaps, dependencies).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from rules.finding import Finding, case_words, finding, value_words
from rules.region import Region, left_over
from rules.rule import FACT_FIELDS, Rule
from rules.survey import Survey, asked_of

_Slot = tuple[str, str | None, str]  # kind, level, organisation


def shadow_findings(survey: Survey) -> Iterator[Finding]:
    """Every finding about rules of one list."""
    own: dict[_Slot, None] = dict.fromkeys((rule.kind, rule.level, rule.org) for rule in survey.rules)
    for kind, level, org in own:
        listed = survey.listed(kind, org, level)
        regions = [survey.wide_region(rule) for rule in listed]
        mine = [place for place, rule in enumerate(listed) if rule.org == org and regions[place] is not None]
        for place in mine:
            yield from _never_reached(survey, listed, regions, place)
            yield from _summer(listed, regions, place)
            yield from _inherited(listed, regions, place)
        yield from _overlaps(survey, [(place + 1, listed[place]) for place in mine])


def _covering(region: Region, earlier: Sequence[tuple[Rule, Region | None]]) -> list[tuple[Rule, Region]]:
    """Earlier rules that share something with a region."""
    return [(rule, other) for rule, other in earlier if other is not None and region.shared(other) is not None]


def _never_reached(
    survey: Survey, listed: Sequence[Rule], regions: Sequence[Region | None], place: int
) -> Iterator[Finding]:
    """A rule of which earlier ones leave nothing, at its own organisation or at every place it holds for."""
    rule, region = listed[place], regions[place]
    if region is None:
        return
    covering = _covering(region, list(zip(listed[:place], regions[:place], strict=True)))
    if left_over([region], [other for _, other in covering]):
        found = _overruled(survey, rule, region, place)
        if found is None:
            return
        covering = found
    by = covering[0][0]  # only others can leave nothing of it
    ids = (rule.id, *dict.fromkeys(other.id for other, _ in covering))
    yield finding(
        *("never_reached", ids, rule.kind, rule.level, rule.org), number=place + 1, rule=rule.title, by=by.title
    )


def _overruled(survey: Survey, rule: Rule, region: Region, at_home: int) -> list[tuple[Rule, Region]] | None:
    """Rules that leave nothing of it at any place below; None if something is left somewhere."""
    by: list[tuple[Rule, Region]] = []
    for place in survey.places(rule.kind, rule.org):
        listed = survey.listed(rule.kind, place, rule.level)
        number = listed.index(rule)
        if number == at_home:  # nothing comes before it here that does not at home
            return None
        earlier = [(other, survey.wide_region(other)) for other in listed[:number]]
        covering = _covering(region, earlier)
        if left_over([region], [other for _, other in covering]):
            return None
        by.extend(covering)
    return by or None  # no place below: an organisation without branches yet


def _overlaps(survey: Survey, mine: Sequence[tuple[int, Rule]]) -> Iterator[Finding]:
    """Two rules equal in organisation, number of fields and being dated that match the same and say different (R4)."""
    ranks: dict[tuple[int, bool], list[tuple[int, Rule]]] = defaultdict(list)
    for number, rule in mine:
        ranks[rule.when.count(), rule.dated].append((number, rule))
    for equals in ranks.values():
        for (number, rule), (_, other) in combinations(equals, 2):
            if rule.value == other.value:
                continue
            one, two = survey.wide_region(rule), survey.wide_region(other)
            shared = one.shared(two) if one is not None and two is not None else None
            if shared is not None:
                yield finding(
                    *("overlap", (rule.id, other.id), rule.kind, rule.level, rule.org),
                    who=case_words(asked_of(shared, survey.wide)),
                    number=number,
                    value=value_words(rule.value),
                )


def _summer(listed: Sequence[Rule], regions: Sequence[Region | None], place: int) -> Iterator[Finding]:
    """A dated rule that leaves more specific standing rules of its organisation as they are (R42)."""
    rule, region = listed[place], regions[place]
    if not rule.dated or region is None:
        return
    missed: list[Rule] = []
    before: list[Region] = []  # what dated rules say for the same time
    for other, its in zip(listed[:place], regions[:place], strict=True):
        shared = region.shared(its) if its is not None and other.org == rule.org else None
        if shared is None:
            continue
        if other.dated:
            before.append(shared)
        elif other.value != rule.value and left_over([shared], before):
            missed.append(other)
    if missed:
        what = ", ".join(dict.fromkeys(_asked(other) for other in missed))
        ids = (rule.id, *(other.id for other in missed))
        yield finding("summer_not_general", ids, rule.kind, rule.level, rule.org, rule=rule.title, what=what)


def _asked(rule: Rule) -> str:
    return " + ".join(rule.when.asked(name) for name in FACT_FIELDS if name in rule.when.wanted())


def _inherited(listed: Sequence[Rule], regions: Sequence[Region | None], place: int) -> Iterator[Finding]:
    """A rule after which the same would be decided without it, by one it copies from above."""
    rule, region = listed[place], regions[place]
    if region is None:
        return
    later = zip(listed[place + 1 :], regions[place + 1 :], strict=True)
    following = next((other for other, its in later if its is not None and region.shared(its) is not None), None)
    if following is not None and following.org != rule.org and _says(following) == _says(rule):
        yield finding(
            *("same_as_inherited", (rule.id, following.id), rule.kind, rule.level, rule.org),
            rule=rule.title,
            above=following.org,
        )


def _says(rule: Rule) -> tuple[object, ...]:
    return rule.when.wanted(), rule.value, rule.valid_from, rule.valid_until, rule.message
