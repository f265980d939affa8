"""Drives the running screen from inside: taps, types, waits, takes pictures. For tests and for ``kiosk demo`` only.

Nothing on the network or in a configuration leads here. Needs no pytest. It owns Kivy's main loop while it is used: the
loop turns only when the pilot waits. Not responsible for judging what it sees.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kivy.base import EventLoop, ExceptionManager
from kivy.core.window import Window
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glReadPixels
from kivy.input.motionevent import MotionEvent
from PIL import Image

from ui.app import KioskApp
from ui.keys import GAP_SECONDS
from ui.widgets.part import Part
from ui.widgets.plate import Tappable
from ui.widgets.words import Words

KEYS = {"next": 9, "down": 274, "up": 273, "ok": 13, "back": 27, "help": 282, "erase": 8, "f4": 285, "f11": 292}


class PilotError(AssertionError):
    """What was looked for is not on the screen, or did not come in time."""


class PilotTouch(MotionEvent):  # type: ignore[misc]  # Kivy is untyped
    """A finger at a place in pixels."""

    def __init__(self, x: float, y: float) -> None:
        place = {"x": x / (Window.width - 1.0), "y": y / (Window.height - 1.0)}
        super().__init__("pilot", 1, place, is_touch=True, type_id="touch")
        self.profile = ["pos"]

    def depack(self, args: Any) -> None:
        """Place as share of the window."""
        self.sx, self.sy = args["x"], args["y"]
        super().depack(args)


class Pilot:
    """Drives one app. ``start`` and ``stop`` bracket its use."""

    def __init__(self, app: KioskApp) -> None:
        self.app = app

    def start(self) -> None:
        """Open the app without giving the main loop away."""
        self.app._run_prepare()  # noqa: SLF001  # App.run() would keep the loop to itself
        self.frames(3)

    def stop(self) -> None:
        """End the app; the window stays for the next one."""
        self.app.stop()
        for child in list(Window.children):
            Window.remove_widget(child)

    # --- time --------------------------------------------------------------------------------------------------------

    def frames(self, count: int) -> None:
        """Let the main loop turn. What it raises goes where it goes in the real loop."""
        for _ in range(count):
            _survived(EventLoop.idle)
            _survived(Window.mainloop)  # takes what a real mouse or keyboard has sent, and returns

    def wait(self, condition: Callable[[], object], seconds: float = 5.0, what: str = "") -> None:
        """Let the loop turn until ``condition`` is true. Raises PilotError after the deadline."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise PilotError(f"not within {seconds} s: {what or condition}")
            self.frames(1)

    def settle(self) -> None:
        """Wait until nothing moves and every text is drawn."""
        self.frames(2)
        self.wait(lambda: self.app.still, what="a still picture")
        self.frames(2)

    # --- looking -----------------------------------------------------------------------------------------------------

    def parts(self) -> Iterator[Part]:
        """All shown parts in front."""
        front = self.app.shell.front
        if front is not None:
            yield from walk(front)

    def texts(self) -> tuple[str, ...]:
        """All words in front, in order."""
        return tuple(part.text for part in self.parts() if isinstance(part, Words) and part.text)

    def sees(self, text: str) -> bool:
        """Some words in front contain this text."""
        return any(text in words for words in self.texts())

    def has(self, name_or_label: str) -> bool:
        """It is in front and can be touched now."""
        found = self._named(name_or_label)
        return found is not None and found.possible

    def find(self, name_or_label: str) -> Tappable:
        """What can be touched, by its name, else by its words. Raises PilotError, naming what there is."""
        found = self._named(name_or_label)
        if found is None:
            there = [part.name for part in self._tappables()]
            raise PilotError(f"nothing to touch called {name_or_label!r}; there is {there}")
        return found

    def _named(self, name_or_label: str) -> Tappable | None:
        found = self._tappables()
        by_name = (part for part in found if part.name == name_or_label)
        by_words = (part for part in found if name_or_label in _words_of(part))
        return next(by_name, None) or next(by_words, None)

    def _tappables(self) -> list[Tappable]:
        return [part for part in self.parts() if isinstance(part, Tappable)]

    # --- doing -------------------------------------------------------------------------------------------------------

    def tap(self, name_or_label: str) -> None:
        """Touch and release, as soon as the guard against double touches allows it."""
        part = self.find(name_or_label)
        if part.guarded:
            self.wait(
                lambda: self.app.guard.allows(part.center_x, part.center_y, time.monotonic()),
                what="the double-touch guard",
            )
        self.tap_at(*part.center)

    def tap_at(self, x: float, y: float) -> None:
        """Touch and release at a place in pixels."""
        touch = PilotTouch(x, y)
        for kind in ("begin", "end"):
            _survived(EventLoop.post_dispatch_input, kind, touch)
        self.frames(2)

    def type(self, text: str) -> None:
        """Type as a person: slowly enough not to be a scanner."""
        for character in text:
            self.press(ord(character.lower()), character)
            self._pause()

    def scan(self, text: str) -> None:
        """Type as a scanner: without a pause, Enter at the end."""
        for character in text:
            self.press(ord(character.lower()), character.lower(), *(["shift"] if character.isupper() else []))
        self.press(KEYS["ok"], None)
        self._pause()

    def _pause(self) -> None:
        """Longer than any scanner waits between two keys."""
        end = time.monotonic() + GAP_SECONDS
        self.wait(lambda: time.monotonic() > end and not self.app.typing)
        self.frames(2)

    def key(self, name: str, *modifiers: str) -> None:
        """Press a key by its name in KEYS."""
        self.press(KEYS[name], None, *modifiers)
        self._pause()

    def press(self, key: int, character: str | None, *modifiers: str) -> None:
        """One key event as Kivy's window sends it."""
        if not Window.dispatch("on_key_down", key, 0, character, list(modifiers)):
            Window.dispatch("on_keyboard", key, 0, character, list(modifiers))

    def picture(self, path: Path) -> None:
        """Save what the window shows as PNG."""
        self.settle()
        Window.dispatch("on_draw")
        width, height = map(int, Window.size)
        pixels = glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)
        Image.frombytes("RGB", (width, height), bytes(pixels)).transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(path)


def _survived(turn: Callable[..., object], *args: object) -> None:
    """Do it; what it raises goes where it goes in the real loop."""
    try:
        turn(*args)
    except Exception as error:
        if ExceptionManager.handle_exception(error) == ExceptionManager.RAISE:
            raise


def _words_of(part: Part) -> list[str]:
    return [words.text for words in walk(part) if isinstance(words, Words)]


def walk(part: Part) -> Iterator[Part]:
    """A part and all shown parts in it."""
    yield part
    for child in part.parts:
        yield from walk(child)
