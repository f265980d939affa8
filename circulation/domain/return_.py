"""Whether an item is taken back. Nothing about a patron ever stops a return (R54, R57, R84, R85)."""

from __future__ import annotations

from circulation.domain import item_states
from circulation.domain.deciding import Deciding
from circulation.domain.records import Item, Place, Verdict, facts_of
from rules import verdict


def decide_return(place: Place, item: Item) -> Verdict:
    """Decide one return; the self-service rule comes first and ends it there."""
    deciding = Deciding(place, facts_of(item, None, place))
    if place.channel == "kiosk":
        refusal = verdict.permission(deciding.decide("self_service.return"))
        if refusal is not None:
            deciding.against(refusal)
            return deciding.verdict()
    deciding.against(item_states.against_return(item))
    return deciding.verdict()
