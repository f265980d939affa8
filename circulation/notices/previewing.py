"""What a text would become for a real loan, with nothing sent, recorded or charged (R75).

Not responsible for whether the loan is due such a message (domain.noticing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row

from circulation.clock import local_day
from circulation.errors import CirculationError
from circulation.notices import templates
from circulation.notices.composing import compose
from circulation.notices.content import (
    LENT,
    OVERDUE,
    PAYMENT,
    RECEIPT,
    RESERVATION,
    BranchSaid,
    Content,
    FeeSaid,
    LoanSaid,
    Reader,
    ReservationSaid,
    Sums,
)
from circulation.notices.letterhead import holding
from circulation.notices.templates import Place, TemplateWrongError, Words
from circulation.notices.types import EMAIL, LETTER, SMS, Message
from circulation.notices.vocabulary import INVOICE, LEVELS
from circulation.service import Service
from circulation.store import debts, house
from circulation.store import notices as ledger
from circulation.store import templates as store

KEY = "preview"
_ADDRESS = {EMAIL: "email", SMS: "phone", LETTER: "postal"}


@dataclass(frozen=True, slots=True)
class _Found:
    """A loan and what belongs to it."""

    here: house.Installation
    today: date
    loan: Row[Any]
    patron: Row[Any]
    fees: Sequence[Row[Any]]
    branch: str


def preview(service: Service, place: Place, words: Words, loan: int, fee: int = 0) -> Message:
    """What a text would become.

    Args:
        service: the service.
        place: which text; for all levels, the first is shown. Its organisation's letterhead is used.
        words: as they are being written; they need not be saved.
        loan: whose patron it is for. A payment reminder shows all that patron owes, a reservation notice the loan's
            title.
        fee: what the message is to cost, minor units.

    Raises:
        TemplateWrongError: something is wrong with the words.
        CirculationError: there is no such loan or place, or nobody has it any longer.
    """
    wrong = templates.mistakes(place.kind, place.level, place.channel, words)
    if wrong:
        raise TemplateWrongError(wrong)
    with service.database.reading() as db:
        tree = house.organisations(db)
        if place.organisation not in tree.nodes:
            raise CirculationError("organisation_unknown", f"there is no organisation {place.organisation}", 404)
        head = holding(store.letterheads(db), tree.chain(place.organisation))
        found = _found(service, db, place, loan)
    return compose(_content(found, place, fee), words, head, place.language)


def _found(service: Service, db: Connection, place: Place, loan: int) -> _Found:
    row = ledger.loans_now(db, [loan]).get(loan)
    people = ledger.patrons(db, [row.patron_id]) if row is not None and row.patron_id is not None else []
    if row is None or not people:
        raise CirculationError("loan_unknown", "there is no such loan, or nobody has it any longer", 404)
    here = house.installation(db)
    today = local_day(service.clock(), here.time_zone)
    branch = ledger.organisation_name(db, place.organisation)
    return _Found(here, today, row, people[0], debts.open_fees(db, row.patron_id), branch)


def _content(found: _Found, place: Place, fee: int) -> Content:
    levels = LEVELS[place.kind]
    level = place.level or next(iter(levels), "")
    loan, patron = found.loan, found.patron
    price = (loan.price or 0) if (place.kind, level) == (OVERDUE, INVOICE) else 0
    owed = sum(row.owed for row in found.fees)
    late = max((found.today - loan.due).days, 0)
    done = LENT if place.kind == RECEIPT else ""
    lent = LoanSaid(loan.loan, loan.id, loan.called, loan.author, loan.media_type, loan.due, late, price, done)
    return Content(
        key=KEY,
        kind=place.kind,
        level=level,
        language=place.language,
        channel=place.channel,
        to=getattr(patron, _ADDRESS[place.channel]) or "",
        patron=Reader(patron.id, patron.first_name, patron.last_name),
        branch=BranchSaid(place.organisation, found.branch),
        library=found.here.library,
        currency=found.here.currency,
        today=found.today,
        loans=() if place.kind in (PAYMENT, RESERVATION) else (lent,),
        fees=tuple(_fee(found, row) for row in found.fees) if place.kind == PAYMENT else (),
        reservations=_reserved(found) if place.kind == RESERVATION else (),
        sums=Sums(fee, price, owed),
    )


def _fee(found: _Found, row: Row[Any]) -> FeeSaid:
    return FeeSaid(row.reason, row.title, local_day(row.at, found.here.time_zone), row.owed, row.invoice)


def _reserved(found: _Found) -> tuple[ReservationSaid, ...]:
    loan = found.loan
    return (ReservationSaid(KEY, loan.called, loan.author, found.today, None),)
