"""A whole screen: header, banner, tool bar, and its blocks placed by the table of lanes.

Not responsible for what the blocks say (ui.screens).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from kivy.graphics import Color, Rectangle
from kivy.lang import Builder
from kivy.properties import StringProperty

from kiosk import messages
from kiosk.screens import Frame, Screen, Sentence
from ui.languages import language
from ui.sentences import Speaker
from ui.widgets.front import Front
from ui.widgets.lanes import ARRANGEMENTS, Lane
from ui.widgets.part import Part

LEAST_GAP = 8.0
FRAME = frozenset({"header", "banner", "tools"})  # slots that are in no lane


def load_kv(module_file: str) -> None:
    """Load the ``.kv`` file that stands beside a screen's module."""
    Builder.load_file(str(Path(module_file).with_suffix(".kv")))


class Page(Front):
    """A screen. Subclasses fill their blocks in ``fill`` and name their flow for the header."""

    arrangement = StringProperty("message")
    flow = ""  # wording code of the header's second line

    # --- content -----------------------------------------------------------------------------------------------------

    def show(self, view: Any, speaker: Speaker) -> None:
        """Show a screen value of this page's class."""
        self.frame_words(view.frame, speaker)
        self.ids.header.flow = speaker.say(self.flow_code(view)) if self.flow_code(view) else ""
        super().show(view, speaker)

    def make_ready(self) -> bool:
        """Build ahead a little of what may soon stand on this page. False if there is nothing more to build."""
        return False

    def flow_code(self, view: Any) -> str:
        """Wording code of what the patron is doing, "" for none."""
        return self.flow

    def frame_words(self, frame: Frame, speaker: Speaker) -> None:
        """Header, banner and tool bar."""
        header, banner, tools = self.ids.header, self.ids.banner, self.ids.tools
        header.library = frame.library
        header.person = frame.first_name or ""
        self.clock(self.app.now())
        banner.shown = frame.offline
        if frame.offline:
            self.offline_words(speaker)
        tools.language = language(frame.language).name
        tools.display = speaker.say("tool.display")
        tools.help = speaker.say("tool.help")

    def offline_words(self, speaker: Speaker) -> None:
        """What the banner says: that the library system does not answer, and what waits for it."""
        said = speaker.cut(Sentence("machine.offline_why"))
        self.ids.banner.words, self.ids.banner.why = said.first, said.rest

    def clock(self, now: datetime) -> None:
        """Bring the header's clock up to date."""
        self.ids.header.clock = f"{now:%H:%M}"

    def reveal(self, key: str) -> None:
        """Bring a row into sight, on pages that have some."""

    # --- place -------------------------------------------------------------------------------------------------------

    def lanes(self) -> tuple[Lane, ...]:
        """The page's lanes in the current mode; without an own low arrangement the page is low already."""
        table = ARRANGEMENTS[self.arrangement]
        return table.get(self.look.mode) or table["portrait"]

    def slots(self) -> dict[str, Part]:
        """Shown blocks by their slot."""
        return {part.slot: part for part in self.parts if part.slot}

    def arrange(self) -> None:
        """Header, banner, tool bar; then every lane."""
        slots, lanes, px = self.slots(), self.lanes(), self.look.px
        beside_header = any(lane.from_top for lane in lanes) and "banner" not in slots
        top, foot = self._arrange_frame(slots, lanes[0] if beside_header else Lane())
        self._fold_unused(slots, lanes)
        self.canvas.before.remove_group("ground")
        under_frame = top - (px(16) if "banner" in slots else 0)
        for lane in lanes:
            begin = self.top - px(20) if lane.from_top and beside_header else under_frame
            self._arrange_lane(lane, slots, begin, foot + px(lane.foot))

    def _arrange_frame(self, slots: dict[str, Part], header_lane: Lane) -> tuple[float, float]:
        """Header, banner and tool bar; the upper and the lower edge of what is left."""
        left, right = self._edges(header_lane)
        width = right - left
        header, banner, tools = slots["header"], slots.get("banner"), slots.get("tools")
        top, foot = self.top - header.tall(width), self.y
        header.place(self.mirrored(left, width), self.top, width, self.top - top)
        if banner is not None:
            height = banner.tall(self.width)
            banner.place(self.x, top, self.width, height)
            top -= height
        if tools is not None:
            foot += tools.tall(self.width)
            tools.place(self.x, foot, self.width, foot - self.y)
        return top, foot

    def _fold_unused(self, slots: dict[str, Part], lanes: tuple[Lane, ...]) -> None:
        """Blocks that these lanes have no place for get none."""
        used = FRAME.union(*((*lane.above, *lane.below, lane.fill) for lane in lanes))
        for name, part in slots.items():
            if name not in used:
                part.place(self.x, self.y, 0, 0)

    def _edges(self, lane: Lane) -> tuple[float, float]:
        margin = self.look.margin
        px = self.look.px
        left = self.x + px(margin if lane.left is None else lane.left)
        if lane.left is not None and lane.left > 100:  # a right lane begins where it would in the reference, scaled
            left = self.x + self.width * lane.left / 1920
        right = self.right - px(margin if lane.right is None else lane.right)
        if lane.right is not None and lane.right > 100:
            right = self.right - self.width * lane.right / 1920
        return float(round(left)), float(round(right))

    def _arrange_lane(self, lane: Lane, slots: dict[str, Part], top: float, foot: float) -> None:
        left, right = self._edges(lane)
        width = right - left
        x = self.mirrored(left, width)
        above = [slots[name] for name in lane.above if name in slots]
        below = [slots[name] for name in lane.below if name in slots]
        heights = {part: part.tall(width) for part in (*above, *below)}
        filler = slots.get(lane.fill)
        gaps = self._gaps(above, below, top - foot - sum(heights.values()), self._least(filler, width))
        if lane.middle:
            top -= max(0.0, (top - foot - sum(heights.values()) - sum(gaps.values())) // 2)
        for part in above:
            top -= gaps[part]
            part.place(x, top, width, heights[part])
            top -= heights[part]
        for part in reversed(below):
            part.place(x, foot + heights[part], width, heights[part])
            foot += heights[part] + gaps[part]
        if lane.ground and below:
            self._ground(foot)
        if filler is not None:
            gap = self.look.px(filler.above) if above else self.look.px(4)
            filler.place(x, top - gap, width, max(0.0, top - gap - foot))

    def _least(self, filler: Part | None, width: float) -> float:
        """Height a filler must have: a list at least one row and its pager, a picture nothing."""
        if filler is None:
            return 0.0
        return filler.tall_within(width, self.look.px(340)) if filler.slot == "list" else 0.0

    def _gaps(self, above: list[Part], below: list[Part], spare: float, least: float) -> dict[Part, float]:
        """Gaps before the blocks; where space is short all shrink alike, down to LEAST_GAP."""
        wished = {part: self.look.px(part.above) for part in (*above, *below)}
        total = sum(wished.values())
        share = max(0.0, min(1.0, (spare - least) / total)) if total else 1.0
        least_gap = self.look.px(LEAST_GAP)
        return {part: min(gap, max(least_gap, float(int(gap * share)))) for part, gap in wished.items()}

    def _ground(self, top: float) -> None:
        """The low layout's controls stand on a ground of their own."""
        line = self.look.px(6)
        for colour, height in (("ink", top + line - self.y), ("surface", top - self.y)):
            self.canvas.before.add(Color(*self.look.colour(colour), group="ground"))
            self.canvas.before.add(Rectangle(pos=self.pos, size=(self.width, height), group="ground"))

    def tool(self, name: str) -> None:
        """A tool of the bar was touched."""
        if name == "help":
            self.post(messages.AskHelp())
        else:
            self.app.shell.open_local(name)


class LocalPage(Page):
    """A page of the screen's own over what the core shows; going back tells the core nothing."""

    def still_wanted(self, view: Screen) -> bool:
        """Whether it stays while the core shows this value."""
        return True

    def back(self) -> None:
        """Back to what the core shows."""
        self.app.shell.close_local()

    def key(self, name: str) -> bool:
        """Escape goes back."""
        if name == "back":
            self.back()
        return name == "back"


def bind_words(pager_speaker: Speaker) -> Callable[[str, int], str]:
    """The pager's words in a language."""
    return lambda code, count: pager_speaker.say(code, n=count)
