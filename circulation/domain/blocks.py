"""What stops a patron from borrowing, renewing and reserving, and never from returning (R34-R37, R85)."""

from __future__ import annotations

from collections.abc import Callable

from circulation.domain import patron_states
from circulation.domain.deciding import Deciding
from circulation.domain.records import Patron
from rules import verdict
from rules.values import Amount

CountReminded = Callable[[int], int]


def check(deciding: Deciding, patron: Patron, count_reminded: CountReminded) -> bool:
    """Patron states, which refuse before any rule (R85); else the blocks, all by the session's branch.

    Args:
        deciding: takes decisions and reasons.
        patron: who borrows.
        count_reminded: how many open loans have reached a reminder level.

    Returns:
        Whether rules are still to be asked.
    """
    place = deciding.place
    deciding.against(*patron_states.against(patron, place.today))
    if deciding.reasons:
        return False
    owed = blocking_debt(patron, place.settings().exclude_invoices_from_block)
    deciding.against(verdict.debt(deciding.decide("patron.debt_block"), owed, place.house.currency))
    dunned = deciding.decide("patron.payment_reminder_block")
    all_owed = blocking_debt(patron, exclude_invoices=False)
    deciding.against(verdict.dunned(dunned, patron.dunned, all_owed, place.house.currency))
    reminded = deciding.decide("patron.overdue_reminder_block")
    deciding.against(verdict.reminded(reminded, patron.reminded, count_reminded))
    return True


def blocking_debt(patron: Patron, exclude_invoices: bool) -> Amount:
    """What counts in the debt block (R35)."""
    return patron.owes if exclude_invoices else Amount(patron.owes.minor + patron.invoiced.minor)
