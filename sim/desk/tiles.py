"""What lies on the desk, drawn: a thing with its security bits, its parts one by one, and cards.

Everything that can be picked up has a ``handle``: what control lines call it. Not responsible for where it goes.
"""

from __future__ import annotations

from typing import Any

from kivy.graphics import Color, SmoothEllipse, SmoothLine, SmoothRoundedRectangle
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.widget import Widget

from sim.desk.looks import ACT, EDGE, INK, INK2, PAPER, PRIMARY, SHORT, STOP, SURFACE, Caption, Panel, font_for
from sim.desk.table import Part, Person, Thing
from sim.desk.words import word

SIGNS = {"armed": "\u25cf", "disarmed": "\u25cb", "other": "\u25d0", "damaged": "\u25b2"}
COLOURS = {"armed": PRIMARY, "disarmed": ACT, "other": ACT, "damaged": STOP}
PART = 28  # pixels across
SHAPE = 28  # pixels wide
PIN = 30  # pixels wide
COVERS = ((0.545, 0.29, 0.227, 1), (0.2, 0.361, 0.49, 1), (0.263, 0.42, 0.325, 1), (0.42, 0.337, 0.525, 1))
HELD_WIDTH, FREE_WIDTH = 3.0, 1.2


def state_words(thing: Thing, language: str) -> str:
    """The security bits of what lies here, as signs and words, and damage."""
    return "  ".join(f"{SIGNS[state]} {word(state, language)}{which and f': {which}'}" for state, which in thing.states)


class Disc(Caption):
    """One part of a set: its number; filled where it is armed, a ring where it is open."""

    def __init__(self, part: Part, **kwargs: Any) -> None:
        filled = part.state == "armed"
        colour = COLOURS[part.state]
        text = SIGNS["damaged"] if part.damaged else str(part.number)
        super().__init__(
            text=text, halign="center", bold=True, font_size=15, color=SURFACE if filled else colour,
            size_hint=(None, None), size=(PART, PART), **kwargs,
        )  # fmt: skip
        self.handle = part.name
        with self.canvas.before:
            Color(*(colour if filled else SURFACE))
            self._disc = SmoothEllipse(size=(PART, PART))
            Color(*colour)
            self._ring = SmoothLine(width=1.8)
        self.bind(pos=self._place)

    def _place(self, *_: object) -> None:
        self._disc.pos = self.pos
        self._ring.circle = (self.center_x, self.center_y, PART / 2 - 2)


class Shape(Widget):  # type: ignore[misc]  # Kivy is untyped
    """A book's cover, a disc, or a box, so that a thing is found by its looks."""

    def __init__(self, thing: Thing, **kwargs: Any) -> None:
        super().__init__(size_hint_x=None, width=SHAPE, **kwargs)
        self._round = thing.shape == "disc" and thing.whole == 1
        self._flat = thing.shape == "book"
        with self.canvas:
            Color(*COVERS[sum(thing.name.encode()) % len(COVERS)])
            self._body = SmoothEllipse() if self._round else SmoothRoundedRectangle(radius=[4])
            Color(*SURFACE)
            self._mark = SmoothEllipse() if self._round else SmoothRoundedRectangle(radius=[1])
        self.bind(pos=self._place, size=self._place)

    def _place(self, *_: object) -> None:
        x, y = self.x + self.width / 2, self.y + self.height / 2  # Kivy's own centre may still be the old one here
        wide, high = (SHAPE - 4, SHAPE + 8) if self._flat else (SHAPE, SHAPE)
        mark_wide, mark_high = (9, 9) if self._round else (3, high - 8) if self._flat else (wide - 10, 4)
        mark_x = x - wide / 2 + 4 if self._flat else x - mark_wide / 2
        self._body.size, self._body.pos = (wide, high), (x - wide / 2, y - high / 2)
        self._mark.size, self._mark.pos = (mark_wide, mark_high), (mark_x, y - mark_high / 2)


class ThingTile(Panel):
    """A thing, or the parts of it that lie here."""

    def __init__(self, thing: Thing, language: str, held: bool, **kwargs: Any) -> None:
        super().__init__(padding=(12, 4), spacing=10, **kwargs)
        self.handle = thing.handle
        self.frame(INK if held else EDGE, HELD_WIDTH if held else FREE_WIDTH)
        self.add_widget(Shape(thing))
        says = BoxLayout(orientation="vertical")
        says.add_widget(Caption(text=thing.title, font_name=font_for(thing.title), font_size=15, **SHORT))
        self._discs = [Disc(part) for part in thing.parts] if thing.whole > 1 else []
        if self._discs:
            says.add_widget(self._parts())
        colour = COLOURS[thing.states[0][0]]
        says.add_widget(Caption(text=state_words(thing, language), font_size=13, color=colour, **SHORT))
        self.add_widget(says)

    def _parts(self) -> BoxLayout:
        line = BoxLayout(spacing=8, size_hint_y=None, height=PART)
        for disc in self._discs:
            line.add_widget(disc)
        return line

    def handle_at(self, x: float, y: float) -> str | None:
        """What a finger here picks up: a part, or everything."""
        if not self.collide_point(x, y):
            return None
        return next((disc.handle for disc in self._discs if disc.collide_point(x, y)), self.handle)


class Card(Panel):
    """A patron card."""

    def __init__(self, person: Person, held: bool, at_reader: bool, **kwargs: Any) -> None:
        super().__init__(ground=PRIMARY if at_reader else PAPER, padding=(6, 2), **kwargs)
        self.handle = person.name
        self.frame(INK if held else EDGE, HELD_WIDTH if held else FREE_WIDTH)
        self.add_widget(
            Caption(text=person.title, font_size=12, bold=True, color=SURFACE if at_reader else INK, **SHORT)
        )
        if person.pin:
            pin = Caption(text=person.pin, font_size=11, halign="right", color=SURFACE if at_reader else INK2)
            pin.size_hint_x, pin.width = None, PIN
            self.add_widget(pin)

    def handle_at(self, x: float, y: float) -> str | None:
        """The card, if the finger is on it."""
        return self.handle if self.collide_point(x, y) else None
