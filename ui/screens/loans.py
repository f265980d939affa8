"""What the account and the screen of renewals share: loans that a touch marks, and "renew" for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kiosk import messages, screens
from ui.rowwords import RowWords
from ui.sentences import Speaker
from ui.widgets.page import Page, bind_words


class LoansPage(Page):
    """Base of both; a list read from its start. ``low_room``: px above the controls of the low layout."""

    low_room = 0

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._loans: tuple[str, ...] = ()
        self._chosen: frozenset[str] = frozenset()
        self.ids.list.follows = False
        self.ids.list.start_over()

    def offer(self, loans: Iterable[screens.AccountRow | screens.Row], speaker: Speaker) -> None:
        """Take the loans that can be marked; one that is gone is marked no longer. Name "back" and "finish"."""
        self._speaker = speaker
        self._loans = tuple(loan.key for loan in loans)
        self._chosen &= frozenset(self._loans)
        self.ids.back.text, self.ids.finish.text = speaker.say("btn.back"), speaker.say("btn.finish")

    def list_rows(self) -> None:
        """Show the rows as they are marked now."""

    def show_rows(self, words: Sequence[RowWords], choosing: bool) -> None:
        """Change the list. ``choosing``: its rows can be marked."""
        ids = self.ids
        ids.list.show(words, frozenset(w.key for w in words if choosing), bind_words(self._speaker))
        ids.pager.fits_with(ids.list, self.low_room)
        ids.renew.text = self._speaker.say("btn.renew" if self._chosen else "btn.renew_all")

    def row_touched(self, key: str) -> None:
        """A loan was marked for renewal, or no longer."""
        self._chosen ^= {key}
        self.list_rows()
        self.arrange()

    def renew(self) -> None:
        """Renew the marked loans, or all."""
        self.post(messages.Renew(tuple(key for key in self._loans if key in self._chosen)))
