"""Drafts of rule sets: making and changing them (R78, R79).

Responsible for that a draft holds only rules that are right in themselves, and that nobody overwrites what they have
not seen. Not responsible for what is wrong with rules (rules.check), for publishing, or for who may ask (api, staff).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from json import dumps
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from circulation import audit
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import house
from circulation.store import rulesets as store
from rules import csv, json, toml
from rules.check import KnownCodes, check_rules
from rules.compiled import RuleSet
from rules.ids import with_free_ids
from rules.order import document_order, rank, walked
from rules.organisation import OrganisationTree
from rules.plain import rule_from_plain, rule_to_plain
from rules.problems import Problem, RuleFileError
from rules.rule import Rule

LIVE = "live"
MOST_DIGITS = 9  # of the number of a set
_MARK = 16  # signs of a mark
_RANKED = 3  # parts of a rank that staff cannot change by moving: organisation, conditions, dates
_INSERT, _DELETE = "draft.rule.insert", "draft.rule.delete"
READERS: Mapping[str, Callable[[bytes, KnownCodes], tuple[Rule, ...]]] = {"toml": toml.read, "csv": csv.read}
Plain = Mapping[str, Any]


class RulesWrongError(CirculationError):
    """Rules that are wrong in themselves.

    Attributes:
        problems: all of them.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("rules_wrong", f"problems in these rules: {len(problems)}; nothing was stored")
        self.problems = tuple(problems)


class RuleChangedError(CirculationError):
    """A rule is no longer as it was when somebody looked at it.

    Attributes:
        now: as it is; None = it was taken out.
    """

    def __init__(self, now: Plain | None) -> None:
        super().__init__("rule_changed", "somebody else changed this rule meanwhile", 409)
        self.now = now


# --- reading ----------------------------------------------------------------------------------------------------------


def rule_set(db: Connection, which: str) -> RuleSet:
    """The set that is live, a published one by its number, or a draft by its id (number 0).

    Raises:
        CirculationError: there is none.
    """
    if which == LIVE:
        number = house.installation(db).live
    elif which.isascii() and which.isdigit() and len(which) <= MOST_DIGITS:
        number = int(which)
    else:
        return RuleSet(0, rules_of(draft_row(db, which)), house.organisations(db))
    if number is None or store.set_of(db, number) is None:
        raise _missing("rule set")
    return house.rule_set(db, number)


def _missing(what: str) -> CirculationError:
    return CirculationError("not_found", f"there is no such {what}", 404)


def draft_row(db: Connection, id_: str) -> Any:
    """A draft as it is stored.

    Raises:
        CirculationError: there is none.
    """
    row = store.draft(db, id_)
    if row is None:
        raise _missing("draft")
    return row


def rules_of(row: Any) -> tuple[Rule, ...]:
    """The rules of a stored draft."""
    return tuple(rule_from_plain(rule) for rule in row.rules)


def in_force(db: Connection) -> tuple[Rule, ...]:
    """The rules in force; none before the first set."""
    number = house.installation(db).live
    return () if number is None else house.rule_set(db, number).rules


def mark(content: Any) -> str:
    """A mark of a rule, or of all rules of a draft: another one if anything of it is changed."""
    return sha256(dumps(content, sort_keys=True).encode()).hexdigest()[:_MARK]


def shown(db: Connection, id_: str) -> dict[str, Any]:
    """A draft with its rules as objects."""
    row = draft_row(db, id_)
    known = {key: getattr(row, key) for key in ("id", "name", "based_on", "changed_by", "changed_at", "rules")}
    return {**known, "outdated": row.based_on != house.installation(db).live}


def exported(db: Connection, which: str, form: str) -> bytes:
    """A set or draft as a document, "toml" or "csv" (R79).

    Raises:
        CirculationError: there is none.
    """
    found = rule_set(db, which)
    if form == "csv":
        return csv.write(found.rules, found.organisations)
    return toml.write(document_order(found.rules, found.organisations)).encode()


# --- making and changing ----------------------------------------------------------------------------------------------


def create(service: Service, by: str, name: str, source: str = LIVE) -> dict[str, Any]:
    """A draft that begins as a copy of a set; before the first set it begins empty.

    Raises:
        CirculationError: there is no such set.
    """
    with service.database.writing() as db:
        nothing = source == LIVE and house.installation(db).live is None
        rules = () if nothing else rule_set(db, source).rules
        return shown(db, _add(service, db, by, name, rules, "draft.create"))


