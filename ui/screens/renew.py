"""Choose what to renew, and what came of it."""

from __future__ import annotations

from dataclasses import replace

from kiosk import screens
from ui.rowwords import row_words
from ui.screens.loans import LoansPage
from ui.sentences import Speaker, join
from ui.widgets.page import load_kv

load_kv(__file__)

CHOOSING = "renew.choose"  # headline code while loans are still to be chosen


class RenewPage(LoansPage):
    """Rows with their old or new dates; while choosing, a touch marks a row."""

    flow = "btn.renew"
    low_room = 820

    def fill(self, view: screens.Renew, speaker: Speaker) -> None:
        """Headline, rows, buttons."""
        self._view = view
        self.offer(view.rows, speaker)
        ids = self.ids
        words, rest = speaker.headline(view.headline)
        ids.head.words, ids.head.line = words, join(rest, speaker.text(view.line))
        self._choosing = view.headline.code == CHOOSING
        ids.renew.shown = self._choosing and bool(view.rows)
        ids.finish.kind = "primary" if view.finish_now and not self._choosing else "secondary"
        self.list_rows()

    def list_rows(self) -> None:
        """All rows; while choosing, marked or not."""
        words = [row_words(row, self._speaker) for row in self._view.rows]
        if self._choosing:
            words = [replace(w, state="chosen" if w.key in self._chosen else "open", due_loud=False) for w in words]
        self.show_rows(words, self._choosing)
