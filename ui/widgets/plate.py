"""Ground and frame under a part, and what can be touched. How a plate is drawn stands in ``theme.kv``."""

from __future__ import annotations

import time
from typing import Any

from kivy.app import App
from kivy.graphics import Color
from kivy.properties import BooleanProperty, NumericProperty, OptionProperty, StringProperty

from ui.widgets.part import Across, Column, Part
from ui.widgets.shapes import dashed_rectangle


class Plate(Part):
    """A rounded rectangle. ``fill``, ``frame``: colour tokens ("" = none), ``stroke``: px, ``radius``: token.

    ``corners``: "top" rounds only the upper ones. ``dashed``: the frame is dashed ("not now").
    """

    fill = StringProperty("surface")
    frame = StringProperty("line")
    stroke = NumericProperty(2)
    radius = StringProperty("card")
    corners = OptionProperty("all", options=["all", "top"])
    dashed = BooleanProperty(False)

    def rgba(self, token: str) -> tuple[float, float, float, float]:
        """A colour token, transparent for none."""
        return self.look.colour(token) if token else (0.0, 0.0, 0.0, 0.0)

    def line(self, stroke: float) -> float:
        """A frame's width in pixels; "" frames and dashed ones have none of their own."""
        return max(1.0, self.look.px(stroke)) if self.frame and not self.dashed else 0.0

    def round(self, radius: str, inset: float) -> list[float]:
        """Corner radii in pixels of a rectangle inset by so many pixels."""
        size = max(0.0, self.look.radius(radius) - inset)
        return [size, size, 0, 0] if self.corners == "top" else [size] * 4

    def arrange(self) -> None:
        """Place the children, then the dashes."""
        super().arrange()
        self.canvas.after.remove_group("dashes")
        if self.dashed and self.frame:
            self.canvas.after.add(Color(*self.rgba(self.frame), group="dashes"))
            place = (self.x, self.y, self.width, self.height)
            outline = dashed_rectangle(*place, self.look.radius(self.radius), self.look.px(3), self.look.px(7))
            outline.group = "dashes"
            self.canvas.after.add(outline)


class PlateColumn(Plate, Column):
    """A column on a plate."""


class PlateLine(Plate, Across):
    """A line on a plate."""


class Tappable(Part):
    """Something to touch: reacts when the finger is lifted inside.

    Attributes:
        name: what tests, keys and the pilot call it.
        possible: False: shown as "not now", does nothing.
        guarded: a second quick touch at the same place is ignored (not for keys, where digits repeat).
    """

    name = StringProperty("")
    possible = BooleanProperty(True)
    pressed = BooleanProperty(False)
    guarded = BooleanProperty(True)

    __events__ = ("on_tap",)

    def on_tap(self) -> None:
        """Touched and released, or chosen by keys."""

    def on_touch_down(self, touch: Any) -> bool:
        """Take the touch if it is for this part."""
        if not (self.shown and self.possible and self.collide_point(*touch.pos)):
            return False
        guard = App.get_running_app().guard
        if self.guarded and not guard.allows(touch.x, touch.y, time.monotonic()):
            touch.ud["posted"] = None
            return True
        touch.grab(self)
        self.pressed = True
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Released inside: tapped."""
        if touch.grab_current is not self:
            return False
        touch.ungrab(self)
        self.pressed = False
        if self.collide_point(*touch.pos) and self.shown and self.possible:
            App.get_running_app().guard.touched(touch.x, touch.y, time.monotonic())
            self.tap()
        return True

    def tap(self) -> None:
        """Do what touching does."""
        if self.possible and self.shown:
            App.get_running_app().tick()
            self.dispatch("on_tap")
