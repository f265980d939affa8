"""What stands on every screen: header, tool bar, offline banner; and the small blocks most screens share."""

from __future__ import annotations

from kivy.properties import BooleanProperty, OptionProperty, StringProperty

from kiosk.screens import Sentence
from ui.sentences import Speaker
from ui.widgets.part import Across, Column, Settled
from ui.widgets.plate import PlateLine

BAR_HEIGHTS = {"L": 152, "XL": 176}  # px


class Header(Settled, Across):
    """Library and flow, and at the end the first name or the time. Informs only."""

    says = ("library", "flow", "person", "clock")
    library = StringProperty("")
    flow = StringProperty("")
    person = StringProperty("")
    clock = StringProperty("")


class PersonChip(PlateLine):
    """First name of the signed-in patron."""

    text = StringProperty("")


class ToolBar(Settled, Across):
    """Language, text and sound, help: low on every screen."""

    says = ("language", "display", "help")
    language = StringProperty("")
    display = StringProperty("")
    help = StringProperty("")

    __events__ = ("on_tool",)

    def on_tool(self, tool: str) -> None:
        """One of "language", "display", "help" was touched."""

    def tall(self, width: float) -> float:
        """By text size where labels need two lines; in landscape, where one line is enough, always the same."""
        if not self.look.portrait:
            return self.look.px(116)
        return self.look.px(BAR_HEIGHTS.get(self.look.choices.size, 136))

    def arrange(self) -> None:
        """The buttons fill the bar less its free space."""
        free = 20 if self.look.portrait else 10
        side = 32 if self.look.large else self.look.margin
        self.pad = [side, free, side, free]
        super().arrange()


class Banner(PlateLine):
    """The central service does not answer: full width, until it is over."""

    words = StringProperty("")
    why = StringProperty("")


class Headline(Column):
    """The next step in the biggest words, and one line under it. ``lead``: that line is larger."""

    words = StringProperty("")
    line = StringProperty("")
    align_words = OptionProperty("start", options=["start", "center"])
    lead = BooleanProperty(False)
    grown = BooleanProperty(False)


class Notice(PlateLine):
    """Something the patron should read now, in a family's colours: next step bold, reason after it."""

    family = OptionProperty("act", options=["act", "stop", "staff", "wait", "ok"])
    icon = StringProperty("info")
    first = StringProperty("")
    rest = StringProperty("")

    def tell(self, sentence: Sentence | None, speaker: Speaker, busy: bool = False) -> None:
        """What to do, or that something is being checked; shown only if there is something to tell."""
        self.shown = busy or sentence is not None
        if busy:
            self.family, self.icon = "wait", "clock"
            self.first, self.rest = speaker.say("row.checking"), ""
        elif sentence is not None:
            said = speaker.cut(sentence)
            self.family, self.icon = "act", "info"
            self.first, self.rest = said.first, said.rest


class Fact(Across):
    """A symbol and a sentence."""

    icon = StringProperty("")
    colour = StringProperty("ink")
    words = StringProperty("")
    bold = BooleanProperty(False)
