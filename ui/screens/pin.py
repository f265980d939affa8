"""Type the PIN. The digits stand in this page only until OK, and are not in anything it logs."""

from __future__ import annotations

from typing import Any

from kiosk import messages, screens
from ui.sentences import Speaker
from ui.widgets.page import Page, load_kv

load_kv(__file__)

LEAST, MOST = 4, 12


class PinPage(Page):
    """Dots, and a pad with erase and OK."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._digits = ""
        self._busy = False

    def fill(self, view: screens.Pin, speaker: Speaker) -> None:
        """Words; a new notice starts a new try."""
        ids = self.ids
        ids.steps.card, ids.steps.pin = speaker.say("signin.step_card"), speaker.say("signin.step_pin")
        ids.head.words, rest = speaker.headline(view.headline)
        ids.head.line = rest or speaker.say("signin.pin_forgotten")
        ids.notice.tell(view.notice, speaker, view.busy)
        ids.back.text = speaker.say("btn.back")
        if view.busy or self._busy:
            self._digits = ""
        self._busy = view.busy
        ids.pad.usable = not view.busy
        self._dots()

    def pressed(self, key: str) -> None:
        """A key of the pad was touched."""
        if self._busy:
            return
        if key == "ok":
            self._ok()
        elif key == "erase":
            self._digits = self._digits[:-1]
        elif len(self._digits) < MOST:
            self._digits += key
        self._dots()

    def _ok(self) -> None:
        if len(self._digits) >= LEAST:
            digits, self._digits = self._digits, ""
            self.post(messages.Pin(digits))

    def _dots(self) -> None:
        self.ids.dots.typed = len(self._digits)
        self.ids.pad.ready = len(self._digits) >= LEAST

    def type_digit(self, digit: str) -> bool:
        """A keyboard's digits are the pad's."""
        self.pressed(digit)
        return True

    def key(self, name: str) -> bool:
        """Erase on a keyboard is the pad's; so is Enter once the PIN is long enough."""
        if name == "erase" or (name == "ok" and len(self._digits) >= LEAST):
            self.pressed(name)
            return True
        return False

    def back(self) -> None:
        """Touched "back": nothing typed is kept."""
        self._digits = ""
        super().back()
