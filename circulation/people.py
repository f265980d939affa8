"""Patrons, items and loans at the desk: looking, changing what staff may change, exporting and erasing (R87, R89)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

import wording
from circulation import audit, money, reserving
from circulation.domain import blocks
from circulation.domain.deciding import Deciding
from circulation.domain.item_states import STATES
from circulation.domain.records import patron_facts
from circulation.domain.settings import Settings
from circulation.errors import CirculationError, no_item, no_patron
from circulation.notices.addresses import MOST_LINE, MOST_LINES, postal_address
from circulation.notices.types import CHANNELS
from circulation.service import Service, Workplace
from circulation.store import circulating, debts, house, notices
from circulation.store import people as store
from circulation.store import tables as t


def by_card(service: Service, value: str) -> str:
    """The patron of a card.

    Raises:
        CirculationError: nobody has it.
    """
    with service.database.reading() as db:
        found = store.patron_of_card(db, value)
    if found is None:
        raise no_patron()
    return found


def record(service: Service, patron: str) -> dict[str, Any]:
    """Who a patron is.

    Raises:
        CirculationError: there is no such patron.
    """
    with service.database.reading() as db:
        return dict(present(db, patron)._mapping)  # noqa: SLF001


def account(service: Service, workplace: Workplace, patron: str) -> dict[str, Any]:
    """All the desk needs to know of a patron.

    Raises:
        CirculationError: there is no such patron.
    """
    with service.database.reading() as db:
        row = store.patron(db, patron)
        who = circulating.patron(db, patron, locked=False)
        if row is None or who is None:
            raise no_patron()
        place = service.place(db, workplace)
        deciding = Deciding(place, patron_facts(who, place))
        blocks.check(deciding, who, lambda level: debts.count_reminded(db, patron, level))
        return {
            "patron": dict(row._mapping),  # noqa: SLF001
            "loans": [_loan_line(loan) for loan in store.open_loans(db, patron)],
            "fees": [_fee_line(fee) for fee in debts.open_fees(db, patron)],
            "sums": money.account_sums(db, place, patron),
            "reservations": reserving.lines_of(db, patron),
            "reasons": list(deciding.reasons),
        }


def _loan_line(row: Any) -> dict[str, Any]:
    titles = {key: getattr(row, key) for key in ("title", "author", "media_type") if hasattr(row, key)}
    return {**titles, **{key: getattr(row, key) for key in LOAN_COLUMNS}}


LOAN_COLUMNS = (
    *("id", "item_id", "patron_id", "branch", "channel", "out_at", "due", "unadjusted", "period"),
    *("renewals", "renewed_at", "returned_at", "reminded", "rule_set", "rules", "override", "moved"),
)


def _fee_line(row: Any) -> dict[str, Any]:
    keys = (
        "id",
        "reason",
        "title",
        "amount",
        "paid",
        "owed",
        "invoice",
        "at",
        "loan_id",
        "item_id",
        "rule_set",
        "rules",
    )
    return {key: getattr(row, key) for key in keys}


def loan(service: Service, loan_id: int) -> dict[str, Any]:
    """One loan, with the rule set and the rules that decided it (R78).

    Raises:
        CirculationError: there is no such loan.
    """
    with service.database.reading() as db:
        row = store.loan(db, loan_id)
    if row is None:
        raise CirculationError("loan_unknown", "there is no such loan", 404)
    return _loan_line(row)


def item(service: Service, item_id: str) -> dict[str, Any]:
    """One item with its loan and where it stands.

    Raises:
        CirculationError: there is no such item.
    """
    with service.database.reading() as db:
        row = store.item(db, item_id)
    if row is None:
        raise no_item()
    found: dict[str, Any] = dict(row._mapping)  # noqa: SLF001
    return found


# --- changes ----------------------------------------------------------------------------------------------------------


def change_patron(service: Service, workplace: Workplace, patron: str, values: Mapping[str, Any]) -> None:
    """Block, mark the card as lost, change validity, addresses, preferred way, names, category, birth or language.

    Raises:
        CirculationError: there is no such patron, or a value cannot be one.
    """
    with service.database.writing() as db:
        if not values:
            raise CirculationError("bad_request", "name something to change")
        row = present(db, patron)
        check_patron(db, {"valid_from": row.valid_from, "valid_until": row.valid_until, **values})
        store.change(db, t.patron, patron, as_kept(values))
        by = workplace.staff or workplace.channel
        audit.note(db, service.clock(), by, "patron.change", "patron", {"fields": sorted(values)})


def as_kept(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values of a patron as they are kept: a postal address has no empty lines and no outer spaces.

    Raises:
        CirculationError: it has no line, too many, or one that is too long.
    """
    if values.get("postal") is None:
        return values
    postal = postal_address(values["postal"])
    if postal is None:
        detail = f"a postal address has 1 to {MOST_LINES} lines of at most {MOST_LINE} characters"
        raise CirculationError("postal_address", detail, place="postal")
    return {**values, "postal": postal}


