"""Drafts of rules in the test library."""

from __future__ import annotations

from circulation.rulebook import drafts
from circulation.service import Service
from rules.rule import Rule
from tests.circulation.world import rule

LIMITS = (
    rule("cds", "counts.max_loans", 10, media_type="CD", name="Ten CDs"),
    rule("dvds", "counts.max_loans", 10, media_type="DVD", name="Ten films"),
    rule("all", "counts.max_loans", 15, name="Fifteen in all"),
)


def draft_of(service: Service, *rules: Rule, name: str = "Autumn") -> str:
    """A draft from what is in force with these rules added."""
    id_ = str(drafts.create(service, "ben", name)["id"])
    if rules:
        drafts.add_rules(service, "ben", id_, rules)
    return id_


def rules_of(service: Service, draft: str) -> dict[str, dict[str, object]]:
    with service.database.reading() as db:
        return {one["id"]: one for one in drafts.shown(db, draft)["rules"]}
