"""The published rule set as a document: what the central service hands to a machine, and what the machine reads.

Responsible for the document's form. It holds the rules that can decide at the machine's branch, which is all a machine
needs; the place of a rule in the list walked there is the same as in the whole set. Not responsible for transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from rules.check import place_of
from rules.compiled import CompiledRules, RuleSet, compile_rules
from rules.duedate import BranchCalendar
from rules.kinds import KINDS, Catalogue
from rules.organisation import Organisation, OrganisationTree
from rules.plain import fields_from_plain, json_dates, rule_of, rule_to_plain
from rules.problems import Problem, RuleFileError, RulesError
from rules.rule import Rule

FORMAT = "published-rules/1"

Names = Mapping[str, Mapping[str, str]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Published:
    """A published set as a machine holds it.

    Attributes:
        number: of the set.
        compiled: ready for deciding.
        branch: the machine's branch.
        media_types: code -> language -> name in the plural ("DVDs").
        owner: ISILs of the library's own items.
        organisations: the branch and all above it.
        calendar: of the branch.
    """

    number: int
    compiled: CompiledRules
    branch: str
    media_types: Names
    owner: tuple[str, ...]
    organisations: OrganisationTree
    calendar: BranchCalendar


def write(
    rule_set: RuleSet, branch: str, media_types: Names, owner: Sequence[str], calendar: BranchCalendar
) -> dict[str, object]:
    """The document for a machine of this branch, as a JSON object.

    Raises:
        RulesError: there is no such branch.
    """
    chain = rule_set.organisations.chain(branch)
    nodes = [rule_set.organisations.nodes[key] for key in chain]
    return {
        "format": FORMAT,
        "number": rule_set.number,
        "branch": branch,
        "owner": list(owner),
        "media_types": {code: dict(names) for code, names in media_types.items()},
        "organisations": [
            {"id": node.id, "name": node.name, "parent": node.parent, "kind": node.kind} for node in nodes
        ],
        "calendar": calendar.to_plain(),
        "rules": [rule_to_plain(rule) for rule in rule_set.rules if rule.org in chain],
    }


def _wrong(key: str, why: str) -> RuleFileError:
    return RuleFileError([Problem(key, "document", {"why": why}, key=key)])


def _part(document: Mapping[str, object], key: str, wanted: type[T]) -> T:
    value = document.get(key)
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        raise _wrong(key, f"{key} must be a {wanted.__name__}")
    return value


def _texts(key: str, value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(x, str) for pair in value.items() for x in pair):
        raise _wrong(key, "texts by language are expected")
    return dict(value)


def _organisation(raw: object) -> Organisation:
    if not isinstance(raw, Mapping):
        raise ValueError("an organisation must be an object")
    key, name, parent, kind = (raw.get(part) for part in ("id", "name", "parent", "kind"))
    if not isinstance(key, str) or not isinstance(name, str) or not isinstance(kind, str):
        raise ValueError("an organisation has an id, a name and a kind")
    if parent is not None and not isinstance(parent, str):
        raise ValueError("an organisation's parent is an id or null")
    return Organisation(key, name, parent, kind)


def _checked(key: str, make: Callable[[], T]) -> T:
    """Make a value; what is wrong with it becomes an error that names the key."""
    try:
        return make()
    except (ValueError, TypeError, RulesError) as error:
        raise _wrong(key, str(error)) from None


def _tree(raw: Sequence[object]) -> OrganisationTree:
    nodes = [_organisation(node) for node in raw]
    return OrganisationTree({node.id: node for node in nodes})


def _rules(raw: Sequence[object], kinds: Catalogue) -> tuple[Rule, ...]:
    """All rules of kinds this version knows.

    A service may be newer than its machine; kinds the machine does not know it never decides. Anything else that is not
    understood could change a decision and is an error.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    for number, plain in enumerate(raw, start=1):
        if isinstance(plain, Mapping) and isinstance(plain.get("kind"), str) and plain["kind"] not in kinds:
            continue
        fields = fields_from_plain(json_dates(plain))
        key = fields.rule.get("id")
        problems.extend(
            Problem(place_of(number, key, fault.key), fault.code, fault.params, key=fault.key)
            for fault in fields.faults
        )
        if not fields.faults:
            rules.append(_checked(f"rule {number}", partial(rule_of, fields)))
    if problems:
        raise RuleFileError(problems)
    return tuple(rules)


def read(document: object, kinds: Catalogue = KINDS) -> Published:
    """Read what ``write`` wrote.

    Raises:
        RuleFileError: it cannot be used; the machine keeps the set it has.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise RuleFileError([Problem("format", "format", {"wanted": FORMAT}, key="format")])
    number, branch = _part(document, "number", int), _part(document, "branch", str)
    owner = _part(document, "owner", list)
    if not all(isinstance(isil, str) for isil in owner):
        raise _wrong("owner", "ISILs are texts")
    names = {code: _texts("media_types", value) for code, value in _part(document, "media_types", dict).items()}
    organisations = _checked("organisations", partial(_tree, _part(document, "organisations", list)))
    _checked("branch", partial(organisations.chain, branch))
    calendar = _checked("calendar", partial(BranchCalendar.from_plain, document.get("calendar")))
    rule_set = RuleSet(number, _rules(_part(document, "rules", list), kinds), organisations)
    compiled = _checked("rules", partial(compile_rules, rule_set, kinds))
    return Published(number, compiled, branch, names, tuple(owner), organisations, calendar)
