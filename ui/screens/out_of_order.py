"""The machine cannot serve: where to go, what is safe, a small line for staff. Leaves by itself."""

from __future__ import annotations

from kiosk import screens
from ui.sentences import Speaker
from ui.widgets.page import Page, load_kv

load_kv(__file__)


class OutOfOrderPage(Page):
    """A sign on the pad. No controls but the tools."""

    def fill(self, view: screens.OutOfOrder, speaker: Speaker) -> None:
        """Words; the code is for staff only. The page says itself where help is, so it offers none."""
        ids = self.ids
        ids.tools.help = ""
        ids.head.words, rest = speaker.headline(view.headline)
        ids.head.line = rest or speaker.text(view.line)
        ids.safe.words = speaker.text(view.safe)
        ids.leaves.words = speaker.say("machine.out_back")
        ids.code.text = view.code
