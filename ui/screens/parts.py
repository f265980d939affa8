"""One set with a missing part, large: which part, where to look, and that nothing else is held up."""

from __future__ import annotations

from typing import Any

from kiosk import messages, screens
from ui.rowwords import type_icon
from ui.sentences import Speaker
from ui.widgets.page import LocalPage, load_kv
from ui.widgets.parts import LargePart, drawn

load_kv(__file__)


class PartsPage(LocalPage):
    """Opened from a row of a stack; closes by itself when the part was seen. ``key``: of the row."""

    def __init__(self, key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.key_of_row = key

    def still_wanted(self, view: screens.Screen) -> bool:
        """Whether the row is still there and a part of it missing."""
        return self._row(view) is not None

    def _row(self, view: screens.Screen) -> screens.Row | None:
        rows = view.rows if isinstance(view, (screens.Borrow, screens.Return)) else ()
        return next((r for r in rows if r.key == self.key_of_row and r.state is screens.RowState.PART_MISSING), None)

    def fill(self, view: screens.Borrow | screens.Return, speaker: Speaker) -> None:
        """Headline, parts, what happens next."""
        row = self._row(view)
        if row is None:
            return
        ids = self.ids
        part = str(row.says.params.get("part", ""))
        ids.head.words = speaker.say("part.headline", part=part)
        ids.head.line = speaker.say("part.look")
        ids.title.text = row.title or speaker.say("item.no_title")
        ids.author.text = row.author
        ids.type.name = type_icon(row.media_type)
        ids.auto.words = speaker.say("part.auto", part=part)
        ids.others.words = speaker.say("part.others")
        ids.leave.text = speaker.say("btn.leave_set")
        ids.leave.shown = isinstance(view, screens.Borrow)
        ids.back.text = speaker.say("btn.back")
        self._parts(row, part, speaker)

    def flow_code(self, view: screens.Screen) -> str:
        """That of the stack it belongs to."""
        return "start.return" if isinstance(view, screens.Return) else "start.borrow"

    def _parts(self, row: screens.Row, named: str, speaker: Speaker) -> None:
        missing = next((p.number for p in row.parts if not p.here), 0)
        shown = drawn(row.parts)
        box = self.ids.parts
        box.columns = min(3, max(1, len(shown)))
        box.clear_widgets()
        for part in shown:
            name = _name(named, missing, part.number)
            says = speaker.say("part.here" if part.here else "part.missing", part=name)
            box.add_widget(LargePart(number=part.number, here=part.here, what=says[:1].upper() + says[1:]))

    def leave(self) -> None:
        """Go on without this set."""
        self.back()
        self.post(messages.LeaveSetOut(self.key_of_row))


def _name(named: str, number_in_it: int, number: int) -> str:
    """Name of a part, from that of the missing one ("disc 2" -> "disc 1"); its number where that cannot be done."""
    old = str(number_in_it)
    return named.replace(old, str(number), 1) if named.count(old) == 1 else str(number)
