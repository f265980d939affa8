"""Ways of sending: mail accounts and gateways for text messages, field by field, and testing them (R60, R61).

Both kinds have the same pages; what differs stands in mail_form's table. A password is entered here and never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from circulation.errors import CirculationError
from circulation.jobs import tasks
from circulation.notices.channels import replies
from circulation.notices.channels.smtp_connecting import NONE
from circulation.notices.channels.trouble import Stage
from circulation.notices.checks import MailWrongError, must_be_right
from circulation.notices.keeping import Shown
from circulation.staff import mail_form
from circulation.staff.forms import Form
from circulation.staff.mail_form import ACCOUNTS, KINDS, Kind
from circulation.staff.page import AdminPage, Page, TheForm

router = APIRouter()
TO = "to"  # the field of a test's address
OK, WRONG, NOT_REACHED = "ok", "stop", "info"


@dataclass(frozen=True, slots=True)
class Step:
    """How far a test came. ``kind``: OK, WRONG or NOT_REACHED."""

    stage: str
    kind: str


@router.get("/mail")
def ways(page: AdminPage) -> Response:
    """Every account and gateway, and how they are."""
    rows = {code: kind.keeping.listed(page.service) for code, kind in KINDS.items()}
    return page.show("mail/list.html", rows=rows, sentence=replies.sentence, now=page.service.clock())


@router.get("/mail/new/{what}")
def new(what: str, page: AdminPage) -> Response:
    """The form of a new one."""
    kind = _kind(what)
    return _new(page, kind, mail_form.empty(kind))


def _kind(what: str) -> Kind:
    if what not in KINDS:
        raise CirculationError("not_found", "there is no such way of sending", 404)
    return KINDS[what]


def _new(page: Page, kind: Kind, given: Form, error: CirculationError | None = None) -> Response:
    return page.show("mail/new.html", _status(error), given=given, **_common(page, kind, error))


def _status(error: CirculationError | None) -> int:
    return error.status if error is not None else 200


def _common(page: Page, kind: Kind, error: CirculationError | None) -> Mapping[str, Any]:
    """What the form shows, with what is wrong at its fields; an error of another sort stands above."""
    at_fields = isinstance(error, MailWrongError)
    mistakes = error.mistakes if isinstance(error, MailWrongError) else ()
    found = mail_form.faults(page.words, mistakes)
    if error is not None and error.code == "code_exists":
        found, at_fields = {"code": [page.words.problem(error)]}, True
    return {"kind": kind, "faults": found, "error": None if at_fields else error, "looks": mail_form}


@router.post("/mail/new/{what}")
def create(what: str, page: AdminPage, form: TheForm) -> Response:
    """Enter a new one; it can be chosen once a test has succeeded (R61)."""
    kind = _kind(what)
    code = form.text("code")
    try:
        must_be_right(mail_form.unread(kind, form))
        said = mail_form.made(kind, mail_form.said(kind, form))
        kind.keeping.create(page.service, page.staff.name, code, said, form.text(kind.keeping.secret) or None)
    except CirculationError as error:
        return _new(page, kind, form, error)
    return page.go(_path(kind, code), "mail_made")


def _path(kind: Kind, code: str) -> str:
    return f"/mail/{kind.code}/{code}"


# --- one --------------------------------------------------------------------------------------------------------------


@router.get("/mail/{what}/{code:path}")
def one_way(what: str, code: str, page: AdminPage) -> Response:
    """One account or gateway: its test, its fields, and what uses it."""
    return _one(page, _kind(what), code)


def _one(
    page: Page, kind: Kind, code: str, given: Form | None = None, error: CirculationError | None = None, to: str = ""
) -> Response:
    found = kind.keeping.one(page.service, code)
    with page.reading() as db:
        using = {task.id for task in kind.keeping.used_by(db, code)}
    return page.show(
        "mail/one.html",
        _status(error),
        given=given if given is not None else mail_form.said_of(kind, found),
        to=to,
        found=found,
        steps=_steps(kind, found),
        sentence=replies.sentence,
        users=[task for task in tasks.listed(page.service) if task.id in using],
        **_common(page, kind, error),
    )


def _steps(kind: Kind, found: Shown[Any]) -> tuple[Step, ...]:
    """The last test stage by stage; of a gateway, which answers all at once, none."""
    state = found.state
    if kind is not ACCOUNTS or state.tested_at is None:
        return ()
    order = [stage.value for stage in Stage]
    stopped = order.index(state.test_stage) if state.test_stage is not None else len(order)
    left_out = {Stage.TLS: found.said.security == NONE, Stage.SIGN_IN: found.said.user is None}
    return tuple(
        Step(stage, _reached(place, stopped))
        for place, stage in enumerate(Stage)
        if place == stopped or not left_out.get(stage, False)
    )


def _reached(place: int, stopped: int) -> str:
    if place == stopped:
        return WRONG
    return OK if place < stopped else NOT_REACHED


@router.post("/mail/{what}/{code:path}/change")
def change(what: str, code: str, page: AdminPage, form: TheForm) -> Response:
    """Change fields; an empty password stays as it is."""
    kind = _kind(what)
    try:
        must_be_right(mail_form.unread(kind, form))
        given = mail_form.said(kind, form)
        kind.keeping.change(page.service, page.staff.name, code, given, form.text(kind.keeping.secret) or None)
    except MailWrongError as error:
        return _one(page, kind, code, form, error)
    return page.go(_path(kind, code), "mail_changed")


@router.post("/mail/{what}/{code:path}/test")
def test(what: str, code: str, page: AdminPage, form: TheForm) -> Response:
    """Send a test message, and show how far it came and what was said (R61)."""
    kind = _kind(what)
    to = form.text(TO)
    try:
        if not kind.send_test(page.service, page.staff.name, code, to, page.words.language).ok:
            raise CirculationError("mail_not_sent", "the test did not succeed", 409)
    except CirculationError as error:
        return _one(page, kind, code, error=error, to=to)
    return page.go(_path(kind, code), "mail_tested")


@router.post("/mail/{what}/{code:path}/delete")
def delete(what: str, code: str, page: AdminPage, form: TheForm) -> Response:
    """Take one out that no task uses."""
    kind = _kind(what)
    try:
        kind.keeping.delete(page.service, page.staff.name, code)
    except CirculationError as error:
        return _one(page, kind, code, error=error)
    return page.go("/mail", "mail_deleted")
