"""What both stack screens share: headline, progress, rows, finish; and the current row of the low layout."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kiosk import messages, screens
from ui.rowwords import RowWords, row_words
from ui.sentences import Speaker, join
from ui.widgets.itemrow import ItemRow
from ui.widgets.page import Page, bind_words, load_kv
from ui.widgets.progress import NOT_READ, Spine

load_kv(__file__)


class StackPage(Page):
    """Base of both stack screens."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._cache: dict[str, tuple[screens.Row, str, RowWords]] = {}
        self._rows: tuple[screens.Row, ...] = ()
        self._current = 0
        self._row = ItemRow()
        self._row.bind(on_tap=lambda row: self.row_touched(row.key), on_button=lambda row: self.renew(row.key))
        self.ids.current_holder.add_widget(self._row)
        self._row.grow = 1
        self.ids.list.watch_only = self.look.mode == "low"
        self.ids.progress.ids.shelf.bind(on_spine=lambda _, key: self.reveal(key))

    def make_ready(self) -> bool:
        """Rows, before the first item lies on the pad."""
        ready: bool = self.ids.list.make_ready()
        return ready

    def fill(self, view: screens.Borrow | screens.Return, speaker: Speaker) -> None:
        """Change what changed."""
        ids = self.ids
        headline, rest = speaker.headline(view.headline)
        ids.head.words = headline
        ids.head.line = join(rest, speaker.text(view.line))
        self._progress(view, speaker)
        grown = len(view.rows) != len(self._rows)
        self._rows = view.rows
        self._speaker = speaker
        touchable = frozenset(row.key for row in view.rows if row.state is screens.RowState.PART_MISSING)
        words = [self.row_words(row, speaker) for row in view.rows]
        if self.look.mode == "low":  # there the current row, down in reach, is the one to touch
            touchable = frozenset()
            words = [replace(row, button="") for row in words]
        ids.list.show(words, touchable, bind_words(speaker))
        self._cache = {row.key: self._cache[row.key] for row in view.rows}
        ids.finish.text = speaker.say("btn.finish")
        ids.finish.kind = "primary" if view.finish_now else "secondary"
        ids.list.shown = bool(view.rows)
        ids.laying.shown = not view.rows
        ids.progress.shown = bool(view.rows) or view.stack.recognised > 0
        if self.look.mode == "low":
            self._choose_current(grown)

    def _progress(self, view: screens.Borrow | screens.Return, speaker: Speaker) -> None:
        stack = view.stack
        progress = self.ids.progress
        progress.number, progress.word = speaker.count(stack.recognised, stack.of)
        spines = [Spine(row.key, str(row.state)) for row in view.rows]
        unread = sum(row.state is screens.RowState.ARRIVING for row in view.rows)
        more = max((stack.of or 0) - len(spines), stack.unread - unread, 0)
        progress.ids.shelf.spines = spines + [Spine("", NOT_READ)] * more

    def allow(self, words: str) -> None:
        """What else is possible: beside "finish", in landscape under the shelf."""
        self.ids.allowance.text = self.ids.allowance_beside.text = words

    def row_words(self, row: screens.Row, speaker: Speaker) -> RowWords:
        """The words of a row; cut once and kept until it changes."""
        kept = self._cache.get(row.key)
        if kept is None or kept[0] != row or kept[1] != speaker.language:
            kept = self._cache[row.key] = (row, speaker.language, row_words(row, speaker))
        return kept[2]

    def reveal(self, key: str) -> None:
        """A spine was touched."""
        self.ids.list.reveal(key)

    def row_touched(self, key: str) -> None:
        """A set with a missing part was touched."""
        self.app.shell.open_local("parts", key)

    def renew(self, key: str) -> None:
        """The button of a row was touched whose item is on the patron's account already."""
        self.post(messages.RenewRow(key))

    # --- low layout --------------------------------------------------------------------------------------------------

    def _choose_current(self, grown: bool) -> None:
        """The first row the patron can act on, else the newest; it stays where the patron put it."""
        if grown or self._current >= len(self._rows):
            acting = [i for i, row in enumerate(self._rows) if row.state in screens.PATRON_CAN_ACT]
            self._current = acting[0] if acting else max(0, len(self._rows) - 1)
        self._show_current()

    def _show_current(self) -> None:
        self.ids.current.shown = bool(self._rows)
        if not self._rows:
            return
        row = self._rows[self._current]
        self._row.show(self.row_words(row, self._speaker), row.state is screens.RowState.PART_MISSING)
        self.ids.place.text = self._speaker.say("item.place", i=self._current + 1, n=len(self._rows))
        self.ids.up.possible = self._current > 0
        self.ids.down.possible = self._current < len(self._rows) - 1
        self.ids.list.marked = row.key
        self.ids.list.reveal(row.key)

    def turn(self, step: int) -> None:
        """Up or down was touched."""
        self._current = max(0, min(len(self._rows) - 1, self._current + step))
        self._show_current()
        self.arrange()
