"""The root of the window: the page, a sheet over it, and the focus ring. Decides what a screen value changes.

A value of the class already shown changes that page in place; another class makes a new one. Not responsible for input
that is not touch (app) or for what stands on a page (screens).
"""

from __future__ import annotations

from typing import Any

from kivy.clock import Clock

from kiosk import messages, screens
from ui.focus import FocusRing, tappables
from ui.screens.table import LOCAL, PAGES, SHEETS, SOON, UNATTENDED
from ui.sentences import Speaker
from ui.widgets.page import Page
from ui.widgets.part import Part
from ui.widgets.sheet import Sheet


class Shell(Part):
    """Holds one page and at most one sheet or screen of the ui's own."""

    def __init__(self, app: Any) -> None:
        super().__init__()
        self._app = app
        self._shown: screens.Screen | None = None  # the newest value
        self._under: screens.Screen | None = None  # the newest value that is a page
        self.page: Page | None = None
        self.sheet: Sheet | None = None
        self.local: Page | Sheet | None = None
        self._local_name: tuple[str, str] = ("", "")
        self._ready: dict[type[Page], Page] = {}
        self.ring = FocusRing()
        self.canvas.after.add(self.ring)

    @property
    def view(self) -> screens.Screen | None:
        """The newest screen value shown."""
        return self._shown

    @property
    def front(self) -> Page | Sheet | None:
        """What takes touches and keys now."""
        return self.local or self.sheet or self.page

    @property
    def moving(self) -> bool:
        """Something is still on its way."""
        return any(getattr(part, "moving", False) for part in (self.page, self.sheet, self.local))

    # --- showing -----------------------------------------------------------------------------------------------------

    def show(self, view: screens.Screen) -> None:
        """Show a screen value: change what changed, in this frame."""
        speaker = self._app.speaker(view.frame.language)
        if type(view) in SHEETS:
            self._show_sheet(view, speaker)
        else:
            self._show_page(view, speaker)
        self._shown = view
        self._refresh_local(view, speaker)
        self._place()

    def _show_page(self, view: screens.Screen, speaker: Speaker) -> None:
        self._drop_sheet()
        if self.page is None or type(self.page) is not PAGES[type(view)]:
            self._close_local()
            self._drop(self.page)
            kind = PAGES[type(view)]
            self.page = self._ready.pop(kind, None) or kind()
            self.add_widget(self.page, index=len(self.children))
        self._under = view
        self.page.show(view, speaker)

    def make_ready(self) -> bool:
        """Build a page the next touch may lead to, or a part of this one, while nobody waits. False if all is there."""
        soon = SOON.get(type(self._shown), ())
        self._ready = {kind: page for kind, page in self._ready.items() if kind in soon}
        for kind in soon:
            if kind not in self._ready and type(self.page) is not kind:
                self._ready[kind] = kind()
                return True
        return self.page is not None and self.page.make_ready()

    def _show_sheet(self, view: screens.Screen, speaker: Speaker) -> None:
        self._close_local()
        if self.page is None:
            self._show_page(screens.Starting(view.frame), speaker)
        if self.sheet is None or type(self.sheet) is not SHEETS[type(view)]:
            self._drop_sheet()
            self.sheet = SHEETS[type(view)]()
            self.add_widget(self.sheet)
            self.sheet.enter()
        self.sheet.show(view, speaker)

    def _refresh_local(self, view: screens.Screen, speaker: Speaker) -> None:
        if self.local is None:
            return
        if self.local.still_wanted(view):
            self.local.show(view, speaker)
        else:
            self._close_local()

    def _drop_sheet(self) -> None:
        sheet, self.sheet = self.sheet, None
        leave = getattr(sheet, "leave", None)
        if leave is not None:
            leave()
        self._drop(sheet)

    def _drop(self, part: Part | None) -> None:
        if part is not None:
            self.remove_widget(part)

    def _place(self) -> None:
        for part in (self.page, self.sheet, self.local):
            if part is not None:
                part.place(self.x, self.top, self.width, self.height)
        if self.front is not None:
            self.ring.keep(self.front)

    def reset(self) -> None:
        """Drop everything shown, as if nothing had come yet."""
        self.clear_widgets()
        self.page = self.sheet = self.local = None
        self._ready.clear()
        self._shown = self._under = None
        self._local_name = ("", "")
        self.ring.hide()
        self.look = self._app.look
        self.size, self.pos = (self.look.width, self.look.height), (0, 0)

    def rebuild(self) -> None:
        """Make everything anew: theme, text size, direction or window changed."""
        name, view, under = self._local_name, self._shown, self._under
        self._drop_sheet()
        self.reset()
        if view is None:
            return
        if under is not None and under is not view:
            self.show(under)
        self.show(view)
        if name[0]:
            self._open(*name, enter=False)

    # --- screens of the ui's own -------------------------------------------------------------------------------------

    def open_local(self, name: str, key: str = "") -> None:
        """Open "display", "language" or "parts" (of the row ``key``)."""
        self._open(name, key, enter=True)

    def _open(self, name: str, key: str, enter: bool) -> None:
        view = self._shown
        if view is None:
            return
        self._close_local()
        self.local = LOCAL[name](key) if key else LOCAL[name]()
        self._local_name = (name, key)
        self.local.over = True
        self.add_widget(self.local)
        if enter and isinstance(self.local, Sheet):
            self.local.enter()
        self.local.show(view, self._app.speaker(view.frame.language))
        self._place()

    def close_local(self) -> None:
        """Back to what the core shows."""
        self._close_local()
        self._place()

    def _close_local(self) -> None:
        local, self.local, self._local_name = self.local, None, ("", "")
        self._drop(local)

    # --- input -------------------------------------------------------------------------------------------------------

    def on_touch_down(self, touch: Any) -> bool:
        """Only what is in front is touched."""
        self.ring.hide()
        front = self.front
        if front is None:
            return True
        touch.ud["posted"] = self._app.posted
        front.on_touch_down(touch)
        return True

    def on_touch_up(self, touch: Any) -> bool:
        """A touch that led to nothing still says that somebody is there; controls act after this, so ask later."""
        handled = bool(super().on_touch_up(touch))
        Clock.schedule_once(lambda _: self._after_touch(touch.ud.get("posted")), 0)
        return handled

    def _after_touch(self, posted_before: int | None) -> None:
        if posted_before is not None and self._app.posted == posted_before:
            self.somebody_is_there()

    def somebody_is_there(self) -> None:
        """A touch or key that says nothing else says at least that."""
        if self._shown is not None and not isinstance(self._shown, UNATTENDED):
            self._app.stirred_only()

    def key(self, name: str, digit: str) -> None:
        """A person's key."""
        front = self.front
        if front is None or (digit and front.type_digit(digit)):
            return
        if name == "ok":
            self._ok(front)
        elif name in {"next", "previous"}:
            self.ring.move(front, 1 if name == "next" else -1)
        elif name == "help":
            self._app.post(messages.AskHelp())
        elif name == "back" and not front.key(name):
            self._back(front)
        elif name == "erase":
            front.key(name)

    def _ok(self, front: Page | Sheet) -> None:
        """Enter touches what has the ring; without a ring it is the page's, else it brings the ring."""
        if self.ring.target is not None:
            self.ring.target.tap()
        elif not front.key("ok"):
            self.ring.move(front, 1)

    def _back(self, front: Page | Sheet) -> None:
        """Escape touches the page's own "back", where it has one."""
        target = next((part for part in tappables(front) if part.name == "back"), None)
        if target is not None:
            target.tap()
