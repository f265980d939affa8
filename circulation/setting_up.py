"""Setting up an empty database for a library: the installation, the library as a whole, and its first branch.

Responsible for what is needed before staff can sign in. Not responsible for the rest, which staff make themselves
(organising), nor for an invented library (demo).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4
from zoneinfo import available_timezones

from babel.numbers import is_currency
from sqlalchemy import Connection, func, insert, select

from circulation import audit
from circulation.errors import CirculationError
from circulation.service import Service
from circulation.store import organising as store
from circulation.store import tables as t
from rules.rule import is_code

MOST_CODE = 64
MOST_NAME = 200
MOST_ISIL = 16
# ISO 15511: a prefix (a country's two letters or another), a hyphen, the library in it.
ISIL = re.compile(r"[A-Za-z0-9]{1,4}-[A-Za-z0-9:/-]{1,11}")
NEXT_STEPS = """What is next:
1. circulation admin create NAME   makes the first member of staff, who asks for a password
2. circulation serve               serves machines and staff
3. sign in there with that name, then make media types, patron categories, age groups and more branches
4. circulation import mapping items, then circulation import items FILE --dry-run
5. in the browser under Drafts, check and publish the first rules: nothing is lent before"""


@dataclass(frozen=True, slots=True)
class Library:
    """What a library is called.

    Attributes:
        isil: its ISO 15511 identifier, as on its tags.
        currency: ISO 4217 code.
        time_zone: IANA name.
        account, branch: codes of the library as a whole and of its first branch.
    """

    name: str
    isil: str
    currency: str
    time_zone: str
    account: str
    branch: str
    branch_name: str


def set_up(service: Service, library: Library) -> None:
    """Set up an empty database.

    Raises:
        CirculationError: something of the library cannot be so, or the database is set up already.
    """
    for code, why in _wrong(library):
        raise CirculationError(code, why)
    now = service.clock()
    with service.database.writing() as db:
        store.hold_house(db)
        _refuse_content(db)
        values = {"library": library.name, "isils": [library.isil], "currency": library.currency}
        known = {**values, "time_zone": library.time_zone}
        db.execute(insert(t.installation).values(id=1, generation=str(uuid4()), **known))
        for id_, name, parent, kind in (
            (library.account, library.name, None, "account"),
            (library.branch, library.branch_name, library.account, "branch"),
        ):
            store.add_organisation(db, {"id": id_, "name": name, "parent": parent, "kind": kind})
        told = {**known, "account": library.account, "branch": library.branch}
        audit.note(db, now, audit.COMMAND_LINE, "installation.create", library.name, told)


def _refuse_content(db: Connection) -> None:
    if any(
        db.execute(select(func.count()).select_from(table)).scalar_one() for table in (t.installation, t.organisation)
    ):
        raise CirculationError("not_empty", "this database is set up already; nothing was changed", 409)


def _wrong(library: Library) -> Iterator[tuple[str, str]]:
    """What cannot be so, with the code of the error."""
    for name in (library.name, library.branch_name):
        if not (name.strip() and len(name) <= MOST_NAME and name.isprintable()):
            yield "bad_name", f"a name has 1 to {MOST_NAME} characters, none of them a control character"
    if len(library.isil) > MOST_ISIL or not ISIL.fullmatch(library.isil):
        yield "isil", f"{library.isil!r} is no ISIL: a prefix, a hyphen and the library, e.g. DE-Mus1"
    if not is_currency(library.currency):
        yield "currency", f"{library.currency!r} is no currency: its ISO code is wanted, e.g. EUR"
    if library.time_zone not in available_timezones():
        yield "time_zone", f"{library.time_zone!r} is no time zone: a name such as Europe/Berlin is wanted"
    for code in (library.account, library.branch):
        if len(code) > MOST_CODE or not is_code(code):
            yield "bad_code", f"{code!r} cannot be a code: printable, no |, no outer spaces, at most {MOST_CODE}"
    if library.account == library.branch:
        yield "code_exists", "the branch and the library as a whole need different codes"
