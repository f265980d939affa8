"""Writes down, for each requirement number, how the tests that carry it ended; refuses numbers that do not exist.

``--requirements-file FILE`` writes, at the end of a run, the JSON object that ``tools.requirements`` reads:
``{"state": digest of the project's files, "whole": was only the soak left out?, "tests": {"R21": {"passed": 12,
"failed": 0}}}``.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import pytest

from tools.requirements import NAMES, WHOLE_RUN, digest

NUMBER = "requirement"
ROOT = Path(__file__).parents[2]
SCENARIO = re.compile(r"^\*\*(S\d+) ", re.MULTILINE)
PHASES = ("setup", "call", "teardown")


class Counter:
    """Listens to the reports of one run."""

    def __init__(self, target: Path, config: pytest.Config) -> None:
        self.target = target
        self.config = config
        self.started = digest(ROOT)
        self.ended: dict[str, bool] = {}  # by test: has every phase of it passed?
        self.carriers: dict[str, set[str]] = defaultdict(set)  # by requirement: its tests
        self.complete = True  # has nothing been lost on the way?

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one phase of one test, also of another process's."""
        numbers = {str(value) for name, value in report.user_properties if name == NUMBER}
        for number in numbers:
            self.carriers[number].add(report.nodeid)
        self.ended[report.nodeid] = self.ended.get(report.nodeid, True) and report.passed
        if report.when not in PHASES:  # its process crashed, and its numbers with it
            self.complete = False

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be read hides its tests."""
        self.complete = self.complete and report.passed

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Write the file."""
        option = self.config.option
        whole = (
            self.complete
            and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
            and self.config.args_source is not pytest.Config.ArgsSource.ARGS
            and option.markexpr == WHOLE_RUN
            and not (option.keyword or option.deselect or option.maxfail)
        )
        tests = {
            number: {"passed": sum(ends), "failed": len(ends) - sum(ends)}
            for number, names in sorted(self.carriers.items())
            for ends in [[self.ended[name] for name in names]]
        }
        written = {"state": self.started, "whole": whole, "tests": tests}
        self.target.write_text(json.dumps(written, indent=1), "utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--requirements-file", type=Path, help="write results by requirement number to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Listen, in the process that was started by hand only."""
    target = config.getoption("--requirements-file")
    if target and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Counter(target, config), "requirement-counter")


def _numbers(item: pytest.Item, marker: str, known: Collection[str]) -> list[str]:
    found = {str(number) for mark in item.iter_markers(marker) for number in mark.args}
    unknown = sorted(found.difference(known))
    if unknown:
        raise pytest.UsageError(f"{item.nodeid}: there is no {marker} {', '.join(unknown)}")
    return sorted(found)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Hang each test's numbers onto it, so that its report carries them also from a worker process."""
    scenarios = SCENARIO.findall((ROOT / "docs" / "scenarios.md").read_text("utf-8"))
    for item in items:
        _numbers(item, "scenario", scenarios)
        item.user_properties += [(NUMBER, number) for number in _numbers(item, NUMBER, NAMES)]
