"""The window of the desk: shelves and cards at the left, pad, reader, scanner and printer at the right, switches below.

A finger picks something up where it is and lets go of it somewhere; a touch without a move chooses it for the keys.
Not responsible for what follows from it (table) or for the simulator (remote).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.gridlayout import GridLayout

from sim.desk.board import Board
from sim.desk.looks import EDGE, INK2, PAPER, PRIMARY, SHORT, Caption, Panel, PushKey, font_for
from sim.desk.paper import Paper
from sim.desk.table import SHELVES, Desk, Thing, dropped
from sim.desk.tiles import Card
from sim.desk.trouble import Trouble
from sim.desk.words import word

HANDS = 4  # keys for what was chosen
MOVED = 12  # pixels from which a touch is a drag
GAP = 10


class DeskView(FloatLayout):  # type: ignore[misc]  # Kivy is untyped
    """Everything in the window.

    Args:
        language: of the labels.
        do: takes a control line.
    """

    def __init__(self, language: str, do: Callable[[str], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._language = language
        self._do = do
        self._desk = Desk()
        self._shelf = SHELVES[0]
        self._held: str | None = None
        self._carried: Any = None
        self._seen_cards: tuple[object, ...] = ()
        self._ghost = Panel(size_hint=(None, None), size=(220, 48), padding=(12, 4))
        self._ghost_words = Caption(font_size=15, **SHORT)
        self._ghost.add_widget(self._ghost_words)
        page = BoxLayout(orientation="vertical", padding=16, spacing=GAP)
        middle = BoxLayout(spacing=16)
        middle.add_widget(self._left())
        middle.add_widget(self._right())
        self._trouble = Trouble(language, self._do_all)
        suggestion = Caption(text=self._word("try"), font_size=20, bold=True, size_hint_y=None, height=32)
        for part in (suggestion, middle, self._trouble):
            page.add_widget(part)
        self.add_widget(page)

    def _word(self, code: str) -> str:
        return word(code, self._language)

    # --- building -----------------------------------------------------------------------------------------------------

    def _left(self) -> BoxLayout:
        left = BoxLayout(orientation="vertical", spacing=GAP, size_hint_x=1.15)
        tabs = BoxLayout(size_hint_y=None, height=44, spacing=GAP)
        self._tabs = {}
        for shelf in SHELVES:
            key = PushKey(text=self._word(shelf), lit=shelf == self._shelf)
            key.bind(on_release=lambda *_, shelf=shelf: self._open(shelf))
            self._tabs[shelf] = key
            tabs.add_widget(key)
        self._table = Board("table", self._language)
        self._held_words = Caption(size_hint_y=None, height=26, color=INK2, font_size=15, **SHORT)
        self._hands = BoxLayout(size_hint_y=None, height=46, spacing=GAP)
        self._hand_lines: list[tuple[str, ...]] = [()] * HANDS
        self._hand_keys = [PushKey(font_size=14) for _ in range(HANDS)]
        for number, key in enumerate(self._hand_keys):
            key.bind(on_release=lambda *_, number=number: self._do_all(self._hand_lines[number]))
            self._hands.add_widget(key)
        self._cards = GridLayout(cols=5, size_hint_y=None, height=3 * 34 + 12, spacing=6)
        for part in (tabs, self._table, self._held_words, self._hands, self._cards):
            left.add_widget(part)
        return left

    def _right(self) -> BoxLayout:
        right = BoxLayout(orientation="vertical", spacing=GAP)
        head = BoxLayout(size_hint_y=None, height=44)
        head.add_widget(Caption(text=self._word("pad"), bold=True, font_size=20, size_hint_x=0.3))
        self._antenna = Caption(text="", halign="right", font_size=15, color=INK2)
        head.add_widget(self._antenna)
        self._pad = Board("pad", self._language, newest=True, size_hint_y=1.3)
        self._reader, self._reader_words = self._device("card", "no_card")
        self._scanner, _ = self._device("scanner", "scan_hint")
        devices = BoxLayout(size_hint_y=None, height=70, spacing=GAP)
        devices.add_widget(self._reader)
        devices.add_widget(self._scanner)
        self._paper = Paper(self._language, size_hint_y=0.8)
        for part in (head, self._pad, devices, self._paper):
            right.add_widget(part)
        return right

    def _device(self, code: str, hint: str) -> tuple[Panel, Caption]:
        panel = Panel(ground=PAPER, orientation="vertical", padding=(14, 6))
        panel.add_widget(Caption(text=self._word(code), bold=True, font_size=17))
        words = Caption(text=self._word(hint), color=INK2, font_size=15)
        panel.add_widget(words)
        return panel, words

    # --- showing ------------------------------------------------------------------------------------------------------

    def show(self, desk: Desk) -> None:
        """Show the desk as it is now."""
        self._desk = desk
        self._draw()

    def awake(self, awake: bool) -> None:
        """The pad's antenna is on, or off."""
        self._antenna.text = ("\u25c9 " if awake else "\u25ef ") + self._word("awake" if awake else "asleep")
        self._pad.frame(PRIMARY if awake else EDGE, 3.0 if awake else 1.2)

    def say(self, text: str | None) -> None:
        """A sentence of the simulator, "" for none, None where it does not answer."""
        self._trouble.message.text = self._word("gone") if text is None else text

    def _draw(self) -> None:
        desk = self._desk
        self._table.show(tuple(thing for thing in desk.table if thing.shelf == self._shelf), self._held)
        self._pad.show(desk.pad, self._held)
        self._reader_words.text = self._title(desk.card) if desk.card else self._word("no_card")
        self._draw_cards((desk.people, self._held, desk.card))
        self._paper.show(desk.receipts)
        self._trouble.show(desk)
        self._draw_hands()

    def _draw_cards(self, seen: tuple[object, ...]) -> None:
        """Only where something changed: a card under a finger must stay the same."""
        if seen == self._seen_cards:
            return
        self._seen_cards = seen
        self._cards.clear_widgets()
        for person in self._desk.people:
            self._cards.add_widget(Card(person, person.name == self._held, person.name == self._desk.card))

    def _draw_hands(self) -> None:
        """What can be done with what was chosen."""
        self._held_words.text = self._title(self._held) if self._held else self._word("choose")
        self._held_words.font_name = font_for(self._held_words.text)
        possible = list(self._possible())
        self._hand_lines = [lines for _, lines in possible] + [()] * (HANDS - len(possible))
        for number, key in enumerate(self._hand_keys):
            key.text = self._word(possible[number][0]) if number < len(possible) else ""
            key.opacity = 1 if key.text else 0
            key.disabled = not self._hand_lines[number]

    def _possible(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        held, desk = self._held or "", self._desk
        is_card = desk.person(held) is not None
        first = ("hold", "card") if is_card else ("to_pad", "pad")
        for code, where in (first, ("away", "table"), ("scan", "scanner")):
            yield code, dropped(desk, held, where) if held else ()
        if not is_card:
            damaged = any(part.damaged for thing in self._things(held) for part in thing.parts)
            verb = "repair" if damaged else "damage"
            yield verb, (f"{verb} {held}",) if held else ()

    def _things(self, handle: str) -> Iterator[Thing]:
        name = handle.split("/")[0]
        return (thing for thing in (*self._desk.table, *self._desk.pad) if thing.name == name)

    def _title(self, handle: str) -> str:
        person = self._desk.person(handle)
        if person is not None:
            return f"{person.title}, PIN {person.pin}" if person.pin else person.title
        return next((f"{thing.title} ({handle})" for thing in self._things(handle)), handle)

    # --- hands --------------------------------------------------------------------------------------------------------

    def _open(self, shelf: str) -> None:
        self._shelf = shelf
        for name, key in self._tabs.items():
            key.lit = name == shelf
        self._table.start_over()
        self._draw()

    def _do_all(self, lines: tuple[str, ...]) -> None:
        for line in lines:
            self._do(line)

    def on_touch_down(self, touch: Any) -> bool:
        """Press a key, or pick something up; one thing at a time."""
        if super().on_touch_down(touch):
            return True
        places = (self._table, self._pad, *self._cards.children)
        found = (place.handle_at(touch.x, touch.y) for place in places)
        handle = next((handle for handle in found if handle), None)
        if handle is None or self._carried is not None:
            return False
        self._carried = touch
        touch.ud["handle"] = handle
        return True

    def on_touch_move(self, touch: Any) -> bool:
        """Carry it."""
        if touch is not self._carried:
            return bool(super().on_touch_move(touch))
        if max(abs(touch.x - touch.ox), abs(touch.y - touch.oy)) >= MOVED and self._ghost.parent is None:
            self._ghost_words.text = self._title(touch.ud["handle"])
            self._ghost_words.font_name = font_for(self._ghost_words.text)
            self.add_widget(self._ghost)
        self._ghost.center = touch.pos
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """Let go of it, or choose it."""
        if touch is not self._carried:
            return bool(super().on_touch_up(touch))
        self._carried = None
        handle = touch.ud["handle"]
        if self._ghost.parent is None:
            self._held = handle
        else:
            self.remove_widget(self._ghost)
            self._do_all(dropped(self._desk, handle, self._place_at(touch.x, touch.y)))
        self._draw()
        return True

    def _place_at(self, x: float, y: float) -> str:
        places = {"pad": self._pad, "card": self._reader, "scanner": self._scanner}
        return next((name for name, place in places.items() if place.collide_point(x, y)), "table")
