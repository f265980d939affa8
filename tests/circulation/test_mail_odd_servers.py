"""Mail servers that do not keep to the protocol: they are silent, speak out of turn, repeat passwords."""

from __future__ import annotations

from base64 import b64encode

import pytest

from circulation.notices.channels.smtp import Patience
from circulation.notices.channels.trouble import Stage, Trouble
from circulation.notices.types import SERVER, Accepted, Lost, Refused
from tests.circulation.mail_server import DATA, HANG_UP, MAIL, RCPT, SAY_NOTHING, WHOLE, mail_server
from tests.circulation.mailing import SOON, Seconds, account, message
from tests.circulation.scripted_server import scripted

pytestmark = pytest.mark.requirement("R74")

HELLO, FEATURES, FINE, GO = b"220 hello\r\n", b"250 hello\r\n", b"250 fine\r\n", b"354 go\r\n"
OUT_OF_TURN = Refused("notice.reply.out_of_turn", False, SERVER)
SILENT = Refused("notice.reply.silent", False, SERVER)


@pytest.mark.parametrize(
    ("when", "instead", "lost"),
    [(WHOLE, HANG_UP, True), (WHOLE, SAY_NOTHING, True), (RCPT, HANG_UP, False), (RCPT, "421 4.3.2 closing", False)],
)
def test_a_server_that_answers_nothing_is_left_alone_and_tried_again(when: str, instead: str, lost: bool) -> None:
    seconds, heard = Seconds(), list[Trouble | None]()
    with mail_server() as server:
        server.answers[when] = [instead] * 5
        patience = Patience(5.0, 0.3) if instead == SAY_NOTHING else SOON
        way = account(server.port, seconds=seconds, heard=heard.append, patience=patience, per_minute=10**6)
        with way.opened() as line:
            first = [line.hand_over(message(f"m{number}")) for number in range(5)]
            then = [line.hand_over(message(f"then{number}")) for number in range(5)]
            assert line.trouble == Trouble(Stage.CONTENT if lost else Stage.RECIPIENT, SILENT.reply)
            seconds.now += 60
            line._patience = SOON
            after = line.hand_over(message("after"))
    assert [isinstance(one, Lost) for one in first] == [lost] * 5
    assert then == [SILENT] * 5
    assert isinstance(after, Accepted)
    assert heard == [None]


def test_messages_that_are_answered_meanwhile_begin_the_count_anew() -> None:
    with mail_server() as server, account(server.port).opened() as line:
        server.answers[WHOLE] = [*[HANG_UP] * 4, "250 fine", *[HANG_UP] * 4, "550 5.1.1 nobody", *[HANG_UP] * 4]
        outcomes = [line.hand_over(message(f"m{number}")) for number in range(15)]
    kinds = [*[Lost] * 4, Accepted, *[Lost] * 4, Refused, *[Lost] * 4, Accepted]
    assert [type(outcome) for outcome in outcomes] == kinds


@pytest.mark.requirement("R67")
@pytest.mark.parametrize("early", [b"451 4.3.0 early\r\n", b"421 4.3.0 early\r\n", b"250 early\r\n", b"550 early\r\n"])
def test_an_answer_before_the_final_dot_is_an_answer_to_nothing(early: bytes) -> None:
    script = (HELLO, FEATURES, FINE, FINE, GO + early)
    with scripted(script) as odd, account(odd.port).opened() as line:
        assert line.hand_over(message()) == OUT_OF_TURN
        assert line.trouble == Trouble(Stage.CONTENT, OUT_OF_TURN.reply)
    assert b".\r\n" not in odd.heard


@pytest.mark.parametrize("answers", [(HELLO + HELLO,), (HELLO, FEATURES + FINE), (HELLO, FEATURES, FINE + FINE)])
def test_no_answer_is_taken_for_that_to_the_next_command(answers: tuple[bytes, ...]) -> None:
    with scripted(answers) as odd, account(odd.port).opened() as line:
        outcome = line.hand_over(message())
    assert outcome == OUT_OF_TURN
    assert not any(one.startswith(b"RCPT") for one in odd.heard)


def test_what_a_server_said_while_nobody_spoke_costs_no_message() -> None:
    idle = b"250 taken\r\n421 4.4.2 you were idle\r\n"
    with mail_server() as server, account(server.port).opened() as line:
        server.answers[WHOLE] = [idle.decode().strip()]
        outcomes = [line.hand_over(message(f"m{number}")) for number in range(2)]
    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
    assert server.connections == 2


def test_trouble_is_told_of_whatever_stage_it_comes_at_and_is_over_with_the_next_success() -> None:
    denied = "554 5.7.1 Relay access denied"
    heard: list[Trouble | None] = []
    with mail_server() as server, account(server.port, heard=heard.append).opened() as line:
        for when, stage in (
            (RCPT, Stage.RECIPIENT),
            (DATA, Stage.CONTENT),
            (WHOLE, Stage.CONTENT),
            (MAIL, Stage.SENDER),
        ):
            server.answers[when] = [denied]
            line.hand_over(message("m1"))
            assert line.trouble == Trouble(stage, denied)
        line.hand_over(message("m2"))
    assert heard == [None]


@pytest.mark.parametrize("how", [b"AUTH PLAIN", b"AUTH LOGIN"])
def test_what_a_server_repeats_of_signing_in_is_not_kept(how: bytes) -> None:
    user, password = "library", "hunter2  with blanks"
    plain = b64encode(f"\0{user}\0{password}".encode())
    coded = b64encode(password.encode())
    asked = (b"334 VXNlcm5hbWU6\r\n", b"334 UGFzc3dvcmQ6\r\n") if how == b"AUTH LOGIN" else ()
    echo = b"501 bad: AUTH PLAIN " + plain + b" / " + coded + b" / hunter2  with blanks\r\n"
    script = (HELLO, b"250-hello\r\n250 " + how + b"\r\n", *asked, echo)
    with scripted(script) as odd, account(odd.port, user=user, password=password).opened() as line:
        assert line.hand_over(message()) == Refused("501 bad: AUTH PLAIN … / … / …", False, SERVER)


def test_words_of_a_server_turn_nothing_around_them() -> None:
    script = (HELLO, FEATURES, "550 5.7.1 \u202eno\u2066 \u200fway\r\n".encode())
    with scripted(script) as odd, account(odd.port).opened() as line:
        assert line.hand_over(message()) == Refused("550 5.7.1 no way", False, SERVER)
