"""What mail servers in service answer, and of whom: no reader's address is flagged for a fault of ours (R74)."""

from __future__ import annotations

import pytest

from circulation.notices.channels.smtp_replies import refused
from circulation.notices.channels.trouble import Stage
from circulation.notices.types import ADDRESS, MESSAGE, SERVER

pytestmark = pytest.mark.requirement("R74")

OF_US = [
    (550, "relay not permitted"),
    (550, "Sender verify failed"),
    (550, "authentication required"),
    (550, "Administrative prohibition"),
    (550, "Rejected because 192.0.2.1 is in a black list at zen.spamhaus.org"),
    (553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
    (553, "sorry, your envelope sender is in my badmailfrom list (#5.7.1)"),
    (550, "#5.7.1 Your access to submit messages to this e-mail system has been rejected."),
    (550, "5.7.1: Relaying denied"),
    (550, "[5.7.1] no"),
    (550, "relaying\n5.7.1 denied"),
    (550, "5.4.5 Daily user sending limit exceeded"),
    (550, "5.3.2 system not accepting messages"),
    (550, "5.5.1 out of order"),
    (550, "5.1.0 <library@example.com>: Sender address rejected"),
    (550, "5.2.252 SendAsDenied; not allowed to send as another"),
]
OF_THEM = [
    (550, "5.1.1 <mira@example.org>: Recipient address rejected: User unknown in virtual mailbox table"),
    (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
    (550, "5.2.1 The email account that you tried to reach is disabled"),
    (550, "5.4.1 Recipient address rejected: Access denied."),
    (550, "#5.1.0 Address rejected."),
    (550, "no such user here"),
    (550, "Unrouteable address"),
    (550, "mailbox unavailable, 4.4.8.8 knows why"),
]


@pytest.mark.parametrize(("code", "answer"), OF_US)
def test_what_is_said_of_us_flags_nobody_and_is_tried_again(code: int, answer: str) -> None:
    found = refused(Stage.RECIPIENT, code, answer)
    assert (found.address_wrong, found.about) == (False, SERVER)


@pytest.mark.parametrize(("code", "answer"), OF_THEM)
def test_what_is_said_of_an_address_flags_it(code: int, answer: str) -> None:
    assert refused(Stage.RECIPIENT, code, answer).address_wrong


@pytest.mark.parametrize("address", ["relay.spam@policy.example", "quota@example.org"])
def test_an_address_is_no_word_about_us(address: str) -> None:
    local = address.partition("@")[0]
    assert refused(Stage.RECIPIENT, 550, f"<{address}> unknown, {local} is nobody", address, local).address_wrong


@pytest.mark.parametrize(
    ("answer", "about", "permanent"),
    [
        ("5.4.5 Daily user sending limit exceeded", SERVER, False),
        ("5.2.252 SendAsDenied; not allowed to send as another", SERVER, True),
        ("5.2.0 STOREDRV.Submission.Exception:OutboundSpamException", SERVER, True),
        ("5.2.1 mailbox disabled", ADDRESS, True),
        ("content rejected", MESSAGE, True),
        ("4.7.1 contradicts itself", MESSAGE, False),
    ],
)
def test_what_is_said_of_a_whole_message(answer: str, about: str, permanent: bool) -> None:
    found = refused(Stage.CONTENT, 554, answer)
    assert (found.about, found.permanent) == (about, permanent)


@pytest.mark.parametrize(
    ("answer", "about", "permanent"),
    [
        ("5.3.4 message too big", MESSAGE, True),
        ("message size exceeds fixed limit", MESSAGE, True),
        ("5.2.2 your mailbox is full", SERVER, False),
    ],
)
def test_what_is_said_of_the_sender_is_no_fault_of_a_message_unless_it_is_too_long(
    answer: str, about: str, permanent: bool
) -> None:
    found = refused(Stage.SENDER, 552, answer)
    assert (found.about, found.permanent) == (about, permanent)
