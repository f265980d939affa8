"""How much more a patron may borrow, by media type, and which loans count towards each limit (R20).

It is decided and counted as a checkout is (domain.checkout, rules.counting). Not responsible for whether the patron may
borrow at all (blocking) or the one item (whatif).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from circulation.domain.checkout import LIMIT, counted_branch
from circulation.domain.deciding import Deciding
from circulation.domain.records import Place, patron_facts
from circulation.errors import no_patron
from circulation.service import Service, Workplace
from circulation.store import circulating, counting, house
from circulation.store.rulesets import ITEM_FACTS
from rules.counting import covers
from rules.evaluate import Decision
from rules.rule import Facts, Rule


@dataclass(frozen=True, slots=True)
class CountedLoan:
    """An open loan that counts. ``branch``: of the checkout."""

    id: int
    item: str
    title: str
    media_type: str
    branch: str
    due: date


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many more items of a media type may be borrowed.

    Attributes:
        rule: the limit; None = no rule limits this.
        items: what the items it is about have in common, one of each kind there is: a media type has several
            allowances where limits differ within it, as between departments.
        limit, remaining: None = no limit. ``remaining`` is never negative.
        loans: those that count towards the limit.
    """

    media_type: str
    rule: Rule | None
    items: tuple[Facts, ...]
    limit: int | None
    loans: tuple[CountedLoan, ...]

    @property
    def remaining(self) -> int | None:
        """How many more."""
        return None if self.limit is None else max(self.limit - len(self.loans), 0)


def remaining(service: Service, workplace: Workplace, patron: str) -> tuple[Allowance, ...]:
    """What is left of every limit, by media type; without regard to blocks and to what may be borrowed at all.

    Raises:
        CirculationError: there is no such patron, or no rule set was published yet.
    """
    with service.database.reading() as db:
        who = circulating.patron(db, patron, locked=False)
        if who is None:
            raise no_patron()
        place = service.place(db, workplace)
        kinds = {_facts(row) for row in counting.item_kinds(db)}
        known = {facts.media_type for facts in kinds}
        kinds |= {Facts(media_type=code) for code in house.media_types(db) if code not in known}
        loans = counting.open_loans(db, patron)
    person = patron_facts(who, place)
    found: dict[tuple[str, str | None], tuple[Decision, list[Facts]]] = {}
    for kind in sorted(kinds, key=repr):
        whole = replace(kind, patron_category=person.patron_category, age_group=person.age_group, age=person.age)
        decision = Deciding(place, whole).decide(LIMIT)
        key = (kind.media_type or "", decision.rule.id if decision.rule is not None else None)
        found.setdefault(key, (decision, []))[1].append(kind)
    return tuple(_allowance(place, media_type, *found[media_type, rule], loans) for media_type, rule in found)


def _facts(row: Any) -> Facts:
    return Facts(**{column.name: getattr(row, column.name) for column in ITEM_FACTS})


def _allowance(
    place: Place, media_type: str, decision: Decision, items: Sequence[Facts], loans: Sequence[Any]
) -> Allowance:
    limit = decision.value if isinstance(decision.value, int) else None
    counted = [row for row in loans if limit is not None and _counts(place, decision.rule, row)]
    lines = tuple(CountedLoan(row.id, row.item_id, row.title, row.media_type, row.branch, row.due) for row in counted)
    return Allowance(media_type, decision.rule, tuple(items), limit, lines)


def _counts(place: Place, rule: Rule | None, row: Any) -> bool:
    branch = counted_branch(place)
    return branch in (None, row.branch) and (rule is None or covers(rule, _facts(row)))
