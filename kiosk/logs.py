"""The machine's log: one line of JSON for each event, and of an error only its kind and where it happened.

Responsible for that nothing personal gets into the log with an error: neither its text nor the values around it are
written, for both may hold a PIN, a card number or a name. Not responsible for what the rest of the machine logs.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import structlog

MOST_PLACES = 12  # innermost first


def places(error: BaseException) -> str:
    """Where an error came from: file, line and function, innermost first."""
    found = [
        f"{Path(frame.f_code.co_filename).name}:{line}:{frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " < ".join(found[: -MOST_PLACES - 1 : -1])


def without_text(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Put an error's kind and place where its text would stand."""
    given = event.pop("exc_info", None)
    error = given if isinstance(given, BaseException) else sys.exc_info()[1] if given else None
    if error is not None:
        event["error"] = type(error).__name__
        event["at"] = places(error)
    return event


class _Forward(logging.Handler):
    """What drivers and libraries log by the standard library, in the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        text = record.getMessage()
        structlog.get_logger(record.name).log(record.levelno, text, exc_info=error)


def _logger(*_: Any) -> structlog.PrintLogger:
    """Writes to whatever standard error is at the time."""
    return structlog.PrintLogger(sys.stderr)


def set_up() -> None:
    """Log to standard error."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            without_text,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_logger,
    )
    root = logging.getLogger()
    root.handlers = [_Forward()]
    root.setLevel(logging.WARNING)
