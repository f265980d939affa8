"""Opens the desk's window and joins it to its simulator. Kivy is imported when the window opens, not before."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.desk.remote import Remote
from sim.desk.table import Desk

ENVIRONMENT = {
    "KIVY_NO_ARGS": "1",
    "KIVY_NO_CONFIG": "1",
    "KIVY_NO_FILELOG": "1",
    "KIVY_LOG_MODE": "PYTHON",
    "KIVY_METRICS_DENSITY": "1",
}
MOST_NARROW = (700, 600)  # pixels in which everything can still be read


@dataclass(frozen=True)
class Place:
    """Where the window stands, in pixels."""

    width: int = 1200
    height: int = 1000
    left: int = 40
    top: int = 40


def prepare(home: Path, place: Place) -> None:
    """What Kivy must be told before its window is there."""
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(ENVIRONMENT)
    os.environ["KIVY_HOME"] = str(home)
    from kivy.config import Config

    for section, key, value in (
        ("kivy", "log_level", "warning"),
        ("graphics", "position", "custom"),
        ("graphics", "left", str(place.left)),
        ("graphics", "top", str(place.top)),
        ("graphics", "width", str(place.width)),
        ("graphics", "height", str(place.height)),
        ("graphics", "maxfps", "30"),
        ("graphics", "multisamples", "0"),
        ("input", "mouse", "mouse,disable_multitouch"),
    ):
        Config.set(section, key, value)


def make_app(state: Path, language: str) -> Any:
    """The desk's app; ``prepare`` must have run."""
    from kivy.app import App
    from kivy.clock import Clock
    from kivy.core.window import Window

    from sim.desk.fit import Fit
    from sim.desk.looks import PAPER
    from sim.desk.window import DeskView
    from sim.desk.words import word

    class DeskApp(App):  # type: ignore[misc]  # Kivy is untyped
        """The desk."""

        title = word("title", language)

        def build(self) -> Fit:
            """The view, and the thread that looks."""
            Window.clearcolor = PAPER
            self.view = DeskView(language, lambda line: self.remote.do(line))
            self.remote = Remote(
                state,
                lambda desk: _soon(self.view.show, desk),
                lambda awake: _soon(self.view.awake, awake),
                lambda text: _soon(self.view.say, text),
            )
            return Fit(self.view)

        def on_start(self) -> None:
            """Begin to look."""
            self.view.show(Desk())
            self.remote.start()

        def on_stop(self) -> None:
            """Leave nothing running."""
            self.remote.stop()

        def open_settings(self, *_: object) -> bool:
            """Kivy's own settings panel does not exist here."""
            return False

    def _soon(call: Any, value: object) -> None:
        Clock.schedule_once(lambda _: call(value), 0)

    return DeskApp()


def run_desk(state: Path, language: str, place: Place) -> None:
    """Show the desk until its window is closed. Blocks; on the main thread only."""
    prepare(state / "desk", place)
    make_app(state, language).run()
