"""Would you like a receipt? Summary first, then the ways that exist; one that cannot work says why beforehand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from kiosk import messages, screens
from ui.sentences import Speaker, without
from ui.widgets.button import WideChoice
from ui.widgets.page import Page, load_kv
from ui.widgets.part import Across
from ui.widgets.words import Words

load_kv(__file__)

_ICONS = {"print": "print", "mail": "mail", "none": "no-receipt"}
MOST_DATES = 5


class ReceiptChoicePage(Page):
    """Summary card and choices."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._buttons: dict[str, WideChoice] = {}

    def fill(self, view: screens.ReceiptChoice, speaker: Speaker) -> None:
        """Summary, staff line, choices."""
        ids = self.ids
        ids.head.words, ids.head.line = speaker.headline(view.headline)
        ids.summary.words = speaker.text(view.summary)
        ids.also.words = speaker.text(view.also)
        ids.also.shown = view.also is not None
        self._dates(view.rows, speaker)
        ids.staff.shown = ids.staff_line.shown = bool(view.staff)
        ids.staff.words = speaker.say("receipt.staff", n=len(view.staff))
        ids.notice.tell(view.notice, speaker)
        self._choices(view, speaker)

    def _dates(self, rows: tuple[screens.Row, ...], speaker: Speaker) -> None:
        """How many items fall due when."""
        dues = Counter(row.due for row in rows if row.due is not None)
        box = self.ids.dates
        role = "body" if self.look.large else "lead"
        box.clear_widgets()
        self.ids.dates_line.shown = box.shown = bool(dues)
        for day, count in sorted(dues.items())[:MOST_DATES]:
            written = speaker.date_text(day)
            until = without(speaker.say("row.lent", date=day), written)
            line = Across(gap=16)
            line.add_widget(Words(text=str(count), role=role, bold=True, wide=90))
            line.add_widget(Words(text=until, role="note" if self.look.large else role, grow=1, align="end"))
            line.add_widget(Words(text=written, role=role, bold=True, align="end"))
            box.add_widget(line)

    def _choices(self, view: screens.ReceiptChoice, speaker: Speaker) -> None:
        ways = [choice.way for choice in view.choices]
        if ways != list(self._buttons):
            self.ids.choices.clear_widgets()
            self._buttons = {way: self._button(way) for way in ways}
        for choice in view.choices:
            button = self._buttons[choice.way]
            button.text = speaker.text(choice.says)
            button.note = speaker.text(choice.note if choice.possible else choice.why_not)
            button.kind = "secondary" if choice.way == "none" else "primary"
            button.possible = choice.possible and not view.busy

    def _button(self, way: str) -> WideChoice:
        button = WideChoice(name=f"receipt:{way}", icon=_ICONS.get(way, "journal"))
        button.bind(on_tap=self._choose(way))
        self.ids.choices.add_widget(button)
        return button

    def _choose(self, way: str) -> Callable[[object], None]:
        return lambda _: self.post(messages.ChooseReceipt(way))
