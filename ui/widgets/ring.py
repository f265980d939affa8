"""The time-out ring: runs down clockwise in every language, with the seconds left in its middle."""

from __future__ import annotations

from kivy.graphics import Color, SmoothLine
from kivy.properties import NumericProperty, StringProperty

from ui.widgets.part import Part
from ui.widgets.words import Words

SIDE, THICK = 320, 20


class Ring(Part):
    """``left`` of ``whole`` seconds; ``word``: under the number."""

    left = NumericProperty(0)
    whole = NumericProperty(30)
    word = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._number = Words(role="number", bold=True, align="center")
        self._word = Words(role="note", align="center", most=1)
        self.add_widget(self._number)
        self.add_widget(self._word)
        self.bind(left=lambda *_: self.arrange(), word=lambda *_: self.arrange())

    def natural(self) -> float:
        """Round."""
        return self.look.px(SIDE)

    def tall(self, width: float) -> float:
        """Round."""
        return self.look.px(SIDE)

    def arrange(self) -> None:
        """Draw at the place given."""
        self.canvas.before.clear()
        if self.width <= 0:
            return
        thick = self.look.px(THICK)
        radius = min(self.width, self.height) / 2 - thick / 2 - 2
        share = max(0.0, min(1.0, self.left / self.whole if self.whole else 0))
        add = self.canvas.before.add
        add(Color(*self.look.colour("line")))
        add(SmoothLine(circle=(self.center_x, self.center_y, radius), width=thick / 2))
        if share > 0:
            add(Color(*self.look.colour("primary")))
            add(SmoothLine(circle=(self.center_x, self.center_y, radius, 0, 360 * share), width=thick / 2, cap="round"))
        self._number.text = str(int(self.left))
        self._word.text = self.word
        inside = 2 * (radius - thick)
        number, word = self._number.tall(inside), self._word.tall(inside)
        top = self.center_y + (number + word) / 2
        self._number.place(self.center_x - inside / 2, top, inside, number)
        self._word.place(self.center_x - inside / 2, top - number, inside, word)
