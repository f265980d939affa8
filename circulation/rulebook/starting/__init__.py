"""Rules to begin with: a small suggested set, and the worked flows of the help (R10), made to fit an installation.

Responsible for putting an organisation in, the highest ones unless one is chosen, and for leaving out what the
installation has no codes for. The rules then are rules of a draft like any others. Not responsible for the numbers of
the flows (rules.flows).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from circulation.errors import CirculationError
from circulation.rulebook import drafts
from circulation.service import Service
from circulation.store import house
from rules import toml
from rules.check import KnownCodes
from rules.flows import FLOWS
from rules.organisation import OrganisationTree
from rules.rule import CODE_FIELDS, Rule

SUGGESTED = "suggested"
SETS = (SUGGESTED, *FLOWS)
TOP = "A"  # what the documents call the library as a whole
# What the suggested rules may name; an installation has its own codes.
_CODES = KnownCodes(frozenset({TOP}), frozenset({"DVD", "DVD18", "BLURAY", "GAME"}), frozenset(), frozenset())


@cache
def suggested() -> tuple[Rule, ...]:
    """The suggested rules as they are shipped."""
    return toml.read((Path(__file__).parent / "suggested.toml").read_bytes(), _CODES)


def _flow(name: str) -> Callable[[], tuple[Rule, ...]]:
    return lambda: tuple(rule for step in FLOWS[name] for rule in step)


_SHIPPED: Mapping[str, Callable[[], tuple[Rule, ...]]] = {
    SUGGESTED: suggested,
    **{name: _flow(name) for name in FLOWS},
}


def highest(tree: OrganisationTree) -> tuple[str, ...]:
    """Organisations with none above them."""
    return tuple(key for key, node in tree.nodes.items() if node.parent is None)


def fitted(rules: Iterable[Rule], organisations: Iterable[str], codes: KnownCodes) -> Iterator[Rule]:
    """Shipped rules for each of these organisations; codes there are none of here are left out.

    A rule of which no code is left is left out as a whole: without its condition it would hold for all.
    """
    shipped = tuple(rules)
    for organisation in organisations:
        for rule in shipped:
            kept: dict[str, Any] = {name: _known(rule, name, codes) for name in CODE_FIELDS if getattr(rule.when, name)}
            if all(kept.values()):
                yield replace(rule, org=organisation, when=replace(rule.when, **kept))


def _known(rule: Rule, name: str, codes: KnownCodes) -> tuple[str, ...]:
    asked: tuple[str, ...] = getattr(rule.when, name)
    known = codes.of(name)
    return asked if known is None else tuple(code for code in asked if code in known)


def add(
    service: Service, by: str, draft: str, sets: Iterable[str], titles: Callable[[str], str], organisation: str = ""
) -> None:
    """Add sets of shipped rules to a draft.

    Args:
        service: the service.
        by: who does it.
        draft: id of the draft.
        sets: of ``SETS``.
        titles: "<set>.<id of a shipped rule>" -> what the rule is called; "" = nothing but its id.
        organisation: whose rules they become; "" = of each highest one.

    Raises:
        CirculationError: there is no such draft, set or organisation.
    """
    drafts.add_rules(service, by, draft, _wanted(service, tuple(sets), titles, organisation))


def _wanted(
    service: Service, sets: tuple[str, ...], titles: Callable[[str], str], organisation: str
) -> tuple[Rule, ...]:
    if not sets or set(sets) - set(SETS):
        raise CirculationError("sets_unknown", f"sets to begin with are {', '.join(SETS)}", place="sets")
    with service.database.reading() as db:
        tree, codes = house.organisations(db), house.known_codes(db)
    if organisation and organisation not in tree.nodes:
        raise CirculationError("organisation_unknown", f"there is no organisation {organisation}", place="organisation")
    shipped = [replace(rule, name=titles(f"{name}.{rule.id}")) for name in sets for rule in _SHIPPED[name]()]
    return tuple(fitted(shipped, (organisation,) if organisation else highest(tree), codes))


def begin(
    service: Service, by: str, name: str, sets: Iterable[str], titles: Callable[[str], str], organisation: str = ""
) -> str:
    """A draft from what is in force with sets of shipped rules added; its id. Arguments as of ``add``."""
    rules = _wanted(service, tuple(sets), titles, organisation)
    draft = str(drafts.create(service, by, name)["id"])
    drafts.add_rules(service, by, draft, rules)
    return draft
