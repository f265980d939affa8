"""The desk's real window, without a display, over a real simulator in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sim.client import send
from tests.ui.conftest import kivy_ready, nothing_is_left_behind
from tests.waiting import wait_for

__all__ = ["kivy_ready", "nothing_is_left_behind"]
SIZE = (1200, 1000)


def middle(part: Any) -> tuple[float, float]:
    """Where a finger touches it, in the window."""
    found: tuple[float, float] = part.to_window(*part.center)
    return found


class Table:
    """A desk that is open, and its simulator."""

    def __init__(self, app: Any, state: Path, simulator: subprocess.Popen[bytes]) -> None:
        self.app = app
        self.state = state
        self.simulator = simulator

    @property
    def view(self) -> Any:
        """What is in the window."""
        return self.app.view

    def ask(self, line: str) -> dict[str, Any]:
        """Ask the simulator."""
        return send(self.state, line)

    def send(self, device: str, data: bytes) -> None:
        """What a machine sends to a device."""
        line = json.loads((self.state / "sim.json").read_text("utf-8"))[device]
        port = os.open(line, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(port, data)
        finally:
            os.close(port)

    def frames(self, count: int = 3) -> None:
        """Let the window draw."""
        from kivy.base import EventLoop

        for _ in range(count):
            EventLoop.idle()

    def wait(self, condition: Callable[[], object], what: str = "") -> None:
        """Let the window go on until something is true."""

        def turn() -> object:
            self.frames(1)
            return condition()

        wait_for(turn, 10.0, what)

    def texts(self) -> list[str]:
        """All words in the window."""
        from kivy.uix.label import Label

        return [part.text for part in self.view.walk() if isinstance(part, Label)]

    def key(self, text: str) -> Any:
        """A key that can be pressed, by its words."""
        from sim.desk.looks import PushKey

        return next(part for part in self.view.walk() if isinstance(part, PushKey) and part.text.startswith(text))

    def piece(self, handle: str) -> Any:
        """What lies in the window under this handle."""
        return next(part for part in self.view.walk() if getattr(part, "handle", None) == handle)

    def press(self, text: str) -> None:
        """Touch a key, where the layout has put it by now."""
        self.frames()
        self.drag(middle(self.key(text)), ())

    def choose(self, handle: str) -> None:
        """Touch a thing."""
        self.drag(self.grip(handle), ())

    def carry(self, handle: str, place: Any) -> None:
        """Drag a thing to a place."""
        self.drag(self.grip(handle), [middle(place)])

    def grip(self, handle: str) -> tuple[float, float]:
        """Where a finger takes hold of a thing and not of one of its parts."""
        piece = self.piece(handle)
        found: tuple[float, float] = piece.to_window(piece.x + min(20, piece.width / 2), piece.center_y)
        return found

    def drag(self, start: Any, way: Any) -> None:
        """A finger from here along a way."""
        from kivy.base import EventLoop
        from kivy.core.window import Window

        from ui.pilot import PilotTouch

        touch = PilotTouch(*start)
        EventLoop.post_dispatch_input("begin", touch)
        for x, y in way:
            touch.move({"x": x / (Window.width - 1.0), "y": y / (Window.height - 1.0)})
            EventLoop.post_dispatch_input("update", touch)
        EventLoop.post_dispatch_input("end", touch)
        self.frames()


def serve(state: Path) -> list[str]:
    """The command of a simulator. Nothing listens where its central service should be; nobody asks for it."""
    options = ("--state", str(state), "--virtual-clock", "--central", "http://127.0.0.1:9")
    return [sys.executable, "-m", "sim", "serve", *options]


@pytest.fixture
def make_table(kivy_ready: None, tmp_path: Path) -> Iterator[Callable[..., Table]]:
    """Opens a desk over a simulator."""
    from kivy.core.window import Window

    from sim.desk.app import make_app

    made: list[Any] = []
    with subprocess.Popen(serve(tmp_path), stdout=subprocess.DEVNULL) as simulator:
        wait_for((tmp_path / "sim.json").exists, 20.0)
        before = Window.size

        def make(language: str = "en", size: tuple[int, int] = SIZE) -> Table:
            Window.size = size
            app = make_app(tmp_path, language)
            app._run_prepare()
            made.append(app)
            table = Table(app, tmp_path, simulator)
            table.wait(lambda: app.view._desk.table, "the first look")
            table.frames()
            return table

        yield make
        for app in made:
            app.stop()
        for child in list(Window.children):
            Window.remove_widget(child)
        Window.size = before
        simulator.terminate()


@pytest.fixture
def table(make_table: Callable[..., Table]) -> Table:
    """A desk in English."""
    return make_table()
