"""The lists of a draft as pages show them: rules with number, state, and how they differ from those in force (R4, R8).

Responsible for choosing and for what each line knows. Not responsible for words or for changing anything (drafts).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from circulation.rulebook import drafts
from rules.changes import RuleChanges
from rules.compiled import CompiledRules, RuleSet, compile_rules
from rules.kinds import KINDS
from rules.order import document_order
from rules.overview import State, state_of
from rules.plain import rule_to_plain
from rules.rule import Rule

ADDED, CHANGED = "added", "changed"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rules are shown; "" = all."""

    rule_type: str = ""
    kind: str = ""
    organisation: str = ""
    only: str = ""  # ADDED, CHANGED, or "off"

    @property
    def narrow(self) -> bool:
        """Something is left out."""
        return bool(self.rule_type or self.kind or self.organisation or self.only)


@dataclass(frozen=True, slots=True)
class Line:
    """One rule.

    Attributes:
        number: its place in the list walked, at the organisation asked for or at its own; None = it is switched off.
        inherited: made for an organisation above the one asked for.
        differs: "added" or "changed" against the set in force, "" = neither.
        up, down: it may be moved (R4).
        mark: of the rule as it is.
    """

    rule: Rule
    number: int | None
    inherited: bool
    state: State
    differs: str
    up: bool
    down: bool
    mark: str


@dataclass(frozen=True, slots=True)
class Lists:
    """What of a draft is shown.

    Attributes:
        differs: id of a rule -> "added" or "changed"; the others are as those in force.
    """

    found: RuleSet
    compiled: CompiledRules
    differs: Mapping[str, str]
    today: date

    @classmethod
    def of(cls, found: RuleSet, changes: RuleChanges, today: date) -> Lists:
        """The lists of a draft."""
        added = {rule.id: ADDED for rule in changes.added}
        return cls(found, compile_rules(found), {**added, **{one.id: CHANGED for _, one in changes.changed}}, today)

    def rules(self, wanted: Wanted) -> list[Rule]:
        """Rules that are wanted, by kind and level, in the order walked."""
        fits = [rule for rule in self.found.rules if self._fits(rule, wanted)]
        return list(document_order(fits, self.found.organisations))

    def _fits(self, rule: Rule, wanted: Wanted) -> bool:
        tree = self.found.organisations
        return (
            wanted.rule_type in ("", KINDS[rule.kind].rule_type)
            and wanted.kind in ("", rule.kind)
            and (not wanted.organisation or rule.org in tree.chain(wanted.organisation))
            and wanted.only in ("", self.differs.get(rule.id, ""), "" if rule.active else "off")
        )

    def lines(self, rules: Sequence[Rule], place: str = "") -> Iterator[Line]:
        """What is known of these rules, as seen from an organisation or from their own."""
        equal = drafts.equals(self.found.rules, self.found.organisations)
        numbers: dict[tuple[str, str, str | None], Mapping[str, int]] = {}
        for rule in rules:
            slot = rule.kind, place or rule.org, rule.level
            if slot not in numbers:
                listed = self.compiled.listed(*slot)
                numbers[slot] = {one.id: number for number, one in enumerate(listed, start=1)}
            among = equal.get(rule.id, (rule,))
            yield Line(
                rule,
                numbers[slot].get(rule.id),
                bool(place) and rule.org != place,
                state_of(rule, self.today),
                self.differs.get(rule.id, ""),
                among[0].id != rule.id,
                among[-1].id != rule.id,
                drafts.mark(rule_to_plain(rule)),
            )
