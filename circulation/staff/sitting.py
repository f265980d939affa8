"""Where somebody stands at the desk, as the address of the page says it: mode, patron, and what was done so far.

It stands in the address and nowhere else: it ends with the address, and names nobody but by number. Not responsible
for what is shown there (pages).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID, uuid5

from fastapi import Response

from circulation.errors import CirculationError
from circulation.staff.forms import Form
from circulation.staff.page import Page, local

MODES = LEND, TAKE_BACK = "lend", "back"
MOST_LINES = 30  # an address has its limits; every line stays in the list of decisions
DESK = "/desk"


@dataclass(frozen=True, slots=True)
class Sitting:
    """What the desk, or the page of a patron, was asked for.

    Attributes:
        path: of the page, below /staff.
        lines: ids of the operations done so far, the newest first.
        override: id of the operation whose refusals are to be set aside.
    """

    path: str = DESK
    mode: str = LEND
    patron: str | None = None
    lines: tuple[str, ...] = ()
    override: str | None = None

    @property
    def address(self) -> str:
        """The page that shows it."""
        mode = self.mode if self.mode != LEND else None
        patron = self.patron if self.path == DESK else None
        asked = {"mode": mode, "patron": patron, "lines": ",".join(self.lines), "override": self.override}
        query = urlencode({name: value for name, value in asked.items() if value})
        return f"{self.path}?{query}" if query else self.path

    @property
    def kept(self) -> str:
        """What follows the question mark of the address, for forms that are sent to another path."""
        return urlsplit(self.address).query

    def after(self, operations: Iterable[str]) -> Sitting:
        """Once more was done; an override that was being asked for is over."""
        done = tuple(operations)
        lines = (*reversed(done), *(line for line in self.lines if line not in done))
        return replace(self, lines=lines[:MOST_LINES], override=None)

    def overriding(self, operation: str) -> Sitting:
        """With the question why the refusals of an operation are to be set aside."""
        return replace(self, override=operation)

    def in_mode(self, mode: str) -> Sitting:
        """In another mode."""
        return replace(self, mode=mode, override=None)


def of_form(asked: Form, path: str = DESK, patron: str | None = None) -> Sitting:
    """What an address asks for; what cannot be is left out."""
    mode = asked.text("mode")
    lines = tuple(line for line in asked.text("lines").split(",") if _is_id(line))
    override = asked.text("override")
    return Sitting(
        path,
        mode if mode in MODES else LEND,
        patron or asked.text("patron") or None,
        lines[:MOST_LINES],
        override if override in lines else None,
    )


def of_address(address: str, patron: str) -> Sitting:
    """What the address says from which a patron's form was sent; that of the patron's page if it says nothing fit."""
    own = f"/patrons/{patron}"
    parts = urlsplit(local(address))
    path = parts.path if parts.path in (DESK, own) else own
    fields = {name: (value,) for name, value in parse_qsl(parts.query)}
    return of_form(Form(fields), path, patron)


def operation_id(form: Form, action: str, item: str) -> str:
    """The id of an operation a form asks for: the same whenever that form is sent with the same item, so it acts once.

    Raises:
        CirculationError: the form has no mark of its own.
    """
    return str(uuid5(UUID(mark(form)), f"{action}:{item}"))


def mark(form: Form) -> str:
    """The mark by which a form that is sent twice is known.

    Raises:
        CirculationError: the form has no mark of its own.
    """
    found = form.text("op")
    if not _is_id(found):
        raise CirculationError("form_unreadable", "this form has no mark")
    return found


def back_to(page: Page, sitting: Sitting, said: str | None = None) -> Response:
    """Send the browser back to where somebody stands."""
    parts = urlsplit(sitting.address)
    return page.go(parts.path, said, **dict(parse_qsl(parts.query)))


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
