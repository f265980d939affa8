"""Following one of the worked flows of the help (R10): its rules for one organisation, in a draft of their own.

Not responsible for the rules themselves (rules.flows) or for what becomes of the draft (drafts).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from circulation import drafts
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import house
from rules import flows
from rules.check import check_rules
from rules.flows import Step

FLOWS: Mapping[str, Callable[[str], tuple[Step, ...]]] = MappingProxyType(
    {"overdue_notices": flows.overdue_notices, "overdue_fees": flows.overdue_fees}
)


def steps(flow: str, organisation: str) -> tuple[Step, ...]:
    """The steps of a flow with the rules each adds, made for an organisation.

    Raises:
        CirculationError: there is no such flow.
    """
    if flow not in FLOWS:
        raise CirculationError("not_found", "there is no such flow", 404)
    return FLOWS[flow](organisation)


def follow(
    service: Service, by: str, flow: str, organisation: str, name: str, titles: Callable[[str], str] = lambda _: ""
) -> str:
    """A draft that begins as the live set, with the rules of a flow under ids of their own; its id.

    Args:
        service: the service.
        by: who does it.
        flow: key of ``FLOWS``.
        organisation: whose rules they become.
        name: of the draft.
        titles: "<flow>.<id of its rule>" -> what the rule is called; "" = nothing but its id.

    Raises:
        CirculationError: no such flow or organisation, or its rules name codes that are not there.
    """
    with service.database.reading() as db:
        codes = house.known_codes(db)
    if organisation not in codes.organisations:
        raise CirculationError("organisation_unknown", f"there is no organisation {organisation}", place="organisation")
    added = [replace(rule, name=titles(f"{flow}.{rule.id}")) for step in steps(flow, organisation) for rule in step]
    if check_rules(added, codes):
        raise CirculationError("flow_codes", "the rules of this flow name codes that are not there", 409)
    draft = drafts.create(service, by, name)
    drafts.add_rules(service, by, draft["id"], added)
    return str(draft["id"])
