"""Bytes with their sources: frames and tag memories that both drivers and simulator must agree with."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def vectors(name: str) -> dict[str, dict[str, Any]]:
    """The vectors of one file, by id; each names its source."""
    entries = tomllib.loads((FOLDER / f"{name}.toml").read_text("utf-8"))["vector"]
    return {entry["id"]: entry for entry in entries}
