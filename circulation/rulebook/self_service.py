"""What machines may do, as a table of switches: media type by checkout, return, renewal, per organisation (R53-R57).

Responsible for reading the table out of rules, and for turning switches into ordinary rules of a draft, one rule for
one cell, so that no other cell changes. Rules it cannot say (several media types, further conditions, dates) are left
as they are and named. Not responsible for deciding (rules.evaluate) or for publishing (drafts).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection

from circulation.clock import local_day
from circulation.errors import CirculationError
from circulation.rulebook import drafts
from circulation.service import Service
from circulation.store import house
from circulation.store import rulesets as store
from rules.changes import RuleChanges, rule_changes
from rules.compiled import CompiledRules, RuleSet, compile_rules
from rules.evaluate import decide
from rules.ids import free_id
from rules.kinds import KINDS, RuleType, kinds_of
from rules.order import rank
from rules.organisation import OrganisationTree
from rules.overview import State, state_of
from rules.plain import rule_from_plain, rule_to_plain
from rules.rule import Conditions, Facts, Rule

ACTIONS = tuple(key.partition(".")[2] for key in kinds_of(RuleType.SELF_SERVICE, KINDS))
Place = tuple[str, str]  # action, media type
Switches = Mapping[Place, bool | None]  # None = as inherited


def kind_of(action: str) -> str:
    """The rule kind of an action."""
    return f"{RuleType.SELF_SERVICE}.{action}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One switch of the table.

    Attributes:
        own: the rule of this cell made for this organisation; None = the switch says "as inherited".
        inherited, inherited_from: what would hold without it, and the rule that says so (None = nothing is set).
        holds, by: what holds on the day, and the rule that decides (None = nothing is set).
        also: rules that come first for some of its items and say otherwise, e.g. for one department.
        below: organisations below where something else holds.
    """

    action: str
    media_type: str
    own: Rule | None
    inherited: bool
    inherited_from: Rule | None
    holds: bool
    by: Rule | None
    also: tuple[Rule, ...]
    below: tuple[str, ...]

    @property
    def switch(self) -> bool | None:
        """What the switch stands at; None = as inherited."""
        return None if self.own is None else self.own.value is True

    @property
    def overruled(self) -> bool:
        """Another rule decides although the switch is set: one with dates, as long as they last."""
        return self.own is not None and self.by != self.own


@dataclass(frozen=True, slots=True)
class Matrix:
    """The table of one organisation.

    Attributes:
        cells: by action and media type.
        others: rules in force or yet to come, own and inherited, that are no switch of any organisation's table.
    """

    organisation: str
    cells: Mapping[Place, Cell]
    others: tuple[Rule, ...]

    @property
    def fingerprint(self) -> str:
        """Changes whenever one of the switches of this organisation does."""
        own = sorted((*place, str(cell.switch)) for place, cell in self.cells.items() if cell.own is not None)
        return hashlib.sha256(repr(own).encode()).hexdigest()[:16]


# --- reading ----------------------------------------------------------------------------------------------------------


def is_switch(rule: Rule) -> bool:
    """Whether a rule says exactly what one cell can say: one media type, nothing else, without dates."""
    alone = len(rule.when.media_type) == 1 and rule.when == Conditions(media_type=rule.when.media_type)
    return _ours(rule) and rule.active and not rule.dated and alone


def _ours(rule: Rule) -> bool:
    return rule.kind.partition(".")[0] == RuleType.SELF_SERVICE


def matrix(
    rules: Iterable[Rule], tree: OrganisationTree, media_types: Iterable[str], organisation: str, day: date
) -> Matrix:
    """The table of an organisation on a day.

    Raises:
        RulesError: there is no such organisation.
    """
    chain = tree.chain(organisation)
    ours = [rule for rule in rules if _ours(rule)]
    compiled = _compiled(ours, tree)
    without = _compiled([rule for rule in ours if not (is_switch(rule) and rule.org == organisation)], tree)
    below = [key for key in tree.nodes if organisation in tree.chain(key)[1:]]
    cells = {
        (action, code): _cell(compiled, without, (action, code), organisation, below, day)
        for action in ACTIONS
        for code in media_types
    }
    told = [rule for rule in ours if rule.active and rule.org in chain and not is_switch(rule)]
    others = sorted((r for r in told if state_of(r, day) is not State.EXPIRED), key=lambda r: (r.kind, rank(r, tree)))
    return Matrix(organisation, cells, tuple(others))


def _compiled(rules: Iterable[Rule], tree: OrganisationTree) -> CompiledRules:
    return compile_rules(RuleSet(0, tuple(rules), tree))


