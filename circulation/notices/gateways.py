"""Gateways for text messages, as staff describe them (R49).

Responsible for what a gateway is and that nothing is sent by it before a test has succeeded. Not responsible for how
gateways are entered and changed (keeping) or for how text messages are sent (channels.sms).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

from sqlalchemy import Row

import wording
from circulation.domain.policy import Mistake
from circulation.notices import checks, kept
from circulation.notices.addresses import telephone_number
from circulation.notices.channels import sms
from circulation.notices.channels.pace import Pace, Times
from circulation.notices.channels.trouble import Heard, to_nobody
from circulation.notices.checks import MailWrongError
from circulation.notices.keeping import Keeping, Said
from circulation.notices.kept import Tested
from circulation.notices.types import SMS, Message
from circulation.service import Service
from circulation.store.mail_tables import sms_gateway

OPTION = "gateway"  # of a task: the gateway it sends by
MOST_SECRET, MOST_PATTERN, MOST_FIELDS = 1000, 200, 30
TESTING = 15.0  # seconds; staff are waiting
_PATIENCE = 30.0
_PLACES = ("{to}", "{text}")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
_STATUSES = range(200, 300)


@dataclass(frozen=True, slots=True)
class GatewaySaid(Said):
    """What staff say of a gateway, but for its secret.

    Attributes:
        url: https://, or on this computer.
        method, body, fields, taken, id_pattern: as in ``channels.sms.Gateway``.
        header: name of the header that carries the secret, None = there is none.
        authority: certificates (PEM) to trust instead of the system's.
    """

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


KEEPING = Keeping(
    table=sms_gateway,
    said=GatewaySaid,
    secret="secret",
    again=Mistake("secret", "secret_again"),
    under="header",
    bound_to=("url", "header"),
    may_be_empty=("header", "authority", "id_pattern"),
    voids=frozenset({"url", "method", "body", "fields", "header", "authority", "taken", "id_pattern"}),
    mistakes=_mistakes,
    used_by=kept.tasks_with(OPTION),
)
listed, one = KEEPING.listed, KEEPING.one
create, change, delete = KEEPING.create, KEEPING.change, KEEPING.delete


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
    heard = partial(kept.record_trouble, service, sms_gateway, row)
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
    KEEPING.record_test(service, by, row, found)
    return found


def _channel(service: Service, row: Row[Any], times: Times | None, patience: float, heard: Heard) -> sms.Sms:
    said, secret = KEEPING.of(row), KEEPING.secret_of(service, row)
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
