"""What the screen costs, beside a bare Kivy window with as many labels in the same run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.stacks import CARD, PIN, free_books, lift_the_limit
from sim.stage import Stage

TOUCHES, BARE_TOUCHES = 60, 200
IDLE_SECONDS = 20
SETTLE_SECONDS = 12  # until the screen rests
ITEMS = 20
ENV = {"SDL_VIDEODRIVER": "offscreen"}


@dataclass(frozen=True, slots=True)
class Cost:
    """One figure of the machine beside the bare window's. ``limit``: what it must not be more than."""

    name: str
    unit: str
    machine: float
    bare: float | None
    limit: str


class Window:
    """A window in a process of its own."""

    def __init__(self, lines: IO[str], answers: IO[str], began: float) -> None:
        self._lines, self._answers = lines, answers
        self.answer()
        self.start_seconds = time.monotonic() - began

    def ask(self, line: str) -> Any:
        """Have it do something; what it measured."""
        self.tell(line)
        return self.answer()

    def tell(self, line: str) -> None:
        """Have it begin to do something."""
        self._lines.write(line + "\n")
        self._lines.flush()

    def answer(self) -> Any:
        """What it measured for a line told before."""
        line = self._answers.readline()
        if not line:
            raise RuntimeError("the window ended")
        return json.loads(line)


@contextmanager
def window(kind: str, argument: str, env: dict[str, str]) -> Iterator[Window]:
    """Open one."""
    command = [sys.executable, "-m", "benchmarks.window", kind, argument]
    began = time.monotonic()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **ENV, **env}
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("no pipes")
        yield Window(process.stdin, process.stdout, began)
        process.stdin.close()


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of them do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def measure() -> Iterator[Cost]:
    """Every figure, the two windows one after the other so that they do not draw against each other."""
    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder), machine=None) as stage:
        lift_the_limit(stage, Path(folder), 2 * ITEMS)
        with window("machine", str(stage.config), stage.env()) as machine:
            start = machine.start_seconds
            labels = machine.ask("labels")
            touches = machine.ask(f"touch {TOUCHES}")
            machine.ask(f"idle {SETTLE_SECONDS}")
            idle = machine.ask(f"idle {IDLE_SECONDS}")
            own = _stack(stage, machine)
            memory = machine.ask("memory")
        with window("bare", str(labels), {}) as bare:
            bare_touches = bare.ask(f"touch {BARE_TOUCHES}")
            bare_idle = bare.ask(f"idle {IDLE_SECONDS}")
            bare_memory = bare.ask("memory")
    yield Cost(
        f"touch to changed picture, p99 ({labels} labels)",
        "ms",
        percentile(touches, 0.99) * 1000,
        percentile(bare_touches, 0.99) * 1000,
        "1.5 times",
    )
    yield Cost(
        "touch to changed picture, median", "ms", statistics.median(touches) * 1000,
        statistics.median(bare_touches) * 1000, "",
    )  # fmt: skip
    yield Cost("idle, polling the pad", "% of a core", idle * 100, bare_idle * 100, "1 more")
    yield Cost(f"memory after a visit with {ITEMS} items", "MB", memory, bare_memory, "120 more")
    yield Cost(f"own work before a frame, most, {ITEMS} items", "ms", max(own), None, "8")
    yield Cost("own work before a frame, p99", "ms", percentile(own, 0.99), None, "")
    yield Cost("start to usable screen", "s", start, None, "2")


def _stack(stage: Stage, machine: Window) -> list[float]:
    """Milliseconds of own work before each frame while twenty books are lent."""
    books = free_books(stage)[:ITEMS]
    stage.sim(f"present {CARD}")
    machine.ask("shows Pin")
    machine.ask(f"sign-in {PIN}")
    machine.tell(f"stack {ITEMS}")
    stage.sim(f"put {' '.join(books)}")
    own: list[float] = machine.answer()
    return own
