"""Gateways for text messages as they are kept; on both databases (R49, R61)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from circulation import audit
from circulation.errors import CirculationError
from circulation.notices import gateways, kept
from circulation.notices.checks import MailWrongError
from circulation.notices.gateways import GatewaySaid
from circulation.notices.keeping import Shown
from circulation.notices.types import SMS, Accepted, Refused
from circulation.service import Service
from circulation.store.job_tables import task
from circulation.store.mail_tables import sms_gateway
from tests.circulation.mailing import Seconds, message
from tests.circulation.running import TestClock
from tests.circulation.test_mail_sms import Requests, gateway_server

pytestmark = pytest.mark.requirement("R49")
STAFF, SECRET = "anna", "Bearer geheim"
FIELDS = {"to": "{to}", "content": [{"text": "{text}"}]}
OFFICE = GatewaySaid("Office", "https://sms.example.com/send", FIELDS, header="Authorization", taken=(201,))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Requests]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with gateway_server() as running:
        running.status = 201
        yield running


def entered(service: Service, said: GatewaySaid = OFFICE, secret: str | None = SECRET) -> Shown[GatewaySaid]:
    return gateways.create(service, STAFF, "office", said, secret)


def wrong(error: MailWrongError) -> list[tuple[str, str]]:
    return [(one.place, one.code) for one in error.mistakes]


def lines(service: Service) -> list[dict[str, Any]]:
    with service.database.reading() as db:
        return [line for line in audit.listed(db) if line["action"].startswith("sms_gateway")]


def test_a_gateway_is_entered_and_shown_without_its_secret(service: Service) -> None:
    shown = entered(service)
    assert (shown.said, shown.has_secret, shown.usable) == (OFFICE, True, False)
    assert gateways.listed(service) == [shown] == [gateways.one(service, "office")]
    with service.database.reading() as db:
        assert SECRET not in repr(db.execute(select(sms_gateway)).one()._mapping)
    assert SECRET not in str(lines(service))


def test_a_gateway_can_be_chosen_once_a_test_has_succeeded(service: Service, server: Requests) -> None:
    entered(service, replace(OFFICE, url=server.url))
    with pytest.raises(CirculationError) as told:
        gateways.channel(service, "office")
    assert told.value.code == "mail_untested"
    found = gateways.send_test(service, STAFF, "office", "+49 171 1234567", "de", Seconds().times)
    assert (found.ok, found.answer) == (True, '201 {"id": "sms-77"}')
    assert server.asked[0][2]["Authorization"] == SECRET
    assert b"Das ist ein Test" in server.asked[0][3]
    assert gateways.one(service, "office").usable
    with service.database.reading() as db:
        kept.must_be_usable(db, sms_gateway, "office")
    with gateways.channel(service, "office", Seconds().times).opened() as line:
        assert isinstance(line.hand_over(message("m1", "+491711234567", channel=SMS)), Accepted)
    assert "1711234567" not in str(lines(service))


def test_a_wrong_secret_is_reported_as_such_and_trouble_is_kept(service: Service, server: Requests) -> None:
    entered(service, replace(OFFICE, url=server.url))
    server.status = 401
    found = gateways.send_test(service, STAFF, "office", "+491711234567", "en", Seconds().times)
    assert (found.ok, found.stage) == (False, "sign_in")
    server.status = 201
    gateways.send_test(service, STAFF, "office", "+491711234567", "en", Seconds().times)
    server.status, server.body = 402, b"no credit"
    with gateways.channel(service, "office", Seconds().times).opened() as line:
        assert isinstance(line.hand_over(message("m1", "+491711234567", channel=SMS)), Refused)
    state = gateways.one(service, "office").state
    assert (state.trouble_at, state.trouble_stage, state.trouble) == (service.clock(), "sign_in", "402 no credit")


def test_a_change_of_what_is_sent_makes_the_test_void(service: Service, server: Requests) -> None:
    entered(service, replace(OFFICE, url=server.url))
    gateways.send_test(service, STAFF, "office", "+491711234567", "en", Seconds().times)
    assert gateways.change(service, STAFF, "office", {"name": "Other", "per_minute": 5}).usable
    assert not gateways.change(service, STAFF, "office", {"taken": (200,)}).usable
    gateways.change(service, STAFF, "office", {"taken": (201,)})
    gateways.send_test(service, STAFF, "office", "+491711234567", "en", Seconds().times)
    assert not gateways.change(service, STAFF, "office", {}, "Bearer other").usable
    assert lines(service)[0]["details"] == {"secret": True}


def test_a_secret_is_never_sent_elsewhere_than_it_was_entered_for(service: Service, server: Requests) -> None:
    entered(service)
    with pytest.raises(MailWrongError) as told:
        gateways.change(service, STAFF, "office", {"url": server.url})
    assert wrong(told.value) == [("secret", "secret_again")]
    with service.database.writing() as db:
        db.execute(update(sms_gateway).values(url=server.url))
    with pytest.raises(CirculationError, match="sms gateway office"):
        gateways.send_test(service, STAFF, "office", "+491711234567")
    assert server.asked == []


def test_a_gateway_without_a_header_has_no_secret(service: Service) -> None:
    entered(service)
    assert not gateways.change(service, STAFF, "office", {"header": ""}).has_secret


def test_a_gateway_a_task_uses_stays(service: Service, clock: TestClock) -> None:
    entered(service)
    values = {"type": "x", "name": "Due soon", "options": {"gateway": "office"}, "schedule": {}}
    who = {"created_by": STAFF, "created_at": clock(), "changed_by": STAFF, "changed_at": clock()}
    with service.database.writing() as db:
        db.execute(insert(task).values(**values, system=False, paused=False, **who))
    with pytest.raises(CirculationError, match="used by Due soon"):
        gateways.delete(service, STAFF, "office")
    with service.database.writing() as db:
        db.execute(update(task).values(deleted_at=clock()))
    gateways.delete(service, STAFF, "office")
    assert gateways.listed(service) == []


def test_a_test_goes_to_a_number(service: Service) -> None:
    entered(service)
    with pytest.raises(MailWrongError) as told:
        gateways.send_test(service, STAFF, "office", "staff@example.com")
    assert wrong(told.value) == [("to", "not_number_to_call")]


MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": ""}, "name", "missing"),
    ({"url": "http://sms.example.com"}, "url", "url_in_clear"),
    ({"url": "file:///etc/passwd"}, "url", "not_url"),
    ({"url": "https://"}, "url", "not_url"),
    ({"url": "https://sms.example.com/a b"}, "url", "not_url"),
    ({"url": "https://user:word@sms.example.com/"}, "url", "not_url"),
    ({"url": "https://sms.example.com:99999/"}, "url", "not_url"),
    ({"method": "DELETE"}, "method", "not_one_of"),
    ({"body": "xml"}, "body", "not_one_of"),
    ({"method": "GET"}, "body", "json_by_get"),
    ({"fields": {"to": "{to}"}}, "fields", "places_missing"),
    ({"fields": {"to": "{to}", "text": "{text}", **{f"x{n}": "" for n in range(30)}}}, "fields", "too_many"),
    ({"body": "form"}, "fields", "not_texts"),
    ({"header": "X Key"}, "header", "not_header"),
    ({"header": None}, "header", "header_missing"),
    ({"taken": (404,)}, "taken", "not_statuses"),
    ({"id_pattern": "id: .*"}, "id_pattern", "not_pattern"),
    ({"id_pattern": "("}, "id_pattern", "not_pattern"),
    ({"authority": "none"}, "authority", "not_certificate"),
    ({"per_minute": 0}, "per_minute", "not_number"),
]


@pytest.mark.parametrize(("said", "place", "code"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_of_a_gateway_is_named_with_its_field(
    service: Service, said: dict[str, Any], place: str, code: str
) -> None:
    with pytest.raises(MailWrongError) as told:
        entered(service, replace(OFFICE, **said))
    assert wrong(told.value) == [(place, code)]
    assert gateways.listed(service) == []


@pytest.mark.parametrize(
    ("secret", "code"), [(None, "secret_missing"), ("a\r\nX: y", "unprintable"), ("schlüssel", "secret_not_ascii")]
)
def test_a_secret_fits_into_a_header(service: Service, secret: str | None, code: str) -> None:
    with pytest.raises(MailWrongError) as told:
        entered(service, OFFICE, secret)
    assert wrong(told.value) == [("secret", code)]
