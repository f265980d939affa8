"""What is to be said about rules before they are in force, and putting them in force (R78, R80).

Responsible for that nothing with an error is published, and nothing that was changed while it was checked. Not
responsible for finding anything (rules.publishing) or for drafts (drafts).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from circulation import audit
from circulation.clock import local_day
from circulation.domain.records import person_facts
from circulation.errors import CirculationError
from circulation.rulebook import drafts
from circulation.service import Service
from circulation.store import house
from circulation.store import rulesets as store
from rules import changes
from rules.changes import Cell, Change, RuleChanges, rule_changes
from rules.compiled import RuleSet, compile_rules
from rules.finding import Finding, Severity
from rules.publishing import check_set, stops_publishing
from rules.rule import Facts, Rule


class FindingsError(CirculationError):
    """Findings that stop publishing.

    Attributes:
        findings: these, and those that would not have stopped it.
    """

    def __init__(self, findings: Sequence[Finding]) -> None:
        count = sum(one.severity is Severity.ERROR for one in findings)
        super().__init__("rules_findings", f"errors stop publishing: {count}", 409)
        self.findings = tuple(findings)


# --- what is to be said about it --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LoanChange:
    """A result that differs for current loans.

    Attributes:
        change: for one of them.
        loans: for how many.
    """

    change: Change
    loans: int


@dataclass(frozen=True, slots=True)
class Checked:
    """All that is to be known before a draft is published (R79, R80)."""

    findings: tuple[Finding, ...]
    differences: RuleChanges
    loans: tuple[LoanChange, ...]

    @property
    def stops(self) -> bool:
        """It cannot be published."""
        return stops_publishing(self.findings)


def differences(db: Connection, id_: str) -> RuleChanges:
    """Rules of a draft that differ from those in force."""
    return rule_changes(drafts.in_force(db), drafts.rules_of(drafts.draft_row(db, id_)))


def check(service: Service, id_: str) -> Checked:
    """Findings, rules that differ from those in force, and what current loans would meet."""
    with service.database.reading() as db:
        rules = drafts.rules_of(drafts.draft_row(db, id_))
        live = drafts.in_force(db)
        changed = rule_changes(live, rules)
        return Checked(findings(service, db, rules), changed, _loan_changes(service, db, live, rules, changed))


def findings(service: Service, db: Connection, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    """Everything about rules that staff should know before they are published (R80)."""
    return check_set(rules, house.organisations(db), house.known_codes(db), _today(service, db))


def _today(service: Service, db: Connection) -> date:
    return local_day(service.clock(), house.installation(db).time_zone)


def _loan_changes(
    service: Service, db: Connection, live: Sequence[Rule], rules: Sequence[Rule], changed: RuleChanges
) -> tuple[LoanChange, ...]:
    """Results that differ, by kind, place, rules and values. Only kinds whose rules differ can give others."""
    pairs = [rule for pair in changed.changed for rule in pair]
    kinds = {rule.kind for rule in (*changed.added, *changed.removed, *pairs)}
    tree = house.organisations(db)
    before, after = (compile_rules(RuleSet(0, tuple(given), tree)) for given in (live, rules))
    cells = _cells(service, db)
    counted: Counter[tuple[object, ...]] = Counter()
    found: dict[tuple[object, ...], Change] = {}
    for one in changes.differences(before, after, cells, sorted(kinds)):
        decided = [
            (decision.value, decision.rule.id if decision.rule else None) for decision in (one.before, one.after)
        ]
        key = (one.kind, one.level or "", one.cell.organisation, *decided)
        found.setdefault(key, one)
        counted[key] += cells[one.cell]
    return tuple(LoanChange(found[key], counted[key]) for key in sorted(found, key=repr))


def _cells(service: Service, db: Connection) -> Counter[Cell]:
    """Current loans as cases, at the branch of the checkout, and their borrowers where debts are kept."""
    today, groups, tree = _today(service, db), house.age_groups(db), house.organisations(db)
    cells: Counter[Cell] = Counter()
    for row in store.loans_by_facts(db):
        person = person_facts(row.category, row.born, today, groups)
        about = {column.name: getattr(row, column.name) for column in store.ITEM_FACTS}
        whole = Facts(person.patron_category, person.age_group, person.age, **about)
        cells[Cell(row.branch, whole, today)] += row.loans
        keeper = tree.nodes[row.branch].parent
        if keeper is not None:
            cells[Cell(keeper, person, today)] += row.loans
    return cells


# --- publishing -------------------------------------------------------------------------------------------------------


def publish(
    service: Service, by: str, id_: str, note: str = "", *, anyway: bool = False, seen: str | None = None
) -> tuple[int, tuple[Finding, ...]]:
    """Make a draft the live set; its number, and the findings that did not stop it.

    The check may take seconds with thousands of rules, and machines wait for whoever writes: it is made before, and
    publishing then makes sure that nothing it rests on has changed.

    Args:
        service: the service.
        by: who publishes.
        id_: of the draft.
        note: what is to be remembered about it.
        anyway: also if another set was published since the draft was begun.
        seen: ``mark`` of the rules somebody looked at before they said so; None = whatever they are now.

    Raises:
        FindingsError: errors stop it.
        CirculationError: the draft began from a set that is no longer live (unless ``anyway``), or it was changed
            meanwhile.
    """
    with service.database.reading() as db:
        row = drafts.draft_row(db, id_)
        if seen is not None and drafts.mark(row.rules) != seen:
            raise _changed_meanwhile()
        if not anyway:
            _must_be_current(db, row)
        version = house.installation(db).version
        told = findings(service, db, drafts.rules_of(row))
    if stops_publishing(told):
        raise FindingsError(told)
    with service.database.writing() as db:
        store.hold_publishing(db)
        again = drafts.draft_row(db, id_)
        if again.rules != row.rules or house.installation(db).version != version:
            raise _changed_meanwhile()
        if not anyway:
            _must_be_current(db, again)
        number = _put_live(service, db, by, drafts.rules_of(again), note, {"draft": id_, "based_on": again.based_on})
        store.delete_draft(db, id_)
    return number, told


def _changed_meanwhile() -> CirculationError:
    return CirculationError("draft_changed", "this was changed while it was checked; please try again", 409)


def _must_be_current(db: Connection, row: Any) -> None:
    if row.based_on != house.installation(db).live:
        detail = "another set was published since this draft was begun; publish it anyway, or begin from that set"
        raise CirculationError("draft_outdated", detail, 409)


def publish_rules(service: Service, by: str, rules: Sequence[Rule], note: str = "") -> tuple[int, tuple[Finding, ...]]:
    """Make rules the live set at once; its number, and the findings that did not stop it.

    Raises:
        FindingsError: errors stop it.
    """
    with service.database.reading() as db:
        told = findings(service, db, rules)
    if stops_publishing(told):
        raise FindingsError(told)
    with service.database.writing() as db:
        return _put_live(service, db, by, rules, note, {}), told


def _put_live(
    service: Service, db: Connection, by: str, rules: Sequence[Rule], note: str, more: Mapping[str, Any]
) -> int:
    now = service.clock()
    number = house.publish(db, rules, now, by, note)
    audit.note(db, now, by, "rules.publish", str(number), {"rules": len(rules), **more}, note or None)
    return number
