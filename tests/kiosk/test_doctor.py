"""``kiosk doctor`` without a site: whatever is broken is named, with its cure, and nothing is left behind."""

from __future__ import annotations

import json
import shutil
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme
from pytest_mock import MockerFixture
from typer.testing import CliRunner

from kiosk import doctor
from kiosk.central.api import PublishedRules
from kiosk.central.cache import Cache
from kiosk.cli import app
from kiosk.compose import JOURNAL
from kiosk.journal import Journal
from rules.compiled import RuleSet
from rules.duedate import BranchCalendar
from rules.organisation import Organisation, OrganisationTree
from rules.published import write
from tests.kiosk.machines import enrolled_machine
from tests.kiosk.wires import Answerer, always, document, serving

NOBODY = "http://127.0.0.1:9"
TREE = OrganisationTree({"N1": Organisation("N1", "Main", None, "branch")})


def _rules(number: int) -> dict[str, object]:
    return write(RuleSet(number, (), TREE), "N1", {}, ("DE-Mus1",), BranchCalendar.always_open())


def _hold(folder: Path, number: int) -> None:
    Cache(folder / "state").save_rules(PublishedRules('"x"', number, _rules(number)))


def _service(rules: bytes | None = None, off: timedelta = timedelta(0), live: int = 3) -> Answerer:
    def answer(line: socket.socket, request: bytes) -> None:
        told = {"Library_Time": (datetime.now(UTC) + off).isoformat(), "Library_Rules": str(live)}
        body = {"status": "ok", "version": "1.2"} if b"/health" in request else _rules(live)
        line.sendall(rules if rules is not None and b"/rules" in request else document(body, **told))

    return answer


def _findings(config: Path) -> dict[str, doctor.Finding]:
    found = list(doctor.examine(config))
    assert all(finding.ok or finding.cure for finding in found), found
    return {finding.name: finding for finding in found}


def test_a_service_that_is_well_is_called_well(tmp_path: Path) -> None:
    with serving(_service()) as url:
        config = enrolled_machine(tmp_path, url)
        _hold(tmp_path, 3)
        found = _findings(config)
    names = ("configuration", "state folder", "enrolment", "journal", "disk", "central service", "clock", "rule set")
    assert [name for name in (*names, "machine key") if not found[name].ok] == []


@pytest.mark.parametrize(
    ("service", "name", "cure"),
    [
        (_service(off=timedelta(minutes=-7)), "clock", "timedatectl"),
        (_service(off=timedelta(minutes=7)), "clock", "timedatectl"),
        (_service(live=4), "rule set", "fetches the new one"),
        (_service(document({"error": "machine_unknown", "detail": "x"}, "401 x")), "machine key", "enrol it again"),
        (_service(document({"error": "version_unsupported", "detail": "x"}, "426 x")), "machine key", "update"),
        (_service(document({"error": "not_found", "detail": "no rules"}, "404 x")), "machine key", "publish rules"),
        (always(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), "central service", "network"),
        (always(b"garbage"), "central service", "network"),
    ],
)
def test_what_is_wrong_with_the_central_service_is_named_with_its_cure(
    tmp_path: Path, service: Answerer, name: str, cure: str
) -> None:
    with serving(service) as url:
        config = enrolled_machine(tmp_path, url)
        _hold(tmp_path, 3)
        found = _findings(config)
    assert not found[name].ok
    assert cure in found[name].cure


def test_a_certificate_that_is_not_trusted_and_an_authority_that_is_none_are_told_apart(tmp_path: Path) -> None:
    ours, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    file = tmp_path / "ca.pem"
    told = {}
    with serving(_service(), context) as url:
        config = enrolled_machine(tmp_path, url)
        config.write_text(config.read_text("utf-8").replace("[central]\n", f'[central]\nca = "{file}"\n'), "utf-8")
        for name, write_ in (
            ("right", lambda: ours.cert_pem.write_to_path(str(file))),
            ("other", lambda: other.cert_pem.write_to_path(str(file))),
            ("garbage", lambda: file.write_bytes(b"no certificate")),
            ("missing", file.unlink),
        ):
            write_()
            told[name] = _findings(config)["central service"]
    assert told["right"].ok
    assert "not trusted" in told["other"].cure
    assert "holds no certificate" in told["garbage"].text
    assert "cannot be read" in told["missing"].text


def test_it_makes_no_journal_the_machine_could_not_write(tmp_path: Path) -> None:
    config = enrolled_machine(tmp_path, NOBODY)
    assert _findings(config)["journal"].ok
    assert sorted(file.name for file in (tmp_path / "state").iterdir()) == ["machine.json"]


def test_a_journal_that_cannot_be_written_is_named(tmp_path: Path, mocker: MockerFixture) -> None:
    config = enrolled_machine(tmp_path, NOBODY)
    Journal(tmp_path / "state" / JOURNAL, bytes).close()
    mocker.patch.object(Journal, "works", return_value=False)
    assert "disk space" in _findings(config)["journal"].cure


def test_a_disk_that_is_nearly_full_is_named(tmp_path: Path, mocker: MockerFixture) -> None:
    mocker.patch.object(shutil, "disk_usage", return_value=SimpleNamespace(free=1_000_000))
    assert "only 1 MB" in _findings(enrolled_machine(tmp_path, NOBODY))["disk"].text


def test_a_state_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    config = enrolled_machine(tmp_path, NOBODY)
    shutil.rmtree(tmp_path / "state")
    (tmp_path / "state").write_bytes(b"")
    assert "mkdir" in _findings(config)["state folder"].cure


def test_rules_held_that_this_version_cannot_read_are_named(tmp_path: Path) -> None:
    config = enrolled_machine(tmp_path, NOBODY)
    Cache(tmp_path / "state").save_rules(PublishedRules('"x"', 3, {"number": 3, "format": "of the future"}))
    assert "update this machine" in _findings(config)["rule set"].cure


REASONS = ("absent", "no_service", "no_permission", "busy", "silent", "lost", "protocol", "fault")


@pytest.mark.parametrize("reason", [*REASONS, "paper_out", "cover_open"])
def test_every_reason_a_device_can_be_away_for_has_a_cure_of_its_own(
    tmp_path: Path, mocker: MockerFixture, reason: str
) -> None:
    mocker.patch.object(doctor, "probe", return_value=(reason, "in the driver's words"))
    found = _findings(enrolled_machine(tmp_path, NOBODY))["pad"]
    assert not found.ok
    assert found.cure == doctor.CURES[reason]


@pytest.mark.parametrize(("breaks", "code"), [(lambda config: None, 1), (lambda config: config.write_text("["), 1)])
def test_the_command_ends_with_1_and_tells_programs_the_same(
    tmp_path: Path, breaks: Callable[[Path], object], code: int
) -> None:
    config = enrolled_machine(tmp_path, NOBODY)
    breaks(config)
    plain = CliRunner().invoke(app, ["doctor", "--config", str(config)])
    as_json = CliRunner().invoke(app, ["doctor", "--config", str(config), "--json"])
    assert (plain.exit_code, as_json.exit_code) == (code, code)
    findings = json.loads(as_json.output)
    assert {"name", "ok", "text", "cure"} == set(findings[0])
    assert all(finding["cure"] in plain.output for finding in findings)
