"""Counts, for each requirement number, the tests that carry it and how they ended.

``--requirements-file FILE`` writes {"R21": {"passed": 12, "failed": 0}} at the end of the run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

_COUNTS = pytest.StashKey[dict[str, dict[str, int]]]()
_NUMBERS = "requirements"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--requirements-file", default=None, help="write results by requirement number to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Start with nothing counted."""
    config.stash[_COUNTS] = defaultdict(lambda: {"passed": 0, "failed": 0})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hang each test's numbers onto it, so that its report carries them also from a worker process."""
    for item in items:
        for marker in item.iter_markers("requirement"):
            for number in marker.args:
                item.user_properties.append((_NUMBERS, str(number)))


def _count(config: pytest.Config, report: pytest.TestReport) -> None:
    if report.when != "call" and not report.failed:
        return
    for name, value in report.user_properties:
        if name == _NUMBERS:
            config.stash[_COUNTS][str(value)]["failed" if report.failed else "passed"] += 1


class _Counter:
    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one report."""
        _count(self.config, report)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Listen to the reports of this process and, with xdist, of its workers."""
    session.config.pluginmanager.register(_Counter(session.config), "requirement-counter")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the file, in the process that was started by hand only."""
    target = session.config.getoption("--requirements-file")
    if target and not hasattr(session.config, "workerinput"):
        Path(target).write_text(json.dumps(session.config.stash[_COUNTS], sort_keys=True), "utf-8")
