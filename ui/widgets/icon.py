"""Symbols (white PNG, tinted) and illustrations (one PNG a theme)."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from kivy.core.image import Image as CoreImage
from kivy.graphics import Color, PopMatrix, PushMatrix, Rectangle, Scale
from kivy.properties import NumericProperty, StringProperty

from ui.files import FileOfOursMissing
from ui.widgets.part import Part

ASSETS = Path(__file__).parent.parent / "assets"
MIRRORED = frozenset({"back", "forward", "finish"})  # arrows of direction; check, clock and the rest stay as they are
ONE_X = 72


class PictureMissing(FileOfOursMissing):
    """A picture of the project is not where it belongs."""


@cache
def load(path: Path) -> Any:
    """The texture of a picture. Raises PictureMissing."""
    if not path.is_file():
        raise PictureMissing(f"picture {path.name} is missing")
    return CoreImage(str(path), nocache=True).texture


@lru_cache(maxsize=3)
def illustration(path: Path) -> Any:
    """The texture of an illustration; only the last few are kept, as each takes 2.6 MB."""
    return load.__wrapped__(path)


@cache
def symbol(name: str, side: float) -> Any:
    """Texture of a symbol in the size that suits ``side`` pixels best: never shrunk to less than half.

    Sizes of their own instead of mipmaps, which cost 20 MB with a software renderer.
    """
    suffix = "@half" if side <= ONE_X / 2 else "" if side <= ONE_X else "@2x"
    if side > 2 * ONE_X and (ASSETS / "icons" / f"{name}@6x.png").is_file():
        suffix = "@6x"
    return load(ASSETS / "icons" / f"{name}{suffix}.png")


class Icon(Part):
    """One symbol. ``side``: px; ``name``: file without its end, "" draws nothing."""

    name = StringProperty("")
    side = NumericProperty(48)
    colour = StringProperty("ink")

    def __init__(self, **kwargs: Any) -> None:
        self._drawn: tuple[Any, ...] = ()
        super().__init__(**kwargs)
        self.fbind("colour", self._draw)
        self.fbind("name", self._draw)

    def natural(self) -> float:
        """Square."""
        return super().natural() or self.look.px(self.side)

    def tall(self, width: float) -> float:
        """Square."""
        return super().tall(width) or self.look.px(self.side)

    def arrange(self) -> None:
        """Draw at the place given."""
        self._draw()

    def _draw(self, *_: object) -> None:
        drawn = (self.name, self.colour, self.x, self.y, self.width, self.height)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.canvas.clear()
        if not self.name or self.width <= 0:
            return
        side = self.look.px(self.side)
        texture = symbol(self.name, side)
        pos = (round(self.center_x - side / 2), round(self.center_y - side / 2))
        with self.canvas:
            Color(*self.look.colour(self.colour))
            if self.look.rtl and self.name in MIRRORED:
                PushMatrix()
                Scale(x=-1, y=1, z=1, origin=(self.center_x, self.center_y))
                Rectangle(texture=texture, pos=pos, size=(side, side))
                PopMatrix()
            else:
                Rectangle(texture=texture, pos=pos, size=(side, side))


class Picture(Part):
    """An illustration in its own proportions, as large as its place allows and no larger than drawn."""

    name = StringProperty("")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fbind("name", self._draw)

    def texture(self) -> Any:
        """The texture of the current theme."""
        return illustration(ASSETS / "art" / f"{self.name}-{self.look.choices.theme}.png")

    def arrange(self) -> None:
        """Draw at the place given."""
        self._draw()

    def _draw(self, *_: object) -> None:
        self.canvas.clear()
        if not self.name or self.width <= 0 or self.height < self.look.px(90):
            return
        texture = self.texture()
        scale = min(self.width / texture.width, self.height / texture.height, self.look.scale)
        size = (round(texture.width * scale), round(texture.height * scale))
        with self.canvas:
            Color(1, 1, 1, 1)
            Rectangle(
                texture=texture, pos=(round(self.center_x - size[0] / 2), round(self.center_y - size[1] / 2)), size=size
            )


class Logo(Picture):
    """The library's mark in the header."""

    def natural(self) -> float:
        """Square."""
        return self.look.px(60)

    def tall(self, width: float) -> float:
        """Square."""
        return self.look.px(60)

    def _draw(self, *_: object) -> None:
        self.canvas.clear()
        if self.width <= 0:
            return
        with self.canvas:
            Color(1, 1, 1, 1)
            Rectangle(
                texture=load(ASSETS / "art" / f"logo-{self.look.choices.theme}.png"), pos=self.pos, size=self.size
            )