def check_patron(db: Connection, values: Mapping[str, Any]) -> None:
    """Whether values can be a patron's: known codes, names that are some, days in their order.

    Raises:
        CirculationError: one cannot; it names which.
    """
    known = house.known_codes(db)
    codes = (
        ("home", known.organisations, "branch_unknown"),
        ("category", known.patron_categories, "category_unknown"),
        ("language", wording.languages(), "language_unknown"),
        ("prefers", CHANNELS, "field_choice"),
    )
    for field, there, code in codes:
        if values.get(field) is not None and values[field] not in there:
            raise CirculationError(code, f"there is no such {field}", place=field)
    for field in t.NAMED:
        if field in values and not values[field].strip():
            raise CirculationError("field_missing", f"{field} must be given", place=field)
    first, last = values.get("valid_from"), values.get("valid_until")
    if first is not None and last is not None and first > last:
        raise CirculationError("days_reversed", "the last day is before the first", place="valid_until")


def present(db: Connection, patron: str) -> Row[Any]:
    """A patron's record, without what proves who they are.

    Raises:
        CirculationError: there is no such patron.
    """
    row = store.patron(db, patron)
    if row is None:
        raise no_patron()
    return row


def cards(service: Service, patron: str) -> list[tuple[str, str]]:
    """The cards of a patron: kind and number."""
    with service.database.reading() as db:
        return store.cards(db, patron)


def change_item(service: Service, workplace: Workplace, item_id: str, state: str) -> None:
    """Mark an item: missing, lost, withdrawn, ... (R84).

    Raises:
        CirculationError: there is no such item or state.
    """
    if state not in STATES:
        raise CirculationError("item_state", f"a state is one of {', '.join(STATES)}")
    with service.database.writing() as db:
        if circulating.item(db, item_id) is None:
            raise no_item()
        store.change(db, t.item, item_id, {"state": state})
        by = workplace.staff or workplace.channel
        audit.note(db, service.clock(), by, "item.state", f"item {item_id}", {"state": state})


# --- export, erasure, retention (R89) ---------------------------------------------------------------------------------


def export(service: Service, patron: str) -> dict[str, Any]:
    """Everything that is held about a patron, without what proves who they are.

    Raises:
        CirculationError: there is no such patron.
    """
    with service.database.reading() as db:
        row = present(db, patron)
        return {"patron": dict(row._mapping), **store.everything(db, patron)}  # noqa: SLF001


def open_matters(service: Service, patron: str) -> dict[str, int]:
    """What keeps a patron from being erased: how many "loans", "fees" and "reservations" are open."""
    with service.database.reading() as db:
        return _open_matters(db, patron)


def _open_matters(db: Connection, patron: str) -> dict[str, int]:
    return {
        "loans": len(store.open_loans(db, patron)),
        "fees": len(debts.open_fees(db, patron)),
        "reservations": len(reserving.lines_of(db, patron)),
    }


def erase(service: Service, patron: str, by: str) -> None:
    """Erase a patron; loans, fees and payments of theirs stay for the statistics and name nobody.

    Raises:
        CirculationError: there is no such patron, or something is still on loan or owed.
    """
    with service.database.writing() as db:
        who = circulating.patron(db, patron)
        if who is None:
            raise no_patron()
        if any(_open_matters(db, patron).values()):
            detail = "loans, fees or reservations are still open: settle them first"
            raise CirculationError("patron_busy", detail, 409)
        store.forget_patron(db, patron)
        audit.note(db, service.clock(), by, "patron.erase", "patron")


def forget(service: Service) -> dict[str, int]:
    """Take patrons off loans, and forget traces, once they have had their time (R89): how many of each."""
    now = service.clock()
    with service.database.writing() as db:
        terms = _terms(db)
        loans = store.forget_history(db, now - timedelta(days=terms[0]))
        notices.forget_patrons(db, now - timedelta(days=terms[0]))
    with service.database.writing() as db:
        traces = store.forget_traces(db, now - timedelta(days=terms[1]))
        addresses = notices.forget_addresses(db, now - timedelta(days=terms[1]))
    return {"loans": loans, "traces": traces, "addresses": addresses}


def _terms(db: Connection) -> tuple[int, int]:
    """Days of history and of traces: those of the organisation at the top hold for all."""
    tree = house.organisations(db)
    tops = [node.id for node in tree.nodes.values() if node.parent is None]
    made = [house.settings(db, tree)[top] for top in tops] or [Settings()]
    return max(one.history_days for one in made), max(one.traces_days for one in made)
