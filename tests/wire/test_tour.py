"""``make demo`` without a display: it ends well and leaves one picture of each screen in each language."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image, ImageChops, ImageStat

from kiosk import screens

pytestmark = [pytest.mark.slow, pytest.mark.scenario("S2", "S3", "S4")]
ROOT = Path(__file__).parents[2]
LANGUAGES = ("en", "de")
DIFFERENT = 1.0  # mean difference of two pictures in levels of 255 from which they are not nearly equal


def test_the_tour_leaves_a_picture_of_every_screen_class_in_every_language(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-m", "sim.tour", str(tmp_path)],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    wanted = {f"{kind.__name__}.{language}.png" for kind in get_args(screens.Screen) for language in LANGUAGES}
    assert {path.name for path in tmp_path.iterdir()} == wanted | {"contact-sheet.png"}
    small = {name: Image.open(tmp_path / name).convert("L").reduce(4) for name in wanted}
    for (one, a), (other, b) in combinations(small.items(), 2):
        difference = ImageStat.Stat(ImageChops.difference(a, b)).mean[0]
        assert difference > DIFFERENT, f"{one} and {other} are nearly equal: {difference:.2f}"
    assert "nothing is in doubt" in done.stdout
