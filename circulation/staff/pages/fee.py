"""One fee: what is owed of it, how it was settled, and why it is as high as it is (question 6 of the desk)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from circulation import fees, money
from circulation.errors import CirculationError
from circulation.explaining import step_text, value_text
from circulation.staff import notice_words
from circulation.staff.page import DeskPage, Page, TheForm, plain_form
from circulation.store import house
from circulation.store import notice_lists as lists
from circulation.store import people as store

router = APIRouter(prefix="/fees/{fee}")
MOST_REASON = 200


@router.get("")
def fee_page(fee: int, page: DeskPage) -> Response:
    """A fee and how it came about."""
    return page.show("fees/fee.html", error=None, **_shown(page, fee))


def _shown(page: Page, number: int) -> dict[str, Any]:
    if not 0 < number < 2**31:
        raise CirculationError("fee_unknown", "there is no such fee", 404)
    found = fees.fee(page.service, number)
    story = found["story"]
    language = page.words.language
    values = {kind: value_text(story.value(kind), language) for kind in fees.KINDS} if story is not None else {}
    with page.reading() as db:
        patron = found["fee"]["patron_id"]
        name = store.names(db, [patron]).get(patron) if patron is not None else None
        message = lists.of_fee(db, patron, number) if patron is not None else None
        branches = {id_: node.name for id_, node in house.organisations(db).nodes.items()}
    steps = [line for step in story.steps for line in step_text(step, language)] if story is not None else []
    called = notice_words.name(page.words, message.kind, message.level) if message is not None else ""
    told = {"message": message, "message_name": called}
    return {**found, **told, "values": values, "steps": steps, "who": name, "branches": branches, "given": {}}


@router.post("/waive")
def waive(fee: int, page: DeskPage, form: TheForm) -> Response:
    """Waive what is still owed of it, with a reason."""
    try:
        reason = form.needed("reason")
        if len(reason) > MOST_REASON or not reason.isprintable():
            raise CirculationError("field_long", f"at most {MOST_REASON} characters in one line", place="reason")
        money.waive(page.service, page.workplace, fee, reason)
    except CirculationError as error:
        return page.wrong("fees/fee.html", error, **{**_shown(page, fee), "given": plain_form(form)})
    return page.go(f"/fees/{fee}", "waived")
