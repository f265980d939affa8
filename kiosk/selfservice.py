"""What the machine decides itself, before anything is delegated to the central service.

Responsible for the order: tag readable, owner ours, item known, self-service control rule (R53-R57), set complete.
Not responsible for anything else about lending: that is the central service's. A refusal ends the transaction with that
one reason; whatever is not known is waited for, never taken as allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from drivers.api import TagProblem
from kiosk.central.api import Action, ItemRecord, Reason
from kiosk.stack import PadTag, missing_parts
from rules.evaluate import decide as decide_rule
from rules.published import Published
from rules.rule import Facts

RULE_KIND: Mapping[Action, str] = {
    Action.CHECKOUT: "self_service.checkout",
    Action.RETURN: "self_service.return",
    Action.RENEWAL: "self_service.renewal",
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """The machine has nothing against it: delegate."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The transaction ends here, with this one reason."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Incomplete:
    """Parts of the set are not on the pad."""

    missing: tuple[int, ...]
    parts: int


class NotRead:
    """The tag's data has not arrived yet."""


class NotKnown:
    """The item's media type is not known yet, or there is no rule set: look it up, decide nothing."""


Verdict = Allowed | Refusal | Incomplete | NotRead | NotKnown


def facts_of(record: ItemRecord) -> Facts:
    """What a self-service rule may ask of an item (R56: never of a patron)."""
    return Facts(
        media_type=record.media_type,
        material_type=record.material_type,
        department=record.department,
        audience=record.audience,
        fiction=record.fiction,
    )


def rule_allows(action: Action, record: ItemRecord, rules: Published, today: date) -> Refusal | None:
    """Evaluate the self-service control rule of the machine's branch; None if it allows."""
    decision = decide_rule(rules.compiled, RULE_KIND[action], rules.branch, facts_of(record), today)
    if decision.value is True:
        return None
    message = dict(decision.rule.message) if decision.rule is not None else {}
    return Refusal(Reason(RULE_KIND[action], {"media_type": record.media_type}, message))


def decide(
    action: Action,
    tags: Sequence[PadTag],
    record: ItemRecord | None,
    known_missing: bool,
    rules: Published | None,
    today: date,
) -> Verdict:
    """Decide one item on the pad.

    Args:
        action: checkout or return.
        tags: every tag of the item (or the one tag that names none).
        record: what the item list or a look-up says of it, None if nothing yet.
        known_missing: the central service has said that there is no such item.
        rules: the published rule set, None if none is held.
        today: the branch's date.
    """
    first = tags[0].data
    if first is None:
        return NotRead()
    if isinstance(first, TagProblem):
        return Refusal(Reason("label_unreadable", {}))
    if rules is not None and first.owner is not None and rules.owner and first.owner not in rules.owner:
        return Refusal(Reason("not_ours", {"library": first.owner}))
    if known_missing:
        return Refusal(Reason("item_unknown", {}))
    if record is None or rules is None:
        return NotKnown()
    refusal = rule_allows(action, record, rules, today)
    if refusal is not None:
        return refusal
    missing = missing_parts(tags, record.parts)
    return Incomplete(missing, record.parts) if missing else Allowed()
