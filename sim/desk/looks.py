"""Colours, fonts and the two building blocks everything on the desk is made of: a panel and a key."""

from __future__ import annotations

from typing import Any

from kivy.core.text import LabelBase
from kivy.core.text.text_pil import LabelPIL
from kivy.graphics import Color, SmoothLine, SmoothRoundedRectangle
from kivy.properties import BooleanProperty
from kivy.uix.behaviors import ButtonBehavior
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.label import Label

FONTS = "/usr/share/fonts/truetype/dejavu/DejaVuSans"
CJK = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
PAPER, SURFACE, SUNKEN = (0.961, 0.949, 0.918, 1), (1, 1, 1, 1), (0.918, 0.898, 0.851, 1)
INK, INK2, EDGE = (0.102, 0.118, 0.149, 1), (0.259, 0.282, 0.325, 1), (0.447, 0.431, 0.4, 1)
PRIMARY, STOP, ACT = (0.122, 0.243, 0.451, 1), (0.541, 0.11, 0.118, 1), (0.467, 0.239, 0, 1)
RADIUS = 14
SHORT = {"shorten": True, "shorten_from": "right"}  # for a Caption that must stay on one line

LabelBase.register("desk", f"{FONTS}.ttf", fn_bold=f"{FONTS}-Bold.ttf")
LabelBase.register("desk-paper", f"{FONTS}Mono.ttf")
LabelBase.register("desk-cjk", CJK)


def font_for(text: str) -> str:
    """The font that has this text's letters."""
    has_cjk = any("\u2e80" <= letter <= "\u9fff" or "\uac00" <= letter <= "\ud7af" for letter in text)
    return "desk-cjk" if has_cjk else "desk"


def runs_leftwards(text: str) -> bool:
    """Whether it has Hebrew or Arabic letters."""
    return any("\u0590" <= letter <= "\u08ff" for letter in text)


class Caption(Label):  # type: ignore[misc]  # Kivy is untyped
    """Text that fills its place, at the start and in the middle of its height unless told otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        own = {"color": INK, "font_size": 17, "halign": "left", "valign": "middle", "font_name": "desk"}
        super().__init__(**{**own, **kwargs})
        self.bind(size=lambda *_: setattr(self, "text_size", self.size))

    def _create_label(self) -> None:
        """Kivy's usual labels lay letters from left to right and do not join them; Pillow's do both right."""
        if not runs_leftwards(self.text):
            super()._create_label()
            return
        given = {name: getattr(self, name) for name in self._font_properties}
        self._label = LabelPIL(**given, usersize=self.text_size)

    def texture_update(self, *args: object) -> None:
        """Draw it, with the other kind of label where the text now runs the other way."""
        if runs_leftwards(self.text) != isinstance(self._label, LabelPIL):
            self._create_label()
        super().texture_update(*args)


class Panel(BoxLayout):  # type: ignore[misc]  # Kivy is untyped
    """A box on a rounded ground."""

    def __init__(self, ground: tuple[float, ...] = SURFACE, edge: tuple[float, ...] = EDGE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        with self.canvas.before:
            Color(*ground)
            self._ground = SmoothRoundedRectangle(radius=[RADIUS])
            self._edge_colour = Color(*edge)
            self._edge = SmoothLine(width=1.2)
        self.bind(pos=self._place, size=self._place)

    def _place(self, *_: object) -> None:
        self._ground.pos, self._ground.size = self.pos, self.size
        self._edge.rounded_rectangle = (*self.pos, *self.size, RADIUS)

    def frame(self, colour: tuple[float, ...], width: float) -> None:
        """Change the frame: chosen, awake."""
        self._edge_colour.rgba = colour
        self._edge.width = width


class PushKey(ButtonBehavior, Caption):  # type: ignore[misc]  # Kivy is untyped
    """Something to press. ``lit``: it is chosen, or on."""

    lit = BooleanProperty(False)

    def __init__(self, lit_colour: tuple[float, ...] = PRIMARY, **kwargs: Any) -> None:
        super().__init__(**{"halign": "center", "bold": True, "font_size": 15, **kwargs})
        self._lit_colour = lit_colour
        with self.canvas.before:
            self._fill = Color(*SURFACE)
            self._ground = SmoothRoundedRectangle(radius=[RADIUS])
            Color(*EDGE)
            self._edge = SmoothLine(width=1.5)
        self.bind(pos=self._place, size=self._place, lit=self._colours, disabled=self._colours)
        self._colours()

    def _place(self, *_: object) -> None:
        self._ground.pos, self._ground.size = self.pos, self.size
        self._edge.rounded_rectangle = (*self.pos, *self.size, RADIUS)

    def _colours(self, *_: object) -> None:
        self._fill.rgba = SUNKEN if self.disabled else self._lit_colour if self.lit else SURFACE
        self.color = self.disabled_color = SURFACE if self.lit and not self.disabled else INK2 if self.disabled else INK
