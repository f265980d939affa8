"""How long a stack takes from the pad to green rows, beside the air and line time of the commands used.

Each figure stands beside its physical limit: ``bound`` is what no machine on this air interface and line could beat,
``air`` and ``line`` what the reader spent on it, ``own`` the rest: central service, journal, screens, and
waiting between two looks at the pad.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.bound import Bound, checkout
from sim.stage import Screen, Stage, states

SIZES = (1, 5, 10, 20)
PATIENCE = 60.0
DEMO_RULES = Path(__file__).parents[1] / "circulation" / "demo" / "rules.toml"
CARD, PIN = "ada", "1234"


@dataclass(frozen=True, slots=True)
class Figure:
    """One stack. All times in seconds.

    Attributes:
        items: single books on the pad.
        total: from laying them down to the last green row.
        air, line: what the reader spent in that time, its looking for tags included.
        bound: least time for what had to be done.
    """

    items: int
    total: float
    air: float
    line: float
    bound: Bound

    @property
    def own(self) -> float:
        """What was neither air nor line."""
        return max(self.total - self.air - self.line, 0.0)

    @property
    def ratio(self) -> float:
        """How many times the physical limit."""
        return self.total / self.bound.total


def free_books(stage: Stage) -> list[str]:
    """Single books whose bit is armed, from the simulator's own list of things."""
    parts: dict[str, list[str]] = {}
    for tag in stage.sim("tags")["tags"]:
        parts.setdefault(str(tag["name"]).split("/")[0], []).append(str(tag["security"]))
    return [item for item, bits in parts.items() if item.isdigit() and bits == ["armed"]]


def measure() -> Iterator[Figure]:
    """One stack of each size, each in a session of its own, borrowed and returned."""
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as stage:
        lift_the_limit(stage, Path(folder), 2 * max(SIZES))
        for size in SIZES:
            yield _stack(stage, free_books(stage)[:size])


def lift_the_limit(stage: Stage, folder: Path, most: int) -> None:
    """The demo library lends 15 items; the largest stack is larger."""
    rules = folder / "rules.toml"
    text = DEMO_RULES.read_text("utf-8")
    rules.write_text(text.replace("value = 15\n", f"value = {most}\n"), "utf-8")
    stage.run("circulation", "rules", "publish", str(rules))


def _stack(stage: Stage, books: list[str]) -> Figure:
    stage.sign_in(CARD, PIN)
    stage.sim("reset-log")
    started = time.monotonic()
    stage.sim(f"put {' '.join(books)}")
    stage.wait_screen("Borrow", PATIENCE, lambda screen: _all(screen, books, "lent"))
    total = time.monotonic() - started
    spent: dict[str, Any] = stage.sim("log")["devices"]["pad"]
    air = sum(line["air_seconds"] for line in spent.values())
    line = sum(line["line_seconds"] for line in spent.values())
    _bring_back(stage, books)
    return Figure(len(books), total, air, line, checkout(len(books)))


def _all(screen: Screen, books: list[str], state: str) -> bool:
    found = states(screen)
    return all(found.get(book) == state for book in books)


def _bring_back(stage: Stage, books: list[str]) -> None:
    _leave(stage)
    stage.do("return")
    stage.wait_screen("Return", PATIENCE)
    stage.sim(f"put {' '.join(books)}")
    stage.wait_screen("Return", PATIENCE, lambda screen: _all(screen, books, "returned"))
    _leave(stage)


def _leave(stage: Stage) -> None:
    stage.sim("take all")
    stage.do("finish")
    stage.wait_screen(("ReceiptChoice", "Goodbye"), PATIENCE)
    stage.do("choose_receipt", way="none")
    stage.do("finish")
    stage.wait_screen("Start", PATIENCE)
