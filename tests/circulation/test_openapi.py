"""The committed document of the API is the one the service has."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from circulation.cli import app

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


def test_the_committed_document_has_not_drifted() -> None:
    printed = CliRunner().invoke(app, ["openapi"], catch_exceptions=False).output
    assert COMMITTED.read_text("utf-8") == printed, "the API has changed: run make openapi"
