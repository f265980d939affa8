"""Gateways for text messages, as staff describe them (R49).

Responsible for that the secret of a gateway is never stored or shown in the clear and never goes to another address
than it was entered for, and that nothing is sent before a test has succeeded. Not responsible for how text messages are
sent (channels.sms).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Row

import wording
from circulation.domain.policy import Mistake
from circulation.notices import checks, kept
from circulation.notices.addresses import telephone_number
from circulation.notices.channels import sms
from circulation.notices.channels.pace import Pace, Times
from circulation.notices.channels.trouble import Heard, Trouble, to_nobody
from circulation.notices.checks import MailWrongError
from circulation.notices.kept import State, Tested, UsedBy
from circulation.notices.types import SMS, Message
from circulation.service import Service
from circulation.store import mail as store
from circulation.store.mail_tables import sms_gateway

OPTION = "gateway"  # of a task: the gateway it sends by
USED_BY = kept.tasks_with(OPTION)
MOST_SECRET, MOST_PATTERN, MOST_FIELDS = 1000, 200, 30
TESTING = 15.0  # seconds; staff are waiting
_PATIENCE = 30.0
_VOIDS = frozenset({"url", "method", "body", "fields", "header", "authority", "taken", "id_pattern"})
_BOUND_TO = ("url", "header")  # the secret holds for these and no others
_MAY_BE_EMPTY = ("header", "authority", "id_pattern")
_PLACES = ("{to}", "{text}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_STATUSES = range(200, 300)


@dataclass(frozen=True, slots=True)
class GatewaySaid:
    """What staff say of a gateway, but for its secret.

    Attributes:
        url: https://, or on this computer.
        method, body, fields, taken, id_pattern: as in ``channels.sms.Gateway``.
        header: name of the header that carries the secret, None = there is none.
        authority: certificates (PEM) to trust instead of the system's.
    """

    name: str
    url: str
    fields: Mapping[str, Any]
    method: str = sms.POST
    body: str = sms.JSON
    header: str | None = None
    taken: tuple[int, ...] = ()
    id_pattern: str | None = None
    authority: str | None = field(default=None, repr=False)
    per_minute: int = 60
    active: bool = True


@dataclass(frozen=True, slots=True)
class GatewayShown:
    """A gateway as staff see it: never its secret. ``usable``: it may be chosen."""

    code: str
    gateway: GatewaySaid
    has_secret: bool
    usable: bool
    state: State


# --- reading ----------------------------------------------------------------------------------------------------------


def listed(service: Service) -> list[GatewayShown]:
    """Every gateway, by code."""
    with service.database.reading() as db:
        return [_shown(row) for row in store.rows(db, sms_gateway)]


def one(service: Service, code: str) -> GatewayShown:
    """One gateway.

    Raises:
        CirculationError: there is none of this code.
    """
    with service.database.reading() as db:
        return _shown(kept.present(db, sms_gateway, code))


def must_be_usable(db: Connection, code: str) -> None:
    """Whether a gateway may be chosen.

    Raises:
        CirculationError: it is not there, not in use, or no test of it as it is now has succeeded.
    """
    kept.must_be_usable(db, sms_gateway, code)


def _shown(row: Row[Any]) -> GatewayShown:
    return GatewayShown(row.code, _said(row), row.password is not None, kept.usable(row), kept.state(row))


def _said(row: Row[Any]) -> GatewaySaid:
    values = {one.name: getattr(row, one.name) for one in fields(GatewaySaid)}
    return GatewaySaid(**{**values, "taken": tuple(row.taken)})


# --- changing ---------------------------------------------------------------------------------------------------------


def create(service: Service, by: str, code: str, said: GatewaySaid, secret: str | None = None) -> GatewayShown:
    """A new gateway; it may be chosen once a test has succeeded.

    Raises:
        MailWrongError: with every mistake.
        CirculationError: the code is taken.
    """
    said, secret = _tidy(said), secret or None
    checks.must_be_right((*checks.code(code), *_mistakes(said, secret, secret is not None)))
    plain = _plain(said)
    values = {**plain, "password": _sealed(service, code, said, secret)}
    kept.add(service, by, sms_gateway, code, values, {**plain, "secret": secret is not None})
    return one(service, code)


def change(service: Service, by: str, code: str, changes: Mapping[str, Any], secret: str | None = None) -> GatewayShown:
    """Change fields of a gateway; what is sent to it has to be tested again.

    Args:
        service: the service.
        by: who of the staff.
        code: of the gateway.
        changes: fields of ``GatewaySaid``.
        secret: the new one, nothing = as it was. It must be given again with another address or header.

    Raises:
        MailWrongError: with every mistake.
        CirculationError: there is none of this code.
    """
    secret = secret or None
    with service.database.writing() as db:
        row = kept.present(db, sms_gateway, code, locked=True)
        before = _said(row)
        after = _tidy(replace(before, **changes))
        stays = row.password is not None and after.header is not None
        bound = all(getattr(before, name) == getattr(after, name) for name in _BOUND_TO)
        again = (Mistake("secret", "secret_again"),) if stays and secret is None and not bound else ()
        checks.must_be_right((*again, *_mistakes(after, secret, stays or secret is not None)))
        old = _plain(before)
        changed = {name: value for name, value in _plain(after).items() if value != old[name]}
        values = {**changed, **_secret_changed(service, row, after, secret)}
        told = {**changed, **({"secret": True} if secret is not None else {})}
        kept.change(service, db, by, sms_gateway, row, values, told, void=bool(values.keys() & {*_VOIDS, "password"}))
    return one(service, code)


def _tidy(said: GatewaySaid) -> GatewaySaid:
    """Empty fields of a form say nothing."""
    said_nothing: dict[str, Any] = {name: None for name in _MAY_BE_EMPTY if not getattr(said, name)}
    return replace(said, **said_nothing)


def _plain(said: GatewaySaid) -> dict[str, Any]:
    return {**asdict(said), "taken": list(said.taken)}


def _secret_changed(service: Service, row: Row[Any], after: GatewaySaid, secret: str | None) -> dict[str, Any]:
    if after.header is None:
        return {"password": None} if row.password is not None else {}
    return {"password": _sealed(service, row.code, after, secret)} if secret is not None else {}


def delete(service: Service, by: str, code: str, used_by: UsedBy = USED_BY) -> None:
    """Take a gateway out that no task uses.

    Raises:
        CirculationError: there is none of this code, or a task uses it.
    """
    kept.delete(service, by, sms_gateway, code, used_by)


def _mistakes(said: GatewaySaid, secret: str | None, has_secret: bool) -> Iterator[Mistake]:
    yield from checks.line("name", said.name, needed=True)
    yield from checks.url("url", said.url)
    yield from checks.one_of("method", said.method, sms.METHODS)
    yield from checks.one_of("body", said.body, sms.BODIES)
    if (said.method, said.body) == (sms.GET, sms.JSON):
        yield Mistake("body", "json_by_get")
    yield from _wrong_fields(said)
    if said.header is not None and not _HEADER.fullmatch(said.header):
        yield Mistake("header", "not_header")
    yield from checks.line("secret", secret, most=MOST_SECRET)
    if secret is not None and not secret.isascii():
        yield Mistake("secret", "secret_not_ascii")
    if (said.header is None) == has_secret:
        yield Mistake("header" if has_secret else "secret", "header_missing" if has_secret else "secret_missing")
    if any(status not in _STATUSES for status in said.taken):
        yield Mistake("taken", "not_statuses")
    yield from _wrong_pattern(said.id_pattern)
    yield from checks.authority(said.authority)
    yield from checks.number("per_minute", said.per_minute, checks.MOST_PER_MINUTE)


def _wrong_fields(said: GatewaySaid) -> Iterator[Mistake]:
    texts = tuple(_texts(said.fields))
    missing = [place for place in _PLACES if not any(place in text for text in texts)]
    if missing:
        yield Mistake("fields", "places_missing", {"names": ", ".join(missing)})
    if len(said.fields) > MOST_FIELDS:
        yield Mistake("fields", "too_many", {"most": MOST_FIELDS})
    if said.body == sms.FORM and not all(isinstance(value, str) for value in said.fields.values()):
        yield Mistake("fields", "not_texts")


def _texts(part: Any) -> Iterator[str]:
    """Every text in the fields, however deep."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, Mapping | list):
        for value in part.values() if isinstance(part, Mapping) else part:
            yield from _texts(value)


