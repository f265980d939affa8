"""What takes touches and keys as a whole: the base of pages and sheets. Not responsible for how either is laid out."""

from __future__ import annotations

from typing import Any

from kivy.app import App
from kivy.properties import BooleanProperty

from kiosk import messages
from ui.sentences import Speaker
from ui.widgets.part import Part


class Front(Part):
    """Shows a screen value and reports what was touched. Subclasses fill their blocks in ``fill``.

    ``over``: it lies over another page, so it draws its own ground.
    """

    over = BooleanProperty(False)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.app = App.get_running_app()

    def show(self, view: Any, speaker: Speaker) -> None:
        """Show a screen value of its class."""
        self.fill(view, speaker)

    def fill(self, view: Any, speaker: Speaker) -> None:
        """Fill the blocks. What has no blocks of its own has nothing to fill."""

    def post(self, intent: messages.Intent) -> None:
        """Report what was touched."""
        self.app.post(intent)

    def back(self) -> None:
        """Touched "back"."""
        self.post(messages.Back())

    def finish(self) -> None:
        """Touched "finish"."""
        self.post(messages.Finish())

    def type_digit(self, digit: str) -> bool:
        """A person typed a digit on a keyboard; True if it is taken."""
        return False

    def key(self, name: str) -> bool:
        """A person pressed "ok", "erase" or "back" on a keyboard; True if it is taken."""
        return False
