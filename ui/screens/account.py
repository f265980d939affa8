"""The patron's account: on loan, ready, fees; renew all or chosen loans."""

from __future__ import annotations

from typing import Any

from kiosk import messages, screens
from ui.rowwords import account_words
from ui.sentences import Speaker
from ui.widgets.page import Page, bind_words, load_kv

load_kv(__file__)

SECTIONS = ("loans", "ready", "fees")
LOW_ROOM = 600  # px above the controls of the low layout


class AccountPage(Page):
    """Tiles; the list of the chosen tile only, so that nothing is read over a shoulder unasked."""

    flow = "account.loans"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._section = ""
        self._chosen: frozenset[str] = frozenset()
        self.ids.list.follows = False

    def flow_code(self, view: screens.Account) -> str:
        """The account."""
        return "start.account"

    def fill(self, view: screens.Account, speaker: Speaker) -> None:
        """Tiles and the chosen list."""
        self._view, self._speaker = view, speaker
        ids = self.ids
        ids.head.words, ids.head.line = speaker.headline(view.headline)
        ids.tiles.shown = not view.busy
        self._tile(ids.loans, "loans", str(len(view.loans)), self._next_due())
        self._tile(ids.ready, "ready", str(len(view.ready)), speaker.say("account.ready_note"))
        self._tile(ids.fees, "fees", self._owed(), speaker.say("account.fees_note") if view.fees else "")
        ids.notice.shown = view.notice is not None or view.busy
        if view.busy:
            ids.notice.family, ids.notice.icon = "wait", "clock"
            ids.notice.first, ids.notice.rest = speaker.say("row.checking"), ""
        elif view.notice is not None:
            said = speaker.cut(view.notice)
            ids.notice.family, ids.notice.icon = "act", "info"
            ids.notice.first, ids.notice.rest = said.first, said.rest
        ids.back.text = speaker.say("btn.back")
        ids.finish.text = speaker.say("btn.finish")
        self._chosen &= {row.key for row in view.loans}
        self._list()

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

    def _list(self) -> None:
        view, speaker, ids = self._view, self._speaker, self.ids
        rows: tuple[screens.AccountRow, ...] = getattr(view, self._section) if self._section else ()
        choosing = self._section == "loans"
        ids.section.shown = bool(rows)
        ids.section.text = speaker.say(f"account.{self._section}") if self._section else ""
        words = [account_words(row, speaker, row.key in self._chosen if choosing else None) for row in rows]
        ids.list.show(words, frozenset(row.key for row in rows) if choosing else frozenset(), bind_words(speaker))
        ids.pager.fits_with(ids.list, LOW_ROOM)
        ids.renew.shown = bool(view.loans) and not view.busy and not view.frame.offline
        ids.renew.text = speaker.say("btn.renew" if self._chosen else "btn.renew_all")

    def choose(self, section: str) -> None:
        """A tile was touched."""
        self._section = section
        self.ids.list.start_over()
        self.fill(self._view, self._speaker)
        self.arrange()

    def row_touched(self, key: str) -> None:
        """A loan was marked for renewal, or no longer."""
        self._chosen ^= {key}
        self._list()
        self.arrange()

    def renew(self) -> None:
        """Renew the marked loans, or all."""
        loans = [row.key for row in self._view.loans if row.key in self._chosen]
        self.post(messages.Renew(tuple(loans)))

    def back(self) -> None:
        """Touched "back"."""
        self.post(messages.Back())

    def finish(self) -> None:
        """Touched "finish"."""
        self.post(messages.Finish())