def _wrong_pattern(pattern: str | None) -> Iterator[Mistake]:
    yield from checks.line("id_pattern", pattern, most=MOST_PATTERN)
    try:
        groups = re.compile(pattern or "()").groups
    except re.error:
        groups = 0
    if groups < 1:
        yield Mistake("id_pattern", "not_pattern")


def _sealed(service: Service, code: str, said: GatewaySaid, secret: str | None) -> str | None:
    return service.secrets.keep(_purpose(code, said), secret) if secret is not None else None


def _purpose(code: str, said: GatewaySaid) -> str:
    """What a secret is for: whoever changes the address in the database does not get it sent there."""
    return "\0".join(("sms_gateway", code, *(str(getattr(said, name)) for name in _BOUND_TO)))


# --- sending ----------------------------------------------------------------------------------------------------------


def channel(service: Service, code: str, times: Times | None = None) -> sms.Sms:
    """A gateway as a way for messages; what goes wrong with it is kept and shown with it.

    Args:
        service: the service.
        code: of the gateway.
        times: the time; the service's clock and real seconds if not given.

    Raises:
        CirculationError: it may not be sent by (``must_be_usable``), or its secret cannot be read.
    """
    with service.database.reading() as db:
        row = kept.must_be_usable(db, sms_gateway, code)

    def heard(trouble: Trouble | None) -> None:
        kept.record_trouble(service, sms_gateway, row, trouble)

    return _channel(service, row, times, _PATIENCE, heard)


