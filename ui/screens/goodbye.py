"""The session is over: take your items, show those to staff."""

from __future__ import annotations

from kiosk import screens
from ui.rowwords import row_words
from ui.sentences import Speaker, join
from ui.widgets.page import Page, bind_words, load_kv

load_kv(__file__)


class GoodbyePage(Page):
    """Done, and what to show to staff by title."""

    def fill(self, view: screens.Goodbye, speaker: Speaker) -> None:
        """Words and rows."""
        ids = self.ids
        words, rest = speaker.headline(view.headline)
        ids.head.words, ids.head.line = words, join(rest, speaker.text(view.line))
        if view.staff and not ids.head.line:
            ids.head.line = speaker.say("receipt.staff", n=len(view.staff))
        ids.list.show([row_words(row, speaker) for row in view.staff], frozenset(), bind_words(speaker))
