"""Nothing personal gets into the log, also not with an error nobody foresaw."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from circulation import logs, signin
from circulation.store import circulating
from tests.circulation.running import Central, operation
from tests.circulation.world import PIN, World

# An error's own text may hold anything, as pydantic's and the database's do.


def failing(*given: Any) -> Any:
    """Fails with everything it knows in its text, and all around it."""
    name, pin = "Mira Vogel", PIN
    raise RuntimeError(f"{given} {name} {pin}")


@pytest.mark.parametrize("where", ["sign-in", "operation"])
def test_an_error_is_logged_with_its_place_and_without_its_text(
    world: World, central: Central, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], where: str
) -> None:
    world.rules()
    patron, item = world.patron(), world.item()
    machine = central.machine()
    token = machine.token(patron)
    if where == "sign-in":
        monkeypatch.setattr(signin, "_open", failing)
        body: Any = {"card": {"kind": "barcode", "value": patron}, "pin": PIN}
        answer = machine.http.post(f"{machine.url}/v1/sign-in", json=body, timeout=20)
        assert answer.status_code == 500
    else:
        monkeypatch.setattr(circulating, "open_loan", failing)
        asked = operation("checkout", item)
        assert machine.batch([asked], token) == []
    said = "".join(capfd.readouterr())
    assert "error=RuntimeError" in said
    assert "test_logs.py" in said
    for personal in (patron, world.patron_id(patron), PIN, "Mira", "Vogel", token, machine.key):
        assert personal not in said


def test_a_whole_visit_leaves_nothing_personal_in_the_log(
    world: World, central: Central, capfd: pytest.CaptureFixture[str]
) -> None:
    world.rules()
    patron, item = world.patron(), world.item()
    machine = central.machine()
    for pin in ("9999", PIN):
        machine.sign_in(patron, pin)
    token = machine.token(patron)
    machine.do("checkout", item, token)
    for number in range(25):
        machine.sign_in(f"28{number:012}", "0000")
    said = "".join(capfd.readouterr())
    assert "machine_locked" in said
    for personal in (patron, world.patron_id(patron), PIN, "9999", "Mira", token, machine.key, "28000000000000"):
        assert personal not in said


def test_errors_that_the_web_server_logs_itself_are_told_in_the_same_way(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        failing("2000")
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
    said = "".join(capfd.readouterr())
    assert "RuntimeError at test_logs.py:" in said
    assert "Vogel" not in said
    assert "2000" not in said


def test_a_text_with_line_breaks_is_one_line(capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("uvicorn").warning("one\ntwo")
    signin.log.warning("event", text="one\ntwo")
    assert len("".join(capfd.readouterr()).splitlines()) == 2
