"""The forms of mail accounts and gateways for text messages: fields in a table, read into what staff say of one.

Not responsible for what is right (notices.checks) or for keeping it (notices.accounts, notices.gateways).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from circulation.domain.policy import Mistake
from circulation.notices import accounts, gateways
from circulation.notices.channels import sms
from circulation.notices.channels.smtp_connecting import SECURITIES
from circulation.notices.keeping import Keeping, Shown
from circulation.notices.kept import Tested
from circulation.staff.forms import Form
from circulation.staff.words import Words

TEXT, NUMBER, NUMBERS, CHOICE = "text", "number", "numbers", "choice"  # how a field looks
BOX, AREA, TABLE, SECRET = "box", "area", "table", "secret"
NOT_JSON = "not_json"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. ``name``: of the dataclass too; ``choices``: codes, said by "mail.<name>.<code>"."""

    name: str
    looks: str = TEXT
    choices: tuple[str, ...] = ()
    size: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """Mail accounts, or gateways.

    Attributes:
        code: in addresses of pages, and "mail.<code>..." in words.
        keeping: how they are entered and changed.
        send_test: the function that sends a test message by one.
        new: what a new one begins with.
    """

    code: str
    keeping: Keeping[Any]
    send_test: Callable[..., Tested]
    fields: tuple[Field, ...]
    new: Mapping[str, Any]


ACCOUNTS = Kind(
    "accounts",
    accounts.KEEPING,
    accounts.send_test,
    (
        Field("name"),
        Field("host"),
        Field("port", NUMBER, size=6),
        Field("security", CHOICE, SECURITIES),
        Field("user"),
        Field("password", SECRET),
        Field("sender"),
        Field("sender_name"),
        Field("reply_to"),
        Field("unsubscribe"),
        Field("per_minute", NUMBER, size=6),
        Field("authority", AREA),
        Field("active", BOX),
    ),
    {"port": 587, "security": SECURITIES[0], "per_minute": 60, "active": True},
)
GATEWAYS = Kind(
    "gateways",
    gateways.KEEPING,
    gateways.send_test,
    (
        Field("name"),
        Field("url"),
        Field("method", CHOICE, sms.METHODS),
        Field("body", CHOICE, sms.BODIES),
        Field("fields", TABLE),
        Field("header"),
        Field("secret", SECRET),
        Field("taken", NUMBERS),
        Field("id_pattern"),
        Field("per_minute", NUMBER, size=6),
        Field("authority", AREA),
        Field("active", BOX),
    ),
    {
        **{"method": sms.POST, "body": sms.JSON, "fields": {"to": "{to}", "text": "{text}"}},
        **{"header": "Authorization", "per_minute": 60, "active": True},
    },
)
KINDS: Mapping[str, Kind] = {kind.code: kind for kind in (ACCOUNTS, GATEWAYS)}


# --- what is shown ----------------------------------------------------------------------------------------------------


def entered(kind: Kind, said: Mapping[str, Any]) -> Form:
    """What is said of one as its form shows it; a secret never is."""
    return Form({field.name: _SHOWN.get(field.looks, _text)(said.get(field.name)) for field in kind.fields})


def empty(kind: Kind) -> Form:
    """The form of a new one."""
    return entered(kind, kind.new)


def said_of(kind: Kind, found: Shown[Any]) -> Form:
    """The form of one there is."""
    return entered(kind, asdict(found.said))


def _text(value: Any) -> tuple[str, ...]:
    return () if value in (None, "") else (str(value),)


_SHOWN: Mapping[str, Callable[[Any], tuple[str, ...]]] = {
    BOX: lambda value: ("1",) if value else (),
    NUMBERS: lambda value: _text(", ".join(str(one) for one in value or ())),
    TABLE: lambda value: _text(json.dumps(value, ensure_ascii=False, indent=1) if value else ""),
    SECRET: lambda _: (),
}


# --- what was sent ----------------------------------------------------------------------------------------------------


def said(kind: Kind, form: Form) -> dict[str, Any]:
    """What a form says, by field of the dataclass; numbers that are none are 0, which fits nowhere."""
    given = {field.name: _READ.get(field.looks, Form.text)(form, field.name) for field in kind.fields}
    return {field.name: given[field.name] for field in fields(kind.keeping.said)}


def made(kind: Kind, given: Mapping[str, Any]) -> Any:
    """What staff say of a new one."""
    return kind.keeping.said(**given)


def unread(kind: Kind, form: Form) -> tuple[Mistake, ...]:
    """What cannot even be read."""
    tables = [field.name for field in kind.fields if field.looks == TABLE]
    example = {"example": json.dumps(kind.new[tables[0]])} if tables else {}
    return tuple(Mistake(name, NOT_JSON, example) for name in tables if _table(form, name) is MISSING)


def _whole(given: str) -> int:
    return int(given) if given.isascii() and given.isdigit() and len(given) < len(str(2**31)) else 0


def _table(form: Form, name: str) -> Any:
    try:
        found = json.loads(form.text(name, "{}"))
    except (ValueError, RecursionError):
        return MISSING
    return found if isinstance(found, dict) else MISSING


_READ: Mapping[str, Callable[[Form, str], Any]] = {
    NUMBER: lambda form, name: _whole(form.text(name)),
    NUMBERS: lambda form, name: tuple(_whole(part) for part in form.text(name).replace(",", " ").split()),
    BOX: Form.ticked,
    TABLE: _table,
}


def faults(words: Words, mistakes: Sequence[Mistake]) -> dict[str, list[str]]:
    """Sentences by the field they belong to."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in mistakes:
        found[one.place].append(words.say(f"mail.wrong.{one.code}", **one.params))
    return dict(found)
