"""Rounded rectangles, circles and dashed outlines as small pictures that are tinted and stretched.

A rounded rectangle is nine quads of one picture instead of some hundred triangles with a soft line around them: its
edges are as clean, and it costs a tenth in memory and time. Colour comes from before it. Not responsible for which
shape a part has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from math import pi
from typing import Any

from kivy.factory import Factory
from kivy.graphics import BorderImage, Rectangle
from kivy.graphics.texture import Texture
from PIL import Image, ImageDraw

FINE, FINER = 4, 8  # times as many dots while drawing, for soft edges: of an outline, of a corner
MIDDLE = 2  # pixels of a corner's picture that are stretched
Radii = tuple[int, int, int, int]  # top left, top right, bottom right, bottom left, in pixels


class Rounded(BorderImage):  # type: ignore[misc]  # Kivy is untyped
    """A filled rounded rectangle. ``radius``: pixels, one for all corners or four: clockwise from the top left."""

    def __init__(self, **kwargs: Any) -> None:
        radius = kwargs.pop("radius", (0,))
        super().__init__(**kwargs)
        self.auto_scale = "both_lower"
        self.radius = radius

    @property
    def radius(self) -> Sequence[float]:
        """Of its corners, in pixels."""
        return self._radii

    @radius.setter
    def radius(self, radius: Sequence[float]) -> None:
        four = [max(0, round(corner)) for corner in radius] * (4 // len(radius))
        top_left, top_right, bottom_right, bottom_left = four
        self._radii: Radii = (top_left, top_right, bottom_right, bottom_left)
        self.texture = _corners(self._radii)
        self.border = (
            max(bottom_left, bottom_right),
            max(top_right, bottom_right),
            max(top_left, top_right),
            max(top_left, bottom_left),
        )


Factory.register("Rounded", cls=Rounded)


def circle(x: float, y: float, side: float) -> Rounded:
    """A filled circle in a square, pixels."""
    return Rounded(pos=(x, y), size=(side, side), radius=[side / 2])


@lru_cache(maxsize=64)
def _corners(radii: Radii) -> Any:
    top_left, top_right, bottom_right, bottom_left = radii
    width = max(top_left, bottom_left) + MIDDLE + max(top_right, bottom_right)
    height = max(top_left, top_right) + MIDDLE + max(bottom_left, bottom_right)

    def draw(pen: ImageDraw.ImageDraw) -> None:
        pen.rectangle((0, 0, width * FINER, height * FINER), fill=255)
        for radius, x, y in (
            (top_left, 0, 0),
            (top_right, width - top_right, 0),
            (bottom_right, width - bottom_right, height - bottom_right),
            (bottom_left, 0, height - bottom_left),
        ):
            _corner(pen, radius, x, y, width / 2, height / 2)

    return _picture(width, height, FINER, draw)


def _corner(pen: ImageDraw.ImageDraw, radius: int, x: int, y: int, middle_x: float, middle_y: float) -> None:
    """Cut a corner: the square empty, then a quarter of a disc."""
    if not radius:
        return
    box = [side * FINER for side in (x, y, x + radius, y + radius)]
    pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=0)
    centre_x = (x + radius if x < middle_x else x) * FINER
    centre_y = (y + radius if y < middle_y else y) * FINER
    reach = radius * FINER
    start = {(True, True): 180, (False, True): 270, (False, False): 0, (True, False): 90}[x < middle_x, y < middle_y]
    disc = (centre_x - reach, centre_y - reach, centre_x + reach - 1, centre_y + reach - 1)
    pen.pieslice(disc, start, start + 90, fill=255)


# --- dashed outlines --------------------------------------------------------------------------------------------------


def dashed_rectangle(
    x: float, y: float, width: float, height: float, radius: float, stroke: float, dash: float
) -> Rectangle:
    """A dashed rounded rectangle along the inner edge of the given one; all pixels."""
    size = (round(width), round(height))
    texture = _dashed_rectangle(*size, round(radius), round(stroke), round(dash))
    return Rectangle(texture=texture, pos=(x, y), size=size)


def dashed_circle(x: float, y: float, side: float, stroke: float, dash: float) -> Rectangle:
    """A dashed circle along the inner edge of a square; all pixels."""
    whole = round(side)
    return Rectangle(texture=_dashed_circle(whole, round(stroke), round(dash)), pos=(x, y), size=(whole, whole))


def ring(x: float, y: float, side: float, stroke: float) -> Rectangle:
    """A whole circle along the inner edge of a square; all pixels."""
    whole = round(side)
    return Rectangle(texture=_ring(whole, round(stroke)), pos=(x, y), size=(whole, whole))


def strokes(length: float, dash: float) -> list[tuple[float, float]]:
    """Start and size of the dashes along a length: as many as fit with gaps as long as they, one at each end."""
    if length <= dash:
        return []
    count = max(1, round((length / dash + 1) / 2))
    each = length / (2 * count - 1)
    return [(2 * index * each, each) for index in range(count)]


@lru_cache(maxsize=64)
def _dashed_rectangle(width: int, height: int, radius: int, stroke: int, dash: int) -> Any:
    def draw(pen: ImageDraw.ImageDraw) -> None:
        for start, size in strokes(width - 2 * radius, dash):
            for top in (0, height - stroke):
                _box(pen, radius + start, top, size, stroke)
        for start, size in strokes(height - 2 * radius, dash):
            for left in (0, width - stroke):
                _box(pen, left, radius + start, stroke, size)
        for left, top, first in (
            (0, 0, 180),
            (width - 2 * radius, 0, 270),
            (width - 2 * radius, height - 2 * radius, 0),
            (0, height - 2 * radius, 90),
        ):
            _arcs(pen, left, top, 2 * radius, stroke, dash, first, 90)

    return _picture(width, height, FINE, draw)


@lru_cache(maxsize=32)
def _dashed_circle(side: int, stroke: int, dash: int) -> Any:
    return _picture(side, side, FINE, lambda pen: _arcs(pen, 0, 0, side, stroke, dash, 0, 360))


@lru_cache(maxsize=32)
def _ring(side: int, stroke: int) -> Any:
    edge = side * FINE - 1
    return _picture(
        side, side, FINE, lambda pen: pen.ellipse((0, 0, edge, edge), outline=255, width=max(1, stroke * FINE))
    )


def _box(pen: ImageDraw.ImageDraw, left: float, top: float, width: float, height: float) -> None:
    box = (left * FINE, top * FINE, (left + width) * FINE - 1, (top + height) * FINE - 1)
    pen.rectangle(tuple(round(side) for side in box), fill=255)


def _arcs(
    pen: ImageDraw.ImageDraw, left: float, top: float, side: float, stroke: int, dash: int, first: float, sweep: float
) -> None:
    if side <= 0:
        return
    count = max(1, round((side - stroke) / 2 * sweep * pi / 180 / (2 * dash)))
    each = sweep / (2 * count)
    box = (left * FINE, top * FINE, (left + side) * FINE - 1, (top + side) * FINE - 1)
    for index in range(count):
        start = first + (2 * index + 0.5) * each
        pen.arc(box, start, start + each, fill=255, width=max(1, stroke * FINE))


def _picture(width: int, height: int, fine: int, draw: Callable[[ImageDraw.ImageDraw], None]) -> Any:
    """White, as opaque as what was drawn; drawn larger, so that its edges are soft."""
    mask = Image.new("L", (max(1, width) * fine, max(1, height) * fine), 0)
    draw(ImageDraw.Draw(mask))
    mask = mask.reduce(fine)
    image = Image.merge("LA", (Image.new("L", mask.size, 255), mask))
    texture = Texture.create(size=mask.size, colorfmt="luminance_alpha")
    texture.blit_buffer(image.tobytes(), colorfmt="luminance_alpha", bufferfmt="ubyte")
    texture.flip_vertical()
    return texture
