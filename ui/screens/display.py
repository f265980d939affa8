"""Text and sound: size, colours, low controls, motion, sounds. Applies at once, forgotten at the end of the visit."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kiosk import screens
from ui.look import Choices
from ui.sentences import Speaker
from ui.tokens import SIZES, THEMES
from ui.widgets.button import Choice
from ui.widgets.page import load_kv
from ui.widgets.sheet import Sheet

load_kv(__file__)

_SAMPLE_PX = {"S": 44, "M": 56, "L": 72, "XL": 92}
_SWITCHES = (("low", "set.reach", "reach"), ("less_motion", "set.motion", "motion"), ("sounds", "set.sounds", "sound"))


class DisplaySheet(Sheet):
    """The settings of this visit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for size in SIZES:
            self._add(self.ids.sizes, f"size:{size}", "size", size, sample="A", sample_px=_SAMPLE_PX[size])
        for theme in THEMES:
            self._add(self.ids.themes, f"theme:{theme}", "theme", theme, sample="Aa", sample_theme=theme)
        self.ids.low.shown = self.look.portrait  # in landscape every control is low already

    def _add(self, box: Any, name: str, field: str, value: str, **looks: Any) -> None:
        choice = Choice(name=name, grow=1, **looks)
        choice.bind(on_tap=lambda _: self._set(field, value))
        box.add_widget(choice)

    def fill(self, view: screens.Screen, speaker: Speaker) -> None:
        """Words and what is chosen."""
        ids = self.ids
        chosen = self.look.choices
        ids.size_words.text = speaker.say("set.size")
        ids.colour_words.text = speaker.say("set.colours")
        for choice in (*ids.sizes.parts, *ids.themes.parts):
            field, _, value = choice.name.partition(":")
            choice.kind = "chosen" if getattr(chosen, field) == value else "secondary"
            if field == "theme":
                choice.text = speaker.say(f"set.{value}")
        for field, code, _ in _SWITCHES:
            switch = ids[field]
            switch.text = speaker.say(code)
            switch.on = getattr(chosen, field)
            switch.word = speaker.say("set.on" if switch.on else "set.off")
        ids.done.text = speaker.say("set.done")

    def toggle(self, field: str) -> None:
        """A switch was touched."""
        self._set(field, not getattr(self.look.choices, field))

    def _set(self, field: str, value: str | bool) -> None:
        self.app.choose(Choices(**{**asdict(self.look.choices), field: value}))

    def still_wanted(self, view: screens.Screen) -> bool:
        """As long as nobody touched "done"."""
        return True

    def harmless(self) -> None:
        """Done."""
        self.app.shell.close_local()
