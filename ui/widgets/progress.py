"""What is recognised: a number, a word, and a shelf with one book spine an item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kivy.clock import Clock
from kivy.graphics import Color, InstructionGroup, Rectangle
from kivy.properties import ListProperty, StringProperty

from ui.widgets.icon import symbol
from ui.widgets.part import Flow, Part
from ui.widgets.shapes import Rounded, dashed_rectangle
from ui.widgets.words import Words

NOT_READ = "arriving"  # state of a spine for a tag that was seen but has no row yet
MOST_AT_ONCE = 8
Place = tuple[str, int, int, float, int]  # state, index, x, y and width of a spine
_GLYPHS = {
    "lent": "done",
    "returned": "done",
    "renewed": "done",
    "kept": "done",
    "not_on_loan": "done",
    "part_missing": "part",
    "put_back": "put-back",
    "take_off": "left",
    "asking": "checking",
}


@dataclass(frozen=True, slots=True)
class Spine:
    """One spine: the row it stands for ("" for none) and its state."""

    key: str
    state: str


class Progress(Flow):
    """Number, word and shelf."""

    number = StringProperty("")
    word = StringProperty("")


class Shelf(Part):
    """Spines in the order of the rows.

    Filled: done; raised: you can fix it; outlined: not here; soft: in work; dashed: not read yet.
    """

    spines = ListProperty([])

    __events__ = ("on_spine",)

    def __init__(self, **kwargs: Any) -> None:
        self._drawn: tuple[Any, ...] = ()
        self._standing: dict[Place, InstructionGroup] = {}
        self._draw_soon = Clock.create_trigger(self._draw)
        super().__init__(**kwargs)
        self._folded = Words(role="note", bold=True, align="end")
        self.add_widget(self._folded)

    def on_spine(self, key: str) -> None:
        """The spine of this row was touched."""

    def natural(self) -> float:
        """As many spines as there are, and the shelf's ends."""
        tokens = self.look.tokens
        count = min(len(self.spines), tokens.spine_narrower_from - 1)
        return self.look.px(count * (tokens.spine_width + tokens.spine_gap) + 20)

    def tall(self, width: float) -> float:
        """Highest spine, raised, and the board."""
        return self.look.px(118) if self.spines else 0.0

    def arrange(self) -> None:
        """Draw at the place given; many spines at once are drawn one picture later, so that their rows are not late."""
        if len(self.spines) - len(self._standing) > MOST_AT_ONCE:
            self._draw_soon()
        else:
            self._draw()

    def _fits(self) -> tuple[list[Spine], int, float]:
        """The spines shown, how many are folded into "+n", and the width of one with its gap in pixels."""
        fold = self.look.tokens.spine_fold_from
        shown = list(self.spines[-(fold - 1) :]) if len(self.spines) >= fold else list(self.spines)
        full = self.look.px(self.look.tokens.spine_width + self.look.tokens.spine_gap)
        folded = len(self.spines) - len(shown)
        room = self.width - self.look.px(90 if folded else 20)
        return shown, folded, min(full, room / max(1, len(shown)))

    def _board(self, count: int, each: float) -> tuple[float, float]:
        """Left edge and width in pixels of the board under so many spines."""
        whole = each * count + self.look.px(20)
        return self.mirrored(self.x if self.look.mode == "landscape" else self.right - whole, whole), whole

    def _turned(self, index: int, count: int) -> int:
        """The place of a spine counted from the left, or the spine at a place."""
        return count - 1 - index if self.look.rtl else index

    def _draw(self, *_: object) -> None:
        drawn = (tuple(self.spines), self.x, self.y, self.width, self.height)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.canvas.before.clear()
        if not self.spines or self.width < 50:
            return
        shown, folded, each = self._fits()
        self._folded.text = f"+{folded}" if folded else ""
        wide = self._folded.natural()
        beside = self.x if self.look.mode != "landscape" else self.x + each * len(shown) + self.look.px(28)
        self._folded.place(self.mirrored(round(beside), wide), self.y + self.look.px(60), wide, self.look.px(44))
        board = self.look.px(self.look.tokens.strokes["shelf"])
        left, whole = self._board(len(shown), each)
        with self.canvas.before:
            Color(*self.look.colour("ink"))
            Rectangle(pos=(left, self.y), size=(whole, board))
        standing: dict[Place, InstructionGroup] = {}  # a spine that looks the same in the same place is kept
        gap = max(2.0, min(self.look.px(self.look.tokens.spine_gap), each * 0.15))
        for index, spine in enumerate(shown):
            x = left + self.look.px(10) + self._turned(index, len(shown)) * each + gap / 2
            place = (spine.state, index, round(x), self.y + board, round(each - gap))
            standing[place] = self._standing.get(place) or self._spine(*place)
            self.canvas.before.add(standing[place])
        self._standing = standing

    def _spine(self, name: str, index: int, x: float, y: float, width: float) -> InstructionGroup:
        heights = self.look.tokens.spine_heights
        height = self.look.px(heights[index % len(heights)])
        state = self.look.state(name)
        family = self.look.colour(state.family)
        group = InstructionGroup()
        if state.spine == "raised":
            y += self.look.px(self.look.tokens.spine_raise)
            height = min(height, self.look.px(90))
        radius = self.look.radius("spine")
        corners = [radius] * 4 if state.spine == "raised" else [radius, radius, 0, 0]
        ink = family
        if state.spine in {"filled", "raised"}:
            group.add(Color(*family))
            group.add(Rounded(pos=(x, y), size=(width, height), radius=corners))
            ink = self.look.colour("surface")
        elif state.spine == "dashed":
            ink = self.look.colour("edge")
            group.add(Color(*ink))
            group.add(dashed_rectangle(x, y, width, height, radius, self.look.px(4), self.look.px(6)))
        else:
            line = self.look.px(6 if state.spine == "outlined" else 4)
            ground = "surface" if state.spine == "outlined" else "wait_soft"
            group.add(Color(*family))
            group.add(Rounded(pos=(x, y), size=(width, height), radius=corners))
            group.add(Color(*self.look.colour(ground)))
            inside = [max(0.0, r - line) for r in corners]
            group.add(Rounded(pos=(x + line, y), size=(width - 2 * line, height - line), radius=inside))
        side = min(self.look.px(32), width * 0.8)
        glyph = symbol(f"glyph-{_GLYPHS.get(name, name)}", side)
        group.add(Color(*ink))
        group.add(Rectangle(texture=glyph, pos=(x + (width - side) / 2, y + (height - side) / 2), size=(side, side)))
        return group

    def on_touch_down(self, touch: Any) -> bool:
        """Show the row of the touched spine."""
        if not (self.spines and self.collide_point(*touch.pos)):
            return False
        shown, _, each = self._fits()
        left, _ = self._board(len(shown), each)
        index = self._turned(int((touch.x - left - self.look.px(10)) // each), len(shown))
        if 0 <= index < len(shown) and shown[index].key:
            self.dispatch("on_spine", shown[index].key)
        return True
