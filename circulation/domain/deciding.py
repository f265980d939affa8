"""Deciding several kinds for one transaction, with the record of each (R76)."""

from __future__ import annotations

from datetime import date

from circulation.domain.records import Place, Verdict
from rules.evaluate import Decision, decide
from rules.refusals import Reason
from rules.rule import Facts


class Deciding:
    """Collects the decisions and reasons of one transaction. Lives for one transaction only."""

    def __init__(self, place: Place, facts: Facts) -> None:
        self.place = place
        self.facts = facts
        self.reasons: list[Reason] = []
        self.decisions: list[Decision] = []

    def decide(self, kind: str, branch: str | None = None) -> Decision:
        """Decide a kind at the session's branch, or at another."""
        decision = decide(self.place.rules, kind, branch or self.place.branch, self.facts, self.place.today)
        self.decisions.append(decision)
        return decision

    def against(self, *reasons: Reason | None) -> None:
        """Add reasons; None is none."""
        self.reasons += [reason for reason in reasons if reason is not None]

    def verdict(self, due: date | None = None) -> Verdict:
        """What came out."""
        return Verdict(
            tuple(self.reasons),
            tuple(decision.step() for decision in self.decisions),
            due if not self.reasons else None,
            {decision.kind: decision.rule.id if decision.rule else None for decision in self.decisions},
        )
