"""Starts the screen. Importing this module imports no Kivy; running the screen does.

Not responsible for what stands behind the screen: whoever calls ``run_screen`` brings the bridge to the core.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import datetime

from ui.bridge import Bridge
from ui.environment import WindowSettings, prepare


def run_screen(
    bridge: Bridge,
    on_key: Callable[[str, float], None],
    settings: WindowSettings,
    now: Callable[[], datetime] | None = None,
) -> None:
    """Show the screen until the process is told to end (SIGTERM, SIGINT). Blocks; on the main thread only.

    Args:
        bridge: screen values in, intents out.
        on_key: gets every typed character with its time in monotonic seconds, a line end for Enter; must not block.
        settings: of the window.
        now: the branch's time; this computer's if None.
    """
    prepare(settings)
    from ui.app import KioskApp, local_now

    app = KioskApp(bridge, on_key, now or local_now)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: app.stop())
    app.run()
