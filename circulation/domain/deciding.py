"""Deciding several kinds for one transaction, with the record of each (R76), and setting reasons aside (R83)."""

from __future__ import annotations

from circulation.domain.records import Place, Verdict
from rules.duedate import Due
from rules.evaluate import Decision, decide
from rules.refusals import REFUSALS, Reason
from rules.rule import Facts

# What leaves no due date: staff override it by giving one.
WITHOUT_DATE = ("no_loan_period", "calendar", "not_later")


class Deciding:
    """Collects the decisions and reasons of one transaction. Lives for one transaction only."""

    def __init__(self, place: Place, facts: Facts) -> None:
        self.place = place
        self.facts = facts
        self.reasons: list[Reason] = []
        self.overridden: list[Reason] = []
        self.decisions: list[Decision] = []
        self.numbers: dict[str, int] = {}

    def decide(self, kind: str, branch: str | None = None) -> Decision:
        """Decide a kind at the session's branch, or at another."""
        decision = decide(self.place.rules, kind, branch or self.place.branch, self.facts, self.place.today)
        self.decisions.append(decision)
        return decision

    def against(self, *reasons: Reason | None) -> None:
        """Add reasons; None is none. Those staff override are set aside, as far as anyone may."""
        for reason in reasons:
            if reason is not None:
                (self.overridden if self._set_aside(reason) else self.reasons).append(reason)

    def _set_aside(self, reason: Reason) -> bool:
        override = self.place.override
        if override is None or not override.allowed or not REFUSALS[reason.code].overridable:
            return False
        return reason.code not in WITHOUT_DATE or override.due is not None

    def verdict(self, due: Due | None = None, period: int | None = None) -> Verdict:
        """What came out."""
        reasons = tuple(self.reasons)
        override = self.place.override
        overridden = tuple(self.overridden)
        if override is not None and not override.allowed and reasons:
            reasons, overridden = (Reason("permission"),), reasons
        return Verdict(
            reasons,
            tuple(decision.step() for decision in self.decisions),
            due if not reasons else None,
            period if not reasons else None,
            {decision.kind: decision.rule.id if decision.rule else None for decision in self.decisions},
            self.numbers,
            overridden,
        )
