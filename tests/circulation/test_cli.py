"""The commands, as a person types them; ``circulation serve`` as a process of its own."""

from __future__ import annotations

import re
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from argon2 import PasswordHasher
from sqlalchemy import Table, select
from typer.testing import CliRunner, Result

from circulation import domain, money, serving
from circulation.cli import app
from circulation.errors import CirculationError
from circulation.one_server import only_server
from circulation.store import house
from circulation.store import tables as t
from circulation.store.engine import Database
from rules.kinds import KINDS
from tests.circulation.running import Machine, operation, server_process

PASSWORD = "a good long password"
DOMAIN = Path(domain.__file__).parent


@pytest.fixture
def file(empty_house: Path, tmp_path: Path) -> Path:
    """A database file with organisations and codes."""
    file = tmp_path / "circulation.db"
    file.write_bytes((empty_house / "circulation.db").read_bytes())
    return file


def run(file: Path, *command: str, given: str | None = None) -> Result:
    env = {"CIRCULATION_DATABASE": f"sqlite:///{file}"}
    return CliRunner().invoke(app, list(command), env=env, input=given, catch_exceptions=False)


def live(file: Path) -> int | None:
    database = Database(f"sqlite:///{file}")
    try:
        with database.reading() as db:
            return house.installation(db).live
    finally:
        database.close()


# --- rules ------------------------------------------------------------------------------------------------------------

GOOD = """format = "circulation-rules/1"

[[rule]]
id = "loan"
kind = "periods.loan"
name = "Four weeks"
org = "A"
value = { days = 28 }
"""
BAD = (
    GOOD
    + """
[[rule]]
id = "odd"
kind = "periods.loan"
name = "Unknown codes"
org = "Nowhere"
when = { media_type = ["VINYL"] }
value = { days = 28 }

[[rule]]
id = "patron"
kind = "self_service.checkout"
name = "A patron in a self-service rule"
org = "N1"
when = { patron_category = ["normal"] }
value = false
"""
)


