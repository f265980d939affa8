"""The log says what failed and where, and nothing anybody typed or is called."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from kiosk import logs

SECRET = "20000000000014"


def _fail() -> None:
    raise LookupError(f"card {SECRET} is not known")


def test_of_an_error_kind_and_place_are_written_and_never_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up()
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
