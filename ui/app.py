"""The Kivy application: joins window, bridge, keys, sounds and the shell, and survives what goes wrong on the screen.

Knows no device, no core and no network: screen values come in through the bridge, intents and typed keys go out through
callbacks. ``ui.environment.prepare`` must have run before this module is imported.
"""

from __future__ import annotations

import gc
import time
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from kivy.app import App
from kivy.base import ExceptionHandler, ExceptionManager
from kivy.clock import Clock
from kivy.core.window import Window
from kivy.lang import Builder

from kiosk import messages, screens
from ui import rate, sentences
from ui.bridge import Bridge, CuePlayer
from ui.fallback import FallbackPage
from ui.files import FileOfOursMissing
from ui.guard import DoubleTouch
from ui.keys import GAP_SECONDS, KeySplitter, Pressed, Stroke, pressed
from ui.languages import language
from ui.look import Choices, Look
from ui.sentences import Speaker
from ui.sounds import Sounds
from ui.steps import next_step
from ui.text import TextEngine
from ui.tokens import load as load_tokens
from ui.widgets.icon import ASSETS, load

log = structlog.get_logger(__name__)

READY_SECONDS = 0.15  # between two screens that are built ahead
ANSWER_SECONDS = 0.003  # the core answers most touches within one: then the answer is in the touch's own picture
COLLECT = (10_000, 20, 1_000)  # Python's whole collections are left to the start screen, where they hold up nobody
STIR_SECONDS = 5.0  # a touch that says nothing else reports a present person at most this often


def local_now() -> datetime:
    """The time of this computer with its zone."""
    return datetime.now().astimezone()


