"""Mail accounts as they are kept: passwords, tests, mistakes, what the audit log says; on both databases (R60, R61)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from sqlalchemy import insert, select, update

from circulation import audit
from circulation.errors import CirculationError
from circulation.notices import accounts, kept
from circulation.notices.accounts import Account
from circulation.notices.checks import MailWrongError
from circulation.notices.keeping import Shown
from circulation.notices.types import Accepted, Refused
from circulation.secrets import Secrets
from circulation.service import Service
from circulation.store.job_tables import task, task_run
from circulation.store.jobs import DONE, FAILED
from circulation.store.mail_tables import mail_account
from tests.circulation.conftest import QUICK
from tests.circulation.mail_server import MAIL, RCPT, WHOLE, MailServer, mail_server
from tests.circulation.mailing import MORNING, Seconds, message
from tests.circulation.running import TestClock

pytestmark = pytest.mark.requirement("R61")
STAFF, PASSWORD = "anna", "geheimes Wort"
OFFICE = Account("Office", "mail.example.com", 587, "starttls", "library@example.com", "City Library", "library")


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server of this computer, with one account."""
    with mail_server(MailServer(accounts={"library": PASSWORD})) as running:
        yield running


def here(server: MailServer, **more: Any) -> Account:
    return replace(OFFICE, host="127.0.0.1", port=server.port, security="none", **more)


def entered(service: Service, account: Account = OFFICE, password: str | None = PASSWORD) -> Shown[Account]:
    return accounts.create(service, STAFF, "office", account, password)


def wrong(error: MailWrongError) -> list[tuple[str, str]]:
    return [(one.place, one.code) for one in error.mistakes]


def row(service: Service) -> Any:
    with service.database.reading() as db:
        return db.execute(select(mail_account)).one()


def lines(service: Service) -> list[dict[str, Any]]:
    with service.database.reading() as db:
        return [line for line in audit.listed(db) if line["action"].startswith("mail_account")]


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_an_account_is_entered_and_shown_without_its_password(service: Service) -> None:
    shown = entered(service)
    assert (shown.said, shown.has_secret, shown.usable) == (OFFICE, True, False)
    assert (shown.state.changed_by, shown.state.changed_at) == (STAFF, service.clock())
    assert accounts.listed(service) == [shown] == [accounts.one(service, "office")]
    assert PASSWORD not in repr(shown)


def test_the_database_alone_gives_no_password_away(service: Service, tmp_path: Path) -> None:
    entered(service)
    assert PASSWORD not in repr(row(service)._mapping)
    stolen = Service(service.database, Secrets(tmp_path / "other", QUICK), service.clock)
    with pytest.raises(CirculationError, match=r"mail account office: .* enter it again") as told:
        accounts.send_test(stolen, STAFF, "office", "staff@example.com")
    assert told.value.code == "secret_unreadable"


@pytest.mark.parametrize("column", ["host", "user", "code"])
def test_who_changes_the_server_in_the_database_is_not_sent_the_password(service: Service, column: str) -> None:
    entered(service)
    with service.database.writing() as db:
        db.execute(update(mail_account).values(**{column: "127.0.0.1"}))
    with pytest.raises(CirculationError, match="enter it again"):
        accounts.send_test(service, STAFF, "127.0.0.1" if column == "code" else "office", "staff@example.com")


def test_a_code_is_there_once(service: Service) -> None:
    entered(service)
    with pytest.raises(CirculationError, match="already") as told:
        entered(service)
    assert (told.value.code, told.value.place) == ("code_exists", "code")


@pytest.mark.parametrize("act", ["one", "change", "delete", "test", "channel"])
def test_what_is_not_there_is_said_so(service: Service, act: str) -> None:
    acts: dict[str, Any] = {
        "one": lambda: accounts.one(service, "none"),
        "change": lambda: accounts.change(service, STAFF, "none", {"port": 25}),
        "delete": lambda: accounts.delete(service, STAFF, "none"),
        "test": lambda: accounts.send_test(service, STAFF, "none", "a@example.com"),
        "channel": lambda: accounts.channel(service, "none"),
    }
    with pytest.raises(CirculationError) as told:
        acts[act]()
    assert told.value.status == 404


