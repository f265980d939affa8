"""What a browser sent with a form: texts by field, read with an error that names the field.

Responsible for that a form comes from a page of ours (CSRF). Not responsible for what the fields mean (pages).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import UploadFile

from circulation.errors import CirculationError
from circulation.service import Service
from rules.values import amount_from_text

T = TypeVar("T")
CSRF = "csrf"
MOST_FIELDS = 1000
MOST_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class Form:
    """Fields of a form, or of the address of a page that was asked for.

    Attributes:
        fields: name -> every value sent under it, outer spaces taken off.
        files: name -> (file name, content).
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)

    def text(self, name: str, otherwise: str = "") -> str:
        """The text of a field; where it was not sent or is empty, something else."""
        values = self.fields.get(name, ())
        return values[-1] if values and values[-1] else otherwise

    def needed(self, name: str) -> str:
        """The text of a field that must be filled in.

        Raises:
            CirculationError: it is not.
        """
        text = self.text(name)
        if not text:
            raise CirculationError("field_missing", f"{name} must be filled in", place=name)
        return text

    def every(self, name: str) -> tuple[str, ...]:
        """Every value sent under a name, without empty ones."""
        return tuple(value for value in self.fields.get(name, ()) if value)

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.text(name))

    def day(self, name: str) -> date | None:
        """A day as browsers write it (ISO 8601), or with points as people do; None = nothing was given.

        Raises:
            CirculationError: it is no day.
        """
        return self._read(name, "field_day", _day)

    def number(self, name: str) -> int | None:
        """A whole number from 0 on; None = nothing was given.

        Raises:
            CirculationError: it is none.
        """
        return self._read(name, "field_number", _number)

    def amount(self, name: str) -> int | None:
        """An amount of money in minor units, written with a point or a comma; None = nothing was given.

        Raises:
            CirculationError: it is none.
        """
        return self._read(name, "field_amount", lambda text: amount_from_text(text.replace(",", ".")).minor)

    def _read(self, name: str, code: str, read: Callable[[str], T]) -> T | None:
        text = self.text(name)
        if not text:
            return None
        try:
            return read(text)
        except ValueError:
            raise CirculationError(code, f"{name}: {code}", place=name) from None


def _day(text: str) -> date:
    parts = text.split(".")
    if len(parts) == 3:
        day, month, year = parts
        return date(int(year), int(month), int(day))
    return date.fromisoformat(text)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ValueError(text)
    return int(text)


# --- reading ----------------------------------------------------------------------------------------------------------


def asked(request: Request) -> Form:
    """What the address of a page asks for, after its question mark."""
    query = request.query_params
    return Form({name: tuple(_clean(text) for text in query.getlist(name)) for name in query})


def _clean(text: str) -> str:
    return text.strip()[:MOST_TEXT].replace("\0", "")


async def sent(request: Request) -> Form:
    """The form that was sent, whoever sent it.

    Raises:
        CirculationError: it cannot be read.
    """
    try:
        async with request.form(max_fields=MOST_FIELDS, max_files=1) as form:
            fields: dict[str, list[str]] = {}
            files: dict[str, tuple[str, bytes]] = {}
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    if value.filename:
                        files[name] = (value.filename, await value.read())
                else:
                    fields.setdefault(name, []).append(_clean(value))
    except (ValueError, KeyError, AssertionError):
        raise CirculationError("form_unreadable", "this form cannot be read") from None
    return Form({name: tuple(values) for name, values in fields.items()}, files)


# --- that it is a form of ours ----------------------------------------------------------------------------------------


def csrf_of(service: Service, token: str) -> str:
    """What every form of a session carries; nobody without the server's key can know it."""
    return service.secrets.keyed("csrf", token)


def must_be_ours(request: Request) -> None:
    """A browser that names another site as the sender is refused.

    Raises:
        CirculationError: it does.
    """
    told = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if told is not None:
        foreign = told not in ("same-origin", "none")
    else:
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise foreign_form()


def must_carry(form: Form, csrf: str) -> None:
    """A form must carry what its session's pages put into it.

    Raises:
        CirculationError: it does not.
    """
    if not hmac.compare_digest(form.text(CSRF).encode(), csrf.encode()):
        raise foreign_form()


def foreign_form() -> CirculationError:
    """A form that no page of ours sent."""
    return CirculationError("form_foreign", "this form does not come from a page of this session", 403)
