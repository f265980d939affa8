"""A list of rows in the order of arrival: as many as fit, with the newest in sight, and buttons to page. No scrolling.

Rows are kept and changed in place; only those in sight have a widget. Not responsible for what a row says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from kivy.graphics import Color, SmoothLine
from kivy.properties import ObjectProperty

from ui.rowwords import RowWords
from ui.widgets.button import TextButton
from ui.widgets.itemrow import ItemRow
from ui.widgets.part import Across, Part, Space
from ui.widgets.words import Words

GAP, GAP_LANDSCAPE = 10, 8
PAGER_HEIGHT = 96
KEPT_HEIGHTS = 400
MOST_IN_SIGHT, READY_AT_ONCE = 12, 3  # rows a page of the list may need, built ahead a few at a time


class PagerButton(TextButton):
    """Turns to earlier or later rows."""


class LowPager(Across):
    """The low layout's page buttons: the list is above, its buttons in reach. ``turned``: called with 1 or -1."""

    turned = ObjectProperty(lambda direction: None)

    def fits_with(self, rows: RowList, room: float) -> None:
        """Show the buttons only in the low layout and only if the list does not fit into ``room`` px."""
        low = self.look.mode == "low"
        rows.watch_only = low
        self.shown = low and rows.paged(self.look.width - 2 * self.look.px(self.look.margin), self.look.px(room))


