"""Choose what to renew, and what came of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kiosk import messages, screens
from ui.rowwords import row_words
from ui.sentences import Speaker, join
from ui.widgets.page import Page, bind_words, load_kv

load_kv(__file__)

LOW_ROOM = 820  # px above the controls of the low layout
CHOOSING = "renew.choose"  # headline code while loans are still to be chosen


class RenewPage(Page):
    """Rows with their old or new dates; while choosing, a touch marks a row."""

    flow = "btn.renew"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._chosen: frozenset[str] = frozenset()
        self.ids.list.follows = False
        self.ids.list.start_over()

    def fill(self, view: screens.Renew, speaker: Speaker) -> None:
        """Headline, rows, buttons."""
        self._view, self._speaker = view, speaker
        ids = self.ids
        words, rest = speaker.headline(view.headline)
        ids.head.words, ids.head.line = words, join(rest, speaker.text(view.line))
        ids.back.text, ids.finish.text = speaker.say("btn.back"), speaker.say("btn.finish")
        choosing = view.headline.code == CHOOSING
        ids.renew.shown = choosing and bool(view.rows)
        ids.finish.kind = "primary" if view.finish_now and not choosing else "secondary"
        self._chosen &= {row.key for row in view.rows}
        self._list(choosing)

    def _list(self, choosing: bool) -> None:
        words = [row_words(row, self._speaker) for row in self._view.rows]
        if choosing:
            words = [replace(w, state="chosen" if w.key in self._chosen else "open", due_loud=False) for w in words]
        keys = frozenset(w.key for w in words) if choosing else frozenset()
        self.ids.list.show(words, keys, bind_words(self._speaker))
        self.ids.pager.fits_with(self.ids.list, LOW_ROOM)
        self.ids.renew.text = self._speaker.say("btn.renew" if self._chosen else "btn.renew_all")

    def row_touched(self, key: str) -> None:
        """A loan was marked, or no longer."""
        self._chosen ^= {key}
        self._list(choosing=True)
        self.arrange()

    def renew(self) -> None:
        """Renew the marked loans, or all."""
        self.post(messages.Renew(tuple(row.key for row in self._view.rows if row.key in self._chosen)))

    def back(self) -> None:
        """Touched "back"."""
        self.post(messages.Back())

    def finish(self) -> None:
        """Touched "finish"."""
        self.post(messages.Finish())