def _cell(
    compiled: CompiledRules, without: CompiledRules, place: Place, organisation: str, below: Sequence[str], day: date
) -> Cell:
    action, media_type = place
    key, facts = kind_of(action), Facts(media_type=media_type)
    now = decide(compiled, key, organisation, facts, day)
    inherited = decide(without, key, organisation, facts, day)
    return Cell(
        action,
        media_type,
        next((rule for rule in compiled.listed(key, organisation) if _is_of(rule, place, organisation)), None),
        inherited.value is True,
        inherited.rule,
        now.value is True,
        now.rule,
        tuple(_also(compiled, place, organisation, now.rule, day)),
        tuple(one for one in below if decide(compiled, key, one, facts, day).value != now.value),
    )


def _is_of(rule: Rule, place: Place, organisation: str) -> bool:
    """Whether a rule is the switch of this cell."""
    action, media_type = place
    where = rule.org == organisation and rule.kind == kind_of(action)
    return where and is_switch(rule) and rule.when.media_type == (media_type,)


def _also(compiled: CompiledRules, place: Place, organisation: str, decides: Rule | None, day: date) -> Iterator[Rule]:
    """Rules before the deciding one that match some items of the media type and say otherwise."""
    value = True if decides is None else decides.value
    for candidate in compiled.candidates(kind_of(place[0]), organisation):
        rule = candidate.rule
        if rule == decides:
            return
        concerned = not rule.when.media_type or place[1] in rule.when.media_type
        if concerned and candidate.first <= day <= candidate.last and rule.value != value:
            yield rule


# --- switching --------------------------------------------------------------------------------------------------------


def switched(
    rules: Sequence[Rule], organisation: str, switches: Switches, before: Sequence[Rule], tree: OrganisationTree
) -> tuple[Rule, ...]:
    """Rules after switches of one organisation were set.

    Args:
        rules: as they are.
        organisation: whose switches.
        switches: only these are set; every other cell stays as it is.
        before: rules in force: a switch that is set back becomes the rule it was, with its name and message.
        tree: the organisations.
    """
    done = tuple(rules)
    for place, wanted in switches.items():
        done = _set(done, place, organisation, wanted, before, tree)
    return done


def _set(
    rules: tuple[Rule, ...],
    place: Place,
    organisation: str,
    wanted: bool | None,
    before: Sequence[Rule],
    tree: OrganisationTree,
) -> tuple[Rule, ...]:
    mine = [rule for rule in rules if _is_of(rule, place, organisation)]
    first = min(mine, key=lambda rule: rank(rule, tree), default=None)
    if (None if first is None else first.value) is wanted:
        return rules
    rest = tuple(rule for rule in rules if rule not in mine)
    if wanted is None:
        return rest
    taken = {rule.id for rule in rest}
    was = [rule for rule in before if _is_of(rule, place, organisation) and rule.value is wanted]
    made = next((rule for rule in was if rule.id not in taken), None) or _made(
        place, organisation, wanted, first, taken
    )
    return _in_front(rest, made)


def _made(place: Place, organisation: str, wanted: bool, first: Rule | None, taken: set[str]) -> Rule:
    """A new rule; one it takes the place of leaves its id and its comment, not its name: that told the old value."""
    action, media_type = place
    kept = "" if first is None else first.comment
    id_ = first.id if first is not None else free_id(f"machine-{action}-{organisation}-{media_type}", taken)
    return Rule(id_, kind_of(action), organisation, wanted, when=Conditions(media_type=(media_type,)), comment=kept)


def _in_front(rest: tuple[Rule, ...], made: Rule) -> tuple[Rule, ...]:
    """Put a switch before rules of its rank that name its media type beside others."""
    rivals = [rule for rule in rest if _is_rival(rule, made)]
    if not rivals:
        return (*rest, made)
    lowest = min((rule.position for rule in rivals if rule.position is not None), default=1)
    if lowest == 0:
        rest, lowest = _renumbered(rest, made), 1
    return (*rest, replace(made, position=lowest - 1))


def _is_rival(rule: Rule, made: Rule) -> bool:
    same = rule.active and (rule.kind, rule.org) == (made.kind, made.org)
    return same and not rule.dated and rule.when.count() == 1 and made.when.media_type[0] in rule.when.media_type


def _renumbered(rules: tuple[Rule, ...], made: Rule) -> tuple[Rule, ...]:
    """The rules of one list with positions from 1 on, in the order they had, so that 0 is free."""
    given = [rule for rule in rules if (rule.kind, rule.org) == (made.kind, made.org) and rule.position is not None]
    ordered = sorted(given, key=lambda rule: (rule.position or 0, rule.id))
    places = {rule.id: number for number, rule in enumerate(ordered, start=1)}
    return tuple(replace(rule, position=places[rule.id]) if rule.id in places else rule for rule in rules)


