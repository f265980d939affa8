"""What an organisation says of itself in its messages: address, contact, where to pay.

Not responsible for what can be said (notices.letterhead).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from fastapi import APIRouter, Response

import wording
from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.notices import letterhead
from circulation.notices.letterhead import Letterhead, MailWrongError
from circulation.staff.forms import Form
from circulation.staff.page import AdminPage, Page, TheForm
from circulation.staff.trees import indented
from circulation.store import house

router = APIRouter()
PAGE = "/notice-texts/letterhead"
CODE = "code"
TEXTS = tuple(field.name for field in fields(Letterhead) if field.name != CODE)
_SAID: Mapping[str, bool] = {"yes": True, "no": False}


@router.get(PAGE)
def letterhead_page(page: AdminPage) -> Response:
    """The letterhead of an organisation."""
    return _form(page, _organisation(page, page.asked))


def _organisation(page: Page, form: Form) -> str:
    with page.reading() as db:
        tree = house.organisations(db)
    top = next(node.id for node in tree.nodes.values() if node.parent is None)
    return form.text("organisation", top)


def _form(
    page: Page,
    organisation: str,
    error: CirculationError | None = None,
    given: Mapping[str, Any] | None = None,
    wrong: Sequence[Mistake] = (),
) -> Response:
    own, holds = letterhead.letterheads(page.service, organisation)
    with page.reading() as db:
        tree = house.organisations(db)
    said = {True: "yes", False: "no", None: ""}
    mistakes = {
        one.place: wording.say_staff(f"mail.wrong.{one.code}", one.params, page.words.language) for one in wrong
    }
    return page.show(
        "notice_texts/letterhead.html",
        error.status if error is not None else 200,
        error=error,
        organisation=organisation,
        name=tree.nodes[organisation].name,
        places=indented(tree),
        given=given or {**asdict(own), CODE: said[own.code]},
        holds={
            name: value for name, value in asdict(holds).items() if value is not None and getattr(own, name) is None
        },
        mistakes=mistakes,
        texts=TEXTS,
    )


@router.post(PAGE)
def change(page: AdminPage, form: TheForm) -> Response:
    """Say it otherwise; what is left empty is inherited."""
    organisation = form.needed("organisation")
    values: dict[str, Any] = {name: form.text(name) or None for name in TEXTS}
    if values["address"] is not None:
        values["address"] = values["address"].replace("\r\n", "\n")
    said = Letterhead(**values, code=_SAID.get(form.text(CODE)))
    try:
        letterhead.set_letterhead(page.service, page.staff.name, organisation, said)
    except MailWrongError as error:
        return _form(page, organisation, error, {**values, CODE: form.text(CODE)}, error.mistakes)
    return page.go(PAGE, "letterhead_saved", organisation=organisation)
