"""The foot of the window: switches that break something, what else is broken, and what the simulator said.

Not responsible for which control line that is (table).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kivy.uix.boxlayout import BoxLayout

from sim.desk.looks import ACT, SHORT, STOP, Caption, PushKey
from sim.desk.table import SWITCHES, Desk, Switch, switched
from sim.desk.words import word

SIGNS = {True: "\u25a0", False: "\u25a1"}
SWITCH_HEIGHT, LINE_HEIGHT, HEAL_WIDTH, GAP = 56, 36, 170, 10


class Trouble(BoxLayout):  # type: ignore[misc]  # Kivy is untyped
    """Everything that is wrong, and the switches for it.

    Args:
        language: of the labels.
        do: takes control lines.
    """

    def __init__(self, language: str, do: Callable[[tuple[str, ...]], None], **kwargs: Any) -> None:
        super().__init__(orientation="vertical", size_hint_y=None, spacing=6, **kwargs)
        self.height = SWITCH_HEIGHT + LINE_HEIGHT + 6
        self._language = language
        self._do = do
        self._desk = Desk()
        self._keys = {switch.code: self._key(switch) for switch in SWITCHES}
        self.others = Caption(font_size=14, color=ACT, **SHORT)
        self.message = Caption(font_size=15, color=STOP, bold=True, **SHORT)
        self._heal = PushKey(text=word("heal", language), font_size=14, size_hint_x=None, width=HEAL_WIDTH)
        self._heal.bind(on_release=lambda *_: do(("heal all",)))
        switches = BoxLayout(size_hint_y=None, height=SWITCH_HEIGHT, spacing=GAP)
        for key in self._keys.values():
            switches.add_widget(key)
        said = BoxLayout(orientation="vertical")
        said.add_widget(self.others)
        said.add_widget(self.message)
        line = BoxLayout(spacing=GAP)
        line.add_widget(said)
        line.add_widget(self._heal)
        self.add_widget(switches)
        self.add_widget(line)

    def _key(self, switch: Switch) -> PushKey:
        key = PushKey(lit_colour=STOP, font_size=14)
        key.bind(on_release=lambda *_: self._do(switched(self._desk, switch)))
        return key

    def show(self, desk: Desk) -> None:
        """Show what is broken now."""
        self._desk = desk
        for code, key in self._keys.items():
            key.lit = code in desk.switches
            key.text = (
                f"{word(code, self._language)}\n{SIGNS[key.lit]} {word('on' if key.lit else 'off', self._language)}"
            )
        self.others.text = f"\u25a0 {word('others', self._language)}: {', '.join(desk.others)}" if desk.others else ""
        self._heal.disabled = not (desk.others or desk.switches)
