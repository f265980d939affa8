"""A sheet from the bottom edge over a dimmed page. Not responsible for what it asks (ui.screens)."""

from __future__ import annotations

from typing import Any

from kivy.animation import Animation
from kivy.graphics import Color, PopMatrix, PushMatrix, Rectangle, Translate
from kivy.properties import StringProperty

from ui.widgets.front import Front
from ui.widgets.plate import PlateColumn


class SheetPanel(PlateColumn):
    """The sheet itself."""


class Sheet(Front):
    """A question from the bottom edge, over a dimmed page. Touching beside it is the harmless answer."""

    scrim = StringProperty("scrim")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.panel = next(part for part in self.parts if isinstance(part, SheetPanel))
        self._move = Translate(0, 0)
        self.panel.canvas.before.insert(0, self._move)
        self.panel.canvas.before.insert(0, PushMatrix())
        self.panel.canvas.after.add(PopMatrix())
        self._moving: Animation | None = None

    def harmless(self) -> None:
        """What touching beside the sheet, or Escape, means."""

    def key(self, name: str) -> bool:
        """Escape is the harmless answer."""
        if name == "back":
            self.harmless()
            return True
        return False

    def enter(self) -> None:
        """Move in, unless the patron wants less motion."""
        seconds = self.look.motion("sheet_ms")
        if seconds:
            self._move.y = -self.look.px(160)
            self._moving = Animation(y=0, duration=seconds, t="out_quad")
            self._moving.start(self._move)

    @property
    def moving(self) -> bool:
        """Still on its way."""
        return bool(self._move.y)

    def arrange(self) -> None:
        """The panel at the bottom edge; as high as it needs."""
        self.canvas.before.clear()
        with self.canvas.before:
            Color(*self.look.colour("scrim")[:3], self.look.tokens.opacity[self.scrim])
            Rectangle(pos=self.pos, size=self.size)
        margin = self.look.margin
        self.panel.pad = [margin, self.panel.pad[1], margin, self.panel.pad[3]]
        height = min(self.height, self.panel.tall(self.width))
        self.panel.place(self.x, self.y + height, self.width, height)

    def on_touch_down(self, touch: Any) -> bool:
        """Beside the panel: the harmless answer. Nothing under the sheet is touched."""
        if not super().on_touch_down(touch) and touch.y > self.panel.top:
            self.harmless()
        return True
