"""Calls that may never come back, with a deadline.

Responsible for running a blocking function of a foreign library in a thread of its own. Not responsible for ending
such a call: nobody can. While one hangs, no other is started, so at most one thread is lost however often the caller
tries.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import TypeVar

from drivers.api import LinkTimeout

T = TypeVar("T")
_Call = Callable[[], None]


class Watchdog:
    """Runs one call at a time in a daemon thread. Used by one thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: SimpleQueue[_Call | None] | None = None
        self._thread: threading.Thread | None = None
        self._hanging: threading.Thread | None = None

    def call(self, function: Callable[[], T], seconds: float) -> T:
        """The function's result, or its exception.

        Raises:
            LinkTimeout: it did not return in time, or an earlier one still has not. Close then: what ``later`` has
                queued is done, and the thread ends, should the call ever return.
        """
        if self._hanging is not None:
            if self._hanging.is_alive():
                raise LinkTimeout(f"{self._name}: an earlier call still hangs")
            self._hanging = None
        calls = self._calls
        if calls is None:
            calls = self._calls = SimpleQueue()
            self._thread = threading.Thread(target=_serve, args=(calls,), name=f"{self._name}-calls", daemon=True)
            self._thread.start()
        done = threading.Event()
        results: list[T] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.append(function())
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that asked
                errors.append(error)
            finally:
                done.set()

        calls.put(run)
        if not done.wait(seconds):
            self._hanging = self._thread
            raise LinkTimeout(f"{self._name}: no answer within {seconds:.1f} s")
        if errors:
            raise errors[0]
        return results[0]

    def later(self, function: Callable[[], object]) -> None:
        """Run a function after the calls under way, if the thread ever comes to it; nobody hears of its result."""

        def run() -> None:
            with suppress(Exception):
                function()

        if self._calls is not None:
            self._calls.put(run)

    def close(self) -> None:
        """Let the thread end once its call returns. Idempotent; does not wait."""
        if self._calls is not None:
            self._calls.put(None)
        self._calls = self._thread = None


def _serve(calls: SimpleQueue[_Call | None]) -> None:
    while True:
        call = calls.get()
        if call is None:
            return
        call()
