"""The machine is getting ready."""

from __future__ import annotations

from kiosk import screens
from ui.sentences import Speaker
from ui.widgets.page import Page, load_kv

load_kv(__file__)


class StartingPage(Page):
    """One sentence and the pad."""

    def fill(self, view: screens.Starting, speaker: Speaker) -> None:
        """There is nothing to touch yet, so the tools wait as well."""
        self.ids.head.words, self.ids.head.line = speaker.headline(screens.Sentence("machine.starting"))
        self.ids.tools.shown = False
