"""The languages a site offers, each by its own name."""

from __future__ import annotations

from collections.abc import Callable

from kiosk import messages, screens
from ui.languages import language
from ui.sentences import Speaker
from ui.widgets.button import TextButton
from ui.widgets.page import LocalPage, load_kv

load_kv(__file__)

MOST_WORDS = 4


class LanguageChoice(TextButton):
    """One language."""


class LanguagePage(LocalPage):
    """One touch chooses and goes back."""

    def fill(self, view: screens.Screen, speaker: Speaker) -> None:
        """Keys, and the word "language" in the languages offered."""
        ids = self.ids
        tags = view.frame.languages
        now = view.frame.language
        words = dict.fromkeys(language(tag).word for tag in (now, *tags) if language(tag).rtl == language(now).rtl)
        first, *others = words
        ids.head.words = "\n".join(filter(None, (first, " · ".join(others[:MOST_WORDS]))))
        ids.pad.clear_widgets()
        ids.pad.columns = (3 if len(tags) > 5 else 2) if self.look.portrait else 6 if len(tags) > 8 else 3
        for tag in tags:
            kind, icon = ("chosen", "check") if tag == now else ("secondary", "")
            key = LanguageChoice(name=f"language:{tag}", text=language(tag).name, kind=kind, icon=icon)
            key.bind(on_tap=self._choose(tag))
            ids.pad.add_widget(key)
        back = LanguageChoice(name="back", text=speaker.say("btn.back"), icon="back")
        back.bind(on_tap=lambda _: self.back())
        ids.pad.add_widget(back)

    def _choose(self, tag: str) -> Callable[[object], None]:
        def chosen(_: object) -> None:
            self.back()
            self.post(messages.ChooseLanguage(tag))

        return chosen
