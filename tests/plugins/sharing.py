"""How tests share the cores when several processes run them (``pytest -n auto --dist loadgroup``).

Tests of one module that start the shipped programs keep to one process, one after another: each starts half a dozen
programs with deadlines of their own, and some are started once for the module. So do all tests of the screen, which
share one window. A test that names its group itself keeps that. All others go wherever there is room, after the groups,
so that no long group is left at the end.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
GROUP = "xdist_group"


def _group(item: pytest.Item) -> str | None:
    named = item.get_closest_marker(GROUP)
    if named is not None:
        return str(named.args[0])
    if item.get_closest_marker("slow") is not None:
        return item.path.stem
    return "window" if item.path.is_relative_to(TESTS / "ui") else None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Write each test's group where the process that hands out the tests reads it: behind its name.

    pytest-xdist 3.8 does so itself, but where pytest 9.2 no longer looks (pytest-xdist #1386): without this every test
    goes anywhere, and each process starts a window, a browser and the programs of its own.
    """
    if not config.getoption("loadgroup", default=False):
        return
    for item in items:
        group = _group(item)
        if group is not None:
            item._id = item.id.parse(f"{item.nodeid}@{group}")
