"""Handing messages to a real mail server: what is taken, refused, lost, and what nobody knows (R60, R61, R74)."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest
import trustme

from circulation.notices.channels.smtp import Patience
from circulation.notices.channels.smtp_connecting import NONE, STARTTLS, TLS, Server, connection
from circulation.notices.channels.trouble import Stage, Trouble
from circulation.notices.types import ADDRESS, MESSAGE, SERVER, Accepted, Lost, Message, Outcome, Refused
from tests.circulation.mail_server import (
    DATA,
    DATA_BEGUN,
    EHLO,
    HANG_UP,
    MAIL,
    RCPT,
    RSET,
    SAY_NOTHING,
    WHOLE,
    MailServer,
    mail_server,
)
from tests.circulation.mailing import SOON, Seconds, account, message
from tests.circulation.scripted_server import SILENCE, scripted

pytestmark = pytest.mark.requirement("R74")
USER, PASSWORD = "library", "geheim-Ä-密"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server() as running:
        yield running


def sent(server: MailServer, *messages: Message, **more: Any) -> list[Outcome]:
    """Hand messages over on one line."""
    with account(server.port, **more).opened() as line:
        return [line.hand_over(one) for one in messages or (message(),)]


def said(code: str, detail: str = "") -> str:
    return f"notice.reply.{code}{detail and ': '}{detail}"


# --- taken ------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R60")
def test_many_messages_go_by_one_connection(server: MailServer) -> None:
    outcomes = sent(server, *(message(f"m{number}", f"reader{number}@example.org") for number in range(20)))
    assert outcomes == [Accepted("250 2.0.0 Ok: queued as 4XyZ")] * 20
    assert server.connections == 1
    assert [letter.to for letter in server.letters] == [(f"reader{number}@example.org",) for number in range(20)]
    assert {letter.sender for letter in server.letters} == {"library@example.com"}
    assert [letter.read["Message-ID"] for letter in server.letters[:2]] == ["<m0@example.com>", "<m1@example.com>"]


def test_a_line_that_begins_with_a_dot_arrives_as_it_was_written(server: MailServer) -> None:
    text = ".\n..two\n.hidden\nlast\n"
    (outcome,) = sent(server, message(text=text))
    assert isinstance(outcome, Accepted)
    assert server.letters[0].text == text


def test_nothing_to_send_is_no_reason_to_connect(server: MailServer) -> None:
    heard: list[Trouble | None] = []
    with account(server.port, heard=heard.append).opened():
        pass
    assert (server.connections, heard) == (0, [])


# --- refused at each stage --------------------------------------------------------------------------------------------

REFUSALS = [
    # what is answered, permanent, about
    (MAIL, "451 4.7.1 try later", False, SERVER),
    (MAIL, "550 5.7.1 you may not send for this sender", False, SERVER),
    (MAIL, "550 5.1.8 sender's domain not found", False, SERVER),
    (MAIL, "530 5.7.0 sign in first", False, SERVER),
    (MAIL, "552 5.3.4 too long", True, MESSAGE),
    (MAIL, "555 unknown parameter", False, SERVER),
    (RCPT, "450 4.2.0 greylisted", False, ADDRESS),
    (RCPT, "451 4.7.1 greylisted, try again in five minutes", False, ADDRESS),
    (RCPT, "452 4.2.2 mailbox full", False, ADDRESS),
    (RCPT, "552 5.2.2 mailbox full", False, ADDRESS),
    (RCPT, "552 mailbox full", False, ADDRESS),
    (RCPT, "550 5.1.1 no such user here", True, ADDRESS),
    (RCPT, "550 5.1.10 no such user here", True, ADDRESS),
    (RCPT, "550 no such user here", True, ADDRESS),
    (RCPT, "550 5.2.1 mailbox disabled", True, ADDRESS),
    (RCPT, "551 user not local", True, ADDRESS),
    (RCPT, "553 mailbox name not allowed", True, ADDRESS),
    (RCPT, "501 5.1.3 bad address", True, ADDRESS),
    (RCPT, "554 5.1.1 no such user", True, ADDRESS),
    (RCPT, "550 5.7.1 relaying denied", True, SERVER),
    (RCPT, "554 5.7.1 your network is on a list", True, SERVER),
    (RCPT, "550 5.7.8 sign in first", False, SERVER),
    (RCPT, "530 sign in first", False, SERVER),
    (RCPT, "503 5.5.1 bad sequence", False, SERVER),
    (RCPT, "554 refused", True, MESSAGE),
    (RCPT, "550 5.4.1 no way there", True, ADDRESS),
    (DATA, "452 4.3.1 no room", False, MESSAGE),
    (DATA, "554 5.5.1 no valid recipients", False, SERVER),
    (DATA, "250 what", False, MESSAGE),
    (WHOLE, "451 4.3.0 try later", False, MESSAGE),
    (WHOLE, "452 4.2.2 mailbox full", False, MESSAGE),
    (WHOLE, "552 5.2.2 mailbox full", False, ADDRESS),
    (WHOLE, "552 too long", True, MESSAGE),
    (WHOLE, "554 5.7.1 looks like spam", True, SERVER),
    (WHOLE, "550 looks like spam", True, MESSAGE),
    (WHOLE, "550 5.1.1 no such user after all", True, ADDRESS),
    (WHOLE, "554 5.6.0 odd content", True, MESSAGE),
]


@pytest.mark.requirement("R62")
@pytest.mark.parametrize(("when", "answer", "permanent", "about"), REFUSALS, ids=lambda value: str(value))
def test_a_refusal_is_sorted_and_the_next_message_goes_on(
    server: MailServer, when: str, answer: str, permanent: bool, about: str
) -> None:
    server.answers[when] = [answer]
    first, second = sent(server, message("m1"), message("m2"))
    assert first == Refused(answer, permanent, about)
    assert isinstance(first, Refused)
    assert first.address_wrong == (permanent and about == ADDRESS)
    assert isinstance(second, Accepted)
    assert [letter.read["Message-ID"] for letter in server.letters] == ["<m2@example.com>"]
    assert server.connections == 1
    assert RSET in server.heard


def test_one_wrong_address_stops_nobody_else(server: MailServer) -> None:
    server.refused_addresses["gone@example.org"] = "550 5.1.1 <gone@example.org>: unknown user gone"
    outcomes = sent(server, message("m1", "gone@example.org"), message("m2"), message("m3", "gone@example.org"))
    assert outcomes[0] == outcomes[2] == Refused("550 5.1.1 <…>: unknown user …", True, ADDRESS)
    assert isinstance(outcomes[1], Accepted)


@pytest.mark.parametrize("to", ["", "mira", "mira@", "@example.org", "a@b@c", "a b@example.org", "a@exa mple.org"])
@pytest.mark.parametrize("after", ["", "\r\nRCPT TO:<else@example.org>", ", else@example.org", "> SIZE=1"])
def test_what_is_not_one_address_reaches_no_server(server: MailServer, to: str, after: str) -> None:
    (outcome,) = sent(server, message(to=to + after))
    assert outcome == Refused(said("not_an_address"), True, ADDRESS)
    assert server.connections == 0


@pytest.mark.parametrize("after", ["\r\nRCPT TO:<else@example.org>", "\n", ", else@example.org", "> SIZE=1", "\0"])
def test_nothing_can_be_put_behind_an_address(server: MailServer, after: str) -> None:
    (outcome,) = sent(server, message(to="mira@example.org" + after))
    assert outcome == Refused(said("not_an_address"), True, ADDRESS)
    assert server.connections == 0


# --- connections that break -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", [MAIL, RCPT, DATA])
def test_a_connection_that_breaks_before_the_message_has_not_sent_it(server: MailServer, when: str) -> None:
    server.answers[when] = [HANG_UP]
    first, second = sent(server, message("m1"), message("m2"))
    assert isinstance(first, Refused)
    assert (first.reply.startswith(said("lost")), first.permanent, first.about) == (True, False, SERVER)
    assert isinstance(second, Accepted)
    assert server.connections == 2


def test_a_connection_that_breaks_within_the_message_has_not_sent_it(server: MailServer) -> None:
    server.answers[DATA_BEGUN] = [HANG_UP]
    long = "A line of a message that does not fit into what lies between two computers.\n" * 200_000
    first, second = sent(server, message("m1", text=long), message("m2"))
    assert isinstance(first, Refused)
    assert (first.reply.startswith(said("lost")), first.permanent) == (True, False)
    assert isinstance(second, Accepted)
    assert [letter.read["Message-ID"] for letter in server.letters] == ["<m2@example.com>"]


def impatient_then_not(server: MailServer, patience: Patience) -> tuple[Outcome, Outcome]:
    """Wait briefly for the answers to one message, and long enough for those to the next."""
    with account(server.port, patience=patience).opened() as line:
        first = line.hand_over(message("m1"))
        line._patience = SOON
        return first, line.hand_over(message("m2"))


@pytest.mark.parametrize("instead", [HANG_UP, SAY_NOTHING, "what", "354 go on", "999 odd"])
@pytest.mark.requirement("R67")
def test_a_whole_message_without_an_answer_may_have_left(server: MailServer, instead: str) -> None:
    server.answers[WHOLE] = [instead]
    first, second = impatient_then_not(server, Patience(command=5.0, whole=0.3))
    assert isinstance(first, Lost)
    assert first.why.startswith((said("unanswered"), said("garbled")))
    assert isinstance(second, Accepted)
    assert [letter.read["Message-ID"] for letter in server.letters] == ["<m1@example.com>", "<m2@example.com>"]


@pytest.mark.parametrize("when", [MAIL, RCPT, DATA])
@pytest.mark.parametrize("instead", [SAY_NOTHING, "what is this"])
def test_no_answer_before_the_message_is_a_refusal_for_now(server: MailServer, when: str, instead: str) -> None:
    server.answers[when] = [instead]
    first, second = impatient_then_not(server, Patience(command=1.0, whole=5.0))
    assert isinstance(first, Refused)
    assert not first.permanent
    assert isinstance(second, Accepted)
    assert len(server.letters) == 1


@pytest.mark.parametrize("when", [RCPT, DATA, WHOLE])
def test_a_server_that_closes_is_connected_to_again(server: MailServer, when: str) -> None:
    server.answers[when] = ["421 4.3.2 closing"]
    first, second = sent(server, message("m1"), message("m2"))
    assert isinstance(first, Refused)
    assert (first.reply, first.permanent) == ("421 4.3.2 closing", False)
    assert isinstance(second, Accepted)
    assert server.connections == 2


@pytest.mark.parametrize("instead", [HANG_UP, "421 4.4.2 you were idle for too long"])
def test_a_connection_that_went_between_two_messages_costs_neither(server: MailServer, instead: str) -> None:
    with account(server.port).opened() as line:
        first = line.hand_over(message("m1"))
        server.answers[MAIL] = [instead]
        second = line.hand_over(message("m2"))
    assert (type(first), type(second), server.connections) == (Accepted, Accepted, 2)


def test_a_reset_nobody_answers_ends_the_connection(server: MailServer) -> None:
    server.answers |= {RCPT: ["550 5.1.1 nobody"], RSET: [HANG_UP]}
    first, second = sent(server, message("m1"), message("m2"))
    assert (type(first), type(second), server.connections) == (Refused, Accepted, 2)


def test_an_answer_without_an_end_is_none(server: MailServer) -> None:
    endless = b"250 " + b"x" * 20_000 + b"\r\n"
    with scripted((b"220 hello\r\n", b"250 hello\r\n", endless)) as odd, account(odd.port).opened() as line:
        outcome = line.hand_over(message())
    assert isinstance(outcome, Refused)
    assert not outcome.permanent


# --- servers that cannot be reached -----------------------------------------------------------------------------------


def test_a_server_that_is_not_there_is_tried_once_a_minute(server: MailServer) -> None:
    server.ended()
    seconds, heard = Seconds(), list[Trouble | None]()
    with account(server.port, seconds=seconds, heard=heard.append).opened() as line:
        outcomes = [line.hand_over(message(f"m{number}")) for number in range(3)]
        with mail_server() as back:
            line._server = line._server.__class__("127.0.0.1", back.port, "none")
            outcomes.append(line.hand_over(message("m4")))
            seconds.now += 60
            outcomes.append(line.hand_over(message("m5")))
    assert outcomes[:4] == [Refused(said("unreachable", "Connection refused"), False, SERVER)] * 4
    assert isinstance(outcomes[4], Accepted)
    assert (back.connections, heard) == (1, [None])


def test_trouble_of_an_account_is_told_once_its_use_is_over(server: MailServer) -> None:
    server.ended()
    heard: list[Trouble | None] = []
    sent(server, message("m1"), message("m2"), heard=heard.append)
    assert heard == [Trouble(Stage.CONNECT, said("unreachable", "Connection refused"))]


@pytest.mark.parametrize(
    ("greeting", "reply"),
    [
        (b"421 4.3.2 too many connections\r\n", "421 4.3.2 too many connections"),
        (b"554 5.7.1 go away\r\n", "554 5.7.1 go away"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "2.0-OpenSSH_9.2"),
    ],
)
def test_a_server_that_does_not_want_us_is_trouble_of_the_account(greeting: bytes, reply: str) -> None:
    heard: list[Trouble | None] = []
    with scripted((greeting,)) as odd, account(odd.port, heard=heard.append).opened() as line:
        outcome = line.hand_over(message())
    assert outcome == Refused(reply, False, SERVER)
    assert heard == [Trouble(Stage.CONNECT, reply)]


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_asked() -> None:
    with scripted((SILENCE,)) as silent, account(silent.port, patience=Patience(0.2, 0.2)).opened() as line:
        outcome = line.hand_over(message())
    assert isinstance(outcome, Refused)
    assert (outcome.reply.startswith(said("unreachable")), outcome.permanent) == (True, False)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 70 + ".example", "a..b"])
def test_a_name_nobody_has_is_trouble_of_the_account(host: str) -> None:
    with account(25, host=host).opened() as line:
        outcome = line.hand_over(message())
    assert isinstance(outcome, Refused)
    assert (outcome.reply.startswith(said("unreachable")), outcome.permanent) == (True, False)


def test_a_server_that_refuses_our_sender_is_trouble_of_the_account(server: MailServer) -> None:
    server.answers[MAIL] = "550 5.7.1 not your address"
    heard: list[Trouble | None] = []
    sent(server, message("m1"), heard=heard.append)
    assert heard == [Trouble(Stage.SENDER, "550 5.7.1 not your address")]
    assert server.connections == 1


def test_an_address_that_is_refused_is_no_trouble_of_the_account(server: MailServer) -> None:
    server.answers[RCPT] = "550 5.1.1 nobody"
    heard: list[Trouble | None] = []
    sent(server, heard=heard.append)
    assert heard == [None]


# --- encryption -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def certificate(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusted(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


@pytest.mark.parametrize("security", [NONE, STARTTLS, TLS])
def test_a_final_dot_does_not_wait_for_the_octets_before_it(authority: trustme.CA, security: str) -> None:
    with mail_server(None, certificate(authority), from_the_start=security == TLS) as server:
        smtp = connection(Server("127.0.0.1", server.port, security, authority=trusted(authority)), SOON.command)
        assert smtp.sock is not None
        assert smtp.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        smtp.quit()


@pytest.mark.requirement("R61")
@pytest.mark.parametrize("security", [STARTTLS, TLS])
@pytest.mark.parametrize("without", [(), ("PLAIN",)])
def test_a_message_goes_encrypted_and_signed_in(authority: trustme.CA, security: str, without: tuple[str, ...]) -> None:
    told = MailServer(accounts={USER: PASSWORD})
    encrypted = certificate(authority)
    with mail_server(told, encrypted, from_the_start=security == TLS, auth_exclude_mechanism=without) as server:
        more = {"security": security, "user": USER, "password": PASSWORD, "authority": trusted(authority)}
        (outcome,) = sent(server, **more)
    assert isinstance(outcome, Accepted)
    assert (f"signs in by {'LOGIN' if without else 'PLAIN'}" in server.heard, len(server.letters)) == (True, 1)


@pytest.mark.parametrize("security", [STARTTLS, TLS])
@pytest.mark.parametrize(
    ("name", "ours", "why"),
    [("mail.example", True, "IP address mismatch"), ("127.0.0.1", False, "unable to get local")],
)
def test_a_certificate_of_somebody_else_is_told_nothing(
    authority: trustme.CA, security: str, name: str, ours: bool, why: str
) -> None:
    heard: list[Trouble | None] = []
    with mail_server(
        MailServer(accounts={USER: PASSWORD}), certificate(authority, name), from_the_start=security == TLS
    ) as server:
        trust = trusted(authority) if ours else None
        more = {"security": security, "user": USER, "password": PASSWORD, "authority": trust}
        (outcome,) = sent(server, **more, heard=heard.append)
    assert isinstance(outcome, Refused)
    assert (outcome.reply.startswith(said("tls")), why in outcome.reply, outcome.permanent) == (True, True, False)
    assert heard == [Trouble(Stage.TLS, outcome.reply)]
    assert not [word for word in server.heard if word.startswith(("signs in", MAIL))]


def test_where_starttls_is_taken_out_nothing_is_said_in_the_clear() -> None:
    with mail_server(MailServer(accounts={USER: PASSWORD})) as server:
        outcomes = sent(server, security=STARTTLS, user=USER, password=PASSWORD)
    assert outcomes == [Refused(said("no_starttls"), False, SERVER)]
    assert server.heard == [EHLO]


def test_a_server_that_cannot_begin_encryption_now_is_tried_later() -> None:
    script = (b"220 hello\r\n", b"250-hello\r\n250 STARTTLS\r\n", b"454 4.7.0 not now\r\n")
    with scripted(script) as odd, account(odd.port, security=STARTTLS).opened() as line:
        assert line.hand_over(message()) == Refused("454 4.7.0 not now", False, SERVER)


def test_an_unencrypted_server_where_encryption_is_expected_is_trouble_of_encryption() -> None:
    heard: list[Trouble | None] = []
    with scripted((b"220 hello\r\n",)) as plain, account(plain.port, security=TLS, heard=heard.append).opened() as line:
        outcome = line.hand_over(message())
    assert isinstance(outcome, Refused)
    assert heard == [Trouble(Stage.TLS, outcome.reply)]


# --- signing in -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R61")
@pytest.mark.parametrize("without", [(), ("PLAIN",)])
def test_a_wrong_password_is_tried_once_and_is_trouble_of_the_account(without: tuple[str, ...]) -> None:
    heard: list[Trouble | None] = []
    with mail_server(MailServer(accounts={USER: PASSWORD}), auth_exclude_mechanism=without) as server:
        outcomes = sent(server, message("m1"), message("m2"), user=USER, password="another", heard=heard.append)
    reply = "535 5.7.8 Authentication credentials invalid"
    assert outcomes == [Refused(reply, False, SERVER)] * 2
    assert heard == [Trouble(Stage.SIGN_IN, reply)]
    assert (server.connections, server.letters) == (1, [])


def test_a_server_without_signing_in_is_trouble_of_the_account(server: MailServer) -> None:
    assert sent(server, user=USER, password=PASSWORD) == [Refused(said("no_sign_in"), False, SERVER)]


def test_what_a_server_says_of_a_password_is_not_kept() -> None:
    hello = b"250-hello\r\n250 AUTH PLAIN\r\n"
    script = (b"220 hello\r\n", hello, b"535 no account library with wrong-word\r\n")
    with scripted(script) as odd, account(odd.port, user=USER, password="wrong-word").opened() as line:
        assert line.hand_over(message()) == Refused("535 no account … with …", False, SERVER)


def test_a_server_that_cannot_sign_in_now_is_tried_again_later() -> None:
    script = (b"220 hello\r\n", b"250-hello\r\n250 AUTH PLAIN\r\n", b"454 4.7.0 not now\r\n")
    seconds = Seconds()
    with scripted(script, script) as odd:
        with account(odd.port, user=USER, password=PASSWORD, seconds=seconds).opened() as line:
            first = line.hand_over(message())
            seconds.now += 60
            second = line.hand_over(message())
        assert first == second == Refused("454 4.7.0 not now", False, SERVER)
        assert len([word for word in odd.heard if word.startswith(b"AUTH")]) == 2


# --- addresses with other letters -------------------------------------------------------------------------------------


def test_an_address_with_other_letters_goes_where_the_server_knows_them() -> None:
    with mail_server(enable_SMTPUTF8=True) as server:
        outcomes = sent(server, message("m1", "jürgen@bücher.example"), message("m2", "用户@例子.example"))
        assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
        assert [letter.to for letter in server.letters] == [
            ("jürgen@xn--bcher-kva.example",),
            ("用户@xn--fsqu00a.example",),
        ]
        assert server.letters[0].read["To"] == "jürgen@xn--bcher-kva.example"


def test_an_address_with_other_letters_is_refused_where_the_server_does_not_know_them(server: MailServer) -> None:
    first, second = sent(server, message("m1", "jürgen@example.org"), message("m2"))
    assert first == Refused(said("no_utf8"), True, SERVER)
    assert isinstance(second, Accepted)


def test_a_domain_with_other_letters_needs_nothing_of_the_server(server: MailServer) -> None:
    (outcome,) = sent(server, message(to="mira@bücher.example"))
    assert isinstance(outcome, Accepted)
    assert server.letters[0].to == ("mira@xn--bcher-kva.example",)


# --- pace -------------------------------------------------------------------------------------------------------------


def test_no_more_messages_leave_in_a_minute_than_allowed(server: MailServer) -> None:
    seconds = Seconds()
    way = account(server.port, per_minute=30, seconds=seconds)
    for _ in range(2):  # also when it is used again
        with way.opened() as line:
            for number in range(3):
                line.wait()
                line.hand_over(message(f"m{number}"))
    assert seconds.slept == [2.0] * 5
