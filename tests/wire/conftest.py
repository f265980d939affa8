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


@pytest.fixture
def wall_clock(tmp_path: Path) -> Path:
    """The file that sets the machine's wall clock, as libfaketime reads it: "+0" is right, "-3600" an hour behind."""
    file = tmp_path / "wall-clock"
    file.write_text("+0", "utf-8")
    return file


@pytest.fixture
def site_with_clock(tmp_path: Path, wall_clock: Path) -> Iterator[Site]:
    """A site whose machine's wall clock a test can step; its monotonic clock stays real."""
    (library,) = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    env = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(wall_clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with Stage(tmp_path / "site", kiosk_env=env) as stage:
        yield Site(stage)
