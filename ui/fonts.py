"""Finds the font files on this machine. The names come from the design; the files from Debian's font packages.

Packages: fonts-noto-core, fonts-dejavu-core, fonts-noto-cjk. Not responsible for drawing (text).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import structlog

from ui.files import FileOfOursMissing

log = structlog.get_logger(__name__)

FOLDERS = (Path("/usr/local/share/fonts"), Path("/usr/share/fonts"))
FILES: Mapping[str, tuple[str, str]] = {
    "latin": ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    "arabic": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    "symbols": ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    "cjk": ("NotoSansCJK-Regular.ttc", "NotoSansCJK-Bold.ttc"),
    "devanagari": ("NotoSansDevanagari-Regular.ttf", "NotoSansDevanagari-Bold.ttf"),
    "thai": ("NotoSansThai-Regular.ttf", "NotoSansThai-Bold.ttf"),
}
REQUIRED = "latin"  # without it the screen cannot be drawn; any other script falls back to it


class FontMissing(FileOfOursMissing):
    """A font the screen cannot do without is not installed."""


@cache
def _installed() -> Mapping[str, Path]:
    wanted = {name for pair in FILES.values() for name in pair}
    found: dict[str, Path] = {}
    for folder in FOLDERS:
        for path in folder.rglob("*.tt[fc]") if folder.is_dir() else ():
            if path.name in wanted:
                found.setdefault(path.name, path)
    return found


@cache
def font_file(script: str, bold: bool) -> Path:
    """The font file for a script. Raises FontMissing for the required one; others fall back to it, logged."""
    name = FILES[script][bold]
    path = _installed().get(name)
    if path is not None and path.is_file():
        return path
    if script == REQUIRED:
        raise FontMissing(f"font {name} is not installed (looked in {', '.join(map(str, FOLDERS))})")
    log.warning("font missing, titles in this script show boxes", script=script, font=name)
    return font_file(REQUIRED, bold)


def look_again() -> None:
    """Forget what was found, so that fonts installed since then are seen."""
    _installed.cache_clear()
    font_file.cache_clear()
