"""Bytes with their sources, by id."""

from __future__ import annotations

import tomllib
from pathlib import Path

VECTORS: dict[str, dict[str, str]] = {
    entry["id"]: entry for entry in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))["vector"]
}


def hexed(identifier: str, key: str = "hex") -> bytes:
    """The bytes of a vector."""
    return bytes.fromhex(VECTORS[identifier][key])
