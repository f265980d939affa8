"""What stops a patron, since when, and what lifts it: for staff who are asked at the desk (R34-R37, R85).

Reasons come from the same check as in a transaction (domain.blocks). Not responsible for their sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from sqlalchemy import Connection

from circulation import money
from circulation.clock import local_day
from circulation.domain import blocks, patron_states
from circulation.domain.deciding import Deciding
from circulation.domain.records import NOTHING, Patron, Place, patron_facts
from circulation.domain.series import reached_on
from circulation.errors import no_patron
from circulation.notices.content import OVERDUE, PAYMENT
from circulation.service import Service, Workplace
from circulation.store import circulating, debts
from circulation.store import notice_lists as lists
from rules.kinds import OVERDUE_LEVELS, PAYMENT_LEVELS
from rules.refusals import Reason, Scalar
from rules.values import Amount


@dataclass(frozen=True, slots=True)
class Lift:
    """What lifts a block.

    Attributes:
        code: key of ``LIFTS``.
        params: amounts are minor units, days ISO dates.
    """

    code: str
    params: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """Something that stops a patron from borrowing.

    Attributes:
        code, params: of the reason.
        since: first day of it, None where that is not known.
    """

    code: str
    params: Mapping[str, Scalar]
    since: date | None
    lift: Lift


class _Looking:
    """What is known of the patron; the history of debts is read when it is asked for, once."""

    def __init__(self, db: Connection, place: Place, patron: Patron, deciding: Deciding) -> None:
        self.db = db
        self.place = place
        self.patron = patron
        self.deciding = deciding

    @cached_property
    def history(self) -> debts.History:
        """Every fee and payment."""
        return debts.history(self.db, self.patron.id)

    def value(self, kind: str) -> object:
        """What was decided of a kind."""
        return next(decision.value for decision in self.deciding.decisions if decision.kind == kind)

    def day(self, instant: datetime | None) -> date | None:
        """The day of an instant where the library is."""
        return local_day(instant, self.place.house.time_zone) if instant is not None else None


_Found = tuple[date | None, Lift]


def _card_lost(_: _Looking, __: Reason) -> _Found:
    return None, Lift("replace_card")


def _not_yet_valid(_: _Looking, reason: Reason) -> _Found:
    return None, Lift("wait", {"day": reason.params["from"]})


def _expired(looking: _Looking, _: Reason) -> _Found:
    last = looking.patron.valid_until
    return (last + timedelta(days=1) if last is not None else None), Lift("extend")


def _blocked(_: _Looking, __: Reason) -> _Found:
    return None, Lift("unblock")


def _debt(looking: _Looking, _: Reason) -> _Found:
    """Paying lifts it once less than the limit is owed; a limit of nothing stops whoever owes nothing, too."""
    limit = looking.value("patron.debt_block")
    if not isinstance(limit, Amount) or limit == NOTHING:
        return None, Lift("change_rule")
    apart = looking.place.settings().exclude_invoices_from_block
    changes = money.debt_changes(looking.place, looking.history, lambda fee: not (apart and fee.invoice))
    owed = blocks.blocking_debt(looking.patron, apart)
    return reached_on(changes, limit.minor), _pay(looking, owed.minor - limit.minor + 1)


def _dunned(looking: _Looking, _: Reason) -> _Found:
    """Each series that has come so far ends once less than its minimum is owed to its authority (R36)."""
    least = looking.value("patron.payment_reminder_block")
    levels = debts.series_levels(looking.db, looking.patron.id)
    far = [org for org, level in levels.items() if isinstance(least, int) and level >= max(least, 1)]
    told = lists.first_of_debts(looking.db, looking.patron.id, PAYMENT, _from(least, PAYMENT_LEVELS))
    return looking.day(told), _pay(looking, sum(_above_minimum(looking, organisation) for organisation in far))


def _above_minimum(looking: _Looking, organisation: str) -> int:
    """What is to be paid to an authority until its series ends; any payment ends one that has no minimum."""
    counts = money.kept_by(looking.place, organisation)
    owed = sum(row.amount - row.paid for row in looking.history.fees if row.open and counts(row))
    minimum = money.series_minimum(looking.place, looking.patron, organisation)
    return max(owed - minimum.minor + 1, 1) if minimum is not None else 1


def _reminded(looking: _Looking, reason: Reason) -> _Found:
    levels = _from(looking.value("patron.overdue_reminder_block"), OVERDUE_LEVELS)
    told = lists.first_of_loans(looking.db, looking.patron.id, OVERDUE, levels)
    return looking.day(told), Lift("bring_back", {"items": reason.params["items"]})


def _from(least: object, levels: Sequence[str]) -> Sequence[str]:
    """The levels that stop a patron."""
    return levels[max(least, 1) - 1 :] if isinstance(least, int) else ()


def _pay(looking: _Looking, amount: int) -> Lift:
    return Lift("pay", {"amount": amount, "currency": looking.place.house.currency})


_LOOK: Mapping[str, Callable[[_Looking, Reason], _Found]] = {
    "patron_state.card_lost": _card_lost,
    "patron_state.not_yet_valid": _not_yet_valid,
    "patron_state.expired": _expired,
    "patron_state.blocked": _blocked,
    "patron.debt_block": _debt,
    "patron.payment_reminder_block": _dunned,
    "patron.overdue_reminder_block": _reminded,
}
LIFTS = ("replace_card", "wait", "extend", "unblock", "pay", "change_rule", "bring_back")


def explain_blocks(service: Service, workplace: Workplace, patron: str) -> tuple[Block, ...]:
    """Everything that stops a patron from borrowing at this workplace today.

    Patron states come first, and what else would stop the patron once they are over is told with them.

    Raises:
        CirculationError: there is no such patron, or no rule set was published yet.
    """
    with service.database.reading() as db:
        who = circulating.patron(db, patron, locked=False)
        if who is None:
            raise no_patron()
        place = service.place(db, workplace)
        deciding = Deciding(place, patron_facts(who, place))
        blocks.check(deciding, _without_states(who), lambda level: debts.count_reminded(db, patron, level))
        looking = _Looking(db, place, who, deciding)
        reasons = (*patron_states.against(who, place.today), *deciding.reasons)
        return tuple(Block(one.code, one.params, *_LOOK[one.code](looking, one)) for one in reasons)


def _without_states(who: Patron) -> Patron:
    return replace(who, card_lost=False, blocked=False, valid_from=None, valid_until=None)
