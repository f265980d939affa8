"""Writes a file that is afterwards whole, old or new, whatever breaks in between, and that only its owner reads."""

from __future__ import annotations

import os
from pathlib import Path


def replace_file(path: Path, text: str) -> None:
    """Put ``text`` in the place of a file in one step, on the disk before it is named; raises OSError."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)  # one that an earlier attempt left may be readable by others
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
