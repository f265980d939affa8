"""The command ``kiosk``: the machine's own commands, and with a screen ``run`` and ``demo``.

Joins machine and screen. Importing this module imports no Kivy; only ``run`` and ``demo`` do. Not responsible for what
is shown (kiosk) or how (ui.app).
"""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from kiosk.cli import ConfigFile, app, load_config, running, stop
from kiosk.compose import Kiosk
from kiosk.config import Config
from kiosk.jsonlines import error_line, write_screen
from kiosk.parent import Parent
from kiosk.screens import Screen
from ui.bridge import Bridge
from ui.environment import WindowSettings, prepare
from ui.look import Choices

if TYPE_CHECKING:
    from ui.app import KioskApp


DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")  # without one SDL draws where nobody sees it


class Joined:
    """A machine, the bridge to its screen, and the screen."""

    def __init__(self, config: Config) -> None:
        bridge = Bridge(lambda intent: self.kiosk.post(intent))
        self.show: Callable[[Screen], None] = bridge.show
        self.kiosk = Kiosk(config, lambda view: self.show(view))
        self.screen = _screen(config, bridge, self.kiosk)


def _screen(config: Config, bridge: Bridge, kiosk: Kiosk) -> KioskApp:
    if not any(os.environ.get(name) for name in DISPLAYS):
        raise stop(f"there is no display: set one of {', '.join(DISPLAYS)}, or use kiosk headless")
    place = config.screen
    home = config.state / "screen"
    try:
        prepare(WindowSettings(home, place.width, place.height, place.left, place.top, place.fullscreen))
    except ImportError:
        raise stop("the touchscreen needs Kivy (the extra 'ui'); kiosk headless works without it") from None
    from ui.app import KioskApp

    return KioskApp(bridge, kiosk.typed, lambda: kiosk.now().wall, Choices(less_motion=place.less_motion))


@app.command()
def run(config: ConfigFile) -> None:
    """Run the machine with its touchscreen until SIGTERM or SIGINT."""
    known = load_config(config)
    with running():
        joined = Joined(known)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: joined.screen.stop())
        joined.kiosk.start()
        try:
            joined.screen.run()
        finally:
            joined.kiosk.stop()


@app.command()
def demo(config: ConfigFile) -> None:
    """Run the machine with its touchscreen for a parent process: touches in, screens out, as lines of JSON."""
    known = load_config(config)
    with running(), Parent() as parent:
        joined = Joined(known)
        to_screen = joined.show

        def show(view: Screen) -> None:
            to_screen(view)
            parent.write(write_screen(view))

        joined.show = show
        _demo(joined, parent)


def _demo(joined: Joined, parent: Parent) -> None:
    """The window on this thread, the parent's lines on another."""
    from ui.demo import drive

    orders: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def listen() -> None:
        parent.read(orders.put, lambda error: parent.write(error_line(error)))
        orders.put(None)

    listener = threading.Thread(target=listen, name="orders")
    listener.start()
    joined.kiosk.start()
    try:
        drive(joined.screen, orders, parent.write)
    finally:
        joined.kiosk.stop()
        parent.wake()
        listener.join()


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