def _add(service: Service, db: Connection, by: str, name: str, rules: Sequence[Rule], action: str) -> str:
    id_, now, live = str(uuid4()), service.clock(), house.installation(db).live
    plain = [rule_to_plain(rule) for rule in rules]
    store.add_draft(
        db, {"id": id_, "name": name, "rules": plain, "based_on": live, "changed_by": by, "changed_at": now}
    )
    audit.note(db, now, by, action, id_, {"name": name, "rules": len(plain), "based_on": live})
    return id_


def import_document(service: Service, by: str, name: str, content: bytes, form: str) -> str:
    """A draft with the rules of a document, all or nothing; its id.

    Args:
        service: the service.
        by: who imports it.
        name: of the draft.
        content: the document.
        form: key of ``READERS``.

    Raises:
        RulesWrongError: with everything that is wrong.
    """
    with service.database.reading() as db:
        house.installation(db)
        codes = house.known_codes(db)
    rules = _right(lambda: READERS[form](content, codes))  # may take its time: no lock is held
    with service.database.writing() as db:
        return _add(service, db, by, name, rules, "draft.import")


def read_rule(rule: Plain, codes: KnownCodes) -> Rule:
    """A rule of its document.

    Raises:
        RulesWrongError: something is wrong with it in itself.
    """
    return _right(lambda: json.read([rule], codes))[0]


def id_taken(id_: str) -> Problem:
    """That another rule of the draft has this id."""
    return Problem(f'rule "{id_}", id', "id_duplicate", {"id": id_}, id_, "id")


def _right(read: Callable[[], tuple[Rule, ...]]) -> tuple[Rule, ...]:
    try:
        return read()
    except RuleFileError as error:
        raise RulesWrongError(error.problems) from None


def rename(service: Service, by: str, id_: str, name: str) -> dict[str, Any]:
    """Give a draft another name."""
    with service.database.writing() as db:
        draft_row(db, id_)
        _change(service, db, by, id_, {"name": name})
        audit.note(db, service.clock(), by, "draft.rename", id_, {"name": name})
        return shown(db, id_)


def _change(service: Service, db: Connection, by: str, id_: str, values: Mapping[str, Any]) -> None:
    store.change_draft(db, id_, {**values, "changed_by": by, "changed_at": service.clock()})


def delete(service: Service, by: str, id_: str) -> None:
    """Give a draft up."""
    with service.database.writing() as db:
        name = draft_row(db, id_).name
        store.delete_draft(db, id_)
        audit.note(db, service.clock(), by, "draft.delete", id_, {"name": name})


def insert_rule(service: Service, by: str, id_: str, rule: Plain) -> dict[str, Any]:
    """Add a rule to a draft; the rule as it is kept.

    Raises:
        RulesWrongError: something is wrong with it, or its id is taken.
    """

    def changed(rules: list[Any], read: Callable[[Plain], Rule]) -> tuple[list[Any], Rule]:
        made = read(rule)
        return [*rules, rule_to_plain(made)], made

    return _edit(service, by, id_, _INSERT, changed)


def add_rules(service: Service, by: str, id_: str, rules: Sequence[Rule]) -> None:
    """Add rules to a draft; an id that is taken gets a number behind it.

    Raises:
        RulesWrongError: something is wrong with one of them.
    """
    with service.database.writing() as db:
        row = draft_row(db, id_)
        made = with_free_ids(rules, {rule["id"] for rule in row.rules})
        problems = check_rules(made, house.known_codes(db))
        if problems:
            raise RulesWrongError(problems)
        _change(service, db, by, id_, {"rules": [*row.rules, *(rule_to_plain(rule) for rule in made)]})
        audit.note(db, service.clock(), by, "draft.rules.add", id_, {"rules": [rule.id for rule in made]})


def replace_rule(service: Service, by: str, id_: str, key: str, rule: Plain, seen: str | None = None) -> dict[str, Any]:
    """Put another rule in the place of one.

    Args:
        service: the service.
        by: who does it.
        id_: of the draft.
        key: id of the rule that is replaced.
        rule: the new one.
        seen: ``mark`` of the rule as it was looked at; None = whatever it is now.

    Raises:
        CirculationError: there is none of this id; ``RuleChangedError`` if it is another one than was seen;
            ``RulesWrongError`` if something is wrong with the new one.
    """

    def changed(rules: list[Any], read: Callable[[Plain], Rule]) -> tuple[list[Any], Rule]:
        at = _place(rules, key, seen)
        made = read(rule)
        return [*rules[:at], rule_to_plain(made), *rules[at + 1 :]], made

    return _edit(service, by, id_, "draft.rule.replace", changed, key)


