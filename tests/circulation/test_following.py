"""Following a worked flow of the help puts its rules into a draft (R10)."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from circulation.errors import CirculationError
from circulation.rulebook import drafts, publishing, starting
from circulation.service import Service
from circulation.store import house, rulesets
from circulation.store import tables as t
from rules.compiled import RuleSet, compile_rules
from rules.evaluate import decide
from rules.finding import Severity
from rules.flows import FLOWS
from rules.rule import Facts
from rules.values import Amount, Days
from tests.circulation.world import World, rule
from tests.rules.made import MONDAY


def follow(service: Service, by: str, flow: str, organisation: str, name: str) -> str:
    """As the page of the flow does it."""
    return starting.begin(service, by, name, [flow], lambda _: "", organisation)


ENABLE = "circulation.enable_overdue_reminder"


def rules_of(world: World, draft: str) -> RuleSet:
    with world.service.database.reading() as db:
        return drafts.rule_set(db, draft)


@pytest.mark.requirement("R10")
def test_the_first_flow_on_an_empty_rule_set_gives_the_example_without_errors_of_its_group(world: World) -> None:
    draft = follow(world.service, "anna", "overdue_notices", "A", "Notices")
    compiled = compile_rules(rules_of(world, draft))
    normal, staff = Facts(patron_category="normal"), Facts(patron_category="staff")

    def value(kind: str, facts: Facts, level: str | None = None) -> object:
        return decide(compiled, kind, "N1", facts, MONDAY, level).value

    assert value("circulation.enable_due_warning", normal) is True
    assert value("periods.due_warning", normal) == Days(3)
    assert [value(ENABLE, who, "1") for who in (normal, staff)] == [True, False]
    assert [value("periods.overdue_reminder", normal, level) for level in ("1", "2")] == [Days(7), Days(14)]
    assert value("fees.overdue_reminder", normal, "2") == Amount(1000)
    found = publishing.check(world.service, draft).findings
    assert {one.code for one in found if one.severity is Severity.ERROR} == {"no_loan_period"}  # nothing of R7


def test_its_ids_are_free_and_what_is_in_force_stays(world: World) -> None:
    world.rules(rule("warning", "periods.grace", Days(2)))
    once = follow(world.service, "anna", "overdue_notices", "N1", "Notices")
    ids = [one.id for one in rules_of(world, once).rules]
    assert len(set(ids)) == len(ids)
    assert {"warning", "warning-2", "warning-days"} <= set(ids)


@pytest.mark.requirement("R10")
@pytest.mark.parametrize("flow", sorted(FLOWS))
def test_every_flow_can_be_followed(world: World, flow: str) -> None:
    draft = follow(world.service, "anna", flow, "N2", flow)
    wanted = [one.value for step in FLOWS[flow] for one in step]
    made = rules_of(world, draft).rules
    assert [one.value for one in made] == wanted
    assert {one.org for one in made} == {"N2"}


@pytest.mark.parametrize(
    ("flow", "org", "code"), [("none", "A", "sets_unknown"), ("overdue_fees", "X", "organisation_unknown")]
)
def test_what_is_not_there_is_not_followed_and_leaves_nothing_behind(
    world: World, flow: str, org: str, code: str
) -> None:
    with pytest.raises(CirculationError) as error:
        follow(world.service, "anna", flow, org, "x")
    assert error.value.code == code
    with world.service.database.reading() as db:
        assert rulesets.drafts(db) == []
        assert house.installation(db).live is None


def test_a_rule_of_a_flow_that_is_for_nobody_here_is_left_out(world: World) -> None:
    with world.service.database.writing() as db:
        db.execute(delete(t.patron_category).where(t.patron_category.c.code == "staff"))
    draft = follow(world.service, "anna", "overdue_notices", "A", "x")
    shipped = [one.id for step in FLOWS["overdue_notices"] for one in step]
    assert [one.id for one in rules_of(world, draft).rules] == [id_ for id_ in shipped if id_ != "reminder-1-staff"]
