"""The base of everything drawn, and the three containers that lay it out.

A part says how wide it would like to be and how tall it is at a width; its container then places it. The whole screen
is laid out in one pass, within the frame that changes it, instead of settling over several frames as Kivy's own layouts
do. Containers mirror themselves in right-to-left languages. Not responsible for what a part shows.
"""

from __future__ import annotations

from typing import Any

from kivy.app import App
from kivy.properties import BooleanProperty, NumericProperty, OptionProperty, StringProperty, VariableListProperty
from kivy.uix.widget import Widget

from ui.look import Look


class Part(Widget):  # type: ignore[misc]  # Kivy is untyped
    """Anything that can be placed.

    Attributes:
        wide, high: wished size in px at the reference size; 0 = by its content.
        grow: share of what is left over along the container's direction.
        above: gap before it in a page, px.
        slot: place in its page's arrangement.
        shown: False: takes no place, is not drawn, cannot be touched.
    """

    wide = NumericProperty(0)
    high = NumericProperty(0)
    grow = NumericProperty(0)
    above = NumericProperty(24)
    slot = StringProperty("")
    shown = BooleanProperty(True)

    def __init__(self, **kwargs: Any) -> None:
        self.look: Look = App.get_running_app().look
        super().__init__(size_hint=(None, None), **kwargs)

    @property
    def parts(self) -> list[Part]:
        """Shown children, first added first."""
        return [child for child in reversed(self.children) if isinstance(child, Part) and child.shown]

    def natural(self) -> float:
        """Wished width in pixels."""
        return self.look.px(self.wide)

    def tall(self, width: float) -> float:
        """Height in pixels at a width in pixels."""
        return self.look.px(self.high)

    def tall_within(self, width: float, most: float) -> float:
        """Height in pixels, or ``most`` if it would be more."""
        return min(self.tall(width), most)

    def place(self, x: float, top: float, width: float, height: float) -> None:
        """Take this place, pixels; ``top`` is the upper edge in Kivy's coordinates, which count upwards."""
        self.size = (width, height)
        self.pos = (x, top - height)
        self.arrange()

    def arrange(self) -> None:
        """Place the children in the own rectangle. A plain part has none to place."""

    def on_shown(self, _: Part, shown: bool) -> None:
        """Hide what is not shown, wherever it last was."""
        self.opacity = 1 if shown else 0
        self.disabled = not shown

    def on_touch_down(self, touch: Any) -> bool:
        """What is hidden is not touched."""
        return bool(self.shown and super().on_touch_down(touch))

    def mirrored(self, x: float, width: float) -> float:
        """The x of a child of this width, mirrored within this part in right-to-left languages."""
        return self.x + self.right - x - width if self.look.rtl else x


class Settled(Part):
    """Placed anew only where what it says or its place has changed. ``says``: names of the attributes that tell."""

    says: tuple[str, ...] = ()

    def __init__(self, **kwargs: Any) -> None:
        self._placed: tuple[object, ...] = ()
        self._top = 0.0
        super().__init__(**kwargs)

    def place(self, x: float, top: float, width: float, height: float) -> None:
        """Take this place, if it does not stand there already."""
        placed = (*(getattr(self, name) for name in self.says), x, width, height)
        up = top - self._top
        if placed == self._placed and (up == 0 or self.lift(up)):
            self._top = top
            return
        self._placed, self._top = placed, top
        super().place(x, top, width, height)

    def lift(self, up: float) -> bool:
        """Move up by so many pixels and change nothing else. False: it must be placed anew for that."""
        return False


