"""What is missing or out of order in periods: no loan or renewal period, levels that do not increase (R46, R80).

Responsible for findings about loan, renewal and reminder periods, place by place after inheritance. Not responsible
for whether reminders are enabled (dependencies).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import combinations

from rules.finding import Finding, case_words, finding, level_words
from rules.region import Region, left_over, touches
from rules.rule import Rule
from rules.survey import Survey, asked_of
from rules.values import Days

_LEVELED = ("periods.overdue_reminder", "periods.payment_reminder")


def gap_findings(survey: Survey) -> Iterator[Finding]:
    """Every finding about periods."""
    for place in survey.places("periods.loan"):
        for media_type in sorted(survey.codes.media_types):
            yield from _loan(survey, place, media_type)
    yield from _renewals(survey)
    for kind in _LEVELED:
        yield from _levels(survey, kind)


def _without_period(survey: Survey, place: str, media_type: str, period: str, allowed: str) -> list[Region]:
    """What may be lent or renewed there but has no period. What circulation control forbids needs none."""
    left = left_over([survey.known.only("media_type", media_type)], survey.regions(period, place))
    forbidden = [region for rule, won in survey.winners(allowed, place) if rule.value is False for region in won]
    return left_over(left, forbidden)


def _case(survey: Survey, region: Region, media_type: str) -> dict[str, str]:
    return {**asked_of(region, survey.known), "media_type": media_type}


def _loan(survey: Survey, place: str, media_type: str) -> Iterator[Finding]:
    left = _without_period(survey, place, media_type, "periods.loan", "circulation.checkout")
    if not left:
        return
    first = min(left, key=lambda region: region.first)
    about = case_words(_case(survey, first, media_type))
    if first.first <= survey.today.toordinal():
        yield finding("no_loan_period", (), "periods.loan", None, place, media_type=media_type, who=about)
        return
    day = date.fromordinal(first.first)
    yield finding(
        *("no_loan_period_later", (), "periods.loan", None, place), media_type=media_type, who=about, date=day
    )


def _renewals(survey: Survey) -> Iterator[Finding]:
    """Media types without a renewal period: renewals are refused there. One finding for all branches alike."""
    places: dict[str, list[str]] = defaultdict(list)
    for place in survey.places("periods.renewal"):
        for media_type in sorted(survey.codes.media_types):
            if _without_period(survey, place, media_type, "periods.renewal", "circulation.renewal"):
                places[media_type].append(place)
    for media_type, where in places.items():
        for org in survey.highest(where, "periods.renewal"):
            yield finding("no_renewal_period", (), "periods.renewal", None, org, media_type=media_type)


def _levels(survey: Survey, kind: str) -> Iterator[Finding]:
    """Days that do not increase from level to level, the invoice last (R46)."""
    found: dict[tuple[Rule, Rule], list[str]] = defaultdict(list)
    for place in survey.places(kind):
        levels = [survey.winners(kind, place, level) for level in survey.levels(kind)]
        for earlier, later in combinations(levels, 2):
            for pair in _not_increasing(earlier, later):
                found[pair].append(place)
    for (one, two), where in found.items():
        for org in survey.highest(where, kind):
            yield finding(
                *("levels_not_increasing", (one.id, two.id), kind, two.level, org),
                earlier=level_words(one.level),
                later=level_words(two.level),
                days=_days(one),
                later_days=_days(two),
            )


def _not_increasing(
    earlier: Sequence[tuple[Rule, list[Region]]], later: Sequence[tuple[Rule, list[Region]]]
) -> Iterator[tuple[Rule, Rule]]:
    for one, decided in earlier:
        for two, also in later:
            if _days(two) <= _days(one) and touches(decided, also):
                yield one, two


def _days(rule: Rule) -> int:
    return rule.value.days if isinstance(rule.value, Days) else 0
