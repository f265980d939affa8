"""The pad for a PIN: 3x4 keys, never mirrored, never shuffled; dots for what was typed; the steps of signing in."""

from __future__ import annotations

from kivy.graphics import Color
from kivy.properties import BooleanProperty, NumericProperty, StringProperty

from ui.widgets.button import Key
from ui.widgets.part import Across, Column, Part
from ui.widgets.shapes import circle, ring
from ui.widgets.words import Words

ROWS = (("1", "2", "3"), ("4", "5", "6"), ("7", "8", "9"), ("erase", "0", "ok"))


class KeyPad(Column):
    """Digits, erase and OK.

    Events:
        on_key(name): "0".."9", "erase" or "ok".
    """

    ready = BooleanProperty(False)
    usable = BooleanProperty(True)

    __events__ = ("on_key",)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._keys: dict[str, Key] = {}
        for names in ROWS:
            line = KeyLine(gap=24, pack="center")
            for name in names:
                key = Key(name=f"key-{name}", icon="erase" if name == "erase" else "", bar=name == "5")
                key.text = {"erase": "", "ok": "OK"}.get(name, name)
                key.bind(on_tap=lambda _, name=name: self.dispatch("on_key", name))
                self._keys[name] = key
                line.add_widget(key)
            self.add_widget(line)
        self.bind(ready=self._apply, usable=self._apply)
        self._apply()

    def on_key(self, name: str) -> None:
        """A key was touched."""

    def _apply(self, *_: object) -> None:
        for name, key in self._keys.items():
            key.possible = self.usable and (name != "ok" or self.ready)
        self._keys["ok"].kind = "primary" if self.ready else "secondary"
        if self.width > 100:
            self.arrange()


class KeyLine(Across):
    """Keys side by side; digits keep their order in every language."""

    def mirrored(self, x: float, width: float) -> float:
        """Not mirrored."""
        return x


class PinDots(Part):
    """A dot for every typed digit, circles for what is usually still to come."""

    typed = NumericProperty(0)
    usual = NumericProperty(4)

    def tall(self, width: float) -> float:
        """One dot."""
        return self.look.px(68)

    def on_typed(self, *_: object) -> None:
        """Draw again."""
        self.arrange()

    def arrange(self) -> None:
        """Draw at the place given."""
        self.canvas.clear()
        count = max(int(self.typed), int(self.usual))
        side = self.look.px(68)
        step = min(self.look.px(108), (self.width - side) / max(1, count - 1))
        line = self.look.px(6)
        x = self.center_x - step * (count - 1) / 2
        self.canvas.add(Color(*self.look.colour("ink")))
        for index in range(count):
            if index < self.typed:
                self.canvas.add(circle(x - side / 2, self.y, side))
            else:
                self.canvas.add(ring(x - side / 2, self.y, side, line))
            x += step


class SignInSteps(Across):
    """Card done, PIN now."""

    card = StringProperty("")
    pin = StringProperty("")


class StepNumber(Part):
    """The number of the current step on a filled circle."""

    number = StringProperty("2")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._words = Words(role="body", bold=True, align="center", colour="on_primary", px=34)
        self.add_widget(self._words)

    def arrange(self) -> None:
        """The number in the middle."""
        self._words.text = self.number
        self._words.place(self.x, self.top, self.width, self.height)
