"""``circulation mail``, as a person types it (R61)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from typer.testing import Result

import wording
from circulation import notices
from circulation.notices.channels.trouble import Stage
from tests.circulation.mail_server import MailServer, mail_server
from tests.circulation.test_cli import file, run

__all__ = ["file"]  # a fixture
pytestmark = pytest.mark.requirement("R61")
PASSWORD = "geheimes Wort"


@pytest.fixture
def server() -> Iterator[MailServer]:
    with mail_server(MailServer(accounts={"library": PASSWORD})) as running:
        yield running


def add(file: Path, server: MailServer, *more: str, given: str | None = f"{PASSWORD}\n{PASSWORD}\n") -> Result:
    where = ("--host", "127.0.0.1", "--port", str(server.port), "--security", "none")
    return run(file, "mail", "add", "office", *where, "--sender", "library@example.com", *more, given=given)


def test_an_account_is_added_tested_listed_and_removed(file: Path, server: MailServer) -> None:
    added = add(file, server, "--user", "library")
    assert (added.exit_code, "now: circulation mail test office" in added.output) == (0, True)
    assert "none yet" in run(file, "mail", "list").output
    tested = run(file, "mail", "test", "office", "--to", "staff@example.com")
    assert (tested.exit_code, "The test message was accepted. (250 2.0.0 Ok" in tested.output) == (0, True)
    listed = run(file, "mail", "list").output
    assert ("succeeded" in listed, f"127.0.0.1:{server.port}" in listed, PASSWORD in listed) == (True, True, False)
    assert run(file, "mail", "remove", "office").exit_code == 0
    assert "office" not in run(file, "mail", "list").output


def test_a_wrong_password_is_said_and_seen_in_the_list(file: Path, server: MailServer, tmp_path: Path) -> None:
    (tmp_path / "word").write_text("wrong word\n")
    assert add(file, server, "--user", "library", "--password-file", str(tmp_path / "word"), given=None).exit_code == 0
    tested = run(file, "mail", "test", "office", "--to", "staff@example.com", "--language", "de")
    assert (tested.exit_code, "Benutzername oder Passwort ist falsch. (535 5.7.8" in tested.output) == (1, True)
    assert "not yet: sign_in" in run(file, "mail", "list").output
    assert "wrong word" not in tested.output


def test_mistakes_are_told_with_their_fields(file: Path, server: MailServer) -> None:
    told = add(file, server, "--sender", "library", "--per-minute", "0", "--language", "de", given=None)
    assert told.exit_code == 1
    assert "sender: Das ist keine E-Mail-Adresse." in told.output
    assert "per_minute: Hier muss eine ganze Zahl von 1 bis 6.000 stehen." in told.output
    assert "nothing was done" in told.output


def test_certificates_are_read_from_a_file(file: Path, server: MailServer, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    assert add(file, server, "--ca-file", str(tmp_path / "ca.pem"), given=None).exit_code == 0
    missing = add(file, server, "--ca-file", str(tmp_path / "none.pem"), given=None)
    assert (missing.exit_code, "cannot be read" in missing.output) == (1, True)


def test_there_is_a_sentence_for_every_stage_mistake_and_reason() -> None:
    folder = Path(notices.__file__).parent
    files = (*(folder / f"{name}.py" for name in ("accounts", "gateways", "checks")), *folder.glob("channels/*.py"))
    source = "".join(path.read_text("utf-8") for path in files)
    reasons = re.findall(r'ours\("(\w+)"|code = "(\w+)" if failed else "(\w+)"', source)
    mistakes = re.findall(r'Mistake\([^,()]+, "(\w+)"', source)
    wanted = {
        *(f"mail.test.{stage}" for stage in Stage),
        *(f"notice.reply.{one}" for found in reasons for one in found if one),
        *(f"mail.wrong.{one}" for one in mistakes),
    }
    assert len(wanted) > 40
    assert wanted - wording.codes(wording.STAFF) == set()
