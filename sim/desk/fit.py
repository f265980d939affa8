"""Makes the desk smaller as a whole where the window is too small for it, so that nothing is cut or lies over another.

Not responsible for what is on the desk (window).
"""

from __future__ import annotations

from typing import Any

from kivy.uix.floatlayout import FloatLayout
from kivy.uix.scatter import Scatter
from kivy.uix.widget import Widget

LEAST = (1000, 800)  # pixels that everything has room in at its full size


class Fit(FloatLayout):  # type: ignore[misc]  # Kivy is untyped
    """Shows one widget over the whole window. In a small window it has its least size and is drawn smaller."""

    def __init__(self, shown: Widget, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._glass = Scatter(
            size_hint=(None, None), do_rotation=False, do_scale=False, do_translation=False, auto_bring_to_front=False
        )
        self._shown = shown
        self._glass.add_widget(shown)
        self.add_widget(self._glass)
        self.bind(size=self._fit)

    def _fit(self, *_: object) -> None:
        scale = min(1.0, self.width / LEAST[0], self.height / LEAST[1])
        self._glass.scale = scale
        self._glass.size = self._shown.size = self.width / scale, self.height / scale
        self._glass.pos = 0, 0
