"""Makes the PNG files of ``ui/assets`` from their SVG sources. Run by hand when a source or a colour token changes.

``python -m ui.assets.make_pictures`` with ``rsvg-convert`` (Debian: librsvg2-bin) on the path. Icons become white on
transparent, so that the screen can tint them, in 1x (72 px), 2x (144 px) and half (36 px). Illustrations exist once per
theme: either a finished ``name-theme.svg`` or a template ``name.svg`` with ``{token}`` places for the theme's colours.
Not responsible for anything at run time.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE / "source"
ICON_PX = {"@half": 36, "": 72, "@2x": 144}
LARGE_ICONS = ("language", "state-done")  # drawn as pictures of their own
LARGE_PX = 432


def convert(svg: str, target: Path, width: int | None = None) -> None:
    """Turn SVG text into one PNG; ``width`` in pixels, else the size the SVG names."""
    with tempfile.NamedTemporaryFile("w", suffix=".svg", encoding="utf-8") as source:
        source.write(svg)
        source.flush()
        size = [] if width is None else ["--width", str(width), "--height", str(width)]
        subprocess.run(["rsvg-convert", *size, "--output", str(target), source.name], check=True)


def icons() -> None:
    """All icons, white, in both sizes."""
    for path in sorted((SOURCE / "icons").glob("*.svg")):
        svg = path.read_text(encoding="utf-8").replace("currentColor", "#FFFFFF")
        for suffix, px in ICON_PX.items():
            convert(svg, HERE / "icons" / f"{path.stem}{suffix}.png", px)
        if path.stem in LARGE_ICONS:
            convert(svg, HERE / "icons" / f"{path.stem}@6x.png", LARGE_PX)


def art() -> None:
    """All illustrations, one PNG a theme."""
    themes = json.loads((HERE.parent / "tokens.json").read_text(encoding="utf-8"))["colour"]
    service = re.sub(r"</?svg[^>]*>", "", (SOURCE / "icons" / "service.svg").read_text(encoding="utf-8"))
    for path in sorted((SOURCE / "art").glob("*.svg")):
        svg = path.read_text(encoding="utf-8")
        if path.stem.rpartition("-")[2] in themes:
            convert(svg, HERE / "art" / f"{path.stem}.png")
            continue
        for theme, colours in themes.items():
            words = {**colours, "service": service, "logo_accent": logo_accent(theme, colours)}
            filled = re.sub(r"\{(\w+)\}", lambda place, words=words: words[place[1]], svg)  # type: ignore[misc]  # mypy cannot infer the default's type
            convert(filled, HERE / "art" / f"{path.stem}-{theme}.png", 128 if path.stem == "logo" else None)


def logo_accent(theme: str, colours: dict[str, str]) -> str:
    """The logo's third bar: accent, but in the contrast theme accent is the logo's own ground."""
    return colours["on_primary" if theme == "contrast" else "accent"]


if __name__ == "__main__":
    icons()
    art()
    sys.stdout.write("pictures made\n")