class Box(Part):
    """What column and line share: children in a row with gaps, and free space around them."""

    gap = NumericProperty(0)
    pad = VariableListProperty([0, 0, 0, 0])  # left, top, right, bottom

    def inner(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom free space in pixels."""
        px = self.look.px
        return px(self.pad[0]), px(self.pad[1]), px(self.pad[2]), px(self.pad[3])

    def gaps(self, count: int) -> float:
        """All gaps between so many children in pixels."""
        return self.look.px(self.gap) * max(0, count - 1)


class Column(Box):
    """Children under each other, each as wide as the column. ``align`` "middle": the whole is centred in its height."""

    align = OptionProperty("top", options=["top", "middle"])

    def natural(self) -> float:
        """As wide as the widest child."""
        left, _, right, _ = self.inner()
        return Part.natural(self) or left + right + max((part.natural() for part in self.parts), default=0)

    def tall(self, width: float) -> float:
        """Children and gaps."""
        left, _, right, _ = self.inner()
        return max(Part.tall(self, width), self.tall_of([part.tall(width - left - right) for part in self.parts]))

    def arrange(self) -> None:
        """One under the other; what grows shares what is left."""
        left, top, right, _ = self.inner()
        width = self.width - left - right
        parts = self.parts
        heights = [part.tall(width) for part in parts]
        spare = max(0.0, self.height - self.tall_of(heights))
        shares = sum(part.grow for part in parts)
        y = self.top - top - (spare / 2 if self.align == "middle" and not shares else 0)
        for part, height in zip(parts, heights, strict=True):
            full = height + (spare * part.grow / shares if shares else 0)
            part.place(self.x + left, y, width, full)
            y -= full + self.look.px(self.gap)

    def tall_of(self, heights: list[float]) -> float:
        """Whole height for children of these heights."""
        _, top, _, bottom = self.inner()
        return top + bottom + sum(heights) + self.gaps(len(heights))


class Across(Box):
    """Children beside each other, mirrored in right-to-left languages.

    Attributes:
        align: how children shorter than the line stand in it ("stretch": they take its height).
        pack: where the children stand if none grows.
    """

    align = OptionProperty("middle", options=["top", "middle", "stretch"])
    pack = OptionProperty("start", options=["start", "center", "end"])

    def natural(self) -> float:
        """All children and gaps."""
        left, _, right, _ = self.inner()
        parts = self.parts
        own = sum(part.natural() for part in parts) + self.gaps(len(parts))
        return Part.natural(self) or left + right + own

    def widths(self, width: float) -> list[float]:
        """Widths of the children in a line of this width."""
        left, _, right, _ = self.inner()
        parts = self.parts
        free = width - left - right - self.gaps(len(parts))
        wished = _within([0.0 if part.grow else part.natural() for part in parts], free)
        spare = max(0.0, free - sum(wished))
        shares = sum(part.grow for part in parts)
        return [spare * p.grow / shares if p.grow else w for p, w in zip(parts, wished, strict=True)]

    def tall(self, width: float) -> float:
        """As tall as the tallest child."""
        _, top, _, bottom = self.inner()
        heights = [part.tall(wide) for part, wide in zip(self.parts, self.widths(width), strict=True)]
        return max(Part.tall(self, width), top + bottom + max(heights, default=0))

    def arrange(self) -> None:
        """One beside the other from the reading direction's start."""
        left, top, right, bottom = self.inner()
        widths = self.widths(self.width)
        spare = max(0.0, self.width - left - right - sum(widths) - self.gaps(len(widths)))
        x = self.x + left + {"start": 0.0, "center": spare / 2, "end": spare}[self.pack]
        room = self.height - top - bottom
        for part, width in zip(self.parts, widths, strict=True):
            height = room if self.align == "stretch" else min(room, part.tall(width))
            drop = (room - height) / 2 if self.align == "middle" else 0
            part.place(self.mirrored(round(x), width), self.top - top - round(drop), width, height)
            x += width + self.look.px(self.gap)


def _within(wished: list[float], free: float) -> list[float]:
    """Wished widths that fit: where they do not, the widest gives way first."""
    over = sum(wished) - max(0.0, free)
    while over > 0.5 and wished:
        widest = max(wished)
        others = max((w for w in wished if w < widest), default=0.0)
        sharers = wished.count(widest)
        cut = min(widest - others, over / sharers)
        wished = [w - cut if w == widest else w for w in wished]
        over -= cut * sharers
    return wished


class Flow(Across, Column):
    """A line or a column: whichever ``down`` says."""

    down = BooleanProperty(False)
    align = OptionProperty("middle", options=["top", "middle", "stretch"])

    def natural(self) -> float:
        """As its kind."""
        return Column.natural(self) if self.down else Across.natural(self)

    def tall(self, width: float) -> float:
        """As its kind."""
        return Column.tall(self, width) if self.down else Across.tall(self, width)

    def arrange(self) -> None:
        """As its kind."""
        if self.down:
            Column.arrange(self)
        else:
            Across.arrange(self)


class Grid(Box):
    """Children in ``columns`` equal columns, line by line, all lines as tall as the tallest child."""

    columns = NumericProperty(2)

    def tall(self, width: float) -> float:
        """Lines and gaps."""
        parts = self.parts
        lines = -(-len(parts) // int(self.columns))
        return self.line_height(width) * lines + self.gaps(lines)

    def line_height(self, width: float) -> float:
        """Height of one line in pixels."""
        each = self.each(width)
        return max((part.tall(each) for part in self.parts), default=0)

    def each(self, width: float) -> float:
        """Width of one column in pixels."""
        columns = int(self.columns)
        return (width - self.gaps(columns)) / columns

    def arrange(self) -> None:
        """Line by line; lines share spare height."""
        parts = self.parts
        columns = int(self.columns)
        lines = max(1, -(-len(parts) // columns))
        gap = self.look.px(self.gap)
        each = self.each(self.width)
        height = max(self.line_height(self.width), (self.height - gap * (lines - 1)) / lines)
        for index, part in enumerate(parts):
            x = round(self.x + (index % columns) * (each + gap))
            part.place(self.mirrored(x, each), self.top - (index // columns) * (height + gap), each, height)


class Space(Part):
    """Nothing, of a size."""
