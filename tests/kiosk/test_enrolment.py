"""A machine's key: in a file of its owner's, whole, and never shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.public import PrivateKey, SealedBox
from typer.testing import CliRunner

from kiosk import enrolment
from kiosk.cli import app
from tests.kiosk.machines import made_enrolment, written_config
from tests.kiosk.wires import always, document, serving

URL = "http://127.0.0.1:1"


def test_what_was_given_is_found_again_and_only_the_owner_may_read_it(tmp_path: Path) -> None:
    given_ = made_enrolment(URL)
    enrolment.save(tmp_path / "new" / "state", given_)
    assert enrolment.load(tmp_path / "new" / "state") == given_
    assert (tmp_path / "new" / "state" / "machine.json").stat().st_mode & 0o777 == 0o600


def test_the_key_is_in_no_representation() -> None:
    assert "machine-key-4711" not in repr(made_enrolment(URL))


def test_only_the_service_can_open_what_is_sealed() -> None:
    key = PrivateKey.generate()
    sealed = made_enrolment(URL, key).seal(b"request")
    assert b"request" not in sealed
    assert SealedBox(key).decrypt(sealed) == b"request"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused_with_its_cure(tmp_path: Path, mode: int) -> None:
    enrolment.save(tmp_path, made_enrolment(URL))
    (tmp_path / "machine.json").chmod(mode)
    with pytest.raises(enrolment.EnrolmentError, match="chmod 600"):
        enrolment.load(tmp_path)


def test_a_machine_that_is_not_enrolled_is_told_how(tmp_path: Path) -> None:
    with pytest.raises(enrolment.EnrolmentError, match="kiosk enrol"):
        enrolment.load(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("timezone", "No/Where"),
        ("timezone", "Europe"),
        ("timezone", "../../etc/passwd"),
        ("server_public_key", "AAAA"),
        ("server_public_key", "no base64"),
        ("key", 5),
        ("owner", [1]),
        ("owner", 1),
        ("more", "than known"),
    ],
)
def test_a_damaged_file_is_an_error_that_says_what_to_do(tmp_path: Path, name: str, value: object) -> None:
    enrolment.save(tmp_path, made_enrolment(URL))
    raw = {**asdict(made_enrolment(URL)), name: value}
    (tmp_path / "machine.json").write_text(json.dumps(raw), "utf-8")
    with pytest.raises(enrolment.EnrolmentError, match="enrol this machine again"):
        enrolment.load(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.integers(1, 100_000).map(lambda depth: b"[" * depth))
def test_any_bytes_are_an_error_of_ours(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "machine.json").write_bytes(raw)
    (tmp_path / "machine.json").chmod(0o600)
    with pytest.raises(enrolment.EnrolmentError):
        enrolment.load(tmp_path)


# --- the command ------------------------------------------------------------------------------------------------------

GIVEN = {name: value for name, value in asdict(made_enrolment(URL)).items() if name != "url"}


def _enrol(folder: Path, url: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["enrol", url, "ABC123", "--config", str(written_config(folder, url))])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


@pytest.mark.scenario("S1")
def test_a_code_becomes_a_key_that_is_not_shown(tmp_path: Path) -> None:
    with serving(always(document(GIVEN))) as url:
        code, text = _enrol(tmp_path, url)
        assert enrolment.load(tmp_path / "state").url == url
    assert code == 0
    assert "Main library" in text
    assert "machine-key-4711" not in text


@pytest.mark.scenario("S1")
@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (document({"error": "code_unknown", "detail": "this code was used"}, "403 Forbidden"), "this code was used"),
        (document({**GIVEN, "timezone": "No/Where"}), "time zone"),
        (document({**GIVEN, "server_public_key": "AAAA"}), "public key"),
        (document({**GIVEN, "key": 5}), "key"),
        (document([]), "not enrolled"),
        (b"garbage", "not enrolled"),
    ],
)
def test_whatever_is_no_enrolment_is_told_and_leaves_no_file(tmp_path: Path, answer: bytes, told: str) -> None:
    with serving(always(answer)) as url:
        code, text = _enrol(tmp_path, url)
    assert code == 1
    assert told in text
    assert not (tmp_path / "state" / "machine.json").exists()
