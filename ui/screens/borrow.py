"""The borrowing stack."""

from __future__ import annotations

from typing import Any

from ui.screens.stack import StackPage
from ui.sentences import Speaker
from ui.widgets.page import load_kv

load_kv(__file__)


class BorrowPage(StackPage):
    """A stack with the patron's allowance."""

    flow = "start.borrow"

    def fill(self, view: Any, speaker: Speaker) -> None:
        """Rows, and how many more are possible."""
        super().fill(view, speaker)
        self.allow(speaker.text(view.allowance))
