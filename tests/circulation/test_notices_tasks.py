"""The task types that send notices: real mail accounts, a real mail server, the shipped words (R58, R63, R64)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from circulation.jobs import claiming, running, tasks
from circulation.jobs.tasks import TaskWrongError
from circulation.jobs.types import TYPES
from circulation.notices import accounts
from circulation.notices.accounts import Account
from circulation.service import Service
from circulation.store.jobs import DONE
from circulation.store.notice_tables import message
from tests.circulation.mail_server import MailServer, mail_server
from tests.circulation.mailing import Seconds
from tests.circulation.posting import DAILY, at_seven, lend, owed, rows
from tests.circulation.world import Amount, Days, World, rule

PASSWORD = "geheimes Wort"
POSTAL = "Mira Vogel\nStreet 1\n12345 Town"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server(MailServer(accounts={"library": PASSWORD})) as running_:
        yield running_


@pytest.fixture
def office(service: Service, server: MailServer) -> str:
    """An account that was tested."""
    account = Account(
        "Office", "127.0.0.1", server.port, "none", "library@example.com", user="library", per_minute=6000
    )
    accounts.create(service, "anna", "office", account, PASSWORD)
    assert accounts.send_test(service, "anna", "office", "staff@example.com", times=Seconds().times).ok
    server.letters.clear()
    return "office"


def _made(service: Service, type_: str, **options: Any) -> int:
    return tasks.create(service, "anna", tasks.Wanted(type_, type_, options, DAILY))


def _run(service: Service, task: int) -> dict[str, int]:
    state, run = running.carry_out_by_hand(service, TYPES, claiming.process_name(), task, "anna")
    assert state == DONE
    return run.counts


def _states(service: Service) -> list[tuple[str, str | None]]:
    return sorted((one.state, one.reason) for one in rows(service, select(message)))


@pytest.mark.requirement("R58", "R60", "R63", "R64")
def test_a_task_warns_by_the_account_it_names(service: Service, world: World, server: MailServer, office: str) -> None:
    world.rules()
    reader = world.patron_id(world.patron(email="mira@example.org", language="en"))
    lend(service, world.item(title="The Lighthouse"), reader, "2026-06-18")
    lend(service, world.item("DVD"), reader, "2026-06-18")
    lend(service, world.item(), reader, "2026-06-18", period=7)
    options = {"account": office, "days": 3, "least_period": 14, "media_types": ["BOOK"]}
    task = _made(service, "due_warnings", **options)
    at_seven(service, "2026-06-15")
    preview = running.preview(service, TYPES, "due_warnings", options)
    assert (preview.counts["messages"], preview.counts["notices"], server.letters) == (1, 1, [])
    assert _run(service, task)["sent"] == 1
    (letter,) = server.letters
    assert letter.to == ("mira@example.org",)
    body = letter.read.get_body(("plain",))
    assert body is not None
    said = body.get_content()
    assert all(word in said for word in ("The Lighthouse", "Branch N1", "18")), said
    _run(service, task)
    assert len(server.letters) == 1


@pytest.mark.requirement("R31", "R74")
def test_an_unknown_address_is_found_by_the_server_and_a_letter_follows(
    service: Service, world: World, server: MailServer, office: str, tmp_path: Path
) -> None:
    world.rules(
        rule("e1", "circulation.enable_overdue_reminder", True, level="1"),
        rule("p1", "periods.overdue_reminder", Days(7), level="1"),
        rule("f1", "fees.overdue_reminder", Amount(100), level="1"),
    )
    server.refused_addresses["gone@example.org"] = "550 5.1.1 no such user"
    known = world.patron_id(world.patron(email="mira@example.org"))
    gone = world.patron_id(world.patron(email="gone@example.org", postal=POSTAL))
    for reader in (known, gone):
        lend(service, world.item(), reader, "2026-06-01")
    task = _made(service, "overdue_reminders", account=office, letters=str(tmp_path / "letters"))
    at_seven(service, "2026-06-08")
    _run(service, task)
    assert _states(service) == [("failed", "address_refused"), ("sent", None)]
    at_seven(service, "2026-06-09")
    _run(service, task)
    assert [owed(service, reader) for reader in (known, gone)] == [100, 100]
    (page,) = (tmp_path / "letters" / "2026-06-09").iterdir()
    assert page.read_bytes().startswith(b"%PDF")


@pytest.mark.requirement("R61", "R64")
@pytest.mark.parametrize(
    ("type_", "options", "wrong"),
    [
        ("due_warnings", {"account": "nowhere"}, [("options.account", "not_found")]),
        ("due_warnings", {"account": "new"}, [("options.account", "mail_untested")]),
        (
            "due_warnings",
            {"account": "office", "media_types": ["BOOK", "VINYL"], "categories": ["king"]},
            [("options.media_types.1", "choice"), ("options.categories.0", "choice")],
        ),
        ("due_warnings", {"account": "office", "days": 0}, [("options.days", "number")]),
        ("payment_reminders", {}, [("options.account", "missing")]),
        ("reservation_notices", {"letters": "here"}, [("options.letters", "absolute")]),
    ],
)
def test_what_cannot_be_an_option_is_named(
    service: Service, office: str, type_: str, options: dict[str, Any], wrong: list[tuple[str, str]]
) -> None:
    accounts.create(service, "anna", "new", Account("New", "mail.example.com", 587, "starttls", "a@example.com"))
    with pytest.raises(TaskWrongError) as refused:
        _made(service, type_, **options)
    assert [(one.place, one.code) for one in refused.value.mistakes] == wrong
