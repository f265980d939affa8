"""Whether a title can be reserved (R2, R23, R50-R52), and who gets a copy that comes back (R24, R32)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from circulation.domain import blocks
from circulation.domain.deciding import Deciding
from circulation.domain.records import (
    Item,
    Patron,
    Place,
    Queue,
    Reservation,
    Verdict,
    facts_of,
    item_facts,
    person_facts,
)
from rules import verdict
from rules.evaluate import Decision, decide
from rules.refusals import Reason
from rules.rule import Facts
from rules.values import Days

NOT_RESERVABLE = ("withdrawn", "lost", "missing", "claimed_returned")


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy of the title. ``lent_to``: patron of its open loan, "" if that is unknown, None if it is not on loan."""

    item: Item
    lent_to: str | None

    @property
    def on_shelf(self) -> bool:
        """Somebody could take it from the shelf now."""
        return self.lent_to is None and self.item.state == "available" and self.item.set_aside_for is None


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: copies of one title, to be collected at a branch."""

    copies: tuple[Copy, ...]
    pickup: str


def decide_reservation(
    place: Place, wish: Wish, patron: Patron, queue: Queue, count_reminded: blocks.CountReminded
) -> Verdict:
    """Decide one reservation. One copy that can be reserved is enough (section L, R52)."""
    copies = [copy for copy in wish.copies if copy.item.state not in NOT_RESERVABLE]
    if not copies:
        states = sorted({copy.item.state for copy in wish.copies})
        reason = Reason("item_state", {"state": states[0], "action": "reservation"}) if states else None
        return Verdict((reason or Reason("item_unknown"),))
    meant = _meant(place, copies, patron)
    deciding = Deciding(place, facts_of(meant[0].item, patron, place))
    if not blocks.check(deciding, patron, count_reminded):
        return deciding.verdict()
    deciding.against(verdict.permission(deciding.decide("circulation.checkout")))
    deciding.against(verdict.permission(deciding.decide("reservation.item_reservable", meant[0].item.branch)))
    if any(copy.lent_to == patron.id for copy in wish.copies):
        deciding.against(verdict.permission(deciding.decide("reservation.already_on_loan")))
    _on_shelf(deciding, meant, wish.pickup, patron)
    limit = deciding.decide("counts.max_reservations_per_title")
    have = sum(one.patron == patron.id and not one.expired(place.today) for one in queue)
    if isinstance(limit.value, int):
        deciding.numbers |= {"limit": limit.value, "counted": have}
        deciding.against(verdict.limit(limit, have))
    return deciding.verdict()


def _meant(place: Place, copies: list[Copy], patron: Patron) -> list[Copy]:
    """The copies a reservation can be for: those that may be lent and reserved, else those that may be reserved."""
    asked = [(copy, facts_of(copy.item, patron, place)) for copy in copies]

    def allows(kind: str, branch: str, facts: Facts) -> bool:
        return verdict.permission(decide(place.rules, kind, branch, facts, place.today)) is None

    reservable = [
        (copy, facts) for copy, facts in asked if allows("reservation.item_reservable", copy.item.branch, facts)
    ]
    both = [copy for copy, facts in reservable if allows("circulation.checkout", place.branch, facts)]
    return both or [copy for copy, _ in reservable] or copies[:1]


def _on_shelf(deciding: Deciding, copies: list[Copy], pickup: str, patron: Patron) -> None:
    """A copy that stands on the shelf is fetched, not reserved, unless a rule says otherwise (R51)."""
    anywhere = deciding.place.settings(pickup).on_shelf_scope == "any"
    there = [copy for copy in copies if copy.on_shelf and (anywhere or copy.item.stands_at == pickup)]
    place = deciding.place
    asked = [(copy, _ask_of(place, copy, patron)) for copy in there]
    told = next((pair for pair in asked if pair[1].value is not True), asked[0] if asked else None)
    if told is not None:
        copy, decision = told
        deciding.decisions.append(decision)
        deciding.against(verdict.permission(decision, {"branch": copy.item.stands_at}))


def _ask_of(place: Place, copy: Copy, patron: Patron) -> Decision:
    """Whether a copy on the shelf may be reserved, by the rules of its branch."""
    facts = facts_of(copy.item, patron, place)
    return decide(place.rules, "reservation.item_on_shelf", copy.item.branch, facts, place.today)


# --- copies that come back --------------------------------------------------------------------------------------------


def next_in_queue(queue: Queue, item: Item, today: date) -> Reservation | None:
    """Who gets this copy: the first that waits for any copy, or for this one."""
    return next((one for one in queue if one.active(today) and one.item in (None, item.id)), None)


def collect_by(place: Place, pickup: str, item: Item, reserver: tuple[str, date | None]) -> tuple[date, Decision]:
    """Last day on the hold shelf: shelf time after today, by the pick-up branch's rules (section L).

    Args:
        place: where and when.
        pickup: where it is to be collected.
        item: the copy.
        reserver: category and date of birth of who reserved it.
    """
    facts = item_facts(item, person_facts(*reserver, place.today, place.house.age_groups))
    decision = decide(place.rules, "periods.shelf_time", pickup, facts, place.today)
    days = decision.value.days if isinstance(decision.value, Days) else 0
    return place.today + timedelta(days=days), decision
