"""One item's row: symbol, title, what happened or what to do next; at its end a due date, a set's parts or a button.

Made once and changed in place. Not responsible for cutting sentences (ui.rowwords), nor for which rows are in sight
(rowlist).
"""

from __future__ import annotations

from typing import Any

from kivy.graphics import PopMatrix, PushMatrix, Translate
from kivy.properties import StringProperty

from ui.rowwords import RowWords
from ui.widgets.button import TextButton
from ui.widgets.icon import Icon
from ui.widgets.part import Settled
from ui.widgets.parts import SmallParts
from ui.widgets.plate import Plate, Tappable
from ui.widgets.words import Words

PLAIN = {"plain": ("ink", ""), "open": ("edge", "row-open"), "chosen": ("primary", "row-chosen")}
_PAD, _ICON, _TYPE, _TOP = 20, 68, 36, 12
_TOP_BESIDE = 8
# In landscape, where title and state stand side by side: the title's width, and its share of the words' at most.
_TITLE_WIDTH, _TITLE_SHARE = 384, 0.5


class RowButton(TextButton):
    """What the row offers."""


class ItemRow(Settled, Tappable, Plate):
    """A row. ``show`` changes what stands on it.

    Events:
        on_button(): its button was touched. The row itself then does nothing: what it offers is not done by chance.
    """

    says = ("words",)
    key = StringProperty("")

    __events__ = ("on_button",)

    def __init__(self) -> None:
        super().__init__(radius="row")
        self.words = RowWords("", "arriving")
        self._symbol = Icon(side=104 if self.look.large else _ICON)
        self._type = Icon(side=_TYPE, colour="ink2")
        self._title = Words(role="body", bold=True, most=2, valign="top")
        self._line = Words(role="note", colour="ink2", most=1, valign="top")
        self._step = Words(role="note", bold=True, valign="top")
        self._reason = Words(role="note", valign="top")
        self._due_label = Words(role="note", align="end", valign="top")
        self._due = Words(role="body", bold=True, align="end", valign="top")
        self._parts = SmallParts()
        self._texts = (self._title, self._line, self._step, self._reason)
        for part in (self._symbol, self._type, *self._texts, self._due_label, self._due, self._parts):
            self.add_widget(part)
        self._button: RowButton | None = None  # few rows ever have one
        self._shift = Translate(0, 0)
        self.canvas.before.add(PushMatrix())
        self.canvas.before.add(self._shift)
        self.canvas.after.insert(0, PopMatrix())

    def on_button(self) -> None:
        """The row's button was touched."""

    def on_touch_down(self, touch: Any) -> bool:
        """Its button's touch, or its own."""
        if self.shown and self._button is not None and self._button.on_touch_down(touch):
            return True
        return bool(super().on_touch_down(touch))

    def lift(self, up: float) -> bool:
        """What stands on the row is not drawn anew but shifted: a list moves all its rows at each new one.

        A button must stand where it is touched, so a row with one is placed anew.
        """
        if self.dashed or self.words.button:
            return False
        self._shift.y += up
        self.y += up
        return True

    def to_parent(self, x: float, y: float, relative: bool = False) -> tuple[float, float]:
        """Where a place of what stands on the row is seen."""
        return x, y + self._shift.y

    @property
    def label(self) -> str:
        """What the row says, for tests and the pilot."""
        return " ".join(part.text for part in (*self._texts, self._due_label, self._due) if part.text)

    def show(self, words: RowWords, touchable: bool) -> None:
        """Change what stands on the row. It must be placed anew afterwards."""
        self.possible = touchable
        if words == self.words and self.key:
            return
        self.words = words
        self.key = words.key
        self.name = f"row:{words.key}"
        family = self._colours(words)
        self._type.name = words.type_icon
        self._type.shown = bool(words.type_icon) and not self.look.large and words.state != "plain"
        for part, text in zip(self._texts, (words.title, words.line, words.step, words.reason), strict=True):
            part.text = text
            part.shown = bool(text)
        self._step.colour = family
        self._due_label.text, self._due.text = words.due_label, words.due
        self._due_label.shown = self._due.shown = bool(words.due)
        self._due_label.colour = family if words.due_loud else "ink2"
        self._due_label.bold = words.due_loud
        self._parts.shown = bool(words.parts)
        self._parts.show(words.parts, family)
        self._offer(words)

    def _offer(self, words: RowWords) -> None:
        if self._button is None:
            if not words.button:
                return
            self._button = RowButton(icon="renew")
            self._button.bind(on_tap=lambda _: self.dispatch("on_button"))
            self.add_widget(self._button)
        self._button.text = words.button
        self._button.shown = bool(words.button)
        self._button.name = f"renew:{words.key}"

    def _colours(self, words: RowWords) -> str:
        """Ground, frame and symbol; returns the family's colour token."""
        if words.state in PLAIN:
            chosen = words.state == "chosen"
            self.fill, self.frame = ("primary_soft", "primary") if chosen else ("surface", "line")
            self.stroke = 6 if chosen else 2
            self._symbol.name = {"plain": words.type_icon, "open": "plus", "chosen": "check"}[words.state]
            self._symbol.colour = "primary" if chosen else "ink2"
            return "ink"
        look = self.look.state(words.state)
        self.fill, self.frame, self.stroke = look.ground, look.frame, look.stroke
        self._symbol.name, self._symbol.colour = look.icon, look.family
        return look.family

    # --- place -------------------------------------------------------------------------------------------------------

    def tall(self, width: float) -> float:
        """As high as symbol, words and end block need, not less than the design's least."""
        px = self.look.px
        least = 104 if self.look.portrait else 86
        symbol = self._symbol.tall(0) + 2 * px(16 if self.look.large else 9)
        button = self._offered.tall(self._end_width()) + 2 * px(_TOP) if self._offered is not None else 0.0
        top = _TOP if not self._side_by_side() else _TOP_BESIDE
        return float(max(px(least), symbol, button, self._words_height(width) + 2 * px(top)))

    @property
    def _offered(self) -> RowButton | None:
        """The row's button, if it is shown."""
        return self._button if self._button is not None and self._button.shown else None

    def _side_by_side(self) -> bool:
        return not self.look.portrait and not self.look.large and self._title.shown

    def _text_start(self) -> float:
        """Left edge of the words, from the row's start, in pixels."""
        start = _PAD + self._symbol.side + _PAD
        return self.look.px(start + (_TYPE + 12 if self._type.shown else 0))

    def _end_width(self) -> float:
        """Width of the block at the row's end in pixels, 0 for none or where it stands under the words."""
        if self._parts.shown:
            return float(self._parts.natural()) if not self.look.large else 0.0
        if self._offered is not None:
            return float(self._offered.natural()) if not self.look.large else 0.0
        if not self._due.shown or self.look.large:
            return 0.0
        return float(max(self._due.natural(), self._due_label.natural()))

    def _room(self, width: float) -> float:
        """Width of the words in pixels."""
        end = self._end_width()
        return width - self._text_start() - self.look.px(24) - (end + self.look.px(24) if end else 0)

    def _words_height(self, width: float) -> float:
        room = self._room(width)
        end = self._due.tall(room) + self._due_label.tall(room) if self._due.shown else 0.0
        if self.look.large:
            return sum(part.tall(room) for part in self._texts if part.shown) + end + self._under_height(room)
        if self._side_by_side():
            title, state = self._columns(room)
            side = sum(part.tall(state) for part in self._texts[1:] if part.shown)
            return float(max(self._title.tall(title), side, end))
        return float(max(sum(part.tall(room) for part in self._texts if part.shown), end))

    def _under(self) -> SmallParts | RowButton | None:
        """In large text parts and button stand under the words."""
        return self._parts if self._parts.shown else self._offered

    def _under_height(self, room: float) -> float:
        """Height of what stands under the words, with the gap before it; 0 for nothing."""
        under = self._under()
        return under.tall(min(under.natural(), room)) + self.look.px(8) if under is not None else 0.0

    def _columns(self, room: float) -> tuple[float, float]:
        title = round(min(self.look.px(_TITLE_WIDTH), room * _TITLE_SHARE))
        return title, room - title - self.look.px(20)

    def arrange(self) -> None:
        """Symbol, words, end block."""
        self._shift.y = 0
        super().arrange()
        px = self.look.px
        symbol = px(self._symbol.side)
        top = self.top - (px(16) if self.look.large else (self.height - symbol) / 2)
        self._symbol.place(self.mirrored(self.x + px(_PAD), symbol), round(top), symbol, symbol)
        if self._side_by_side():
            self._arrange_side_by_side()
        else:
            self._arrange_stacked()
        end = self._end_width()
        if self._parts.shown and end:
            height = self._parts.tall(0)
            x = self.mirrored(self.right - px(24) - end, end)
            self._parts.place(x, round(self.center_y + height / 2), end, height)
        if self._due.shown and end:
            height = self._due.tall(end) + self._due_label.tall(end)
            self._stack((self._due_label, self._due), self.right - px(24) - end, end, self.center_y + height / 2)
        if self._offered is not None and end:
            height = self._offered.tall(end)
            x = self.mirrored(self.right - px(24) - end, end)
            self._offered.place(x, round(self.center_y + height / 2), end, height)

    def _arrange_stacked(self) -> None:
        room = self._room(self.width)
        shown = [part for part in self._texts if part.shown]
        if self.look.large and self._due.shown:
            shown += [self._due_label, self._due]
            self._due_label.align = self._due.align = "start"
        height = sum(part.tall(room) for part in shown)
        extra = self._under_height(room) if self.look.large else 0
        top = round(self.center_y + (height + extra) / 2)
        self._place_type(top)
        bottom = self._stack(shown, self.x + self._text_start(), room, top)
        under = self._under()
        if self.look.large and under is not None:
            wide = min(under.natural(), room)
            x = self.mirrored(self.x + self._text_start(), wide)
            under.place(x, bottom - self.look.px(8), wide, under.tall(wide))

    def _arrange_side_by_side(self) -> None:
        title, state = self._columns(self._room(self.width))
        x = self.x + self._text_start()
        height = self._title.tall(title)
        top = round(self.center_y + height / 2)
        self._place_type(top)
        self._stack((self._title,), x, title, top)
        beside = [part for part in self._texts[1:] if part.shown]
        height = sum(part.tall(state) for part in beside)
        self._stack(beside, x + title + self.look.px(20), state, round(self.center_y + height / 2))

    def _place_type(self, top: float) -> None:
        """The media type's symbol stands beside the title's first line."""
        if self._type.shown:
            side = self.look.px(_TYPE)
            line = self.look.type_px("body") * self.look.line_height("body")
            x = self.mirrored(self.x + self.look.px(_PAD + self._symbol.side + _PAD), side)
            self._type.place(x, round(top - (line - side) / 2), side, side)

    def _stack(self, parts: list[Words] | tuple[Words, ...], x: float, width: float, top: float) -> float:
        for part in parts:
            height = part.tall(width)
            part.place(self.mirrored(x, width), top, width, height)
            top -= height
        return top
