"""The paper in the printer's tray, as it would be read.

Not responsible for what a printer makes of its bytes (the simulator).
"""

from __future__ import annotations

from typing import Any

from kivy.uix.label import Label
from kivy.uix.scrollview import ScrollView

from sim.desk.looks import INK, Caption, Panel
from sim.desk.words import word


class Paper(Panel):
    """The newest receipt; the line that is printed now is in sight."""

    def __init__(self, language: str, **kwargs: Any) -> None:
        super().__init__(orientation="vertical", padding=(14, 8), spacing=4, **kwargs)
        self._nothing = word("no_paper", language)
        self._text = Label(font_name="desk-paper", font_size=14, color=INK, size_hint_y=None)
        self._roll = ScrollView(bar_width=8, do_scroll_x=False)
        self._roll.add_widget(self._text)
        # As high as its lines: a text held in its own height would never grow beyond the first.
        self._text.bind(width=lambda text, width: setattr(text, "text_size", (width, None)))
        self._text.bind(texture_size=self._grow)
        self.add_widget(Caption(text=word("printer", language), bold=True, size_hint_y=None, height=24, font_size=16))
        self.add_widget(self._roll)

    def _grow(self, text: Label, size: tuple[int, int]) -> None:
        text.height = size[1]
        self._roll.scroll_y = 1 if text.height <= self._roll.height else 0

    def show(self, receipts: tuple[tuple[str, ...], ...]) -> None:
        """Show the last of these."""
        self._text.text = "\n".join(receipts[-1]) if receipts else self._nothing