# --- the draft of changes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pending:
    """The draft switches are collected in until somebody publishes it.

    Attributes:
        rules: all of the draft.
        changes: against the set it began from.
        outdated: another set has been published since.
    """

    id: str
    name: str
    rules: tuple[Rule, ...]
    changes: RuleChanges
    outdated: bool

    @property
    def count(self) -> int:
        """How many rules differ."""
        return len(self.changes.added) + len(self.changes.removed) + len(self.changes.changed)

    @property
    def only_switches(self) -> bool:
        """It holds changes, and only changes of self-service rules."""
        changed = [rule for pair in self.changes.changed for rule in pair]
        return self.count > 0 and all(map(_ours, (*self.changes.added, *self.changes.removed, *changed)))


def pending(db: Connection, draft: str = "") -> Pending | None:
    """The draft asked for, else the newest that changes self-service rules and no others; None = there is none.

    Raises:
        CirculationError: there is no such draft.
    """
    if draft:
        return _pending(db, draft)
    newest_first = sorted(store.drafts(db), key=lambda row: row.changed_at, reverse=True)
    return next((one for one in (_pending(db, row.id) for row in newest_first) if one.only_switches), None)


def _pending(db: Connection, draft: str) -> Pending:
    row = drafts.shown(db, draft)
    rules = tuple(rule_from_plain(rule) for rule in row["rules"])
    began_from = () if row["based_on"] is None else house.rule_set(db, row["based_on"]).rules
    return Pending(row["id"], row["name"], rules, rule_changes(began_from, rules), row["outdated"])


def live_rules(db: Connection) -> tuple[Rule, ...]:
    """The rules in force; none before the first set."""
    number = house.installation(db).live
    return () if number is None else house.rule_set(db, number).rules


def save(
    service: Service, by: str, organisation: str, wanted: Switches, seen: str, draft: str, name: str
) -> tuple[str | None, bool]:
    """Set switches of an organisation in a draft; its id (None if there is none), and whether anything changed.

    Args:
        service: the service.
        by: who sets them.
        organisation: whose.
        wanted: what each switch shall stand at.
        seen: fingerprint of the table that was looked at.
        draft: the draft; "" = the one switches are collected in, a new one if there is none.
        name: of a new one.

    Raises:
        CirculationError: no such organisation or media type, or somebody set a switch since the table was looked at.
    """
    with service.database.reading() as db:
        there, live, tree = pending(db, draft), live_rules(db), house.organisations(db)
        media_types = house.media_types(db)
        today = local_day(service.clock(), house.installation(db).time_zone)
    if organisation not in tree.nodes or not {code for _, code in wanted} <= set(media_types):
        raise CirculationError("not_found", "there is no such organisation or media type", 404)
    rules = live if there is None else there.rules
    if matrix(rules, tree, media_types, organisation, today).fingerprint != seen:
        raise CirculationError("self_service_changed", "somebody else has changed this table; please look again", 409)
    changes = rule_changes(rules, switched(rules, organisation, wanted, live, tree))
    if changes == RuleChanges((), (), ()):
        return None if there is None else there.id, False
    id_ = str(drafts.create(service, by, name)["id"]) if there is None else there.id
    _carry_out(service, by, id_, changes)
    return id_, True


def _carry_out(service: Service, by: str, draft: str, changes: RuleChanges) -> None:
    for rule in changes.removed:
        drafts.delete_rule(service, by, draft, rule.id)
    for before, after in changes.changed:
        drafts.replace_rule(service, by, draft, before.id, rule_to_plain(after))
    for rule in changes.added:
        drafts.insert_rule(service, by, draft, rule_to_plain(rule))


def begin_again(service: Service, by: str, draft: str) -> str:
    """Take the switches of an outdated draft over into one that begins from the set now in force; the new draft's id.

    The old one is given up. What was published meanwhile stays, but for switches both have set.

    Raises:
        CirculationError: there is no such draft, or it changes more than self-service rules.
    """
    with service.database.reading() as db:
        old, live, tree = _pending(db, draft), live_rules(db), house.organisations(db)
    if not old.only_switches:
        raise CirculationError("self_service_more", "this draft changes more than switches", 409)
    rules = live
    for organisation, switches in _switches_of(old.changes).items():
        rules = switched(rules, organisation, switches, live, tree)
    id_ = str(drafts.create(service, by, old.name)["id"])
    _carry_out(service, by, id_, rule_changes(live, rules))
    drafts.delete(service, by, old.id)
    return id_


def _switches_of(changes: RuleChanges) -> dict[str, dict[Place, bool | None]]:
    """The switches a draft has set, per organisation."""
    found: dict[str, dict[Place, bool | None]] = {}
    after = [*changes.added, *(rule for _, rule in changes.changed)]
    gone: list[tuple[Rule, bool | None]] = [(rule, None) for rule in changes.removed]
    for rule, wanted in [*gone, *((rule, rule.value is True) for rule in after)]:
        if is_switch(rule):
            place = rule.kind.partition(".")[2], rule.when.media_type[0]
            found.setdefault(rule.org, {})[place] = wanted
    return found
