"""Style sheet, script and pictures: their addresses change with their content, so browsers may keep them for good."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "static"
PREFIX = "/staff/static"


@cache
def address(name: str) -> str:
    """The address of a file of ``static``."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"{PREFIX}/{name}?v={digest}"
