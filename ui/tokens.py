"""Design tokens: colours, type sizes, shapes and states, read once from ``tokens.json``.

The one place where a colour or a size has its number. Pure; not responsible for drawing or for scaling (look).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Rgba = tuple[float, float, float, float]

THEMES = ("light", "dark", "contrast")
SIZES = ("S", "M", "L", "XL")
FILE = Path(__file__).parent / "tokens.json"


class TokensBroken(Exception):
    """The token file misses something or holds an unusable value; the text names the place."""


@dataclass(frozen=True, slots=True)
class StateLook:
    """How an item in one state looks.

    Attributes:
        family: colour token of its family ("ok", "wait", "act", "stop", "staff").
        icon: name of its symbol.
        ground: colour token of the row's ground.
        frame: colour token of the row's frame.
        stroke: width of that frame, px at the reference size.
        spine: how its spine on the shelf is drawn ("filled", "raised", "outlined", "soft", "dashed").
    """

    family: str
    icon: str
    ground: str
    frame: str
    stroke: float
    spine: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens the screen uses. Lengths are px at the reference size, times in seconds."""

    colours: Mapping[str, Mapping[str, Rgba]]
    type_sizes: Mapping[str, Mapping[str, float]]
    line_heights: Mapping[str, float]
    radii: Mapping[str, float]
    strokes: Mapping[str, float]
    states: Mapping[str, StateLook]
    spine_heights: tuple[float, ...]
    spine_width: float
    spine_gap: float
    spine_raise: float
    spine_narrower_from: int
    spine_fold_from: int
    opacity: Mapping[str, float]
    motion: Mapping[str, Mapping[str, float]]
    sound_gap: float
    reference: Mapping[str, tuple[float, float]]


def rgba(text: str) -> Rgba:
    """``#RRGGBB`` as four numbers 0..1. Raises TokensBroken."""
    try:
        red, green, blue = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    except ValueError as error:
        raise TokensBroken(f"not a colour: {text!r}") from error
    return (red, green, blue, 1.0)


def contrast(one: Rgba, other: Rgba) -> float:
    """WCAG 2.1 contrast ratio of two opaque colours, 1..21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: Rgba) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _state(raw: Mapping[str, Any]) -> StateLook:
    frame, _, stroke = raw["border"].partition(" ")
    return StateLook(raw["family"], raw["icon"], raw["row"], frame, float(stroke), raw["spine"])


def _motion(raw: Mapping[str, Any]) -> dict[str, float]:
    return {key: value / 1000 for key, value in raw.items() if isinstance(value, (int, float))}


@cache
def load() -> Tokens:
    """The tokens. Raises TokensBroken, naming what is wrong."""
    try:
        return _read(json.loads(FILE.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise TokensBroken(f"{FILE.name}: {error!r}") from error


def _read(raw: Mapping[str, Any]) -> Tokens:
    states = {name: _state(value) for name, value in raw["state"].items()}
    states["not_on_loan"] = states["kept"] = states["returned"]
    spine = raw["spine"]
    return Tokens(
        colours={t: {n: rgba(c) for n, c in raw["colour"][t].items()} for t in THEMES},
        type_sizes={role: {s: float(sizes[s]) for s in SIZES} for role, sizes in raw["type"]["roles"].items()},
        line_heights={role: float(value) for role, value in raw["type"]["line"].items()},
        radii={name: float(value) for name, value in raw["radius"].items()},
        strokes={name: float(value) for name, value in raw["stroke"].items()},
        states=states,
        spine_heights=tuple(float(h) for h in spine["heights"]),
        spine_width=float(spine["width"]),
        spine_gap=float(spine["gap"]),
        spine_raise=float(spine["raise_act"]),
        spine_narrower_from=int(spine["narrower_from"]),
        spine_fold_from=int(spine["fold_from"]),
        opacity={name: float(value) for name, value in raw["opacity"].items()},
        motion={
            "normal": {
                **_motion(raw["motion"]["normal"]),
                "frame_ms": raw["motion"]["normal"]["idle_play"]["frame_ms"] / 1000,
            },
            "reduced": _motion(raw["motion"]["reduced"]),
        },
        sound_gap=raw["sound"]["rules"]["min_gap_ms"] / 1000,
        reference={name: (float(size[0]), float(size[1])) for name, size in raw["reference"].items()},
    )
