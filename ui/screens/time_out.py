"""Are you still there? Any touch, key, card or item is "more time"."""

from __future__ import annotations

from math import ceil
from typing import Any

from kivy.clock import Clock

from kiosk import messages, screens
from ui.sentences import Speaker
from ui.widgets.page import load_kv
from ui.widgets.sheet import Sheet

load_kv(__file__)


class TimeOutSheet(Sheet):
    """Ring with the seconds left, and two answers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._view: screens.TimeOutWarning | None = None
        self._event = Clock.schedule_interval(self._count, 0.25)

    def fill(self, view: screens.TimeOutWarning, speaker: Speaker) -> None:
        """Words and the ring."""
        self._view = view
        ids = self.ids
        ids.head.words = speaker.text(view.headline)
        ids.head.line = speaker.text(view.line)
        ids.safe.text = speaker.say("time.safe")
        ids.ring.word = speaker.say("time.seconds")
        ids.ring.whole = view.seconds
        ids.more.text = speaker.say("btn.more_time")
        ids.finish.text = speaker.say("btn.finish_now")
        self._count()

    def _count(self, *_: object) -> bool:
        """Bring the ring up to date: every second, every 5 with less motion."""
        if self._view is None:
            return True
        left = max(0, ceil((self._view.ends - self.app.now()).total_seconds()))
        step = max(1, int(self.look.motion("ring_step_ms")))
        shown = ceil(left / step) * step
        self.ids.ring.left = min(shown, self._view.seconds)
        return True

    def leave(self) -> None:
        """The sheet is gone: stop counting."""
        self._event.cancel()

    def harmless(self) -> None:
        """Somebody is there."""
        self.post(messages.MoreTime())

    def on_touch_down(self, touch: Any) -> bool:
        """Anywhere but on "finish now": somebody is there."""
        taken = super().on_touch_down(touch)
        if touch.y <= self.panel.top and not any(button.pressed for button in (self.ids.more, self.ids.finish)):
            self.harmless()
        return taken
