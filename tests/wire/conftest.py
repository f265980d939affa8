"""A whole site for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sim.stage import Stage

from tests.wire.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """The shipped programs, started by command line, in the test's own folder."""
    with Stage(tmp_path / "site") as stage:
        yield Site(stage)