class KioskApp(App):  # type: ignore[misc]  # Kivy is untyped
    """The screen.

    Args:
        bridge: where screen values come from and intents go to.
        on_key: gets every typed character at once with its time (monotonic seconds): what a scanner types, too.
        now: the branch's time.
        choices: how the screen looks to a person who chose nothing.
    """

    def __init__(
        self,
        bridge: Bridge,
        on_key: Callable[[str, float], None],
        now: Callable[[], datetime] = local_now,
        choices: Choices | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bridge = bridge
        self.now = now
        self.posted = 0
        self.guard = DoubleTouch()
        self.own_choices = choices or Choices()
        self.look = Look(float(Window.width), float(Window.height), self.own_choices)
        self.crashed: FallbackPage | None = None
        self._on_key = on_key
        self._session: int | None = None
        self._tidy: int | None = None
        self._keys = KeySplitter()
        self._pressed: Pressed | None = None
        self._wake_pressed = Clock.create_trigger(self._take_pressed, -1)
        self._last_stir = float("-inf")
        self._handler = _Survivor(self)
        self._wake_text = Clock.create_trigger(self._collect_text)
        self._wake_bridge = Clock.create_trigger(self._take, -1)
        self._wanted: screens.Screen | None = None  # not all of it is shown yet
        self._wake_step = Clock.create_trigger(self._take)
        self._wake_ready = Clock.create_trigger(self._make_ready, READY_SECONDS)
        self.text = TextEngine(self._wake_text)
        self.sounds = Sounds()
        self._cues = CuePlayer(self._sound, lambda s, f: Clock.schedule_once(lambda _: f(), s), load_tokens().sound_gap)
        self.rate = rate.FrameRate(_set_rate)

    # --- life --------------------------------------------------------------------------------------------------------

    def build(self) -> Any:
        """The shell. Screens are imported here, so that a broken one is met by the exception handler."""
        from ui import theme  # noqa: F401  # registers the building blocks
        from ui.shell import Shell

        ExceptionManager.add_handler(self._handler)
        self._collected = gc.get_threshold()
        gc.set_threshold(*COLLECT)
        self.shell = Shell(self)
        self.shell.size = Window.size
        Window.clearcolor = self.look.colour("paper")
        Window.bind(on_key_down=self._key_down, on_textinput=self._text_typed)
        Window.bind(on_request_close=lambda *_, **__: True, on_resize=self._resized)
        Window.bind(on_touch_down=self._touched)
        Clock.schedule_interval(self._each_second, 1.0)
        return self.shell

    def on_start(self) -> None:
        """The window is there: take what waits."""
        self.bridge.attach(self._wake_bridge)

    def on_stop(self) -> None:
        """Leave nothing behind."""
        gc.set_threshold(*self._collected)
        self._wake_ready.cancel()
        self.text.close()
        ExceptionManager.remove_handler(self._handler)
        Window.unbind(on_key_down=self._key_down, on_textinput=self._text_typed)
        Window.unbind(on_resize=self._resized, on_touch_down=self._touched)

    def open_settings(self, *_: object) -> bool:
        """Kivy's own settings panel does not exist here."""
        return False

    @property
    def still(self) -> bool:
        """All is drawn that was told; nothing moves."""
        return self._wanted is None and self.text.idle and not self.shell.moving

    # --- screen values -----------------------------------------------------------------------------------------------

    def _take(self, *_: object) -> None:
        wanted = self.bridge.take() or self._wanted
        if wanted is None:
            return
        view = next_step(self.shell.view, wanted)
        self._wanted = None if view is wanted else wanted
        self.rate.may_rest(isinstance(view, (screens.Start, screens.Starting, screens.OutOfOrder)))
        self.rate.stirred(time.monotonic())
        self._new_visit(view)
        self._leave_crash()
        if language(view.frame.language).rtl != self.look.rtl:
            self._dress(rtl=language(view.frame.language).rtl)
        self.shell.show(view)
        self._cues.hear(view.frame.cues)
        if self._wanted is not None:
            self._wake_step()
        else:
            self._wake_ready()

    def _new_visit(self, view: screens.Screen) -> None:
        """At the start screen of another visit nothing of the last one is left: no settings, no words."""
        if self._session is None or (isinstance(view, screens.Start) and view.frame.session != self._session):
            self._session = view.frame.session
            self.text.forget()
            sentences.forget()
            if self.look.choices != self.own_choices:
                self.choose(self.own_choices)

    def _make_ready(self, *_: object) -> None:
        """Prepare the next screens one by one."""
        if self.crashed is not None:
            return
        if self.shell.make_ready():
            self._wake_ready()
        elif isinstance(self.shell.view, screens.Start) and self._tidy != self._session:
            self._tidy = self._session  # once a visit, while nobody waits: no collection holds up a patron later
            gc.unfreeze()
            gc.collect()
            gc.freeze()

    def speaker(self, tag: str) -> Speaker:
        """Says sentences in a language."""
        return Speaker(tag, self.now().date())

    def post(self, intent: messages.Intent) -> None:
        """Report an intent to the core."""
        self.posted += 1
        self.bridge.post(intent)
        self.bridge.wait(ANSWER_SECONDS)

    def stirred_only(self) -> None:
        """Somebody is there but chose nothing."""
        now = time.monotonic()
        if now - self._last_stir >= STIR_SECONDS:
            self._last_stir = now
            self.post(messages.MoreTime())

    # --- look --------------------------------------------------------------------------------------------------------

    def choose(self, choices: Choices) -> None:
        """The patron changed text, colours or sound."""
        only_sounds = Choices(choices.theme, choices.size, choices.low, choices.less_motion, self.look.choices.sounds)
        self._dress(choices=choices)
        if only_sounds != self.look.choices:
            self._sound("seen")

    def _dress(self, choices: Choices | None = None, rtl: bool | None = None) -> None:
        width, height = map(float, Window.size)
        self.look = Look(width, height, choices or self.look.choices, self.look.rtl if rtl is None else rtl)
        Window.clearcolor = self.look.colour("paper")
        self.shell.rebuild()

    def _resized(self, *_: object) -> None:
        if Window.size != (self.look.width, self.look.height):
            self._dress()

    def icon_texture(self, name: str) -> Any:
        """Texture of a symbol, for ``.kv`` files."""
        return load(ASSETS / "icons" / f"{name}.png")

    def _collect_text(self, *_: object) -> None:
        self.text.collect()

    def _each_second(self, *_: object) -> None:
        now = time.monotonic()
        self.rate.look(now)
        if self.shell.page is not None:
            self.shell.page.clock(self.now())

    # --- sound -------------------------------------------------------------------------------------------------------

    def _sound(self, name: str) -> None:
        if self.look.choices.sounds:
            self.sounds.play(name)

    def tick(self) -> None:
        """The sound of a touched control."""
        self._sound("key")

    # --- input -------------------------------------------------------------------------------------------------------

    def _touched(self, *_: object) -> bool:
        self.rate.stirred(time.monotonic())
        return False

    def _key_down(self, _: object, key: int, scancode: int, codepoint: str | None, modifiers: list[str]) -> bool:
        """Every key ends here: none reaches Kivy, so none can leave the screen."""
        now = time.monotonic()
        self.rate.stirred(now)
        self._take_pressed()
        if not {"ctrl", "alt", "meta"} & set(modifiers):
            self._pressed = pressed(key, codepoint, modifiers, now)
        if self._pressed is not None and self._pressed.certain:
            self._take_pressed()
        else:
            self._wake_pressed()
        return True

    def _text_typed(self, _: object, text: str) -> bool:
        """The system says what the key before it types, in its own layout; that is better than what we think."""
        held = self._pressed
        self._pressed = Pressed(text, held.name if held else "", held.at if held else time.monotonic())
        self._take_pressed()
        return True

    def _take_pressed(self, *_: object) -> None:
        """To the scanner's ear at once, and to the person's screen when it is clear whose key it was."""
        taken, self._pressed = self._pressed, None
        if taken is None:
            return
        if taken.text:
            self._on_key(taken.text, taken.at)
        self._strokes(self._keys.feed(Stroke(taken.text, taken.name), taken.at))
        if self._keys.waiting:
            Clock.schedule_once(self._keys_due, GAP_SECONDS)

    @property
    def typing(self) -> bool:
        """A key is held back until it is clear whose it is."""
        return self._pressed is not None or self._keys.waiting

    def _keys_due(self, *_: object) -> None:
        self._strokes(self._keys.due(time.monotonic()))
        if self._keys.waiting:
            Clock.schedule_once(self._keys_due, GAP_SECONDS)

    def _strokes(self, strokes: tuple[Stroke, ...]) -> None:
        for stroke in strokes:
            before = self.posted
            self.shell.key(stroke.name, stroke.text if stroke.text.isdigit() else "")
            if self.posted == before:
                self.shell.somebody_is_there()

    # --- when the screen itself fails --------------------------------------------------------------------------------

    def crash(self, error: BaseException) -> None:
        """Something failed while drawing or handling input: out of order until the next value can be shown."""
        view = self.shell.view if hasattr(self, "shell") else None
        log.error(
            "screen failed", screen=type(view).__name__ if view else "", error=type(error).__name__, trace=_trace(error)
        )
        Builder.rulectx.clear()  # a rule that failed half-way would be refused for ever
        if self.crashed is None:
            tag = view.frame.language if view is not None else "en"
            self.crashed = FallbackPage(tag, self.look)
            Window.add_widget(self.crashed)

    def _leave_crash(self) -> None:
        if self.crashed is not None:
            Window.remove_widget(self.crashed)
            self.crashed = None
            self.shell.reset()


class _Survivor(ExceptionHandler):  # type: ignore[misc]  # Kivy is untyped
    """Kivy asks it about every exception of the main loop."""

    def __init__(self, app: KioskApp) -> None:
        super().__init__()
        self._app = app

    def handle_exception(self, inst: BaseException) -> int:
        """Errors become the out-of-order screen; a wish to end the program stays one."""
        if not isinstance(inst, Exception):
            return int(ExceptionManager.RAISE)
        self._app.crash(inst)
        return int(ExceptionManager.PASS)


def _trace(error: BaseException) -> str:
    """Where it happened, and which file of ours is missing. No other error's words: they may hold a name."""
    lines: list[str] = []
    cause: BaseException | None = error
    while cause is not None:
        told = f"{type(cause).__name__}: {cause}" if isinstance(cause, FileOfOursMissing) else type(cause).__name__
        lines = [*traceback.format_tb(cause.__traceback__), f"{told}\n", *lines]
        cause = cause.__cause__ or cause.__context__
    return "".join(lines)


def _set_rate(frames: int) -> None:
    Clock._max_fps = float(frames)  # noqa: SLF001  # Kivy reads its configuration only once and has no other way
