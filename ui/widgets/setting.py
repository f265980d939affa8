"""Small drawings on the sheet of text and sound: a sample of type, a switch."""

from __future__ import annotations

from kivy.graphics import Color
from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from ui.widgets.part import Part
from ui.widgets.shapes import Rounded, circle
from ui.widgets.words import Words


class Sample(Part):
    """Letters in a size, or on the ground of a theme."""

    text = StringProperty("")
    size_px = NumericProperty(44)
    theme = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._words = Words(role="body", bold=True, align="center")
        self.add_widget(self._words)

    def tall(self, width: float) -> float:
        """One line with free space."""
        return self.look.px(58 if self.theme else max(90, self.size_px * 1.1))

    def arrange(self) -> None:
        """Draw at the place given."""
        self.canvas.before.clear()
        self._words.text = self.text
        self._words.px = self.size_px if not self.theme else 34
        if self.theme:
            self._ground()
        height = self._words.tall(self.width)
        self._words.place(self.x, round(self.center_y + height / 2), self.width, height)

    def _ground(self) -> None:
        colours = self.look.tokens.colours[self.theme]
        width, height = self.look.px(112), self.look.px(56)
        x, y = self.center_x - width / 2, self.center_y - height / 2
        add = self.canvas.before.add
        for inset, colour in ((0, self.look.colour("edge")), (self.look.px(3), colours["paper"])):
            add(Color(*colour))
            size = (width - 2 * inset, height - 2 * inset)
            add(Rounded(pos=(x + inset, y + inset), size=size, radius=[self.look.px(12) - inset]))
        self._words.own_colour = colours["ink"]


class Toggle(Part):
    """A switch: on = filled with the knob at its end, off = framed with the knob at its start."""

    on = BooleanProperty(False)

    def natural(self) -> float:
        """As drawn."""
        return self.look.px(104)

    def tall(self, width: float) -> float:
        """As drawn."""
        return self.look.px(58)

    def on_on(self, *_: object) -> None:
        """Draw again."""
        self.arrange()

    def arrange(self) -> None:
        """Draw at the place given."""
        self.canvas.clear()
        line = self.look.px(5)
        height = self.height
        colour = self.look.colour("primary" if self.on else "edge")
        add = self.canvas.add
        add(Color(*colour))
        add(Rounded(pos=self.pos, size=self.size, radius=[height / 2]))
        if not self.on:
            add(Color(*self.look.colour("surface")))
            inner = (self.width - 2 * line, height - 2 * line)
            add(Rounded(pos=(self.x + line, self.y + line), size=inner, radius=[height / 2 - line]))
        knob = height - 4 * line / 2 - line
        at_end = self.on != self.look.rtl
        x = self.right - knob - 1.5 * line if at_end else self.x + 1.5 * line
        add(Color(*(self.look.colour("on_primary") if self.on else colour)))
        add(circle(x, self.y + (height - knob) / 2, knob))
