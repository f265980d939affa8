"""What an organisation says of itself in its messages: address, how to reach it, and where to pay.

Responsible for what can be said and for inheriting it, each field by itself. Not responsible for how it looks
(composing, letters) or for who may change it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from circulation import audit
from circulation.domain.policy import Mistake
from circulation.errors import CirculationError
from circulation.notices import checks
from circulation.notices.checks import MailWrongError
from circulation.service import Service
from circulation.store import house
from circulation.store import templates as store

MOST_ADDRESS_LINES, MOST_PAYEE, MOST_REFERENCE = 6, 70, 100  # of a payee: what a transfer has room for
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
_MODULUS, _REST = 97, 1  # ISO 13616


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What messages say of who sends them; None = not said.

    Attributes:
        address: of the sender, a line each, the name first.
        contact: telephone number, e-mail address, opening hours: one line.
        account: https:// page where patrons see their loans and renew them.
        payee, iban, bic: where fees are paid.
        reference: what a transfer is for, before the message's own number.
        code: a letter that asks for money has a code for banking apps (EPC 069-12), in euros only.
    """

    address: str | None = None
    contact: str | None = None
    account: str | None = None
    payee: str | None = None
    iban: str | None = None
    bic: str | None = None
    reference: str | None = None
    code: bool | None = None

    @property
    def payable(self) -> bool:
        """Whether a transfer can be made."""
        return self.payee is not None and self.iban is not None


def holding(own: Mapping[str, Mapping[str, Any]], chain: Sequence[str]) -> Letterhead:
    """What holds at an organisation; the deepest of its chain that says something decides."""
    found: dict[str, Any] = {}
    for organisation in chain:
        for name, value in own.get(organisation, {}).items():
            found.setdefault(name, value)
    return Letterhead(**found)


def letterheads(service: Service, organisation: str) -> tuple[Letterhead, Letterhead]:
    """What an organisation says itself, and what holds there.

    Raises:
        CirculationError: there is no such organisation.
    """
    with service.database.reading() as db:
        tree, own = house.organisations(db), store.letterheads(db)
    if organisation not in tree.nodes:
        raise CirculationError("organisation_unknown", f"there is no organisation {organisation}", 404)
    return Letterhead(**own.get(organisation, {})), holding(own, tree.chain(organisation))


def set_letterhead(service: Service, by: str, organisation: str, said: Letterhead) -> Letterhead:
    """Replace what an organisation says itself; what is said now.

    Raises:
        MailWrongError: something cannot be so.
        CirculationError: there is no such organisation.
    """
    clean = _clean(said)
    checks.must_be_right(_mistakes(clean))
    values = {name: value for name, value in asdict(clean).items() if value is not None}
    now = service.clock()
    with service.database.writing() as db:
        if organisation not in house.organisations(db).nodes:
            raise CirculationError("organisation_unknown", f"there is no organisation {organisation}", 404)
        store.set_letterhead(db, organisation, {"said": values, "changed_by": by, "changed_at": now})
        house.changed(db)
        audit.note(db, now, by, "letterhead.change", organisation, values)
    return clean


def _clean(said: Letterhead) -> Letterhead:
    """Without spaces around, without empty texts, account numbers as machines write them."""
    values: dict[str, Any] = {field.name: getattr(said, field.name) for field in fields(said)}
    clean: dict[str, Any] = {
        name: value.strip() or None if isinstance(value, str) else value for name, value in values.items()
    }
    for name in ("iban", "bic"):
        if clean[name] is not None:
            clean[name] = re.sub(r"\s", "", clean[name]).upper()
    if clean["address"] is not None:
        clean["address"] = "\n".join(line.strip() for line in clean["address"].splitlines() if line.strip())
    return Letterhead(**clean)


def _mistakes(said: Letterhead) -> Iterator[Mistake]:
    lines = (said.address or "").splitlines()
    if len(lines) > MOST_ADDRESS_LINES:
        yield Mistake("address", "too_many_lines", {"most": MOST_ADDRESS_LINES})
    for line in lines:
        yield from checks.line("address", line)
    yield from checks.line("contact", said.contact)
    if said.account is not None:
        yield from _page(said.account)
    yield from checks.line("payee", said.payee, most=MOST_PAYEE)
    yield from checks.line("reference", said.reference, most=MOST_REFERENCE)
    yield from _fits("iban", said.iban, is_iban)
    yield from _fits("bic", said.bic, lambda value: _BIC.fullmatch(value) is not None)
    if (said.iban is None) != (said.payee is None):
        yield Mistake("payee" if said.payee is None else "iban", "missing")


def _page(value: str) -> Iterator[Mistake]:
    found = tuple(checks.url("account", value))
    yield from found
    if not found and not value.startswith("https://"):
        yield Mistake("account", "url_in_clear")


def _fits(place: str, value: str | None, fits: Callable[[str], bool]) -> Iterator[Mistake]:
    if value is not None and not fits(value):
        yield Mistake(place, f"not_{place}")


def is_iban(value: str) -> bool:
    """Whether it is an account number (ISO 13616), written without spaces, with the right check digits."""
    if not _IBAN.fullmatch(value):
        return False
    digits = "".join(str(int(sign, 36)) for sign in value[4:] + value[:4])
    return int(digits) % _MODULUS == _REST


__all__ = ("Letterhead", "MailWrongError", "holding", "is_iban", "letterheads", "set_letterhead")
