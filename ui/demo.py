"""Touches in, as lines of JSON, from the process that started ``kiosk demo``: what a finger, a scanner or an eye does.

``{"touch": "borrow"}`` touches a control by its name or words as soon as it is there, ``{"keys": "1234"}`` types as a
person, ``{"scan": "2000"}`` as a scanner, ``{"key": "help"}`` presses a named key, ``{"picture": "FILE"}`` saves a
picture, ``{"sees": "words"}`` waits for words. Each is answered by ``{"done": ...}`` or ``{"error": ...}``, in order.
Not responsible for what is done with a touch (pilot, app).
"""

from __future__ import annotations

import json
import queue
from collections.abc import Callable, Mapping
from pathlib import Path

from ui.app import KioskApp
from ui.pilot import KEYS, Pilot, PilotError

PATIENCE = 10.0  # seconds until a control or words must be there


def _touch(pilot: Pilot, name: str) -> None:
    pilot.wait(lambda: pilot.has(name), PATIENCE, f"something to touch called {name!r}")
    pilot.settle()
    pilot.tap(name)


def _key(pilot: Pilot, name: str) -> None:
    if name not in KEYS:
        raise PilotError(f"there is no key {name!r}; there are {', '.join(KEYS)}")
    pilot.key(name)


def _sees(pilot: Pilot, words: str) -> None:
    pilot.wait(lambda: pilot.sees(words), PATIENCE, f"the words {words!r}")


ORDERS: Mapping[str, Callable[[Pilot, str], None]] = {
    "touch": _touch,
    "keys": Pilot.type,
    "scan": Pilot.scan,
    "key": _key,
    "picture": lambda pilot, file: pilot.picture(Path(file)),
    "sees": _sees,
}


def obey(pilot: Pilot, line: str) -> dict[str, str]:
    """Carry out one line; the answer to it."""
    try:
        ((name, value),) = json.loads(line).items()
        order = ORDERS[name]
        if not isinstance(value, str):
            raise TypeError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {"error": f"a line is one of {', '.join(ORDERS)} with a text"}
    try:
        order(pilot, value)
    except (PilotError, OSError) as error:
        return {"error": str(error)}
    return {"done": name}


def drive(app: KioskApp, orders: queue.SimpleQueue[str | None], answer: Callable[[str], None]) -> None:
    """Show the app and obey until ``None`` comes or the window is gone."""
    pilot = Pilot(app)
    pilot.start()
    try:
        while True:
            pilot.frames(1)
            try:
                line = orders.get_nowait()
            except queue.Empty:
                continue
            if line is None:
                return
            answer(json.dumps(obey(pilot, line), ensure_ascii=False))
    finally:
        pilot.stop()
