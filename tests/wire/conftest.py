"""A whole site for each test that asks for one, and three ways to act on its machine.

"lines": intents for a machine without a screen. "touches": fingers on the real screen, drawn in memory. "display": the
same on an X server. A test or module chooses with ``pytest.mark.hands``; without it, it is played by lines.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.stage import Stage
from tests.wire.site import Site

SETTINGS = {
    "screen": ("fullscreen = false", "less_motion = true"),
    "session": (
        "goodbye_seconds = 1.0",  # nobody can touch that page away
        "pad_grace_seconds = 5.0",
    ),
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Play a test in each of the ways it names; one that parametrizes ``site`` itself has named them."""
    marks = metafunc.definition.iter_markers("parametrize")
    if "site" in metafunc.fixturenames and not any("site" in mark.args[0] for mark in marks):
        mark = metafunc.definition.get_closest_marker("hands")
        metafunc.parametrize("site", mark.args if mark is not None else ("lines",), indirect=True)


def on_display(display: str) -> dict[str, str]:
    """Environment of a program that draws on an X server, whatever this process was told to draw on."""
    return {"DISPLAY": display, "SDL_VIDEODRIVER": "x11"}


@pytest.fixture
def display() -> Iterator[str]:
    """An X server in memory; its name for DISPLAY."""
    told, tells = os.pipe()
    command = ["Xvfb", "-displayfd", str(tells), "-screen", "0", "1080x1920x24", "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(command, pass_fds=(tells,), stderr=subprocess.DEVNULL) as server:
        os.close(tells)
        with os.fdopen(told) as lines:
            number = lines.readline().strip()
        yield f":{number}"
        server.terminate()


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo library with its machine, filled and enrolled once."""
    with Stage(tmp_path_factory.mktemp("library"), machine=None) as stage:
        return stage.folder


@pytest.fixture
def site(tmp_path: Path, library: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """The shipped programs, started by command line, in the test's own folder."""
    env = {"touches": {"SDL_VIDEODRIVER": "offscreen"}}.get(request.param, {})
    if request.param == "display":
        env = on_display(request.getfixturevalue("display"))
    machine = "headless" if request.param == "lines" else "demo"
    with Stage(tmp_path / "site", SETTINGS, env, machine=machine, library=library) as stage:
        yield Site(stage)


@pytest.fixture
def wall_clock(tmp_path: Path) -> Path:
    """The file that sets the machine's wall clock, as libfaketime reads it: "+0" is right, "-3600" an hour behind."""
    file = tmp_path / "wall-clock"
    file.write_text("+0", "utf-8")
    return file


@pytest.fixture
def site_with_clock(tmp_path: Path, library: Path, wall_clock: Path) -> Iterator[Site]:
    """A site whose machine's wall clock a test can step; its monotonic clock stays real."""
    (faketime,) = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    env = {
        "LD_PRELOAD": str(faketime),
        "FAKETIME_TIMESTAMP_FILE": str(wall_clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with Stage(tmp_path / "site", kiosk_env=env, library=library) as stage:
        yield Site(stage)
