"""A piece of text in one of the type roles. Not responsible for how letters are drawn (ui.text)."""

from __future__ import annotations

from typing import Any

from kivy.app import App
from kivy.graphics import Color, Rectangle
from kivy.properties import BooleanProperty, NumericProperty, OptionProperty, StringProperty

from ui.text import Block
from ui.widgets.part import Part


class Words(Part):
    """Text. ``most``: lines at most, 0 = any; ``role``, ``bold``, ``colour``: by the design's tokens.

    ``fit_role``: a smaller role taken where the text at its own would need more than ``most`` lines.
    """

    text = StringProperty("")
    role = StringProperty("body")
    fit_role = StringProperty("")
    bold = BooleanProperty(False)
    colour = StringProperty("ink")
    align = OptionProperty("start", options=["start", "center", "end"])
    valign = OptionProperty("middle", options=["top", "middle"])
    most = NumericProperty(0)
    px = NumericProperty(0)  # a size of its own, px at the reference size
    grown_px = NumericProperty(0)  # a larger size (at text size M) taken if the text then still fits one line

    def __init__(self, **kwargs: Any) -> None:
        self._engine = App.get_running_app().text
        self.own_colour: tuple[float, float, float, float] | None = None  # where a token of another theme is shown
        self._drawn: tuple[Any, ...] = ()
        self._blocks: dict[tuple[Any, ...], Block] = {}
        super().__init__(**kwargs)
        self.fbind("colour", self._draw)
        self.fbind("text", self._forget)

    def natural(self) -> float:
        """As wide as the text on one line, or as wished."""
        return super().natural() or (self._block(1e6).width if self.text else 0.0)

    def tall(self, width: float) -> float:
        """As tall as its lines, or as wished."""
        return super().tall(width) or (self._block(width).height if self.text else 0.0)

    def arrange(self) -> None:
        """Draw at the place given."""
        self._draw()

    def _forget(self, *_: object) -> None:
        self._blocks.clear()

    def _block(self, width: float) -> Block:
        """The text at the size it may have at this width; asked several times a picture, so it is remembered."""
        asked = (width, self.role, self.fit_role, self.bold, self.px, self.grown_px, self.most)
        block = self._blocks.get(asked)
        if block is None:
            block = self._blocks[asked] = self._broken(width)
        return block

    def _broken(self, width: float) -> Block:
        if self.grown_px:
            grown = self._make(self._grown(), self.role, width, 0)
            if len(grown.lines) == 1:
                return grown
        own = self._make(self._size(self.role), self.role, width, 0 if self.fit_role else int(self.most))
        if self.fit_role and len(own.lines) > max(1, self.most):
            return self._make(self._size(self.fit_role), self.fit_role, width, 0)
        return own

    def _size(self, role: str) -> float:
        return float(self.look.px(self.px) if self.px else self.look.type_px(role))

    def _grown(self) -> float:
        sizes = self.look.tokens.type_sizes[self.role]
        return float(self.look.px(self.grown_px * sizes[self.look.choices.size] / sizes["M"]))

    def _make(self, size: float, role: str, width: float, most: int) -> Block:
        block: Block = self._engine.block(
            self.text, size, self.bold, width, self.look.line_height(role), most, self.look.rtl
        )
        return block

    def _draw(self, *_: object) -> None:
        """Draw what has changed; again once a text that was being shaped is there."""
        what = (self.text, self.role, self.bold, self.colour, self.own_colour, self.align, self.px)
        drawn = (*what, self.x, self.y, self.width, self.height)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.canvas.clear()
        if not self.text or self.width <= 0:
            return
        block = self._block(self.width)
        base = self.top - block.first - (max(0, (self.height - block.height) // 2) if self.valign == "middle" else 0)
        with self.canvas:
            Color(*(self.own_colour or self.look.colour(self.colour)))
            for line in block.lines:
                x = self._start(line.width)
                for piece in line.pieces:
                    texture = self._engine.texture(piece.key, self._draw_again)
                    if texture is not None:
                        Rectangle(
                            texture=texture, pos=(x, round(base + piece.rise) - texture.height), size=texture.size
                        )
                    x += piece.width
                base -= block.step

    def _draw_again(self) -> None:
        self._drawn = ()
        self._draw()

    def _start(self, width: float) -> float:
        """Left edge of a line of this width."""
        if self.align == "center":
            return float(round(self.x + (self.width - width) / 2))
        at_left = (self.align == "start") != self.look.rtl
        return float(round(self.x if at_left else self.right - width))