def test_an_account_a_task_uses_stays(service: Service, clock: TestClock) -> None:
    entered(service)
    values = {"type": "x", "name": "Due soon", "options": {"account": "office"}, "schedule": {}}
    who = {"created_by": STAFF, "created_at": clock(), "changed_by": STAFF, "changed_at": clock()}
    with service.database.writing() as db:
        db.execute(insert(task).values(**values, system=False, paused=False, **who))
    with pytest.raises(CirculationError, match="used by Due soon") as told:
        accounts.delete(service, STAFF, "office")
    assert told.value.code == "mail_used"
    with service.database.writing() as db:
        db.execute(update(task).values(deleted_at=clock()))
    accounts.delete(service, STAFF, "office")
    assert accounts.listed(service) == []


def _failed(service: Service, name: str, state: str = FAILED, *, account: str = "office", paused: bool = False) -> None:
    """A task that sends by an account, and how its last run ended."""
    now = service.clock()
    who = {"created_by": STAFF, "created_at": now, "changed_by": STAFF, "changed_at": now}
    values = {"type": "x", "name": name, "options": {"account": account}, "schedule": {}, "system": False}
    ran = {
        "attempt": 1,
        "by_hand": False,
        "made_up": False,
        "started": now,
        "ended": now,
        "claimed_by": "a",
        "counts": {},
    }
    with service.database.writing() as db:
        made = insert(task).values(**values, paused=paused, **who).returning(task.c.id)
        id_ = db.execute(made).scalar_one()
        for ended in (FAILED, state):
            db.execute(insert(task_run).values(task=id_, state=ended, claim_until=now, **ran))


def _asked(service: Service) -> set[str]:
    with service.database.reading() as db:
        return set(db.execute(select(task.c.name).where(task.c.again_at == service.clock())).scalars())


@pytest.mark.parametrize("cure", ["test", "switch on"])
def test_a_task_that_failed_for_want_of_an_account_runs_again_once_there_is_one(
    service: Service, server: MailServer, cure: str
) -> None:
    entered(service, here(server))
    if cure == "switch on":
        accounts.send_test(service, STAFF, "office", "staff@example.com")
        accounts.change(service, STAFF, "office", {"active": False})
    _failed(service, "failed")
    _failed(service, "succeeded since", DONE)
    _failed(service, "paused", paused=True)
    _failed(service, "by another", account="other")
    server.accounts = {"library": "another"}
    if cure == "test":
        assert not accounts.send_test(service, STAFF, "office", "staff@example.com").ok
    accounts.change(service, STAFF, "office", {"name": "Office 2"})
    assert _asked(service) == set()
    server.accounts = {"library": PASSWORD}
    if cure == "test":
        assert accounts.send_test(service, STAFF, "office", "staff@example.com").ok
    else:
        accounts.change(service, STAFF, "office", {"active": True})
    assert _asked(service) == {"failed"}


def test_switching_an_account_on_that_was_not_tested_asks_nobody(service: Service) -> None:
    entered(service, replace(OFFICE, active=False))
    _failed(service, "failed")
    accounts.change(service, STAFF, "office", {"active": True})
    assert _asked(service) == set()


def test_the_log_says_what_was_changed_and_no_secret(service: Service) -> None:
    entered(service)
    accounts.change(service, STAFF, "office", {"port": 465, "security": "tls"}, "another word")
    accounts.change(service, STAFF, "office", {"user": None})
    accounts.delete(service, STAFF, "office")
    told = [(line["action"].partition(".")[2], line["who"], line["subject"]) for line in lines(service)]
    assert told == [(act, STAFF, "office") for act in ("delete", "change", "change", "create")]
    _, emptied, changed, created = (line["details"] for line in lines(service))
    assert changed == {"port": 465, "security": "tls", "password": True}
    assert emptied == {"user": None}
    assert (created["host"], created["password"]) == ("mail.example.com", True)
    assert not [word for word in (PASSWORD, "another word") if word in str(lines(service))]


def test_a_password_that_was_changed_is_the_one_that_is_sent(service: Service, server: MailServer) -> None:
    entered(service, here(server), "wrong word")
    assert not accounts.send_test(service, STAFF, "office", "staff@example.com").ok
    accounts.change(service, STAFF, "office", {}, PASSWORD)
    assert accounts.send_test(service, STAFF, "office", "staff@example.com").ok


def test_without_a_user_there_is_no_password_left(service: Service) -> None:
    entered(service)
    shown = accounts.change(service, STAFF, "office", {"user": ""})
    assert (shown.said.user, shown.has_secret, row(service).password) == (None, False, None)


# --- mistakes ---------------------------------------------------------------------------------------------------------

MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({"name": " "}, "name", "missing"),
    ({"name": "x" * 201}, "name", "too_long"),
    ({"name": "a\nb"}, "name", "unprintable"),
    ({"host": ""}, "host", "missing"),
    ({"host": "mail example"}, "host", "not_host"),
    ({"host": "mail.example.com\r\nX"}, "host", "not_host"),
    ({"host": "https://mail.example.com"}, "host", "not_host"),
    ({"port": 0}, "port", "not_number"),
    ({"port": 65536}, "port", "not_number"),
    ({"security": "ssl"}, "security", "not_one_of"),
    ({"security": "none"}, "security", "password_in_clear"),
    ({"user": None}, "user", "user_missing"),
    ({"user": "a\tb"}, "user", "unprintable"),
    ({"sender": ""}, "sender", "missing"),
    ({"sender": "library"}, "sender", "not_address"),
    ({"sender": "bücherei@example.com"}, "sender", "not_ascii"),
    ({"sender": "a@example.com\r\nBcc: b@example.com"}, "sender", "not_address"),
    ({"sender_name": "Library\r\nBcc: b@example.com"}, "sender_name", "unprintable"),
    ({"reply_to": "desk"}, "reply_to", "not_address"),
    ({"unsubscribe": "http://example.com"}, "unsubscribe", "not_unsubscribe"),
    ({"unsubscribe": "https://example.com/a>b"}, "unsubscribe", "not_unsubscribe"),
    ({"unsubscribe": "stop"}, "unsubscribe", "not_unsubscribe"),
    ({"authority": "no certificate"}, "authority", "not_certificate"),
    ({"per_minute": 0}, "per_minute", "not_number"),
    ({"per_minute": 6001}, "per_minute", "not_number"),
]


