"""The service's log: one line for each event, and of an error only its kind and where it happened.

Responsible for that nothing personal gets into the log with an error: neither its text nor the values around it are
written, for both may hold a PIN, a card number or a name. Not responsible for what the rest of the service logs.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog

MOST_PLACES = 8  # innermost first
FOREIGN_LOGGERS = ("uvicorn", "asyncio", "apscheduler")  # log errors of ours by the standard library


def places(error: BaseException) -> str:
    """Where an error came from: file, line and function, innermost first."""
    frames = [
        f"{Path(frame.f_code.co_filename).name}:{line}:{frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " < ".join(frames[: -MOST_PLACES - 1 : -1])


def _without_text(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        event["error"] = type(error).__name__
        event["at"] = places(error)
    return event


class _WithoutText(logging.Formatter):
    def formatException(  # noqa: N802 - the standard library's name
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        return f"{type(ei[1]).__name__} at {places(ei[1])}" if ei[1] is not None else ""


class _StandardError(logging.Handler):
    """Whatever standard error is at the time."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"{self.format(record)}\n")


def _logger(*_: Any) -> structlog.PrintLogger:
    return structlog.PrintLogger(sys.stderr)


def configure() -> None:
    """Log to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_text,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=_logger,
    )
    handler = _StandardError()
    handler.setFormatter(_WithoutText("timestamp=%(asctime)s level=%(levelname)s event=%(name)s text=%(message)r"))
    for name in FOREIGN_LOGGERS:
        foreign = logging.getLogger(name)
        foreign.handlers, foreign.propagate = [handler], False
        foreign.setLevel(logging.WARNING)
