"""How everything looks right now: theme, text size, window, direction. One frozen value; a change makes a new one.

Turns tokens (px at the reference size) into pixels of this window. Pure; not responsible for drawing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ui import tokens as token_file
from ui.tokens import Rgba, StateLook, Tokens


@dataclass(frozen=True, slots=True)
class Choices:
    """What a patron may set for this visit. Forgotten at its end."""

    theme: str = "light"
    size: str = "M"
    low: bool = False
    less_motion: bool = False
    sounds: bool = True

    def __post_init__(self) -> None:
        if self.theme not in token_file.THEMES or self.size not in token_file.SIZES:
            raise ValueError(f"no such theme or size: {self.theme}, {self.size}")


class _Pixels(dict[float, float]):
    """Lengths in pixels, reckoned once: hundreds are asked for in one picture."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self._scale = scale

    def __missing__(self, length: float) -> float:
        found = self[length] = float(round(length * self._scale))
        return found


@dataclass(frozen=True, slots=True)
class Look:
    """Choices applied to a window.

    Attributes:
        width, height: of the window, pixels.
        rtl: the interface language runs from right to left.
        scale: pixels of this window for one px at the reference size: the smaller of the two ratios.
        px: a length of the design in whole pixels of this window.
    """

    width: float
    height: float
    choices: Choices = field(default_factory=Choices)
    rtl: bool = False
    scale: float = field(init=False)
    px: Callable[[float], float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        width, height = self.tokens.reference["portrait" if self.portrait else "landscape"]
        object.__setattr__(self, "scale", min(self.width / width, self.height / height))
        object.__setattr__(self, "px", _Pixels(self.scale).__getitem__)

    @property
    def tokens(self) -> Tokens:
        """The design tokens."""
        return token_file.load()

    @property
    def portrait(self) -> bool:
        """Higher than wide."""
        return self.height >= self.width

    @property
    def mode(self) -> str:
        """Which arrangement of a page applies: "portrait", "landscape" or "low"."""
        if not self.portrait:
            return "landscape"
        return "low" if self.choices.low else "portrait"

    @property
    def large(self) -> bool:
        """Text so large that rows stand one under the other, fewer to a page."""
        return self.choices.size == "XL"

    @property
    def tight(self) -> bool:
        """Large text on a low window: headings and free space give way, sentences do not."""
        return self.large and not self.portrait

    @property
    def margin(self) -> float:
        """Free space at the sides, px at the reference size."""
        if self.large:
            return 40.0
        return 56.0 if self.portrait else 48.0

    def colour(self, token: str) -> Rgba:
        """A colour token in the current theme."""
        return self.tokens.colours[self.choices.theme][token]

    def type_px(self, role: str) -> float:
        """Type size of a role in pixels."""
        return self.px(self.tokens.type_sizes[role][self.choices.size])

    def line_height(self, role: str) -> float:
        """Line height of a role as a multiple of its size."""
        return self.tokens.line_heights[role]

    def radius(self, token: str) -> float:
        """A corner radius in pixels."""
        return self.px(self.tokens.radii[token])

    def stroke(self, token: str) -> float:
        """A line width in pixels, at least one."""
        return max(1.0, self.px(self.tokens.strokes[token]))

    def state(self, name: str) -> StateLook:
        """How an item in this state looks; in the contrast theme frames of act, stop and staff rows are thicker."""
        look = self.tokens.states[name]
        if self.choices.theme == "contrast" and look.family in {"act", "stop", "staff"}:
            return replace(look, stroke=max(look.stroke, self.tokens.strokes["contrast_theme_min"]))
        return look

    def motion(self, name: str) -> float:
        """Seconds of a movement; 0 where the patron wants less motion."""
        return self.tokens.motion["reduced" if self.choices.less_motion else "normal"].get(name, 0.0)
