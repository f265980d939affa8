"""Help for the screen below it."""

from __future__ import annotations

from kiosk import screens
from ui.sentences import Speaker
from ui.widgets.frame import Fact
from ui.widgets.page import load_kv
from ui.widgets.sheet import Sheet

load_kv(__file__)


class HelpSheet(Sheet):
    """A few sentences and the way back."""

    def fill(self, view: screens.Help, speaker: Speaker) -> None:
        """Headline and sentences."""
        ids = self.ids
        ids.head.words, ids.head.line = speaker.headline(view.headline)
        ids.lines.clear_widgets()
        for line in view.lines:
            ids.lines.add_widget(Fact(icon="info", colour="wait", words=speaker.text(line)))
        ids.back.text = speaker.say("btn.back")

    def harmless(self) -> None:
        """Back to the screen below."""
        self.back()