def send_test(
    service: Service, by: str, code: str, to: str, language: str = "en", times: Times | None = None
) -> Tested:
    """Send a test message, and keep how it went and what the gateway said.

    Args:
        service: the service.
        by: who of the staff.
        code: of the gateway.
        to: number it is sent to; not kept.
        language: of the message.
        times: as for ``channel``.

    Raises:
        CirculationError: no such gateway or number, its secret cannot be read, or it was changed meanwhile.
    """
    if telephone_number(to) is None:
        raise MailWrongError((Mistake("to", "not_number_to_call"),))
    with service.database.reading() as db:
        row = kept.present(db, sms_gateway, code)
    text = wording.say_staff("mail.test.sms", {"name": row.name}, language)
    message = Message(f"test.{uuid4()}", SMS, to, language, "", text)
    with _channel(service, row, times, TESTING, to_nobody).opened() as line:
        found = kept.tested(line.hand_over(message), line.trouble)
    kept.record_test(service, by, sms_gateway, row, found)
    return found


def _channel(service: Service, row: Row[Any], times: Times | None, patience: float, heard: Heard) -> sms.Sms:
    said = _said(row)
    secret = kept.secret(service, sms_gateway, row, _purpose(row.code, said))
    header = (said.header, secret) if said.header is not None and secret is not None else None
    gateway = sms.Gateway(
        said.url,
        said.method,
        said.body,
        said.fields,
        header,
        frozenset(said.taken),
        said.id_pattern,
        said.authority,
    )
    pace = Pace(said.per_minute, times or Times(service.clock), kept.turns(service, sms_gateway, row.code))
    return sms.Sms(gateway, pace, patience, heard)