@pytest.mark.parametrize(("said", "place", "code"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_named_with_its_field(service: Service, said: dict[str, Any], place: str, code: str) -> None:
    with pytest.raises(MailWrongError) as told:
        entered(service, replace(OFFICE, **said))
    assert (wrong(told.value), told.value.place) == ([(place, code)], place)
    entered(service)
    if "user" not in said:
        with pytest.raises(MailWrongError) as told:
            accounts.change(service, STAFF, "office", {**said}, PASSWORD)
        assert wrong(told.value) == [(place, code)]
    assert accounts.one(service, "office").said == OFFICE


def test_every_mistake_is_told_at_once(service: Service) -> None:
    with pytest.raises(MailWrongError) as told:
        accounts.create(service, STAFF, "a|b", Account("", "", 0, "", ""), None)
    places = [place for place, _ in wrong(told.value)]
    assert places == ["code", "name", "host", "port", "security", "sender"]


@pytest.mark.parametrize("password", [None, "", "a\nb"])
def test_a_user_has_a_password(service: Service, password: str | None) -> None:
    with pytest.raises(MailWrongError) as told:
        entered(service, OFFICE, password)
    assert told.value.place == "password"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_password_stays_on_this_computer_without_encryption(service: Service, host: str) -> None:
    assert entered(service, replace(OFFICE, host=host, security="none")).has_secret


@pytest.mark.parametrize("changes", [{"host": "mail.example.net"}, {"user": "another"}])
def test_a_password_is_never_sent_elsewhere_than_it_was_entered_for(service: Service, changes: dict[str, Any]) -> None:
    entered(service)
    with pytest.raises(MailWrongError) as told:
        accounts.change(service, STAFF, "office", changes)
    assert wrong(told.value) == [("password", "password_again")]
    assert accounts.change(service, STAFF, "office", changes, PASSWORD).has_secret


def test_empty_fields_of_a_form_say_nothing(service: Service) -> None:
    shown = entered(service, replace(OFFICE, user="", reply_to="", unsubscribe="", authority=""), None)
    assert shown.said == replace(OFFICE, user=None)


# --- testing ----------------------------------------------------------------------------------------------------------


def test_an_account_can_be_chosen_once_a_test_has_succeeded(service: Service, server: MailServer) -> None:
    entered(service, here(server))
    with service.database.reading() as db, pytest.raises(CirculationError) as told:
        kept.must_be_usable(db, mail_account, "office")
    assert told.value.code == "mail_untested"
    found = accounts.send_test(service, STAFF, "office", "staff@example.com", "de")
    assert (found.ok, found.stage, found.answer) == (True, None, "250 2.0.0 Ok: queued as 4XyZ")
    assert found.sentence("de") == "Die Testnachricht wurde angenommen."
    (letter,) = server.letters
    assert (letter.to, letter.read["Subject"]) == (("staff@example.com",), "Test des Mailkontos Office")
    shown = accounts.one(service, "office")
    assert (shown.usable, shown.state.tested_at, shown.state.tested_ok) == (True, service.clock(), True)
    assert shown.state.test_answer == found.answer
    with service.database.reading() as db:
        kept.must_be_usable(db, mail_account, "office")
    tested = lines(service)[0]
    assert (tested["action"], tested["details"]) == ("mail_account.test", {"ok": True, "stage": None})
    assert "staff@example.com" not in str(lines(service))


def test_a_wrong_password_is_reported_as_such(service: Service, server: MailServer) -> None:
    entered(service, here(server), "wrong word")
    found = accounts.send_test(service, STAFF, "office", "staff@example.com")
    assert (found.ok, found.stage, found.answer) == (False, "sign_in", "535 5.7.8 Authentication credentials invalid")
    assert found.sentence("en").endswith("the user name or the password is wrong.")
    shown = accounts.one(service, "office")
    assert (shown.usable, shown.state.tested_ok, shown.state.test_stage) == (False, False, "sign_in")
    assert shown.state.test_answer == found.answer


@pytest.mark.parametrize(
    ("when", "answer", "stage"),
    [
        (MAIL, "550 5.7.1 not your address", "sender"),
        (RCPT, "550 5.1.1 nobody", "recipient"),
        (WHOLE, "554 5.6.0 odd", "content"),
        (WHOLE, "what", "content"),
    ],
)
def test_a_test_tells_how_far_it_came(service: Service, server: MailServer, when: str, answer: str, stage: str) -> None:
    server.answers[when] = answer
    entered(service, here(server))
    found = accounts.send_test(service, STAFF, "office", "staff@example.com")
    assert (found.ok, found.stage, answer[4:] in found.answer) == (False, stage, True)
    assert not accounts.one(service, "office").usable


def test_a_server_that_is_not_there_is_reported_as_such(service: Service, server: MailServer) -> None:
    entered(service, here(server))
    server.ended()
    assert accounts.send_test(service, STAFF, "office", "staff@example.com").stage == "connect"


@pytest.mark.parametrize("to", ["", "staff", "a@example.com, b@example.com"])
def test_a_test_goes_to_one_address(service: Service, to: str) -> None:
    entered(service)
    with pytest.raises(MailWrongError) as told:
        accounts.send_test(service, STAFF, "office", to)
    assert wrong(told.value) == [("to", "not_address")]


@pytest.mark.parametrize(
    ("changes", "password", "void"),
    [
        ({"host": "localhost"}, PASSWORD, True),
        ({"user": "another"}, PASSWORD, True),
        ({"user": None}, None, True),
        ({}, "another word", True),
        ({"security": "starttls"}, None, True),
        ({"port": 2525}, None, True),
        ({"sender": "other@example.com"}, None, True),
        ({"authority": trustme.CA().cert_pem.bytes().decode()}, None, True),
        ({"name": "Other", "sender_name": "Other", "per_minute": 5, "reply_to": "desk@example.com"}, None, False),
        ({"host": "127.0.0.1", "security": "none"}, None, False),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_change_of_what_the_server_sees_makes_the_test_void(
    service: Service, server: MailServer, changes: dict[str, Any], password: str | None, void: bool
) -> None:
    entered(service, here(server))
    accounts.send_test(service, STAFF, "office", "staff@example.com")
    shown = accounts.change(service, STAFF, "office", changes, password)
    assert (shown.usable, shown.state.tested_at is None, shown.state.test_answer is None) == (not void, void, void)


def test_an_account_without_signing_in_keeps_its_test(service: Service, server: MailServer) -> None:
    entered(service, here(server, user=None), None)
    accounts.send_test(service, STAFF, "office", "staff@example.com")
    assert accounts.change(service, STAFF, "office", {"name": "Other"}).usable


def test_a_test_of_what_was_changed_meanwhile_does_not_count(service: Service, server: MailServer) -> None:
    entered(service, here(server))

    def meddling() -> datetime:
        accounts.change(service, "ben", "office", {"sender": "other@example.com"})
        return MORNING

    times = replace(Seconds().times, clock=meddling)
    with pytest.raises(CirculationError, match="changed while") as told:
        accounts.send_test(service, STAFF, "office", "staff@example.com", "en", times)
    assert told.value.code == "mail_changed"
    assert accounts.one(service, "office").state.tested_ok is None


# --- sending ----------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R60")
def test_a_tested_account_is_a_way_for_messages(service: Service, server: MailServer) -> None:
    entered(service, here(server, reply_to="desk@example.com", unsubscribe="stop@example.com"))
    accounts.send_test(service, STAFF, "office", "staff@example.com")
    with accounts.channel(service, "office", Seconds().times).opened() as line:
        assert isinstance(line.hand_over(message()), Accepted)
    read = server.letters[-1].read
    assert (read["From"], read["Reply-To"]) == ("City Library <library@example.com>", "desk@example.com")
    assert read["List-Unsubscribe"] == "<mailto:stop@example.com?subject=unsubscribe>"


def test_all_who_send_by_an_account_keep_its_pace_together(service: Service, server: MailServer) -> None:
    entered(service, here(server, per_minute=30))
    accounts.send_test(service, STAFF, "office", "staff@example.com")
    seconds = Seconds()
    with (
        accounts.channel(service, "office", seconds.times).opened() as one,
        accounts.channel(service, "office", seconds.times).opened() as other,
    ):
        for line in (one, other, other, one):
            line.wait()
    assert seconds.slept == [2.0] * 3
    seconds.now += 1
    with accounts.channel(service, "office", seconds.times).opened() as line:
        line.wait()
    assert seconds.slept[3:] == [1.0]


def test_an_account_that_is_switched_off_sends_nothing_more_in_a_run_that_goes_on(
    service: Service, server: MailServer
) -> None:
    entered(service, here(server))
    accounts.send_test(service, STAFF, "office", "staff@example.com")
    with accounts.channel(service, "office", Seconds().times).opened() as line:
        line.wait()
        line.hand_over(message())
        accounts.change(service, STAFF, "office", {"active": False})
        with pytest.raises(CirculationError) as told:
            line.wait()
    assert told.value.code == "mail_inactive"


def test_a_turn_that_a_wrong_clock_gave_keeps_nobody_waiting(service: Service, server: MailServer) -> None:
    entered(service, here(server, per_minute=30))
    accounts.send_test(service, STAFF, "office", "staff@example.com")
    with service.database.writing() as db:
        db.execute(update(mail_account).values(last_turn=1_000_000.0))
    seconds = Seconds()
    with accounts.channel(service, "office", seconds.times).opened() as line:
        line.wait()
        line.wait()
    assert seconds.slept == [2.0]


def test_nothing_is_sent_by_an_account_that_is_not_in_use_or_not_tested(service: Service, server: MailServer) -> None:
    entered(service, here(server))
    with pytest.raises(CirculationError) as told:
        accounts.channel(service, "office")
    assert told.value.code == "mail_untested"
    accounts.send_test(service, STAFF, "office", "staff@example.com")
    assert not accounts.change(service, STAFF, "office", {"active": False}).usable
    with pytest.raises(CirculationError) as told:
        accounts.channel(service, "office")
    assert told.value.code == "mail_inactive"


def test_trouble_is_kept_with_the_account_until_it_is_over(service: Service, server: MailServer) -> None:
    entered(service, here(server))
    accounts.send_test(service, STAFF, "office", "staff@example.com")
    server.accounts = {"library": "changed over there"}
    with accounts.channel(service, "office", Seconds().times).opened() as line:
        assert isinstance(line.hand_over(message()), Refused)
    state = accounts.one(service, "office").state
    assert (state.trouble_at, state.trouble_stage) == (service.clock(), "sign_in")
    assert state.trouble == "535 5.7.8 Authentication credentials invalid"
    assert accounts.one(service, "office").usable  # its messages wait until the server takes it again
    server.accounts = {"library": PASSWORD}
    with accounts.channel(service, "office", Seconds().times).opened() as line:
        assert isinstance(line.hand_over(message()), Accepted)
    assert accounts.one(service, "office").state.trouble is None


def test_a_sender_that_somebody_wrote_into_the_database_is_not_sent_from(service: Service, server: MailServer) -> None:
    entered(service, here(server))
    with service.database.writing() as db:
        db.execute(update(mail_account).values(sender="a\nb"))
    with pytest.raises(CirculationError, match="no address"):
        accounts.send_test(service, STAFF, "office", "staff@example.com")
