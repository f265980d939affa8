"""The publish check (R80): everything about a rule set that staff should know before it is published.

Responsible for putting the findings together, and for those about one rule alone. Not responsible for the findings
about groups (dependencies), lists (shadows) and periods (gaps), or for publishing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

from rules.check import KnownCodes, check_rules
from rules.compiled import RuleSet, compile_rules
from rules.dependencies import dependency_findings
from rules.finding import SEVERITIES, Finding, Param, Severity, case_words, finding, stops_publishing
from rules.gaps import gap_findings
from rules.kinds import KINDS, Catalogue
from rules.organisation import OrganisationTree
from rules.overdue import fee_jumps
from rules.problems import Problem
from rules.rule import Facts, Rule
from rules.shadows import shadow_findings
from rules.survey import Survey
from rules.totals import KIND as COUNTING
from rules.totals import Totals, advice, told
from rules.values import Days, Fee, minor_to_text

__all__ = ("SEVERITIES", "Finding", "Severity", "check_set", "stops_publishing")

_FORBIDDABLE = ("periods.loan", "periods.loan_reserved", "periods.renewal", "periods.renewal_reserved")
_GRAVEST_FIRST = tuple(Severity)


def check_set(
    rules: Sequence[Rule],
    organisations: OrganisationTree,
    codes: KnownCodes,
    today: date,
    kinds: Catalogue = KINDS,
) -> tuple[Finding, ...]:
    """Every finding about a set, the gravest first.

    Rules that are wrong in themselves (``check``) are reported and then left out, so that publishing a file lists both
    together (R7). Inactive rules are looked at only in that way: they decide nothing.

    Args:
        rules: of the draft.
        organisations: all of them; the lists of every branch are walked.
        codes: known codes.
        today: the day of publishing; what is over by then concerns nobody.
        kinds: the catalogue.
    """
    problems = check_rules(rules, codes, kinds)
    wrong = {problem.rule for problem in problems}
    sound = [rule for rule in rules if rule.id not in wrong and rule.org in organisations.nodes]
    compiled = compile_rules(RuleSet(0, tuple(sound), organisations), kinds)
    survey = Survey.of(compiled, sound, codes, today)
    found = [_from_problem(problem, rules) for problem in problems]
    found += [one for rule in sound if rule.active for one in rule_findings(rule, today)]
    for look in (dependency_findings, gap_findings, shadow_findings, _totals):
        found += look(survey)
    return tuple(sorted(found, key=lambda one: _GRAVEST_FIRST.index(one.severity)))


def _from_problem(problem: Problem, rules: Sequence[Rule]) -> Finding:
    rule = next((rule for rule in rules if rule.id == problem.rule), None)
    concerned = (problem.rule,) if problem.rule is not None else ()
    params: dict[str, Param] = {**problem.params, "key": problem.key, "place": problem.place}
    if rule is None:
        return Finding(Severity.ERROR, problem.code, concerned, params=params)
    return Finding(Severity.ERROR, problem.code, concerned, rule.kind, rule.level, rule.org, params)


# --- one rule alone ---------------------------------------------------------------------------------------------------


def rule_findings(rule: Rule, today: date) -> Iterator[Finding]:
    """What is to be said about one rule alone, whatever else is in the set."""
    if rule.valid_until is not None and rule.valid_until < today:
        yield finding(*("expired", (rule.id,), rule.kind, rule.level, rule.org), rule=rule.title, date=rule.valid_until)
        return
    for look in _LOOKS:
        yield from look(rule)


def _period_zero(rule: Rule) -> Iterator[Finding]:
    """0 days to forbid something: circulation control says so, and says why."""
    if rule.kind in _FORBIDDABLE and rule.value == Days(0):
        yield finding("period_zero", (rule.id,), rule.kind, None, rule.org, rule=rule.title)


def _age_refusal(rule: Rule) -> Iterator[Finding]:
    """An unknown date of birth fulfils no condition on age, so such a refusal lets it pass (R11)."""
    aged = rule.when.age_max is not None or bool(rule.when.age_group)
    if rule.kind == "circulation.checkout" and rule.value is False and aged:
        yield finding("refusing_checkout_with_age", (rule.id,), rule.kind, None, rule.org, rule=rule.title)


def _fee_jumps(rule: Rule) -> Iterator[Finding]:
    """Per day, a day more may cost more than a day: the whole delay is charged at another amount (R33)."""
    for jump in fee_jumps(rule.value) if isinstance(rule.value, Fee) else ():
        yield finding(
            *("fee_jump", (rule.id,), rule.kind, None, rule.org),
            days=jump.days,
            amount=minor_to_text(jump.amount),
            later_days=jump.later_days,
            later_amount=minor_to_text(jump.later_amount),
        )


_LOOKS: tuple[Callable[[Rule], Iterator[Finding]], ...] = (_period_zero, _age_refusal, _fee_jumps)


# --- counting rules ---------------------------------------------------------------------------------------------------


def _totals(survey: Survey) -> Iterator[Finding]:
    """Counting rules whose total depends on the order of borrowing (R22)."""
    places: dict[tuple[tuple[str, ...], int | None, int | None], list[str]] = defaultdict(list)
    whom: dict[tuple[tuple[str, ...], int | None, int | None], Mapping[str, str]] = {}
    for place in survey.places(COUNTING):
        for patron, result in advice(survey.compiled, place, survey.codes, survey.today):
            if result.varies:
                places[_key(result)].append(place)
                whom.setdefault(_key(result), told(patron))
    for (ids, smallest, largest), where in places.items():
        for org in survey.highest(where, COUNTING):
            yield _varies(ids, org, whom[ids, smallest, largest], smallest, largest)


def total_finding(organisation: str, patron: Facts, result: Totals) -> Finding | None:
    """The advice on what one kind of patron can have on loan (``totals.advice``); None where the total is fixed."""
    if not result.varies:
        return None
    return _varies(tuple(rule.id for rule in result.rules), organisation, told(patron), result.smallest, result.largest)


def _varies(
    ids: tuple[str, ...], org: str, patron: Mapping[str, str], smallest: int | None, largest: int | None
) -> Finding:
    numbers = {"smallest": smallest or 0, "largest": largest or 0}
    return finding("total_varies", ids, COUNTING, None, org, who=case_words(patron), **numbers)


def _key(result: Totals) -> tuple[tuple[str, ...], int | None, int | None]:
    return tuple(rule.id for rule in result.rules), result.smallest, result.largest
