"""A place where things lie: as many as fit, and two keys for the others."""

from __future__ import annotations

from typing import Any

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.gridlayout import GridLayout

from sim.desk.looks import SUNKEN, Panel, PushKey
from sim.desk.table import Thing
from sim.desk.tiles import ThingTile
from sim.desk.words import word

ROW, SET_ROW, GAP, WIDE = 60, 84, 8, 205  # pixels: heights, between two, the least width of a tile
PAGER, EDGES = 40, 10


class Board(Panel):
    """Tiles in columns, in their order, a page at a time.

    Args:
        name: of the place, as a drop is told.
        language: of the keys.
        newest: show the last page when something new lies here.
    """

    def __init__(self, name: str, language: str, newest: bool = False, **kwargs: Any) -> None:
        super().__init__(ground=SUNKEN, orientation="vertical", padding=EDGES, spacing=GAP, **kwargs)
        self.name = name
        self._language = language
        self._newest = newest
        self._things: tuple[Thing, ...] = ()
        self._held: str | None = None
        self._page = 0
        self._grid = GridLayout(spacing=GAP, row_force_default=True)
        self._keys = BoxLayout(size_hint_y=None, height=PAGER, spacing=GAP)
        for code, step in (("earlier", -1), ("later", 1)):
            key = PushKey(text=word(code, language), font_size=15)
            key.bind(on_release=lambda *_, step=step: self._turn(step))
            self._keys.add_widget(key)
        self.add_widget(self._grid)
        self.bind(size=lambda *_: self._draw())

    def show(self, things: tuple[Thing, ...], held: str | None) -> None:
        """Show these; ``held`` is the handle of the one chosen."""
        if (things, held) == (self._things, self._held):
            return
        more = len(things) > len(self._things)
        self._things, self._held = things, held
        if more and self._newest:
            self._page = len(things)
        self._draw()

    def start_over(self) -> None:
        """Back to the first page."""
        self._page = 0

    def handle_at(self, x: float, y: float) -> str | None:
        """What a finger here picks up."""
        found = (tile.handle_at(x, y) for tile in self._grid.children)
        return next((handle for handle in found if handle), None)

    def _turn(self, step: int) -> None:
        self._page += step
        self._draw()

    def _draw(self) -> None:
        has_set = any(thing.whole > 1 for thing in self._things)
        self._grid.row_default_height = SET_ROW if has_set else ROW
        columns = max(1, int((self.width - 2 * EDGES) // WIDE))
        each = columns * self._rows(0)
        if len(self._things) > each:
            each = columns * self._rows(PAGER + GAP)
        pages = max(1, -(-len(self._things) // each))
        self._page = min(max(self._page, 0), pages - 1)
        self._grid.cols = columns
        self._grid.clear_widgets()
        for thing in self._things[self._page * each : (self._page + 1) * each]:
            self._grid.add_widget(ThingTile(thing, self._language, thing.handle == self._held))
        self._show_keys(pages)

    def _rows(self, taken: int) -> int:
        """How many rows fit beside what is taken of the height."""
        return max(1, int((self.height - 2 * EDGES - taken + GAP) // (self._grid.row_default_height + GAP)))

    def _show_keys(self, pages: int) -> None:
        if (self._keys.parent is not None) != (pages > 1):
            (self.add_widget if pages > 1 else self.remove_widget)(self._keys)
        later, earlier = self._keys.children
        earlier.disabled, later.disabled = self._page == 0, self._page == pages - 1
