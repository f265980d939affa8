"""The log says what failed and where, and nothing anybody typed or is called."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from kiosk import logs

SECRET = "20000000000014"


@pytest.fixture
def log_set_up(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers, root.level
    logs.set_up()
    yield
    structlog.reset_defaults()
    root.handlers = before
    root.setLevel(level)


def _fail() -> None:
    raise LookupError(f"card {SECRET} is not known")


@pytest.mark.usefixtures("log_set_up")
def test_of_an_error_kind_and_place_are_written_and_never_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        _fail()
    except LookupError as error:
        structlog.get_logger("kiosk").exception("core_failed", message="Pin")
        logging.getLogger("drivers.worker").error("pad: an error of ours", exc_info=error)
    text = capsys.readouterr().err
    assert SECRET not in text
    ours, drivers = (json.loads(line) for line in text.splitlines())
    assert (ours["event"], ours["error"], ours["message"]) == ("core_failed", "LookupError", "Pin")
    assert "test_logs.py" in ours["at"]
    assert "_fail" in ours["at"]
    assert (drivers["event"], drivers["error"]) == ("pad: an error of ours", "LookupError")
