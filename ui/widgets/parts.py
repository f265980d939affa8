"""The parts of a set: small numbered circles on a row, large on their own screen. Here = solid, missing = dashed."""

from __future__ import annotations

from kivy.graphics import Color
from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from kiosk.screens import PartView
from ui.widgets.part import Column, Part
from ui.widgets.shapes import circle, dashed_circle, ring
from ui.widgets.words import Words

MOST = 6  # drawn; more are told as "n of m" by the row's own sentence
_SIDE, _STEP = 50, 56


def drawn(parts: tuple[PartView, ...]) -> tuple[PartView, ...]:
    """Those of a set's parts that are drawn, by number: if they are too many, the missing ones first."""
    missing_first = sorted(parts, key=lambda part: part.here)[:MOST]
    return tuple(sorted(missing_first, key=lambda part: part.number))


class SmallParts(Part):
    """Circles with part numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[PartView, ...] = ()
        self._family = "act"

    def show(self, parts: tuple[PartView, ...], family: str) -> None:
        """Change what is shown."""
        self._parts = drawn(parts)
        self._family = family
        while len(self.children) < len(self._parts):
            self.add_widget(Words(role="note", px=26, bold=True, align="center"))
        for index, words in enumerate(reversed(self.children)):
            words.shown = index < len(self._parts)
            words.text = str(self._parts[index].number) if words.shown else ""

    def natural(self) -> float:
        """One circle a part."""
        return self.look.px(_STEP * (len(self._parts) - 1) + _SIDE) if self._parts else 0.0

    def tall(self, width: float) -> float:
        """One circle."""
        return self.look.px(_SIDE)

    def arrange(self) -> None:
        """Draw at the place given."""
        self.canvas.before.clear()
        side, step = self.look.px(_SIDE), self.look.px(_STEP)
        numbers = [child for child in reversed(self.children) if isinstance(child, Words)]
        for index, (part, number) in enumerate(zip(self._parts, numbers, strict=False)):
            x = self.mirrored(self.x + index * step, side)
            number.colour = "surface" if part.here else self._family
            number.place(x, self.top, side, side)
            self.canvas.before.add(Color(*self.look.colour(self._family)))
            if part.here:
                self.canvas.before.add(circle(x, self.y, side))
            else:
                self.canvas.before.add(dashed_circle(x, self.y, side, self.look.px(4), self.look.px(7)))


class LargePart(Column):
    """One part, large: its shape with its number; a symbol and words under it."""

    number = NumericProperty(1)
    here = BooleanProperty(True)
    disc = BooleanProperty(True)
    what = StringProperty("")


class PartShape(Part):
    """A disc, or a plain rounded shape for what is no disc."""

    here = BooleanProperty(True)
    number = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._words = Words(role="headline", px=56, bold=True, align="center")
        self.add_widget(self._words)

    def tall(self, width: float) -> float:
        """Square, at most 256."""
        return min(self.look.px(256 if not self.look.tight else 130), width)

    def arrange(self) -> None:
        """Draw at the place given."""
        side = min(self.width, self.height)
        radius, cx, cy = side / 2, self.center_x, self.center_y
        colour = "ink" if self.here else "act"
        self.canvas.before.clear()
        self.canvas.before.add(Color(*self.look.colour("primary_soft" if self.here else "act_soft")))
        self.canvas.before.add(circle(cx - radius, cy - radius, side))
        self.canvas.before.add(Color(*self.look.colour(colour)))
        line = self.look.px(6)
        hole = radius * 0.15 + line / 2
        for reach, dash in ((radius, 20), (hole, 10)):
            place = (cx - reach, cy - reach, 2 * reach, line)
            outline = ring(*place) if self.here else dashed_circle(*place, self.look.px(dash))
            self.canvas.before.add(outline)
        self._words.text = self.number
        self._words.colour = colour
        self._words.px = 56 if not self.look.tight else 30
        height = self._words.tall(side)
        self._words.place(cx - radius, cy + radius * 0.6 + height / 2, side, height)
