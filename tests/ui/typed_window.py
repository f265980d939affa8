"""A window that prints every key typed into it: ``python -m tests.ui.typed_window HOME [field]``.

With "field" a text field has the focus first and loses it, which makes Kivy stop its own text input for good.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ui.environment import WindowSettings, prepare


def main(home: str, field_first: bool) -> None:
    """Run until it is ended by a signal."""
    prepare(WindowSettings(Path(home), 540, 960))
    from kivy.clock import Clock
    from kivy.core.window import Window
    from kivy.uix.textinput import TextInput

    from ui import gallery
    from ui.app import KioskApp
    from ui.bridge import Bridge

    def show(text: str, _: float) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()

    bridge = Bridge(lambda intent: None)
    bridge.show(gallery.example("Card", "en"))
    app = KioskApp(bridge, show)
    field = TextInput()

    def focus(_: float) -> None:
        Window.add_widget(field)
        field.focus = True
        Clock.schedule_once(leave, 0.2)

    def leave(_: float) -> None:
        field.focus = False
        Window.remove_widget(field)
        Clock.schedule_once(ready, 0.2)

    def ready(_: float) -> None:
        sys.stderr.write("ready\n")
        sys.stderr.flush()

    Clock.schedule_once(focus if field_first else ready, 0.5)
    app.run()


if __name__ == "__main__":
    main(sys.argv[1], "field" in sys.argv)
