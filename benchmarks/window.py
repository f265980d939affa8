"""One window under measurement, as a child of ``benchmarks.screen``: the machine's, or a bare one with as many labels.

``python -m benchmarks.window bare LABELS`` or ``machine CONFIG``. Takes lines on standard input, answers each with one
line of JSON: ``touch N`` (seconds from a touch to the changed picture), ``idle S`` (share of a core), ``memory`` (MB),
``stack N`` (milliseconds of own work before each frame until N rows are done), ``labels``.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ui.environment import WindowSettings, prepare

PAUSE = 1.0  # seconds between two touches: longer than the guard against double touches, as long as a glance takes


class Loop:
    """Kivy's main loop, turned by hand, with the thread's own time between two pictures."""

    def __init__(self) -> None:
        from kivy.core.window import Window

        self.own: list[float] = []
        self.drawing: Callable[[], None] = lambda: None
        self._since = time.thread_time()
        Window.bind(on_draw=self._begins)

    def _begins(self, *_: object) -> None:
        """Everything before this was ours; from here on the picture is drawn."""
        self.own.append(time.thread_time() - self._since)
        self.drawing()

    def turn(self) -> None:
        """Once round, and wait until the picture is there."""
        from kivy.base import EventLoop
        from kivy.core.window import Window
        from kivy.graphics.opengl import glFinish

        EventLoop.idle()
        Window.mainloop()
        glFinish()
        self._since = time.thread_time()

    def run(self, seconds: float) -> None:
        """Turn for a while as the real loop does."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()

    def until(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        """Turn until something is true; raises TimeoutError."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(str(condition))
            self.turn()


class Bare:
    """A window with labels; a touch changes all their texts."""

    def __init__(self, labels: int) -> None:
        home = tempfile.mkdtemp(prefix="bare-")
        prepare(WindowSettings(Path(home)))
        del os.environ["KIVY_CLOCK"]  # as Kivy comes
        from kivy.core.window import Window
        from kivy.uix.gridlayout import GridLayout
        from kivy.uix.label import Label

        self.loop = Loop()
        self._labels = [Label(text=f"label {number}", font_size=34) for number in range(labels)]
        grid = GridLayout(cols=2, size=Window.size)
        for label in self._labels:
            grid.add_widget(label)
        grid.on_touch_up = self._touched
        Window.add_widget(grid)
        from kivy.base import EventLoop

        EventLoop.ensure_window()
        self._count = 0
        self.loop.run(0.5)

    def _touched(self, _: object) -> bool:
        self._count += 1
        for number, label in enumerate(self._labels):
            label.text = f"text {number} after {self._count}"
        return True

    def labels(self) -> int:
        """How many there are."""
        return len(self._labels)

    def touch(self, times: int) -> Iterator[float]:
        """Seconds from each touch to the changed picture."""
        from kivy.base import EventLoop

        from ui.pilot import PilotTouch

        for _ in range(times):
            self.loop.run(0.05)
            began = time.perf_counter()
            touch = PilotTouch(300, 300)
            EventLoop.post_dispatch_input("begin", touch)
            EventLoop.post_dispatch_input("end", touch)
            self.loop.turn()
            yield time.perf_counter() - began


class Machine:
    """The machine, joined as ``kiosk run`` joins it."""

    def __init__(self, config: Path) -> None:
        from kiosk import logs
        from kiosk.config import load
        from ui.main import Joined

        logs.set_up()
        self.joined = Joined(load(config))
        from ui.pilot import Pilot

        self.pilot = Pilot(self.joined.screen)
        self.joined.kiosk.start()
        self.pilot.start()
        self.loop = Loop()
        self.loop.until(lambda: self._shows("Start"))
        self.loop.turn()

    def _shows(self, name: str) -> bool:
        app = self.pilot.app
        return type(app.shell.view).__name__ == name and app.text.idle

    def labels(self) -> int:
        """How many texts the card page has: what the touch to it draws."""
        self.pilot.tap("borrow")
        self.loop.until(lambda: self._shows("Card"))
        count = len(self.pilot.texts())
        self.loop.run(PAUSE)
        self.pilot.tap("back")
        self.loop.until(lambda: self._shows("Start"))
        return count

    def touch(self, times: int) -> Iterator[float]:
        """Seconds from each touch to the next page's whole picture, through the core and back."""
        from kivy.base import EventLoop

        from ui.pilot import PilotTouch

        for number in range(times):
            name, page = (("borrow", "CardPage"), ("back", "StartPage"))[number % 2]
            self.loop.run(PAUSE)
            touch = PilotTouch(*self.pilot.find(name).center)
            began = time.perf_counter()
            EventLoop.post_dispatch_input("begin", touch)
            EventLoop.post_dispatch_input("end", touch)
            self._draws(page)
            yield time.perf_counter() - began

    def _draws(self, page: str) -> None:
        """Turn until a picture was drawn with every text of this page in it."""
        drawn: list[bool] = []
        shell, text = self.pilot.app.shell, self.pilot.app.text
        self.loop.drawing = lambda: drawn.append(type(shell.page).__name__ == page and text.idle)
        while not any(drawn):
            self.loop.turn()
        self.loop.drawing = lambda: None

    def stack(self, count: int) -> None:
        """Turn until so many rows are done; the parent has signed somebody in and lays things down."""
        self.loop.own.clear()

        def done() -> bool:
            rows = getattr(self.pilot.app.shell.view, "rows", ())
            return len([row for row in rows if row.state == "lent"]) >= count

        self.loop.until(done)


def cpu_share(loop: Loop, seconds: float) -> float:
    """Share of a core this process used while its loop turned."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.monotonic()
    loop.run(seconds)
    after = resource.getrusage(resource.RUSAGE_SELF)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used / (time.monotonic() - began)


def memory() -> float:
    """Resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def answer(window: Any, words: list[str]) -> Any:
    """Carry out one line."""
    match words:
        case ["touch", times]:
            return list(window.touch(int(times)))
        case ["idle", seconds]:
            return cpu_share(window.loop, float(seconds))
        case ["memory"]:
            return memory()
        case ["labels"]:
            return window.labels()
        case ["sign-in", pin]:
            for digit in pin:
                window.pilot.tap(f"key-{digit}")
            window.pilot.tap("key-ok")
            window.loop.until(lambda: type(window.pilot.app.shell.view).__name__ == "Borrow")
            return True
        case ["shows", name]:
            window.loop.until(lambda: type(window.pilot.app.shell.view).__name__ == name)
            return True
        case ["stack", count]:
            window.stack(int(count))
            return [seconds * 1000 for seconds in window.loop.own]
    raise ValueError(f"there is nothing to do for {words}")


def main() -> None:
    """Run one window until standard input ends."""
    kind, argument = sys.argv[1:]
    window = Bare(int(argument)) if kind == "bare" else Machine(Path(argument))
    print(json.dumps("ready"), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(window, line.split())), flush=True)
    if isinstance(window, Machine):
        window.pilot.stop()
        window.joined.kiosk.stop()


if __name__ == "__main__":
    main()