class RowList(Part):
    """The list.

    Events:
        on_row(key): a touchable row was touched.
        on_row_button(key): a row's button was touched.
    """

    __events__ = ("on_row", "on_row_button")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._words: tuple[RowWords, ...] = ()
        self._touchable: frozenset[str] = frozenset()
        self._pager_words: Callable[[str, int], str] = lambda code, count: ""
        self._first: int | None = None  # None: the newest are in sight
        self._range = (0, 0)  # first and last + 1 of the rows in sight
        self._rows: dict[str, ItemRow] = {}
        self._spare: list[ItemRow] = []
        self._heights: dict[tuple[RowWords, float], float] = {}
        self.marked = ""
        self.watch_only = False
        self.follows = True  # the newest row comes into sight; False for a list that is read from its start
        self._note = Words(role="note", bold=True, align="center")
        self.add_widget(self._note)
        self._pager = Across(gap=24, align="stretch")
        self._earlier = PagerButton(name="earlier", icon="up")
        self._later = PagerButton(name="later", icon="down")
        self._earlier.bind(on_tap=lambda _: self.turn(-1))
        self._later.bind(on_tap=lambda _: self.turn(1))
        self._no_earlier, self._no_later = Space(grow=1), Space(grow=1)
        for part in (self._earlier, self._no_earlier, self._no_later, self._later):
            self._pager.add_widget(part)
        self.add_widget(self._pager)

    def on_row(self, key: str) -> None:
        """A touchable row was touched."""

    def on_row_button(self, key: str) -> None:
        """A row's button was touched."""

    def show(self, words: Sequence[RowWords], touchable: frozenset[str], pager: Callable[[str, int], str]) -> None:
        """Change the rows. It must be placed anew afterwards.

        Args:
            words: of all rows, in order.
            touchable: keys of the rows that have more to show.
            pager: words of "btn.earlier" and "btn.later" with a number.
        """
        if self.follows and len(words) > len(self._words):
            self._first = None
        self._words = tuple(words)
        self._touchable = touchable
        self._pager_words = pager

    def reveal(self, key: str) -> None:
        """Bring a row into sight."""
        index = next((i for i, words in enumerate(self._words) if words.key == key), None)
        if index is None or key in self._rows:
            return
        self._first = index
        if self.width > self.look.px(200):
            self.arrange()

    def start_over(self) -> None:
        """First page of a list that is read, not watched."""
        self._first = 0

    @property
    def _gap(self) -> float:
        return float(self.look.px(GAP if self.look.portrait else GAP_LANDSCAPE))

    @property
    def in_sight(self) -> tuple[str, ...]:
        """Keys of the rows that are drawn."""
        return tuple(self._rows)

    def wanted(self, width: float, most: float = math.inf) -> float:
        """Height of all rows in pixels. Above ``most`` no further row is measured, and the answer is just more."""
        used = -self._gap if self._words else 0.0
        for words in self._words if self._first is not None else reversed(self._words):
            used += self._gap + self._height(words, width)
            if used > most:
                break
        return used

    def tall(self, width: float) -> float:
        """As high as wished or as its rows."""
        return super().tall(width) or self.wanted(width)

    def tall_within(self, width: float, most: float) -> float:
        """Does not measure the rows that need more."""
        return min(super().tall(width) or self.wanted(width, most), most)

    # --- place -------------------------------------------------------------------------------------------------------

    def _height(self, words: RowWords, width: float) -> float:
        found = self._heights.get((words, width))
        if found is None:
            found = self._heights[words, width] = self._measured(words, width)
            if len(self._heights) > KEPT_HEIGHTS:
                self._heights.clear()
        return found

    def _measured(self, words: RowWords, width: float) -> float:
        """Twenty rows that say the same are as high as one. The row that measured it most likely soon shows it."""
        alike = replace(words, key="")
        found = self._heights.get((alike, width))
        if found is None:
            row = self._rows.get(words.key) or self._borrowed()
            row.show(words, False)
            found = self._heights[alike, width] = row.tall(width)
        return found

    def _borrowed(self) -> ItemRow:
        """A row out of sight; each in turn, so that they keep what they say for as long as can be."""
        row = self._spare.pop(0) if self._spare else self._new_row()
        self._spare.append(row)
        return row

    def _window(self, width: float, room: float) -> tuple[int, int]:
        """First and last + 1 of the rows in sight."""
        count = len(self._words)
        if self._first is None or self._first >= count:
            return min(self._begin(count, width, room), max(0, count - 1)), count
        last = self._first
        used = self._height(self._words[last], width)  # one row is always in sight
        while (last := last + 1) < count:
            used += self._gap + self._height(self._words[last], width)
            if used > room:
                break
        return self._first, last

    def _begin(self, end: int, width: float, room: float) -> int:
        """First of as many rows before ``end`` as fit into a height in pixels; ``end`` if none does."""
        first, used = end, -self._gap
        while first > 0:
            used += self._gap + self._height(self._words[first - 1], width)
            if used > room:
                break
            first -= 1
        return first

    def _room(self) -> float:
        """Height of the rows above the pager in pixels."""
        return float(self.height - self._pager_height() - 2 * self._gap)

    def arrange(self) -> None:
        """Place the rows in sight and, if there are more, the pager under them."""
        width = self.width
        paged = self.paged(width, self.height)
        if not paged:
            self._first = None if self.follows else 0
        first, last = self._window(width, self._room() if paged else self.height)
        if paged and self._first is not None and last == len(self._words):
            self._first = None
            first, last = self._window(width, self._room())
        self._use(self._words[first:last])
        y = self.top
        for words in self._words[first:last]:
            row = self._rows[words.key]
            row.show(words, words.key in self._touchable)
            height = self._height(words, width)
            row.place(self.x, y, width, height)
            y -= height + self._gap
        self._place_pager(paged, first, len(self._words) - last)
        self._ring()

    def paged(self, width: float, height: float) -> bool:
        """Whether not all rows fit into this place."""
        return self.wanted(width, height) > height

    def _pager_height(self) -> float:
        """In pixels. In the low layout the buttons stand elsewhere, and only a note is left here."""
        if self.watch_only:
            return float(self.look.px(48))
        return float(self.look.px(PAGER_HEIGHT if not self.look.large else 126))

    def _ring(self) -> None:
        """The row that the low layout's controls speak of has a ring."""
        self.canvas.after.clear()
        row = self._rows.get(self.marked) if self.watch_only else None
        if row is None:
            return
        for distance, width, colour in ((3, 6, "focus_gap"), (8, 6, "focus")):
            off = self.look.px(distance)
            box = (row.x - off, row.y - off, row.width + 2 * off, row.height + 2 * off, self.look.radius("row") + off)
            self.canvas.after.add(Color(*self.look.colour(colour)))
            self.canvas.after.add(SmoothLine(rounded_rectangle=box, width=self.look.px(width) / 2))

    def _place_pager(self, paged: bool, before: int, after: int) -> None:
        height = self._pager_height()
        self._pager.shown = paged and not self.watch_only
        self._range = (before, len(self._words) - after)
        words = [
            self._pager_words(code, count) for code, count in (("btn.earlier", before), ("btn.later", after)) if count
        ]
        self._note.shown = paged and self.watch_only
        self._note.text = " · ".join(words)
        self._note.place(self.x, self.y + height, self.width, height)
        if not paged:
            return
        for button, code, count in ((self._earlier, "btn.earlier", before), (self._later, "btn.later", after)):
            button.text = self._pager_words(code, count) if count else ""
            button.shown = count > 0
        self._no_earlier.shown, self._no_later.shown = before == 0, after == 0
        self._pager.place(self.x, self.y + height, self.width, height)

    def _use(self, shown: Sequence[RowWords]) -> None:
        """Give every row in sight its widget; one that is free is used again."""
        keys = {words.key for words in shown}
        for key in [key for key in self._rows if key not in keys]:
            row = self._rows.pop(key)
            self.remove_widget(row)
            self._spare.append(row)
        for words in shown:
            if words.key not in self._rows:
                row = next((row for row in self._spare if row.words == words), None) or self._borrowed()
                self._spare.remove(row)
                self._rows[words.key] = row
                self.add_widget(row)

    def make_ready(self) -> bool:
        """Build some rows ahead, while nobody waits for them. False if a page of them is there."""
        there = len(self._rows) + len(self._spare)
        self._spare += [self._new_row() for _ in range(min(READY_AT_ONCE, MOST_IN_SIGHT - there))]
        return there < MOST_IN_SIGHT

    def _new_row(self) -> ItemRow:
        row = ItemRow()
        row.bind(on_tap=lambda touched: self.dispatch("on_row", touched.key))
        row.bind(on_button=lambda touched: self.dispatch("on_row_button", touched.key))
        return row

    def turn(self, direction: int) -> None:
        """To later (1) or earlier (-1) rows, if there are some."""
        first, last = self._range
        if (direction > 0 and last >= len(self._words)) or (direction < 0 and first <= 0):
            return
        self._first = last if direction > 0 else self._begin(first, self.width, self._room())
        self.arrange()
