"""``kiosk headless`` as its parent process sees it: lines in, lines out, and an end when it is time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.kiosk.machines import enrolled_machine
from tests.kiosk.wires import serving, silence

pytestmark = pytest.mark.slow
NOBODY = "http://127.0.0.1:9"
ROOT = Path(__file__).parents[2]


@contextmanager
def _running(folder: Path, url: str = NOBODY, module: str = "kiosk", **env: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", module, "headless", "--config", str(enrolled_machine(folder, url))]
    with (folder / "log").open("wb") as log:
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, cwd=ROOT, env={**os.environ, **env}) as run:
            try:
                yield run
            finally:
                run.kill()


def _next(run: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert run.stdout is not None
    found: dict[str, Any] = json.loads(run.stdout.readline())
    return found


def _say(run: subprocess.Popen[bytes], line: bytes) -> None:
    assert run.stdin is not None
    run.stdin.write(line + b"\n")
    run.stdin.flush()


BAD = (
    b"nonsense",
    b"\xff\xfe\x00",
    b'{"intent": "fly"}',
    b'{"intent": "borrow", "\\ud800": 1}',
    b"[" * 9000,
    b'{"intent": "pin", "digits": "' + "é".encode() * 9000 + b'"}',
    b"x" * 300_000,
)


@pytest.mark.scenario("S7")
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_bad_lines_are_answered_and_the_next_good_one_is_taken(tmp_path: Path, encoding: str) -> None:
    with _running(tmp_path, PYTHONIOENCODING=encoding) as run:
        assert _next(run)["screen"] == "Starting"
        for line in BAD:
            _say(run, line)
            assert set(_next(run)) == {"error"}
        _say(run, b'{"intent": "ask_help"}')
        _say(run, b"the end")
        assert "error" in _next(run)
        assert run.stdin is not None
        run.stdin.close()
        assert run.wait(10) == 0
    assert "Traceback" not in (tmp_path / "log").read_text("utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order_although_the_central_service_never_answers(tmp_path: Path, number: int) -> None:
    with serving(silence) as url, _running(tmp_path, url) as run:
        assert _next(run)["screen"] == "Starting"
        run.send_signal(number)
        assert run.wait(8) == 0
    assert '"stopped"' in (tmp_path / "log").read_text("utf-8")


def test_a_parent_that_takes_no_more_screens_ends_it(tmp_path: Path) -> None:
    with _running(tmp_path) as run:
        assert _next(run)["screen"] == "Starting"
        assert run.stdout is not None
        run.stdout.close()
        _say(run, b"nonsense")
        assert run.wait(10) == 0


def test_a_machine_that_is_not_enrolled_says_so(tmp_path: Path) -> None:
    config = enrolled_machine(tmp_path, NOBODY)
    (tmp_path / "state" / "machine.json").unlink()
    command = [sys.executable, "-m", "kiosk", "headless", "--config", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, input="")
    assert done.returncode == 1
    assert "kiosk enrol" in done.stderr
    assert done.stdout == ""


def test_the_screen_is_not_drawn_where_nobody_sees_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ui.main", "run", "--config", str(enrolled_machine(tmp_path, NOBODY))]
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
    env = {name: value for name, value in os.environ.items() if name not in hidden}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert (done.returncode, "there is no display" in done.stderr) == (1, True)


@pytest.mark.parametrize("module", ["kiosk", "ui.main"])
def test_it_runs_where_kivy_is_not_installed(tmp_path: Path, module: str) -> None:
    absent = tmp_path / "absent"
    (absent / "kivy").mkdir(parents=True)
    (absent / "kivy" / "__init__.py").write_text("raise ImportError('not installed')\n", "utf-8")
    path = os.pathsep.join([str(absent), str(ROOT)])
    with _running(tmp_path, module=module, PYTHONPATH=path) as run:
        assert _next(run)["screen"] == "Starting"
    command = [sys.executable, "-m", "ui.main", "run", "--config", str(tmp_path / "kiosk.toml")]
    env = {**os.environ, "PYTHONPATH": path, "SDL_VIDEODRIVER": "offscreen"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)
    assert (done.returncode, "needs Kivy" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    code = "import ui.main, sys; sys.exit(any(name.split('.')[0] == 'kivy' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT).returncode == 0