def change_rule(service: Service, by: str, id_: str, key: str, keys: Plain, seen: str | None = None) -> dict[str, Any]:
    """Change keys of a rule; null takes a key away. ``seen`` as in ``replace_rule``.

    Raises:
        CirculationError: there is none of this id; ``RuleChangedError`` if it is another one than was seen;
            ``RulesWrongError`` if it would be wrong.
    """

    def changed(rules: list[Any], read: Callable[[Plain], Rule]) -> tuple[list[Any], Rule]:
        at = _place(rules, key, seen)
        merged = {**rules[at], **keys}
        made = read({name: value for name, value in merged.items() if value is not None})
        return [*rules[:at], rule_to_plain(made), *rules[at + 1 :]], made

    return _edit(service, by, id_, "draft.rule.change", changed, key)


def delete_rule(service: Service, by: str, id_: str, key: str, seen: str | None = None) -> None:
    """Take a rule out of a draft. ``seen`` as in ``replace_rule``.

    Raises:
        CirculationError: there is none of this id; ``RuleChangedError`` if it is another one than was seen.
    """

    def changed(rules: list[Any], _: Callable[[Plain], Rule]) -> tuple[list[Any], Rule]:
        at = _place(rules, key, seen)
        return [*rules[:at], *rules[at + 1 :]], rule_from_plain(rules[at])

    _edit(service, by, id_, _DELETE, changed, key)


def deleted_rule(db: Connection, id_: str, key: str) -> dict[str, Any]:
    """A rule that was taken out of a draft, as it was, so that it can be put back.

    Raises:
        CirculationError: none of this id was.
    """
    draft_row(db, id_)
    lines = audit.listed(db, {"action": _DELETE, "subject": key})
    found: dict[str, Any] | None = next(
        (line["details"]["rule"] for line in lines if line["details"].get("draft") == id_), None
    )
    if found is None:
        raise _missing("rule taken out of this draft")
    return found


def _place(rules: Sequence[Any], key: str, seen: str | None = None) -> int:
    at = next((number for number, rule in enumerate(rules) if rule["id"] == key), None)
    if at is None:
        raise _missing("rule in this draft") if seen is None else RuleChangedError(None)
    if seen is not None and mark(rules[at]) != seen:
        raise RuleChangedError(rules[at])
    return at


def equals(rules: Iterable[Rule], tree: OrganisationTree) -> dict[str, tuple[Rule, ...]]:
    """Id of each active rule -> the rules of its list that rank as it does, in the order walked, itself among them.

    Only among these may staff move it (R4).
    """
    ranks: dict[tuple[object, ...], list[Rule]] = defaultdict(list)
    for rule in rules:
        if rule.active:
            ranks[rule.kind, rule.level, rule.org, *rank(rule, tree)[:_RANKED]].append(rule)
    ordered = [walked(found, tree) for found in ranks.values()]
    return {rule.id: found for found in ordered for rule in found}


def move_rule(service: Service, by: str, id_: str, key: str, by_places: int) -> None:
    """Move a rule among those equal to it in rank; beyond the first and the last it stays there.

    Args:
        service: the service.
        by: who does it.
        id_: of the draft.
        key: id of the rule.
        by_places: -1 = one place up, 1 = one down.

    Raises:
        CirculationError: there is no such rule, or it was switched off.
    """
    with service.database.writing() as db:
        row = draft_row(db, id_)
        rules = rules_of(row)
        rule = rules[_place(row.rules, key)]
        if not rule.active:
            raise CirculationError("rule_inactive", "a rule that is switched off stands in no list", 409)
        order = list(equals(rules, house.organisations(db))[key])
        at = order.index(rule)
        order.insert(max(at + by_places, 0), order.pop(at))
        positions = {one.id: number for number, one in enumerate(order, start=1)}
        plain = [rule_to_plain(replace(one, position=positions.get(one.id, one.position))) for one in rules]
        _change(service, db, by, id_, {"rules": plain})
        audit.note(db, service.clock(), by, "draft.rule.move", key, {"draft": id_, "positions": positions})


def _edit(
    service: Service,
    by: str,
    id_: str,
    action: str,
    changed: Callable[[list[Any], Callable[[Plain], Rule]], tuple[list[Any], Rule]],
    key: str | None = None,
) -> dict[str, Any]:
    """Change the rules of a draft; what ``changed`` reads must be right in itself, and no id may be there twice."""
    with service.database.writing() as db:
        row = draft_row(db, id_)
        codes = house.known_codes(db)
        rules, made = changed(row.rules, lambda raw: read_rule(raw, codes))
        if sum(rule["id"] == made.id for rule in rules) > 1:
            raise RulesWrongError([id_taken(made.id)])
        _change(service, db, by, id_, {"rules": rules})
        plain = rule_to_plain(made)
        audit.note(db, service.clock(), by, action, key or made.id, {"draft": id_, "rule": plain})
        return plain
