"""The patron's account: on loan, ready, fees; renew all or chosen loans."""

from __future__ import annotations

from typing import Any

from kiosk import screens
from ui.rowwords import account_words
from ui.screens.loans import LoansPage
from ui.sentences import Speaker
from ui.widgets.page import load_kv

load_kv(__file__)


class AccountPage(LoansPage):
    """Tiles; the list of the chosen tile only, so that nothing is read over a shoulder unasked."""

    flow = "start.account"
    low_room = 600

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._section = ""

    def fill(self, view: screens.Account, speaker: Speaker) -> None:
        """Tiles and the chosen list."""
        self._view = view
        self.offer(view.loans, speaker)
        ids = self.ids
        ids.head.words, ids.head.line = speaker.headline(view.headline)
        ids.tiles.shown = not view.busy
        self._tile(ids.loans, "loans", str(len(view.loans)), self._next_due())
        self._tile(ids.ready, "ready", str(len(view.ready)), speaker.say("account.ready_note"))
        self._tile(ids.fees, "fees", self._owed(), speaker.say("account.fees_note") if view.fees else "")
        ids.notice.tell(view.notice, speaker, view.busy)
        self.list_rows()

    def _next_due(self) -> str:
        days = [row.due for row in self._view.loans if row.due is not None]
        return self._speaker.say("account.loans_note", date=min(days)) if days else ""

    def _owed(self) -> str:
        """The amount alone, as large as a number."""
        owed = self._view.owed
        if owed is None:
            return "0"
        said = self._speaker.cut(owed)
        return said.values.get("amount", said.first)

    def _tile(self, tile: Any, section: str, number: str, note: str) -> None:
        tile.text = self._speaker.say(f"account.{section}")
        tile.number, tile.note = number, note
        tile.kind = "chosen" if section == self._section else "secondary"
        tile.possible = bool(getattr(self._view, section))
        if not tile.possible:
            tile.note = ""

    def list_rows(self) -> None:
        """Those of the chosen tile."""
        view, speaker, ids = self._view, self._speaker, self.ids
        rows: tuple[screens.AccountRow, ...] = getattr(view, self._section) if self._section else ()
        choosing = self._section == "loans"
        ids.section.shown = bool(rows)
        ids.section.text = speaker.say(f"account.{self._section}") if self._section else ""
        words = [account_words(row, speaker, row.key in self._chosen if choosing else None) for row in rows]
        self.show_rows(words, choosing)
        ids.renew.shown = bool(view.loans) and not view.busy and not view.frame.offline

    def choose(self, section: str) -> None:
        """A tile was touched."""
        self._section = section
        self.ids.list.start_over()
        self.fill(self._view, self._speaker)
        self.arrange()
