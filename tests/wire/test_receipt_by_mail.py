"""A receipt by e-mail, asked for at the machine and sent at once by the central service to a real mail server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import update

from circulation.command_line import opened
from circulation.jobs import tasks
from circulation.notices import receipts
from circulation.store import tables as t
from tests.circulation.mail_server import MailServer, mail_server
from tests.circulation.mailed import ACCOUNT, Mailed
from tests.wire.site import Site, wait

pytestmark = [pytest.mark.slow, pytest.mark.hands("lines", "touches")]
ADDRESS = "ben@example.org"


@pytest.fixture
def mail(site: Site) -> Iterator[MailServer]:
    """What the library's mail account leads to; receipts are sent by it, at once and otherwise at night."""
    with mail_server() as server, opened(f"sqlite:///{site.stage.database}", None) as service:
        Mailed(service, server)
        wanted = tasks.Wanted(receipts.TASK, "Receipts", {"account": ACCOUNT}, {"times": ["03:00"]})
        tasks.create(service, "anna", wanted)
        with service.database.writing() as db:
            db.execute(update(t.patron).where(t.patron.c.first_name == "Ben").values(email=ADDRESS))
        yield server


@pytest.mark.scenario("S8")
@pytest.mark.requirement("R67")
def test_a_receipt_whose_answer_was_swallowed_is_asked_for_again_and_arrives_once(site: Site, mail: MailServer) -> None:
    first, second = site.roles.free("BOOK", 2)
    site.sign_in("ben")
    site.put(first, second)
    site.rows({first: "lent", second: "lent"}, "Borrow")
    site.take("all")
    site.do("finish")
    choice = site.see("ReceiptChoice")
    assert [(one["way"], one["possible"]) for one in choice["choices"]] == [
        ("print", True),
        ("mail", True),
        ("none", True),
    ]
    assert "example.org" not in str(choice)

    site.sim("fault central swallow on /v1/receipts next 1")
    before = len(site.stage.screens)
    site.do("choose_receipt", way="mail")
    site.see("ReceiptChoice", lambda screen: screen["notice"] is not None, 40)
    wait(lambda: any(screen["frame"]["offline"] for screen in site.stage.screens[before:]))
    site.see("ReceiptChoice", lambda screen: not screen["frame"]["offline"] and screen["choices"][1]["possible"])
    site.do("choose_receipt", way="mail")
    goodbye = site.see("Goodbye")
    assert goodbye["line"]["code"] == "receipt.sent"
    site.see("Start")
    (letter,) = wait(lambda: mail.letters)
    assert letter.to == (ADDRESS,)
    titles = [row[0] for row in site.query("SELECT title FROM item WHERE id IN (?, ?)", first, second)]
    assert all(title in letter.text for title in titles)
    assert wait(lambda: site.query("SELECT state FROM message") == [("sent",)])
    assert site.query("SELECT COUNT(*) FROM patron_session") == [(0,)]
