"""How tests share the cores when several processes run them (``pytest -n auto --dist loadgroup``).

Tests that start the shipped programs keep to one process, one after another: each starts half a dozen programs with
deadlines of their own. So do the tests of the screen, which share one window. All others go wherever there is room.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each test that may not run beside its like into its group."""
    for item in items:
        if item.get_closest_marker("slow") is not None:
            item.add_marker(pytest.mark.xdist_group("programs"))
        elif item.path.is_relative_to(TESTS / "ui"):
            item.add_marker(pytest.mark.xdist_group("window"))
