"""The out-of-order screen of last resort: shown when the screen itself fails, so it uses nothing that may have failed.

No design pictures, no design fonts, no ``.kv``: Kivy's own label and built-in font on a plain ground.
"""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.uix.label import Label
from kivy.uix.widget import Widget

import wording
from ui.look import Look

_CODES = (("machine.out", 64), ("machine.out_tell", 38), ("machine.out_safe", 34))
GROUND, INK = (1.0, 1.0, 1.0, 1.0), (0.08, 0.09, 0.12, 1.0)


class FallbackPage(Widget):  # type: ignore[misc]  # Kivy is untyped
    """Three sentences over the whole window. Takes every touch."""

    def __init__(self, language: str, look: Look) -> None:
        super().__init__(size=(look.width, look.height), size_hint=(None, None))
        with self.canvas.before:
            Color(*GROUND)
            Rectangle(pos=(0, 0), size=self.size)
        y = look.height * 0.62
        for code, px in _CODES:
            label = Label(
                text=_say(code, language), font_size=look.px(px), bold=px == _CODES[0][1], color=INK, halign="center"
            )
            label.text_size = (look.width * 0.84, None)
            label.texture_update()
            label.size = label.texture_size
            label.pos = ((look.width - label.width) / 2, y - label.height)
            y -= label.height + look.px(40)
            self.add_widget(label)

    def on_touch_down(self, touch: Any) -> bool:
        """Nothing under it is touched."""
        return True


def _say(code: str, language: str) -> str:
    """The sentence, in English where the language fails too."""
    try:
        return str(wording.say(code, {}, language))
    except Exception:  # noqa: BLE001  # the reason for being here may be the wording itself
        return str(wording.say(code, {}, "en"))
