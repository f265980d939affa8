"""A sheet: finish although items are open?"""

from __future__ import annotations

from kiosk import screens
from ui.rowwords import row_words
from ui.sentences import Speaker
from ui.widgets.page import bind_words, load_kv
from ui.widgets.sheet import Sheet

load_kv(__file__)


class LeaveOpenSheet(Sheet):
    """Names the open items; going on is the filled answer and the harmless one."""

    def fill(self, view: screens.LeaveOpen, speaker: Speaker) -> None:
        """Words, rows, answers."""
        ids = self.ids
        ids.head.words = speaker.text(view.headline)
        ids.head.line = speaker.text(view.line)
        words = [row_words(row, speaker) for row in view.rows]
        ids.list.show(words, frozenset(), bind_words(speaker))
        ids.stay.text = speaker.say("leave.stay")
        ids.finish.text = speaker.say("btn.finish")

    def arrange(self) -> None:
        """The list takes what the sheet can spare: all rows, or a page of them."""
        rows = self.ids.list
        width = self.width - 2 * self.look.px(self.look.margin)
        if not self.look.portrait:
            width = width / 2 - self.look.px(28)
        room = self.look.px(720 if self.look.portrait else 560)
        rows.high = min(rows.wanted(width), room) / self.look.scale
        super().arrange()

    def harmless(self) -> None:
        """Keep going."""
        self.back()
