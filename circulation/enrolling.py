"""New patrons, new cards and new PINs at the desk. Not responsible for what else staff change of a patron (people)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from circulation import audit, lockout, people, signin
from circulation.errors import CirculationError
from circulation.secrets import LONGEST_PIN, SHORTEST_PIN, can_be_pin
from circulation.service import Service, Workplace
from circulation.store import people as store

LONGEST_CARD = 64
CARD_KINDS = BARCODE, UID = "barcode", "uid"


def create(service: Service, workplace: Workplace, values: Mapping[str, Any], card: str, pin: str) -> str:
    """A new patron with a first card; the id.

    Args:
        service: the service.
        workplace: the desk.
        values: columns of the patron: category, first_name and last_name at least.
        card: the barcode of the card.
        pin: with which the patron signs in at a machine.

    Raises:
        CirculationError: a value is wrong, the card is somebody's already, or the PIN cannot be one.
    """
    for field in ("first_name", "last_name", "category"):
        if not values.get(field):
            raise CirculationError("field_missing", f"{field} must be given", place=field)
    number = str(uuid4())
    pin_hash = service.secrets.hash_pin(_pin(pin), number)  # takes long: not while the database is held
    with service.database.writing() as db:
        people.check_patron(db, values)
        free = _free_card(db, BARCODE, card)
        kept = {"blocked": False, "card_lost": False, **people.as_kept(values)}
        store.add_patron(db, {**kept, "id": number, "pin_hash": pin_hash})
        store.add_card(db, BARCODE, free, number)
        _note(service, db, workplace, "patron.create", sorted(values))
    return number


def give_card(service: Service, workplace: Workplace, patron: str, card: str, kind: str = BARCODE) -> None:
    """Give a patron a new card: the old ones of its kind are nobody's from now on, and none is lost any longer.

    Raises:
        CirculationError: there is no such patron, the card is somebody else's, or cannot be one.
    """
    with service.database.writing() as db:
        people.present(db, patron)
        value = _free_card(db, kind, card, patron)
        store.drop_cards(db, kind, patron)
        store.add_card(db, kind, value, patron)
        store.change_lost(db, patron)
        _note(service, db, workplace, "patron.card", [kind])


def give_pin(service: Service, workplace: Workplace, patron: str, pin: str) -> None:
    """Give a patron a new PIN; cards that were locked by wrong ones are free again.

    Raises:
        CirculationError: there is no such patron, or the PIN cannot be one.
    """
    pin_hash = service.secrets.hash_pin(_pin(pin), patron)
    with service.database.writing() as db:
        people.present(db, patron)
        store.change_pin(db, patron, pin_hash)
        for kind, value in store.cards(db, patron):
            lockout.forget(db, signin.card_subject(service, kind, value))
        _note(service, db, workplace, "patron.pin", [])


def _pin(pin: str) -> str:
    if not can_be_pin(pin):
        raise CirculationError("pin_length", f"a PIN has {SHORTEST_PIN} to {LONGEST_PIN} digits", place="pin")
    return pin


def _free_card(db: Connection, kind: str, card: str, patron: str | None = None) -> str:
    """The number of a card, as it is stored; whoever has it may only be this patron."""
    if kind not in CARD_KINDS:
        raise CirculationError("card_kind", f"a kind of card is one of {', '.join(CARD_KINDS)}", place="kind")
    if not 1 <= len(card) <= LONGEST_CARD or not card.isprintable():
        raise CirculationError("card_length", f"a card has 1 to {LONGEST_CARD} characters", place="card")
    owner = store.patron_of_card(db, card)
    if owner is not None and owner != patron:
        raise CirculationError("card_taken", "this card belongs to somebody already", 409, place="card")
    return card


def _note(service: Service, db: Connection, workplace: Workplace, action: str, fields: list[str]) -> None:
    audit.note(db, service.clock(), workplace.staff or workplace.channel, action, "patron", {"fields": fields})
