"""Nobody is signed in: borrow, return, account; languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kivy.clock import Clock

from kiosk import messages, screens
from ui.languages import language
from ui.sentences import Speaker
from ui.widgets.button import TextButton
from ui.widgets.page import Page, load_kv

load_kv(__file__)

QUICK_LANGUAGES = 4
_FRAMES = ("laying-1", "laying-2", "laying-3", "laying-still")


class LanguageKey(TextButton):
    """Changes the language with one touch."""


class StartPage(Page):
    """The screen that waits. The picture plays once when it appears, then stands still."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._play(0)

    def _play(self, frame: int, *_: object) -> None:
        seconds = self.look.motion("frame_ms")
        self.ids.art.name = _FRAMES[frame if seconds else -1]
        if seconds and frame + 1 < len(_FRAMES):
            Clock.schedule_once(lambda *_: self._play(frame + 1), seconds)

    @property
    def moving(self) -> bool:
        """The picture still plays."""
        return bool(self.ids.art.name != _FRAMES[-1])

    def fill(self, view: screens.Start, speaker: Speaker) -> None:
        """Words and what can be chosen."""
        ids = self.ids
        words, rest = speaker.headline(view.headline)
        ids.head.words = words
        ids.head.line = rest or speaker.text(view.line)
        for button, code, possible in (
            (ids.borrow, "start.borrow", view.can_borrow),
            (ids.back, "start.return", view.can_return),
        ):
            button.text = speaker.say(code)
            button.possible = possible
            button.note = speaker.say(f"{code}_note") if possible else speaker.say("machine.not_now")
        ids.account.text = speaker.say("start.account")
        ids.account.possible = view.can_borrow and not view.frame.offline
        ids.account.note = "" if ids.account.possible else speaker.say("machine.not_now")
        self._notice(view, speaker)
        self._languages(view.frame)

    def _notice(self, view: screens.Start, speaker: Speaker) -> None:
        """What the patron should know. Off-line, what the machine says of itself stands in the banner."""
        ids = self.ids
        notice = view.notice
        if view.frame.offline and notice is not None and notice.code.startswith("machine."):
            said, notice = speaker.cut(notice), None
            ids.banner.words, ids.banner.why = said.first, said.rest
        elif view.frame.offline and view.can_borrow and view.can_return:
            ids.banner.words, ids.banner.why = speaker.say("machine.offline"), speaker.say("machine.offline_why")
        ids.notice.tell(notice, speaker)

    def _languages(self, frame: screens.Frame) -> None:
        others = [tag for tag in frame.languages if tag != frame.language][:QUICK_LANGUAGES]
        line = self.ids.languages
        line.shown = bool(others)
        if [key.name for key in line.parts] == [f"language:{tag}" for tag in others]:
            return
        line.clear_widgets()
        for tag in others:
            key = LanguageKey(name=f"language:{tag}", text=language(tag).name)
            key.bind(on_tap=self._choose(tag))
            line.add_widget(key)

    def _choose(self, tag: str) -> Callable[[object], None]:
        return lambda _: self.post(messages.ChooseLanguage(tag))

    def borrow(self) -> None:
        """Touched "borrow"."""
        self.post(messages.Borrow())

    def give_back(self) -> None:
        """Touched "return"."""
        self.post(messages.Return())

    def account(self) -> None:
        """Touched "account and renewals"."""
        self.post(messages.ShowAccount())
