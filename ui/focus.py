"""Operation by keys: a ring around what Enter would touch. Shown only when keys were used last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kivy.graphics import Color, InstructionGroup, SmoothLine

from ui.widgets.part import Part
from ui.widgets.plate import Plate, Tappable

RING, GAP, BEYOND = 6, 5, 8


def tappables(root: Part) -> Iterator[Tappable]:
    """Everything that can be touched now, in reading order, the tool bar last."""
    if isinstance(root, Tappable) and root.possible:
        yield root
    for part in sorted(root.parts, key=lambda part: part.slot == "tools"):
        yield from tappables(part)


class FocusRing(InstructionGroup):  # type: ignore[misc]  # Kivy is untyped
    """The ring; drawn after everything else, so nothing clips it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target: Tappable | None = None

    def move(self, root: Part, step: int) -> None:
        """To the next or previous control; from nowhere to the first."""
        found = list(tappables(root))
        if not found:
            self.hide()
            return
        if self.target in found:
            self.target = found[(found.index(self.target) + step) % len(found)]
        else:
            self.target = found[0 if step > 0 else -1]
        self.draw()

    def hide(self) -> None:
        """No ring: a finger was used last."""
        self.target = None
        self.clear()

    def keep(self, root: Part) -> None:
        """After a change of the screen: the same control if it is still there, by its name."""
        if self.target is None:
            return
        name = self.target.name
        self.target = next((part for part in tappables(root) if part.name == name), None)
        self.clear()
        if self.target is not None:
            self.draw()

    def draw(self) -> None:
        """A ring in the focus colour with a gap of the gap's colour, outside the control."""
        self.clear()
        target = self.target
        if target is None:
            return
        look = target.look
        radius = (look.radius(target.radius) if isinstance(target, Plate) else 0) + look.px(BEYOND)
        for distance, width, colour in ((GAP / 2, GAP + 1, "focus_gap"), (GAP + RING / 2, RING, "focus")):
            off = look.px(distance)
            box = (target.x - off, target.y - off, target.width + 2 * off, target.height + 2 * off, radius)
            self.add(Color(*look.colour(colour)))
            self.add(SmoothLine(rounded_rectangle=box, width=look.px(width) / 2))
