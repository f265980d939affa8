"""The desk: one field for a scanner, two modes, and what was done so far; no mouse is needed (R83, R84, R86, R87)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from circulation import desk, machines
from circulation.errors import CirculationError
from circulation.notices import receipts
from circulation.operations import Asked
from circulation.staff import account, sitting
from circulation.staff.forms import Form
from circulation.staff.page import DeskPage, Page, TheForm
from circulation.staff.sitting import LEND, TAKE_BACK, Sitting
from circulation.transactions import CHECKOUT, RETURN

router = APIRouter()


@router.get("/desk")
def desk_page(page: DeskPage) -> Response:
    """Where somebody stands at the desk."""
    here = sitting.of_form(page.asked)
    return page.show("desk/desk.html", error=None, **shown(page, here))


def shown(page: Page, here: Sitting) -> dict[str, Any]:
    """What the desk is made of; without a patron only returns are told, and those of a patron end with F4."""
    return {
        **account.shown(page, here, here.patron),
        "receipt": _receipt(page, here),
        "other": here.in_mode(LEND if here.mode == TAKE_BACK else TAKE_BACK),
    }


def _receipt(page: Page, here: Sitting) -> bool | None:
    """Whether a receipt of what was done can be sent to the patron; None = nothing can be said of that."""
    if here.patron is None or not here.lines:
        return None
    with page.reading() as db:
        return receipts.possible(page.service, db, here.patron)


@router.post("/desk/receipt")
def receipt(page: DeskPage, form: TheForm) -> Response:
    """Send the patron a receipt of what was done for them here, by e-mail."""
    here = sitting.of_form(page.asked)
    if here.patron is None:
        return sitting.back_to(page, here)
    asked = receipts.Asked(sitting.mark(form), here.patron, here.lines[::-1])
    try:
        receipts.ask(page.service, page.workplace, asked)
    except CirculationError as error:
        return page.wrong("desk/desk.html", error, **shown(page, here))
    page.request.app.state.ring()
    return sitting.back_to(page, here, "receipt_asked")


@router.post("/desk/scan")
def scan(page: DeskPage, form: TheForm) -> Response:
    """A card opens its patron, an item is lent or taken back."""
    here = sitting.of_form(page.asked)
    code = form.text("scan")
    if not code:
        return sitting.back_to(page, here)
    found = desk.scanned(page.service, code)
    if found.patron is not None and not (found.item and _wants_item(here)):
        return sitting.back_to(page, Sitting(patron=found.patron))
    if not _wants_item(here):
        error = CirculationError("card_first" if found.item else "scan_unknown", "no card was scanned", 422, "scan")
        return page.wrong("desk/desk.html", error, **{**shown(page, here), "given": {"scan": code}})
    action = RETURN if here.mode == TAKE_BACK else CHECKOUT
    return carry_out(
        page, form, here, Asked(sitting.operation_id(form, action, code), action, code, _whom(here, action))
    )


def _wants_item(here: Sitting) -> bool:
    return here.mode == TAKE_BACK or here.patron is not None


def _whom(here: Sitting, action: str) -> str | None:
    return None if action == RETURN else here.patron


def carry_out(page: Page, form: Form, here: Sitting, *asked: Asked) -> Response:
    """Carry operations out and show what came of each.

    Raises:
        CirculationError: one could not be taken as asked.
    """
    for one in asked:
        line, _ = desk.carry_out(page.service, page.workplace, one)
        if line["outcome"] == "error":
            raise CirculationError(line["error"], line["detail"], 409)
    return sitting.back_to(page, here.after(one.id for one in asked))


@router.post("/desk/doubt")
def clear_doubt(page: DeskPage, form: TheForm) -> Response:
    """Somebody has looked at an item a machine was in doubt about."""
    machines.clear_doubt(page.service, form.needed("item"), page.staff.name)
    return sitting.back_to(page, sitting.of_form(page.asked), "doubt_cleared")
