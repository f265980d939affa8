"""Patrons, items and loans at the desk: looking, changing what staff may change, exporting and erasing (R87, R89)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection

from circulation import audit, money, reserving
from circulation.domain import blocks
from circulation.domain.deciding import Deciding
from circulation.domain.item_states import STATES
from circulation.domain.records import patron_facts
from circulation.domain.settings import Settings
from circulation.errors import CirculationError
from circulation.service import Service, Workplace
from circulation.store import circulating, debts, house
from circulation.store import people as store
from circulation.store import tables as t


def _no_patron() -> CirculationError:
    return CirculationError("patron_unknown", "there is no such patron", 404)


def by_card(service: Service, value: str) -> str:
    """The patron of a card.

    Raises:
        CirculationError: nobody has it.
    """
    with service.database.reading() as db:
        found = store.patron_of_card(db, value)
    if found is None:
        raise _no_patron()
    return found


def account(service: Service, workplace: Workplace, patron: str) -> dict[str, Any]:
    """All the desk needs to know of a patron.

    Raises:
        CirculationError: there is no such patron.
    """
    with service.database.reading() as db:
        row = store.patron(db, patron)
        who = circulating.patron(db, patron, locked=False)
        if row is None or who is None:
            raise _no_patron()
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
    *("renewals", "renewed_at", "returned_at", "reminded", "rule_set", "rules", "override"),
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
        raise CirculationError("item_unknown", "there is no such item", 404)
    found: dict[str, Any] = dict(row._mapping)  # noqa: SLF001
    return found


# --- changes ----------------------------------------------------------------------------------------------------------


def change_patron(service: Service, workplace: Workplace, patron: str, values: Mapping[str, Any]) -> None:
    """Block, mark the card as lost, change validity or addresses.

    Raises:
        CirculationError: there is no such patron, or no such branch or category.
    """
    with service.database.writing() as db:
        if values.get("home") is not None and values["home"] not in house.organisations(db).nodes:
            raise CirculationError("branch_unknown", "there is no such branch")
        if not values:
            raise CirculationError("bad_request", "name something to change")
        if not store.change(db, t.patron, patron, values):
            raise _no_patron()
        by = workplace.staff or workplace.channel
        audit.note(db, service.clock(), by, "patron.change", "patron", {"fields": sorted(values)})


def change_item(service: Service, workplace: Workplace, item_id: str, state: str) -> None:
    """Mark an item: missing, lost, withdrawn, ... (R84).

    Raises:
        CirculationError: there is no such item or state.
    """
    if state not in STATES:
        raise CirculationError("item_state", f"a state is one of {', '.join(STATES)}")
    with service.database.writing() as db:
        if circulating.item(db, item_id) is None:
            raise CirculationError("item_unknown", "there is no such item", 404)
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
        row = store.patron(db, patron)
        if row is None:
            raise _no_patron()
        return {"patron": dict(row._mapping), **store.everything(db, patron)}  # noqa: SLF001


def erase(service: Service, patron: str, by: str) -> None:
    """Erase a patron; loans, fees and payments of theirs stay for the statistics and name nobody.

    Raises:
        CirculationError: there is no such patron, or something is still on loan or owed.
    """
    with service.database.writing() as db:
        who = circulating.patron(db, patron)
        if who is None:
            raise _no_patron()
        if store.open_loans(db, patron) or debts.open_fees(db, patron) or reserving.lines_of(db, patron):
            detail = "loans, fees or reservations are still open: settle them first"
            raise CirculationError("patron_busy", detail, 409)
        store.forget_patron(db, patron)
        audit.note(db, service.clock(), by, "patron.erase", "patron")


def forget(service: Service) -> None:
    """Take patrons off loans, and forget traces, once they have had their time (R89)."""
    now = service.clock()
    with service.database.writing() as db:
        terms = _terms(db)
        store.forget_history(db, now - timedelta(days=terms[0]))
    with service.database.writing() as db:
        store.forget_traces(db, now - timedelta(days=terms[1]))


def _terms(db: Connection) -> tuple[int, int]:
    """Days of history and of traces: those of the organisation at the top hold for all."""
    tree = house.organisations(db)
    tops = [node.id for node in tree.nodes.values() if node.parent is None]
    made = [house.settings(db, tree)[top] for top in tops] or [Settings()]
    return max(one.history_days for one in made), max(one.traces_days for one in made)
