"""One real Kivy window, without a display, for all tests of the screen; a new app for each test."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from kiosk.messages import Intent
from kiosk.screens import Screen
from tests.waiting import wait_for
from ui.bridge import Bridge
from ui.environment import WindowSettings, prepare

if TYPE_CHECKING:
    from ui.pilot import Pilot

PORTRAIT, LANDSCAPE = (1080, 1920), (1920, 1080)


class Machine:
    """An app under test: what it reported, and the pilot that drives it."""

    def __init__(self, pilot: Pilot, bridge: Bridge, intents: list[Intent], typed: list[tuple[str, float]]) -> None:
        self.pilot = pilot
        self.bridge = bridge
        self.intents = intents
        self.typed = typed

    @property
    def app(self) -> Any:  # Kivy's App is untyped
        """The app."""
        return self.pilot.app

    def show(self, name: str, language: str = "en") -> None:
        """Show an example; a sheet over the page it belongs to."""
        from ui import gallery

        for shown in filter(None, (gallery.UNDER.get(name), name)):
            self.bridge.show(gallery.example(shown, language))
            self.pilot.frames(2)

    def shown(self, view: Screen) -> None:
        """Show a screen value."""
        self.bridge.show(view)
        self.pilot.frames(2)


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """No thread more than before. Files are not compared: Kivy keeps every font it drew with open until the end."""
    before = set(threading.enumerate())
    yield
    wait_for(lambda: not set(threading.enumerate()) - before, what="threads to end")


@pytest.fixture(scope="session")
def kivy_ready(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kivy is prepared and its window is there."""
    os.environ["SDL_VIDEODRIVER"] = "offscreen"
    prepare(WindowSettings(tmp_path_factory.mktemp("kivy"), *PORTRAIT))


@pytest.fixture
def make_machine(kivy_ready: None) -> Iterator[Callable[..., Machine]]:
    """Makes an app in a window of a size."""
    from kivy.core.window import Window

    from ui import gallery
    from ui.app import KioskApp
    from ui.pilot import Pilot

    made: list[Pilot] = []

    def make(size: tuple[int, int] = PORTRAIT) -> Machine:
        if Window.size != size:
            Window.size = size
        intents: list[Intent] = []
        typed: list[tuple[str, float]] = []
        bridge = Bridge(intents.append)
        pilot = Pilot(KioskApp(bridge, lambda text, now: typed.append((text, now)), lambda: gallery.NOW))
        pilot.start()
        made.append(pilot)
        return Machine(pilot, bridge, intents, typed)

    yield make
    for pilot in made:
        pilot.stop()


@pytest.fixture
def machine(make_machine: Callable[..., Machine]) -> Machine:
    """An app in portrait."""
    return make_machine()
