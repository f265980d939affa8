"""What is done while a mail server looks at a message: once it has the whole of it, and not otherwise."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from circulation.notices.types import Accepted
from tests.circulation.mail_server import RCPT, SECONDS, MailServer, mail_server
from tests.circulation.mailing import account, message

pytestmark = pytest.mark.requirement("R74")


class Telling(MailServer):
    """A server that tells when it has a whole message, before it answers."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = Event()

    async def handle_DATA(self, *given: Any) -> str:  # noqa: N802 - named by aiosmtpd
        self.whole.set()
        return await super().handle_DATA(*given)


def test_other_things_are_done_once_the_server_has_the_whole_message() -> None:
    told = Telling()
    had: list[bool] = []
    with mail_server(told), account(told.port).opened() as line:
        outcome = line.hand_over(message(), lambda: had.append(told.whole.wait(SECONDS)))
    assert (isinstance(outcome, Accepted), had) == (True, [True])


def test_nothing_else_is_done_where_no_answer_to_a_message_is_waited_for() -> None:
    told = MailServer({RCPT: "450 4.2.0 greylisted"})
    done: list[int] = []
    with mail_server(told), account(told.port).opened() as line:
        line.hand_over(message(), lambda: done.append(1))
    assert done == []
