"""Waiting without sleeping blindly: for a condition, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_for(condition: Callable[[], T], seconds: float = 5.0, what: str = "") -> T:
    """Return the first true value of ``condition``; fail when the deadline passes.

    Args:
        condition: called again and again; its first true value is returned.
        seconds: deadline.
        what: named in the failure.
    """
    end = time.monotonic() + seconds
    pause = 0.001
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what or condition}; last value {value!r}")
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
