"""After each test: no thread, open file, socket, pseudo-terminal or child process more than before.

Watches this process only; what the started programs leave behind is for the tests that start them.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PATIENCE = 3.0  # seconds in which a thread or child that is on its way out may end
OPEN_FILES = Path("/proc/self/fd")
TASKS = Path("/proc/self/task")
# Held open by libraries for the life of the process, once for all tests.
KEPT = ("/dev/urandom", "/dev/random", "/dev/null", "anon_inode:[eventpoll]")


@dataclass(frozen=True, slots=True)
class Held:
    """What this process holds: threads, open files by number, child processes."""

    threads: frozenset[threading.Thread]
    files: frozenset[tuple[int, str]]
    children: frozenset[int]

    def beyond(self, before: Held) -> Held:
        """What is held now and was not before."""
        return Held(self.threads - before.threads, self.files - before.files, self.children - before.children)

    def __bool__(self) -> bool:
        return bool(self.threads or self.files or self.children)

    def __str__(self) -> str:
        named = {
            "threads": sorted(thread.name for thread in self.threads),
            "files": [f"{number}: {target}" for number, target in sorted(self.files)],
            "child processes": [f"{child}: {_command(child)}" for child in sorted(self.children)],
        }
        return "; ".join(f"{kind} {found}" for kind, found in named.items() if found)


def held() -> Held:
    """What this process holds now."""
    # AnyIO keeps its idle worker threads for the next call.
    threads = {t for t in threading.enumerate() if t.is_alive() and not t.name.startswith("AnyIO worker")}
    return Held(frozenset(threads), frozenset(_files()), frozenset(_children()))


def _files() -> Iterator[tuple[int, str]]:
    for name in os.listdir(OPEN_FILES):  # noqa: PTH208 - a Path would open the folder once more while we look
        try:
            target = os.readlink(OPEN_FILES / name)  # noqa: PTH115 - the target is text, not always a path
        except OSError:  # the folder just listed
            continue
        if not target.startswith(KEPT):
            yield int(name), target


def _children() -> Iterator[int]:
    for task in TASKS.iterdir():
        try:
            listed = (task / "children").read_text("ascii")
        except OSError:  # a thread that has just ended
            continue
        yield from map(int, listed.split())


def _command(child: int) -> str:
    try:
        words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "ended"
    return words[0].decode(errors="replace") or "ended, but nobody waited for it"


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> Iterator[None]:
    """Compare what is held before and after the test."""
    before = held()
    yield
    end = time.monotonic() + PATIENCE
    while left := held().beyond(before):
        if time.monotonic() > end:
            pytest.fail(f"left behind: {left}")
        gc.collect()  # what only a cycle keeps open
        time.sleep(0.01)