def test_a_rule_file_becomes_the_next_live_set(file: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(GOOD)
    for number in (1, 2):
        done = run(file, "rules", "publish", str(tmp_path / "rules.toml"))
        assert (done.exit_code, f"rule set {number} is live" in done.output) == (0, True)
        assert live(file) == number


@pytest.mark.requirement("R79")
def test_a_spreadsheet_is_published_too(file: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.csv").write_text("id;kind;org;value;unit\nloan;periods.loan;A;28;days\n")
    assert run(file, "rules", "publish", str(tmp_path / "rules.csv")).exit_code == 0
    assert live(file) == 1
    (tmp_path / "rules.csv").write_text("id;kind;org;media_type;value;unit\nloan;periods.loan;A;VINYL;28;days\n")
    done = run(file, "rules", "publish", str(tmp_path / "rules.csv"))
    assert (done.exit_code, "VINYL" in done.output, "row 2" in done.output) == (1, True, True)
    assert live(file) == 1


@pytest.mark.requirement("R80")
@pytest.mark.parametrize(("language", "said"), [("en", "nothing would be sent"), ("de", "Stufe 2")])
def test_checking_a_rule_file_tells_what_stops_it_and_changes_nothing(
    file: Path, tmp_path: Path, language: str, said: str
) -> None:
    enabled = (
        '[[rule]]\nid = "e2"\nkind = "circulation.enable_overdue_reminder"\nlevel = "2"\norg = "A"\nvalue = true\n'
    )
    (tmp_path / "rules.toml").write_text(GOOD + enabled)
    done = run(file, "rules", "check", str(tmp_path / "rules.toml"), "--language", language)
    assert (done.exit_code, said in done.output, "[e2]" in done.output) == (1, True, True)
    (tmp_path / "rules.toml").write_text(GOOD)
    done = run(file, "rules", "check", str(tmp_path / "rules.toml"), "--language", language)
    assert (done.exit_code, "1 rules, no error" in done.output) == (0, True)
    assert live(file) is None


def test_checking_in_a_language_that_is_not_there_says_so(file: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(GOOD)
    done = run(file, "rules", "check", str(tmp_path / "rules.toml"), "--language", "xx")
    assert (done.exit_code, "'xx'" in done.output) == (2, True)


def test_every_kind_of_rule_decides_something() -> None:
    sources = [path.read_text() for path in (*DOMAIN.glob("*.py"), Path(money.__file__))]
    asked = {key for source in sources for key in re.findall(r'"([a-z_]+\.[a-z_]+)"', source)}
    assert set(KINDS) <= asked


ENABLED = '[[rule]]\nid = "e2"\nkind = "circulation.enable_overdue_reminder"\nlevel = "2"\norg = "A"\nvalue = true\n'


@pytest.mark.requirement("R80")
@pytest.mark.parametrize(("language", "said"), [("en", "nothing would be sent"), ("de", "Stufe 2")])
def test_errors_of_the_check_stop_publishing(file: Path, tmp_path: Path, language: str, said: str) -> None:
    (tmp_path / "rules.toml").write_text(GOOD + ENABLED)
    done = run(file, "rules", "publish", str(tmp_path / "rules.toml"), "--language", language)
    assert (done.exit_code, said in done.output, "errors stop publishing: 1" in done.output) == (1, True, True)
    assert live(file) is None
    forced = run(file, "rules", "publish", str(tmp_path / "rules.toml"), "--force")
    assert (forced.exit_code, live(file)) == (2, None)


@pytest.mark.requirement("R80")
def test_warnings_of_the_check_are_told_and_published(file: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(GOOD)
    done = run(file, "rules", "publish", str(tmp_path / "rules.toml"))
    assert (done.exit_code, "warning: " in done.output, live(file)) == (0, True, 1)
    (line,) = rows(file, t.audit)
    assert (line.who, line.action, line.subject, line.reason) == ("command line", "rules.publish", "1", "rules.toml")


def test_a_byte_order_mark_is_no_part_of_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert run(file, "rules", "publish", str(tmp_path / "rules.toml")).exit_code == 0
    assert live(file) == 1
    (tmp_path / "password").write_bytes(b"\xef\xbb\xbf" + PASSWORD.encode())
    assert run(file, "admin", "create", "anna", "--password-file", str(tmp_path / "password")).exit_code == 0
    (row,) = admins(file)
    assert PasswordHasher().verify(row.password_hash, PASSWORD)


@pytest.mark.requirement("R56")
@pytest.mark.parametrize("before", [None, 1])
def test_everything_wrong_in_a_rule_file_is_told_and_nothing_changes(
    file: Path, tmp_path: Path, before: int | None
) -> None:
    if before is not None:
        (tmp_path / "rules.toml").write_text(GOOD)
        run(file, "rules", "publish", str(tmp_path / "rules.toml"))
    (tmp_path / "rules.toml").write_text(BAD)
    done = run(file, "rules", "publish", str(tmp_path / "rules.toml"))
    assert done.exit_code == 1
    for said in ("Nowhere", "VINYL", "patron_category", "3 problems; nothing was published"):
        assert said in done.output
    for line in (14, 15):  # of the file, where the wrong values stand
        assert str(line) in done.output
    assert live(file) == before


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\xff\xfe", "not UTF-8"), (b"[[rule", "nothing was published"), (None, "cannot be read"), (b"", "published")],
)
def test_a_rule_file_that_cannot_be_read_is_said_so(
    file: Path, tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "rules.toml").write_bytes(content)
    done = run(file, "rules", "publish", str(tmp_path / "rules.toml"))
    assert (done.exit_code, said in done.output) == (1, True)
    assert live(file) is None


def test_an_empty_database_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(GOOD)
    (tmp_path / "new.db").touch()
    done = run(tmp_path / "new.db", "rules", "publish", str(tmp_path / "rules.toml"))
    assert (done.exit_code, "circulation demo-data" in done.output) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        ("serve",),
        ("doubts",),
        ("jobs", "list"),
        ("mail", "list"),
        ("backup", "to.backup"),
        ("export", "items", "to.csv"),
    ],
)
def test_a_database_that_is_not_there_is_named_and_not_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "here").mkdir()
    done = run(tmp_path / "here" / "typo.db", *command)
    assert (done.exit_code, f"there is no database {tmp_path}/here/typo.db" in done.output) == (1, True)
    assert not any((tmp_path / "here").iterdir())


# --- staff and machines -----------------------------------------------------------------------------------------------


def rows(file: Path, table: Table) -> list[Any]:
    database = Database(f"sqlite:///{file}")
    try:
        with database.reading() as db:
            return list(db.execute(select(table)))
    finally:
        database.close()


def admins(file: Path) -> list[Any]:
    return rows(file, t.staff)


def test_a_token_is_printed_alone_listed_and_revoked(file: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD)
    run(file, "admin", "create", "anna", "--password-file", str(tmp_path / "password"))
    done = run(file, "token", "create", "anna", "--branch", "N1", "--label", "[b]statistics[/b]", "--days", "7")
    token = done.stdout.strip()
    assert (done.exit_code, bool(re.fullmatch(r"[\w-]{43}", token))) == (0, True)
    listed = run(file, "token", "list")
    (line,) = [line for line in listed.output.splitlines() if "[b]statistics[/b]" in line]
    assert token not in listed.output
    (stored,) = rows(file, t.staff_session)
    assert stored.expires is not None
    id_ = stored.token_hash[:16]
    assert id_ in line
    assert run(file, "token", "revoke", id_).exit_code == 0
    assert rows(file, t.staff_session) == []
    for command in (("revoke", id_), ("create", "bert", "--branch", "N1", "--label", "x")):
        done = run(file, "token", *command)
        assert (done.exit_code, "there is no such" in done.output) == (1, True)
    assert run(file, "token", "create", "anna", "--branch", "N9", "--label", "x").exit_code == 1


def test_an_administrator_is_made_with_a_password_from_a_file(file: Path, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\r\n")
    done = run(file, "admin", "create", "anna", "--password-file", str(tmp_path / "password"))
    assert (done.exit_code, PASSWORD in done.output) == (0, False)
    (row,) = admins(file)
    assert (row.name, row.password_hash.startswith("$argon2id$")) == ("anna", True)
    again = run(file, "admin", "create", "anna", "--password-file", str(tmp_path / "password"))
    assert (again.exit_code, len(admins(file))) == (1, 1)


def test_an_administrators_password_is_asked_for_twice_and_never_shown(file: Path) -> None:
    done = run(file, "admin", "create", "anna", given=f"{PASSWORD}\n{PASSWORD}\n")
    assert (done.exit_code, PASSWORD in done.output) == (0, False)
    assert run(file, "admin", "create", "bert", given="too short\ntoo short\n").exit_code == 1
    assert run(file, "admin", "create", "a b", given=f"{PASSWORD}\n{PASSWORD}\n").exit_code == 1
    assert [row.name for row in admins(file)] == ["anna"]


def test_an_enrolment_code_is_printed_alone(file: Path) -> None:
    done = run(file, "machine", "enrol", "N1")
    assert (done.exit_code, bool(re.fullmatch(r"[A-Z2-9]{12}\n", done.stdout))) == (0, True)
    wrong = run(file, "machine", "enrol", "N9")
    assert (wrong.exit_code, "no branch" in wrong.output) == (1, True)


def add_machine(file: Path, name: str = "by the door") -> None:
    database = Database(f"sqlite:///{file}")
    with database.writing() as db:
        now = datetime(2026, 6, 1, 10, tzinfo=UTC)
        values = {"name": name, "branch": "N1", "key_hash": "h", "enrolled_at": now, "alarm_at": now}
        db.execute(t.machine.insert().values(id="m", seen_at=now, devices={"pad": "up"}, **values))
        doubt = {"wanted": "disarmed", "last": None, "since": now, "cleared": False}
        db.execute(t.doubt.insert().values(machine_id="m", item="30000000000012", **doubt))
    database.close()


def test_machines_are_listed_with_state_doubts_and_alarm(file: Path) -> None:
    add_machine(file)
    done = run(file, "machine", "list")
    assert done.exit_code == 0
    (row,) = [line for line in done.output.splitlines() if "by the door" in line]
    assert "pad up" in row
    assert row.count("2026-06-01T10:00:00+00:00") == 2  # last heard of, and the alarm


@pytest.mark.parametrize("name", ["[red]door[/red]", "door[/b]", ":door:", "[link=x]door"])
@pytest.mark.parametrize("command", [("machine", "list"), ("doubts",)], ids=" ".join)
def test_a_name_is_shown_as_it_is(file: Path, name: str, command: tuple[str, ...]) -> None:
    add_machine(file, name)
    done = run(file, *command)
    assert (done.exit_code, f" {name} " in done.output) == (0, True)


def test_doubts_are_listed_and_cleared(file: Path) -> None:
    add_machine(file)
    assert "30000000000012" in run(file, "doubts").output
    unknown = run(file, "doubts", "--clear", "999")
    assert (unknown.exit_code, "999 is not in doubt" in unknown.output) == (1, True)
    done = run(file, "doubts", "--clear", "30000000000012")
    (row,) = [line for line in done.output.splitlines() if "30000000000012" in line]
    assert (done.exit_code, "yes" in row) == (0, True)


# --- wrong use --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        ("serve", "--port", "70000"),
        ("serve", "--tls-cert", "only-a-certificate.pem"),
        ("serve", "--tls-key", "only-a-key.pem"),
        ("rules", "publish"),
        ("nothing",),
    ],
)
def test_wrong_use_is_two(file: Path, command: tuple[str, ...]) -> None:
    assert run(file, *command).exit_code == 2


def test_without_a_database_every_command_says_so() -> None:
    done = CliRunner().invoke(app, ["doubts"], env={"CIRCULATION_DATABASE": None})
    assert (done.exit_code, "--database" in done.output) == (2, True)


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////nowhere/at/all.db", "sqlite://"])
def test_a_database_that_cannot_be_used_is_one_line(url: str) -> None:
    done = CliRunner().invoke(app, ["doubts", "--database", url])
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)
    assert done.output.startswith("circulation: ")


