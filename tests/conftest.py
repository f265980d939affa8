"""What holds for every test: nothing is left behind, nothing is skipped, requirements are counted."""

from __future__ import annotations

pytest_plugins = ["tests.plugins.leaks", "tests.plugins.no_skips", "tests.plugins.requirements"]
