"""What staff are told while they write a rule: what is wrong with it, where its fee jumps, what limits come to.

Responsible for looking at a rule that is in no draft yet (R33) and for advice on totals (R22). Not responsible for
drafts and their check (drafts).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from circulation.clock import local_day
from circulation.errors import CirculationError
from circulation.rulebook import drafts
from circulation.service import Service
from circulation.store import house
from rules import json, totals
from rules.compiled import compile_rules
from rules.finding import Finding
from rules.kinds import KINDS
from rules.overdue import FeeJump, fee_jumps
from rules.plain import fields_from_plain
from rules.problems import Problem, RuleFileError
from rules.publishing import rule_findings, total_finding
from rules.rule import Rule
from rules.totals import Totals
from rules.values import Fee, Value


@dataclass(frozen=True, slots=True)
class Advice:
    """What one kind of patron can have on loan at most.

    Attributes:
        patron: what tells this kind from the others, condition field -> value; empty = everybody.
        finding: that the total depends on the order of borrowing, None where it is fixed or there is no limit.
    """

    patron: Mapping[str, str]
    totals: Totals
    finding: Finding | None


@dataclass(frozen=True, slots=True)
class Looked:
    """One rule looked at.

    Attributes:
        problems: everything that is wrong with it in itself.
        kind, value: as far as they can be read and fit each other, else None.
        jumps: of a fee per day.
        findings: what is to be said about a rule that is right in itself.
    """

    problems: tuple[Problem, ...]
    kind: str | None
    value: Value | None
    jumps: tuple[FeeJump, ...]
    findings: tuple[Finding, ...]


def advice(service: Service, kind: str, organisation: str, ruleset: str = drafts.LIVE) -> tuple[Advice, ...]:
    """What the rules of a kind come to for each kind of patron they tell apart; nothing for kinds that do not add up.

    Args:
        service: the service.
        kind: key of a rule kind; only limits of loans add up.
        organisation: whose rules decide.
        ruleset: "live", the number of a set, or the id of a draft.

    Raises:
        CirculationError: there is no such kind, organisation or set.
    """
    if kind not in KINDS:
        raise CirculationError("kind_unknown", f"there is no rule kind {kind}", place="kind")
    with service.database.reading() as db:
        found = drafts.rule_set(db, ruleset)
        codes = house.known_codes(db)
        today = local_day(service.clock(), house.installation(db).time_zone)
    if organisation not in found.organisations.nodes:
        raise CirculationError("organisation_unknown", f"there is no organisation {organisation}", place="organisation")
    if kind != totals.KIND:
        return ()
    come_to = totals.advice(compile_rules(found), organisation, codes, today)
    return tuple(
        Advice(totals.told(patron), result, total_finding(organisation, patron, result)) for patron, result in come_to
    )


def look(service: Service, raw: Mapping[str, Any]) -> Looked:
    """Look at one rule, in the notation of rule documents. Nothing is stored; a rule may be wrong or half written."""
    with service.database.reading() as db:
        codes = house.known_codes(db)
        today = local_day(service.clock(), house.installation(db).time_zone)
    kind, value = _meant(raw)
    jumps = fee_jumps(value) if isinstance(value, Fee) else ()
    try:
        (rule,) = json.read([raw], codes)
    except RuleFileError as error:
        return Looked(error.problems, kind, value, jumps, ())
    return Looked((), kind, value, jumps, _alone(rule, today))


def _meant(raw: Mapping[str, Any]) -> tuple[str | None, Value | None]:
    """Kind and value, whatever else may be wrong."""
    read = fields_from_plain(raw).rule
    kind, value = KINDS.get(str(read.get("kind"))), read.get("value")
    if kind is None or value is None or not kind.unit.accepts(value):  # type: ignore[arg-type]  # read as a Value
        return None, None
    return kind.key, value  # type: ignore[return-value]  # as above


def _alone(rule: Rule, today: date) -> tuple[Finding, ...]:
    return tuple(rule_findings(rule, today)) if rule.active else ()
