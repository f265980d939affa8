"""Everything Kivy must be told before it is imported: no files of its own, no keys of its own, the window's size.

Not responsible for the window once it is there (app).
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

_ENVIRONMENT = {
    "KIVY_NO_ARGS": "1",  # the command line is ours
    "KIVY_NO_CONFIG": "1",
    "KIVY_NO_FILELOG": "1",
    "KIVY_LOG_MODE": "PYTHON",  # else Kivy takes over the root logger and standard error
    "KIVY_CLOCK": "interrupt",  # a new screen value is drawn at once, not at the next tick
    "KIVY_METRICS_DENSITY": "1",
    "KIVY_DPI": "96",
}


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """The window.

    Attributes:
        home: folder Kivy may write to.
        width, height, left, top: pixels; ignored with ``fullscreen``.
        fullscreen: take the whole display at its own size.
    """

    home: Path
    width: int = 1080
    height: int = 1920
    left: int = 0
    top: int = 0
    fullscreen: bool = False


def prepare(settings: WindowSettings) -> None:
    """Set environment and configuration. Must come before the first import of a Kivy window; imports Kivy's own."""
    settings.home.mkdir(parents=True, exist_ok=True)
    os.environ.update(_ENVIRONMENT)
    os.environ["KIVY_HOME"] = str(settings.home)
    logging.getLogger("kivy").setLevel(logging.WARNING)
    from kivy.config import Config

    for section, key, value in (
        ("kivy", "exit_on_escape", "0"),
        ("kivy", "keyboard_mode", ""),
        ("kivy", "log_level", "warning"),
        ("graphics", "borderless", "1"),
        ("graphics", "fullscreen", "auto" if settings.fullscreen else "0"),
        ("graphics", "resizable", "0"),
        ("graphics", "position", "custom"),
        ("graphics", "left", str(settings.left)),
        ("graphics", "top", str(settings.top)),
        ("graphics", "width", str(settings.width)),
        ("graphics", "height", str(settings.height)),
        ("graphics", "multisamples", "0"),  # the Smooth shapes have clean edges without
        ("graphics", "show_cursor", "0" if settings.fullscreen else "1"),
        ("graphics", "maxfps", "60"),
        ("input", "mouse", "mouse,disable_multitouch"),
    ):
        Config.set(section, key, value)
