"""Items of the last session are still on the pad."""

from __future__ import annotations

from kiosk import screens
from ui.sentences import Speaker
from ui.widgets.page import Page, load_kv

load_kv(__file__)


class ClearPadPage(Page):
    """Asks to take them off; leaves by itself."""

    def fill(self, view: screens.ClearPad, speaker: Speaker) -> None:
        """Headline, and how many are left in large."""
        ids = self.ids
        ids.head.words, ids.head.line = speaker.headline(view.headline)
        ids.left.text = str(view.left)
