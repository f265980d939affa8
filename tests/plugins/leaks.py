"""After each test no thread, file, socket or pseudo-terminal more than before."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE = 3.0  # seconds in which a thread that is on its way out may end
PROC = Path("/proc/self/fd")
KEPT = ("/dev/urandom", "/dev/random", "/dev/null", "anon_inode:[eventpoll]")


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.is_alive()}


def _files() -> dict[int, str]:
    found: dict[int, str] = {}
    for name in os.listdir(PROC):  # noqa: PTH208 - pathlib would open one more
        try:
            target = os.readlink(PROC / name)  # noqa: PTH115
        except OSError:
            continue
        if not target.startswith(KEPT) and "/proc/" not in target and not target.endswith((".py", ".pyc")):
            found[int(name)] = target
    return found


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare threads and open files before and after; a test that keeps some on purpose says so by a marker."""
    threads, files = _threads(), _files()
    yield
    if request.node.get_closest_marker("slow") is None and request.node.get_closest_marker("leaves_files"):
        return
    end = time.monotonic() + PATIENCE
    while True:
        gc.collect()
        new_threads = {thread for thread in _threads() - threads if not thread.name.startswith("AnyIO worker")}
        new_files = {number: name for number, name in _files().items() if files.get(number) != name}
        if not new_threads and not new_files:
            return
        if time.monotonic() > end:
            pytest.fail(f"left behind: threads {sorted(t.name for t in new_threads)}, files {new_files}")
        time.sleep(0.02)
