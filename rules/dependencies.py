"""Kinds that only work together (R7): a reminder without its period, a fee nothing charges, a queue minimum alone.

Responsible for findings about the groups of R7. Organisations are compared place by place, after inheritance: enabled
at one branch and a period only at another is an error. Not responsible for the numbers of periods (gaps).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rules.finding import Finding, Severity, Words, finding, level_words
from rules.region import Region, left_over, touches
from rules.rule import Rule
from rules.survey import Survey


@dataclass(frozen=True, slots=True)
class _Group:
    """Kinds of one group of R7; None where the group has no such kind."""

    enable: str
    fee: str
    period: str
    block: str | None = None
    minimum: str | None = None


_GROUPS = (
    _Group(
        enable="circulation.enable_overdue_reminder",
        fee="fees.overdue_reminder",
        period="periods.overdue_reminder",
        block="patron.overdue_reminder_block",
    ),
    _Group(
        enable="circulation.enable_payment_reminder",
        fee="fees.payment_reminder",
        period="periods.payment_reminder",
        block="patron.payment_reminder_block",
        minimum="counts.payment_reminder_minimum",
    ),
    _Group(enable="circulation.enable_due_warning", fee="fees.due_warning", period="periods.due_warning"),
)
_QUEUES = (
    ("counts.queue_min_renewals", ("circulation.renewal_reserved", "periods.renewal_reserved")),
    ("counts.queue_min_checkouts", ("periods.loan_reserved",)),
)
# A block and a minimum have no levels: one finding for all levels a rule enables.
_WITHOUT_LEVEL = frozenset({"dependency_no_block", "dependency_no_minimum"})


def dependency_findings(survey: Survey) -> Iterator[Finding]:
    """Every unmet dependency."""
    for group in _GROUPS:
        yield from _enabled_alone(survey, group)
        yield from _never_enabled(survey, group)
    yield from _queues(survey)


def _enabling(survey: Survey, group: _Group, place: str, level: str | None) -> list[tuple[Rule, list[Region]]]:
    """Rules that switch a level on at a place, with what they decide there."""
    return [(rule, left) for rule, left in survey.winners(group.enable, place, level) if rule.value is True]


def _enabled_alone(survey: Survey, group: _Group) -> Iterator[Finding]:
    """What is enabled but lacks another part, for the highest organisations where it is so."""
    places: dict[tuple[str, str | None], dict[str, None]] = defaultdict(dict)
    rules: dict[tuple[str, str | None], dict[str, None]] = defaultdict(dict)
    for level in survey.levels(group.enable):
        for place in survey.places(group.enable):
            for rule, regions in _enabling(survey, group, place, level):
                for code in _missing(survey, group, place, level, regions):
                    key = code, None if code in _WITHOUT_LEVEL else level
                    places[key][place] = None
                    rules[key][rule.id] = None
    for (code, level), where in places.items():
        for org in survey.highest(where, group.enable):
            concerned = tuple(key for key in rules[code, level] if _holds(survey, key, org))
            yield finding(code, concerned, group.enable, level, org, what=level_words(level))


def _holds(survey: Survey, rule: str, organisation: str) -> bool:
    """Whether a rule is made for an organisation, one above it or one below it."""
    org = next(found.org for found in survey.rules if found.id == rule)
    tree = survey.compiled.organisations
    return org in tree.chain(organisation) or organisation in tree.chain(org)


def _missing(survey: Survey, group: _Group, place: str, level: str | None, regions: Sequence[Region]) -> Iterator[str]:
    """What is missing for what an enabling rule decides at a place."""
    periods = survey.regions(group.period, place, level)
    if not touches(regions, periods):
        yield "dependency_no_period"
    elif left_over(regions, periods):
        yield "dependency_period_gap"
    if group.minimum is not None and not touches(regions, survey.regions(group.minimum, place)):
        yield "dependency_no_minimum"
    if not touches(regions, survey.regions(group.fee, place, level)):
        yield "dependency_no_fee"
    # a block stops the patron wherever a session is, not only where the reminder came from
    if group.block is not None and not any(rule.kind == group.block for rule in survey.rules):
        yield "dependency_no_block"


def _never_enabled(survey: Survey, group: _Group) -> Iterator[Finding]:
    """Fees, periods, minimums and blocks for something nothing switches on."""
    effects = {
        group.fee: "effect.fee",
        group.period: "effect.period",
        group.block: "effect.block",
        group.minimum: "effect.minimum",
    }
    for rule in survey.rules:
        if rule.kind not in effects or _is_enabled(survey, group, rule):
            continue
        params = {"effect": Words(effects[rule.kind])}
        severity = Severity.HINT if rule.kind == "fees.due_warning" else Severity.WARNING
        yield Finding(severity, "dependency_not_enabled", (rule.id,), rule.kind, rule.level, rule.org, params)


def _is_enabled(survey: Survey, group: _Group, rule: Rule) -> bool:
    """Whether something a rule matches is switched on somewhere it holds."""
    region = survey.known_region(rule)
    if region is None:
        return False
    places = survey.places(group.enable, None if rule.kind == group.block else rule.org)
    for level in _levels_needed(survey, group, rule):
        for place in places:
            if any(touches(left, [region]) for _, left in _enabling(survey, group, place, level)):
                return True
    return False


def _levels_needed(survey: Survey, group: _Group, rule: Rule) -> Sequence[str | None]:
    """Levels of which one must be enabled: the rule's own, from the number of a block on, any for a minimum."""
    levels = survey.levels(group.enable)
    if rule.kind == group.block and isinstance(rule.value, int):
        return levels[max(rule.value - 1, 0) :]
    return levels if rule.kind == group.minimum else (rule.level,)


def _queues(survey: Survey) -> Iterator[Finding]:
    """Queue minimums where a rule they are for is missing: the default or the normal period then holds (R6)."""
    for kind, partners in _QUEUES:
        for partner in partners:
            alone = [place for place in survey.places(kind) if _is_alone(survey, kind, partner, place)]
            for org in survey.highest(alone, kind):
                ids = tuple(rule.id for rule in survey.listed(kind, next(iter(survey.places(kind, org)))))
                yield finding("queue_min_without_partner", ids, kind, None, org, partner=Words(f"kind.{partner}"))


def _is_alone(survey: Survey, kind: str, partner: str, place: str) -> bool:
    return bool(survey.regions(kind, place)) and not survey.regions(partner, place)
