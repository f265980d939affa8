"""Patrons, loans, items, fees and payments at the desk."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from circulation import desk, money, people
from circulation.api import desk_models as m
from circulation.api import models
from circulation.api.access import TheService
from circulation.api.desk import Number
from circulation.api.staff_access import Admin, Desk
from circulation.operations import reason_line
from circulation.service import Service, Workplace

router = APIRouter(prefix="/staff", tags=["desk"])
Key = Annotated[str, Path(min_length=1, max_length=64)]


@router.get("/patrons")
def find(service: TheService, staff: Desk, card: Annotated[str, Query(min_length=1, max_length=64)]) -> m.PatronFound:
    """Whose card this is."""
    return m.PatronFound(patron=people.by_card(service, card))


@router.get("/patrons/{patron}")
def account(patron: Key, service: TheService, staff: Desk) -> m.DeskAccount:
    """Loans, fees, reservations of a patron, and what stops them from borrowing."""
    found = people.account(service, desk.workplace(service, staff), patron)
    reasons = [models.Reason(**reason_line(reason)) for reason in found.pop("reasons")]
    reservations = [m.ReservationRecord(**row) for row in found.pop("reservations")]
    return m.DeskAccount(**found, reasons=reasons, reservations=reservations)


@router.patch("/patrons/{patron}", status_code=204)
def change(patron: Key, body: m.PatronChange, service: TheService, staff: Desk) -> None:
    """Block a patron, mark the card as lost, change validity or addresses."""
    people.change_patron(service, desk.workplace(service, staff), patron, body.model_dump(exclude_unset=True))


@router.get("/patrons/{patron}/export")
def export(patron: Key, service: TheService, staff: Admin) -> dict[str, Any]:
    """Everything that is held about a patron (R89)."""
    return people.export(service, patron)


@router.post("/patrons/{patron}/erase", status_code=204, responses={409: {"model": models.Problem}})
def erase(patron: Key, service: TheService, staff: Admin) -> None:
    """Erase a patron who has nothing on loan and owes nothing (R89)."""
    people.erase(service, patron, staff.name)


def _sums(service: Service, at: Workplace, patron: str) -> m.Sums:
    with service.database.reading() as db:
        return m.Sums(**money.account_sums(db, service.place(db, at), patron))


@router.post("/patrons/{patron}/payments", responses={409: {"model": models.Problem}})
def pay(patron: Key, body: m.PayAsked, service: TheService, staff: Desk) -> m.Paid:
    """Take a payment, in part or in full."""
    at = desk.workplace(service, staff)
    return m.Paid(**money.pay(service, at, patron, body.amount, body.fees), sums=_sums(service, at, patron))


@router.post("/patrons/{patron}/fees")
def charge(patron: Key, body: m.ChargeAsked, service: TheService, staff: Desk) -> m.ChargeAnswer:
    """Book a fee by hand."""
    at = desk.workplace(service, staff)
    return m.ChargeAnswer(fee=money.charge(service, at, patron, body.model_dump()), sums=_sums(service, at, patron))


@router.post("/fees/{fee}/waive")
def waive(fee: Number, body: m.WaiveAsked, service: TheService, staff: Desk) -> m.Waived:
    """Waive what is still owed of a fee, with a reason."""
    return m.Waived(amount=money.waive(service, desk.workplace(service, staff), fee, body.reason))


@router.get("/loans/{loan}")
def loan(loan: Number, service: TheService, staff: Desk) -> m.LoanRecord:
    """One loan, with the rules that decided it (R78)."""
    return m.LoanRecord(**people.loan(service, loan))


@router.get("/items/{item}")
def item(item: Key, service: TheService, staff: Desk) -> m.ItemRecord:
    """One item, where it stands, and its open loan."""
    return m.ItemRecord(**people.item(service, item))


@router.patch("/items/{item}", status_code=204)
def mark(item: Key, body: m.ItemChange, service: TheService, staff: Desk) -> None:
    """Mark an item as missing, lost, withdrawn, ... (R84)."""
    people.change_item(service, desk.workplace(service, staff), item, body.state)
