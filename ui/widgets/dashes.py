"""Dashed outlines as many short strokes: Kivy's lines have no dashes beyond one pixel of width. Geometry only."""

from __future__ import annotations

from math import pi

from kivy.graphics import InstructionGroup, Rectangle, SmoothLine


def rectangle(
    x: float, y: float, width: float, height: float, radius: float, stroke: float, dash: float
) -> InstructionGroup:
    """A dashed rounded rectangle along the inner edge of the given one; all pixels. Colour comes from before it."""
    group = InstructionGroup()
    for length, left, bottom, along_x in (
        (width - 2 * radius, x + radius, y, True),
        (width - 2 * radius, x + radius, y + height - stroke, True),
        (height - 2 * radius, x, y + radius, False),
        (height - 2 * radius, x + width - stroke, y + radius, False),
    ):
        for start, size in strokes(length, dash):
            if along_x:
                group.add(Rectangle(pos=(left + start, bottom), size=(size, stroke)))
            else:
                group.add(Rectangle(pos=(left, bottom + start), size=(stroke, size)))
    middle = radius - stroke / 2
    for cx, cy, first in (
        (x + radius, y + radius, 180),
        (x + radius, y + height - radius, 270),
        (x + width - radius, y + height - radius, 0),
        (x + width - radius, y + radius, 90),
    ):
        _arcs(group, cx, cy, middle, stroke, dash, first, 90)
    return group


def circle(cx: float, cy: float, radius: float, stroke: float, dash: float) -> InstructionGroup:
    """A dashed circle; ``radius`` to the middle of its line."""
    group = InstructionGroup()
    _arcs(group, cx, cy, radius, stroke, dash, 0, 360)
    return group


def strokes(length: float, dash: float) -> list[tuple[float, float]]:
    """Start and size of the dashes along a length: as many as fit with gaps as long as they, one at each end."""
    if length <= dash:
        return []
    count = max(1, round((length / dash + 1) / 2))
    each = length / (2 * count - 1)
    return [(2 * index * each, each) for index in range(count)]


def _arcs(
    group: InstructionGroup, cx: float, cy: float, radius: float, stroke: float, dash: float, first: float, sweep: float
) -> None:
    count = max(1, round(radius * sweep * pi / 180 / (2 * dash)))
    each = sweep / (2 * count)
    for index in range(count):
        start = first + (2 * index + 0.5) * each
        group.add(
            SmoothLine(circle=(cx, cy, radius, start, start + each), width=stroke / 2, cap="none", overdraw_width=1)
        )
