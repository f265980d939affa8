"""Charging by hand, paying and waiving, each in one transaction (R27, R34-R36, R44, R87). Amounts are minor units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from circulation import audit
from circulation.domain.blocks import blocking_debt
from circulation.domain.records import Patron, Place, patron_facts
from circulation.domain.series import Change, authority, reached_on
from circulation.errors import CirculationError, no_patron
from circulation.service import Service, Workplace
from circulation.store import circulating as store
from circulation.store import debts
from rules import verdict
from rules.evaluate import decide
from rules.values import Amount

MINIMUM = "counts.payment_reminder_minimum"


@dataclass(frozen=True, slots=True)
class Series:
    """The payment reminder series of a patron at an authority. ``reached_on``: None = none is running."""

    organisation: str
    reached_on: date | None


def charge(service: Service, workplace: Workplace, patron: str, fee: dict[str, Any], seen: int | None = None) -> int:
    """Book a fee by hand; its number.

    Args:
        service: the service.
        workplace: the desk.
        patron: who owes it.
        fee: amount, reason, title, invoice.
        seen: what was owed as far as whoever asks knows; None = not looked at.

    Raises:
        CirculationError: there is no such patron, or another sum is owed: it may have been booked already.
    """
    now = service.clock()
    with service.database.writing() as db:
        _known(db, patron)
        _unchanged(debts.open_fees(db, patron), seen)
        number = debts.add(db, {**fee, "patron_id": patron, "branch": workplace.branch, "open": True, "at": now})
        told = {"amount": fee["amount"], "invoice": fee.get("invoice", False)}
        audit.note(db, now, workplace.staff or workplace.channel, "fee.charge", f"fee {number}", told)
    return number


def pay(
    service: Service,
    workplace: Workplace,
    patron: str,
    amount: int,
    fees: Sequence[int] = (),
    seen: int | None = None,
) -> dict[str, Any]:
    """Take a payment: oldest fees first, or the ones named; a fee may be paid in part. ``seen``: as in ``charge``.

    Raises:
        CirculationError: no such patron, no such open fee of theirs, more than is owed, or another sum than was seen.
    """
    now = service.clock()
    by = workplace.staff or workplace.channel
    with service.database.writing() as db:
        _known(db, patron)
        open_fees = debts.open_fees(db, patron)
        _unchanged(open_fees, seen)
        rows = [row for row in open_fees if not fees or row.id in fees]
        if len(rows) < len(set(fees)):
            raise CirculationError("fee_unknown", "one of these fees is not open, or not this patron's", 404)
        if amount > sum(row.owed for row in rows):
            raise CirculationError("too_much", "this is more than is owed", 409)
        parts, left = [], amount
        for row in rows:
            part = min(left, row.owed)
            if part:
                debts.settle(db, row.id, row.paid + part, part == row.owed, (by, now), None)
                parts.append((row.id, part))
                left -= part
        values = {"patron_id": patron, "amount": amount, "at": now, "by": by, "branch": workplace.branch}
        number = debts.add_payment(db, values, parts)
        _end_series(db, service.place(db, workplace), patron)
    return {"payment": number, "parts": [{"fee": fee, "amount": part} for fee, part in parts]}


def waive(service: Service, workplace: Workplace, fee: int, reason: str) -> int:
    """Waive what is still owed of a fee; the amount.

    Raises:
        CirculationError: there is no such open fee.
    """
    now = service.clock()
    by = workplace.staff or workplace.channel
    with service.database.writing() as db:
        seen = debts.fee(db, fee, locked=False)
        if seen is not None and seen.patron_id is not None:
            store.patron(db, seen.patron_id)  # the patron's row first, as everywhere
        row = debts.fee(db, fee)
        if row is None or not row.open:
            raise CirculationError("fee_unknown", "there is no such open fee", 404)
        debts.settle(db, fee, row.paid, True, (by, now), reason)
        audit.note(db, now, by, "fee.waive", f"fee {fee}", {"amount": row.owed}, reason)
        if row.patron_id is not None:
            _end_series(db, service.place(db, workplace), row.patron_id)
        return int(row.owed)


def _unchanged(open_fees: Sequence[Any], seen: int | None) -> None:
    """A form that is sent twice, or was looked at before somebody else's, does nothing."""
    if seen is not None and sum(row.owed for row in open_fees) != seen:
        raise CirculationError("account_changed", "the account has changed since it was looked at", 409)


def _known(db: Connection, patron: str) -> None:
    if store.patron(db, patron) is None:
        raise no_patron()


def _end_series(db: Connection, place: Place, patron: str) -> None:
    """A series ends at once where the debt has fallen below the minimum (R36, R44)."""
    over = [
        organisation
        for organisation in debts.series_of(db, patron)
        if running(db, place, patron, organisation).reached_on is None
    ]
    if over:
        debts.end_series(db, patron, over)


def series(db: Connection, place: Place, patron: str) -> Series:
    """The series at the authority of the session's branch."""
    return running(db, place, patron, authority(place.branch, place.rules.organisations))


def running(db: Connection, place: Place, patron: str, organisation: str) -> Series:
    """The series at an authority, by the days there."""
    place = place.at(organisation)
    who = store.patron(db, patron, locked=False)
    if who is None:
        return Series(organisation, None)
    minimum = series_minimum(place, who, organisation)
    if minimum is None:
        return Series(organisation, None)
    changes = debt_changes(place, debts.history(db, patron), kept_by(place, organisation))
    return Series(organisation, reached_on(changes, minimum.minor))


def series_minimum(place: Place, who: Patron, organisation: str) -> Amount | None:
    """The debt from which on a series runs at an authority (R27); None = none runs there."""
    minimum = decide(place.rules, MINIMUM, organisation, patron_facts(who, place), place.today).value
    return minimum if isinstance(minimum, Amount) else None


def kept_by(place: Place, organisation: str) -> Callable[[Any], bool]:
    """Whether a fee belongs to an authority: one without a branch belongs to all."""
    tree = place.rules.organisations
    below = {node for node in tree.nodes if organisation in tree.chain(node)}
    return lambda fee: fee.branch is None or fee.branch in below


def debt_changes(place: Place, history: debts.History, counts: Callable[[Any], bool]) -> list[Change]:
    """Charges, payments and waivers of the fees that count, in the order in which they happened."""
    mine = {row.id: row for row in history.fees if counts(row)}
    events = [(row.at, row.amount) for row in mine.values()]
    events += [
        (row.settled_at, row.paid - row.amount)
        for row in mine.values()
        if not row.open and row.settled_at is not None and row.paid < row.amount
    ]
    events += [(row.at, -part) for row in history.payments for fee, part in row.parts if fee in mine]
    events.sort(key=lambda event: event[0])
    return [Change(place.day(at), by) for at, by in events]


def account_sums(db: Connection, place: Place, patron: str) -> dict[str, Any]:
    """What is owed, and whether it blocks: fees and invoices apart where invoices do not count (R35).

    Raises:
        CirculationError: there is no such patron.
    """
    who = store.patron(db, patron, locked=False)
    if who is None:
        raise no_patron()
    apart = place.settings().exclude_invoices_from_block
    limit = decide(place.rules, "patron.debt_block", place.branch, patron_facts(who, place), place.today)
    blocked = verdict.debt(limit, blocking_debt(who, apart), place.house.currency) is not None
    found = series(db, place, patron)
    return {
        "fees": who.owes.minor,
        "invoices": who.invoiced.minor,
        "owed": who.owes.minor + who.invoiced.minor,
        "apart": apart,
        "blocked": blocked,
        "series_since": found.reached_on,
    }