def test_a_database_that_is_busy_for_too_long_is_one_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("circulation.store.engine.BUSY_SECONDS", 0)
    other = sqlite3.connect(file)
    other.execute("BEGIN IMMEDIATE")
    done = run(file, "machine", "enrol", "N1")
    other.close()
    assert (done.exit_code, len(done.output.splitlines())) == (1, 1)


# --- serving ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "library.example"])
def test_plain_http_beyond_this_computer_is_refused(file: Path, host: str) -> None:
    done = run(file, "serve", "--host", host)
    assert (done.exit_code, "--behind-proxy" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("host", "tls", "proxy"),
    [
        ("127.0.0.1", False, False),
        ("::1", False, False),
        ("localhost", False, False),
        ("0.0.0.0", True, False),
        ("0.0.0.0", False, True),
    ],
)
def test_loopback_tls_and_a_proxy_are_accepted(host: str, tls: bool, proxy: bool) -> None:
    serving.refuse_plain_beyond_loopback(host, tls, proxy)


def test_an_address_that_is_taken_is_said_so() -> None:
    with serving.listen("127.0.0.1", 0) as taken, pytest.raises(CirculationError, match="cannot listen"):
        serving.listen("127.0.0.1", taken.getsockname()[1])


def test_answers_do_not_wait_for_the_machines_acknowledgement() -> None:
    with (
        serving.listen("127.0.0.1", 0) as listening,
        socket.create_connection(listening.getsockname()),
        listening.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_certificate_that_cannot_be_used_is_said_so(file: Path, tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_text("no certificate")
    for name in ("c.pem", "missing.pem"):
        pair = ("--tls-cert", str(tmp_path / name), "--tls-key", str(tmp_path / name))
        done = run(file, "serve", "--port", "0", *pair)
        assert (done.exit_code, "certificate or key cannot be used" in done.output) == (1, True)


def test_one_server_holds_a_database(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    with only_server(file):
        with pytest.raises(CirculationError, match="another server"), only_server(file):
            pass
        with only_server(tmp_path / "y.db"):
            pass
    with only_server(file):
        pass


def test_a_database_named_by_a_link_is_the_same_database(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")
    (tmp_path / "circle.db").symlink_to(tmp_path / "circle.db")
    with only_server(tmp_path / "x.db"):
        with pytest.raises(CirculationError, match="another server"), only_server(tmp_path / "link.db"):
            pass
        with only_server(tmp_path / "circle.db"):
            pass


@contextmanager
def served(file: Path, tmp_path: Path, more: Sequence[str] = ()) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """``circulation serve`` as a process; its address."""
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    with server_process({"CIRCULATION_DATABASE": f"sqlite:///{file}"}, folder, more) as running:
        yield running


@pytest.mark.slow
def test_no_item_number_is_cut_where_another_program_reads(file: Path) -> None:
    add_machine(file)
    command = [sys.executable, "-m", "circulation", "doubts", "--database", f"sqlite:///{file}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert " 30000000000012 " in done.stdout


@pytest.mark.slow
@pytest.mark.scenario("S1")
def test_the_shipped_program_serves_and_other_commands_run_beside_it(file: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(GOOD)
    with served(file, tmp_path) as (url, process):
        code = run(file, "machine", "enrol", "N1").stdout.strip()
        body = {"code": code, "name": "by the door", "version": "1"}
        key = requests.post(f"{url}/v1/enrol", json=body, timeout=20).json()["key"]
        machine = Machine(url, key, "N1")
        assert machine.get("/rules").status_code == 404
        assert run(file, "rules", "publish", str(tmp_path / "rules.toml")).exit_code == 0
        assert machine.get("/rules").json()["number"] == 1
        assert machine.do("return", "39999999999999")["reason"]["code"] == "item_unknown"
        second = run(file, "serve", "--port", "0")
        assert (second.exit_code, "another server is running" in second.output) == (1, True)
        machine.http.close()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) in (0, -signal.SIGTERM)
    secrets = file.with_name(file.name + ".secrets")
    assert {stat.S_IMODE(each.stat().st_mode) for each in secrets.iterdir()} == {0o600}


@pytest.mark.slow
@pytest.mark.scenario("S4")
def test_what_was_answered_is_there_after_the_service_was_killed(file: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(GOOD)
    run(file, "rules", "publish", str(tmp_path / "rules.toml"))
    code = run(file, "machine", "enrol", "N1").stdout.strip()
    asked = operation("return", "39999999999999")
    with served(file, tmp_path) as (url, process):
        body = {"code": code, "name": "by the door", "version": "1"}
        key = requests.post(f"{url}/v1/enrol", json=body, timeout=20).json()["key"]
        machine = Machine(url, key, "N1")
        (line,) = machine.batch([asked])
        machine.http.close()
        process.kill()
        process.wait(20)
    with served(file, tmp_path) as (url, _):
        machine = Machine(url, key, "N1")
        assert machine.settle(asked["id"]) == line
        machine.http.close()


@pytest.mark.slow
def test_the_shipped_program_serves_tls(file: Path, tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "server.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    pair = ("--tls-cert", str(tmp_path / "server.pem"), "--tls-key", str(tmp_path / "server.pem"))
    with served(file, tmp_path, pair) as (url, _):
        assert url.startswith("https://")
        answer = requests.get(f"{url}/v1/health", verify=str(tmp_path / "ca.pem"), timeout=20)
        assert answer.json()["status"] == "ok"
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{url}/v1/health", timeout=20)
