"""The returning stack."""

from __future__ import annotations

from typing import Any

from ui.screens.stack import StackPage
from ui.sentences import Speaker
from ui.widgets.page import load_kv

load_kv(__file__)


class ReturnPage(StackPage):
    """A stack without a patron."""

    flow = "start.return"

    def fill(self, view: Any, speaker: Speaker) -> None:
        """Rows, and that more can be laid down."""
        super().fill(view, speaker)
        self.allow(speaker.say("stack.any_time") if view.line is None else "")
