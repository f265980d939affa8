"""The patrons of a world: who they are, how they are reached, and what they owe before the first step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert

from circulation.notices.types import EMAIL, LETTER, SMS
from circulation.service import Service
from circulation.store import tables as t
from tests.cases.taking import Taking, instant
from tests.cases.words import CHANNELS, listed, minor, word

PIN = "1234"
_USUAL = {EMAIL: "{id}@example.org", SMS: "+491701234567", LETTER: "{id}\nMarktplatz 1\n12345 Musterstadt"}
_EMAIL = ("email", "e_mail", "mail", "emails", "email_address", "e_mail_address")
_SMS = ("sms", "phone", "mobile")  # or part of it: "sms_number"
_LETTER = ("postal", "postal_address", "letter", "post", "has_postal_address", "street")
_PREFERS = (
    *("prefers", "preferred", "preference", "preferred_channel", "channel", "channel_choice", "notice_channel"),
    *("chosen_channel", "notify_by", "notices_by"),
)
_OWES = (("invoice", True), *((part, False) for part in ("debt", "fee", "owe", "owing", "outstanding", "balance")))
_SINCE = (
    *("since", "on", "date", "at", "day", "charged", "charged_on", "charged_at", "booked", "booked_on", "booked_at"),
    *("reached", "created", "created_on"),
)


def fill(service: Service, db: Connection, of: Taking, barcode: str, at: datetime, zone: str) -> str:
    """Store a patron with card, addresses and fees; the id.

    Args:
        service: over that database.
        db: in which.
        of: what the world says.
        barcode: of the card.
        at: time of the first step: fees of no day were booked then.
        zone: of the file.
    """
    id_ = of.get("id")
    _flatten(of, "contact", "contacts", "addresses", "account")
    prefers = _channel(of)
    values = {
        "id": id_,
        "category": of.get("category", "patron_category", default="normal"),
        "born": of.get("born", "birth_date", "date_of_birth"),
        "first_name": of.get("name", default=id_),
        "last_name": "",
        "blocked": bool(of.get("blocked", default=False)),
        "card_lost": bool(of.get("card_lost", default=False)),
        "valid_from": of.get("valid_from", "card_valid_from"),
        "valid_until": of.get("valid_until", "card_valid_until", "expires", "card_expires", "expired"),
        "home": of.get("home", "home_branch"),
        "language": of.get("language"),
        "prefers": prefers,
        "pin_hash": service.secrets.hash_pin(PIN, id_),
    }
    reached = _addresses(of, id_, prefers)
    since = of.like("since", default=at)
    owed = [(of.like(part), invoice) for part, invoice in _OWES]
    of.done()
    addresses = {"email": reached[EMAIL], "phone": reached[SMS], "postal": reached[LETTER]}
    db.execute(insert(t.patron).values(**values, **addresses))
    db.execute(insert(t.card).values(kind="barcode", value=barcode, patron_id=id_))
    for raw, invoice in owed:
        for fee in _fees(of.place, raw, invoice, since):
            booked = {**fee, "at": instant(fee["at"], zone)}
            db.execute(insert(t.fee).values(patron_id=id_, open=True, **booked))
    return str(id_)


def _flatten(of: Taking, *names: str) -> None:
    """What tables within say of the patron is said of the patron."""
    for name in names:
        if isinstance(of.left.get(name), Mapping):
            of.left |= of.left.pop(name)


# --- addresses --------------------------------------------------------------------------------------------------------


def _channel(of: Taking) -> str | None:
    """The channel a patron has chosen."""
    said = of.get(*_PREFERS)
    if said is not None and word(said) not in CHANNELS:
        raise of.wrong("channel", said)
    return CHANNELS[word(said)] if said is not None else None


def _addresses(of: Taking, id_: str, prefers: str | None) -> dict[str, str | None]:
    """Where a patron is reached by each channel; one that is chosen, or only said to be there, has a usual address."""
    address = of.get("address")
    by_email = isinstance(address, str) and "@" in address
    said = {
        EMAIL: of.get(*_EMAIL, default=address if by_email else None),
        SMS: of.like(*_SMS),
        LETTER: of.get(*_LETTER, default=None if by_email else address),
    }
    if prefers == LETTER and said[LETTER] is None:
        said[LETTER] = True
    return {channel: _address(of, channel, one, id_) for channel, one in said.items()}


def _address(of: Taking, channel: str, said: Any, id_: str) -> str | None:
    """An address: a text, its lines in a list or table, or whether there is one."""
    if said is True:
        return _USUAL[channel].format(id=id_)
    lines = list(said.values()) if isinstance(said, Mapping) else listed(said or None)
    if channel != LETTER and len(lines) > 1:
        raise of.wrong(channel, said)
    return "\n".join(map(str, lines)) or None


# --- fees -------------------------------------------------------------------------------------------------------------


def _fees(place: str, raw: Any, invoice: bool, at: Any) -> Iterator[dict[str, Any]]:
    """What is owed: an amount, several, a table of amounts by kind, or of one amount with its kind, day and branch."""
    if isinstance(raw, Mapping) and "amount" in raw:
        yield from _fee(Taking(place, raw), invoice, at)
    elif isinstance(raw, Mapping):
        for kind, amount in raw.items():
            yield from _fees(place, amount, invoice or "invoice" in kind, at)
    elif isinstance(raw, list):
        for one in raw:
            yield from _fees(place, one, invoice, at)
    elif raw is not None:
        yield from _fee(Taking(place, {"amount": raw}), invoice, at)


def _fee(of: Taking, invoice: bool, at: Any) -> Iterator[dict[str, Any]]:
    amount = minor(of.get("amount"))
    kind = of.get("kind", "reason", "fee", "type", "of", "what", default="")
    is_invoice = bool(of.get("invoice", default=invoice)) or "invoice" in kind
    since = of.get(*_SINCE, default=at)
    branch = of.get("branch", "organisation", "org")
    of.get("id", "note", "comment")
    of.done()
    if amount:
        reason = "invoice" if is_invoice else "other"
        yield {"reason": reason, "amount": amount, "invoice": is_invoice, "at": since, "branch": branch}
