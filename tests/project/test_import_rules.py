"""The import directions are not only written down: each contract catches an import that breaks it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]

# For each contract: a module that is not there, and what it must not import.
VIOLATIONS = {
    "rules, wording, drivers and sim do not know each other": ("wording/wrong.py", "import rules.kinds"),
    "rules, wording, drivers and sim know nobody else": ("sim/wrong.py", "import kiosk.screens"),
    "the central service knows rules and wording only": ("circulation/api/wrong.py", "import drivers.api"),
    "pages for staff and the API are two ways to the same functions": (
        "circulation/staff/wrong.py",
        "import circulation.api.models",
    ),
    "the machine knows neither its screen nor the inside of the centre nor the simulator": (
        "kiosk/central/wrong.py",
        "import circulation.service",
    ),
    "the machine knows devices by drivers.api": ("kiosk/session/wrong.py", "import drivers.devices.registry"),
    "layers of the drivers": ("drivers/codecs/wrong.py", "import drivers.devices.registry"),
    "pure parts touch no thread, socket, clock or database": ("rules/wrong.py", "import time"),
    "no asyncio in the machine and its drivers": ("kiosk/wrong.py", "import asyncio"),
    "serial ports are opened in one place": ("sim/wires/wrong.py", "import serial"),
    "card readers are spoken to in one place": ("drivers/devices/wrong.py", "from smartcard import scard"),
    "the machine asks the network in one place": ("kiosk/receipts_wrong.py", "import requests"),
    "Kivy draws the screen and the desk, nothing else": ("kiosk/session/wrong_window.py", "import kivy"),
    "the screen knows screens, messages and wording; its command joins the machine": (
        "ui/wrong.py",
        "import kiosk.session.machine",
    ),
    "nobody imports the screen": ("sim/wrong_window.py", "import ui.main"),
}


def verdicts(folder: Path) -> dict[str, str]:
    """KEPT or BROKEN for each contract, over the rooms in a folder."""
    command = [str(LINT), "--no-cache", "--no-logo"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"COLUMNS": "400"}, check=False)
    found = {}
    for line in run.stdout.splitlines():
        for verdict in ("KEPT", "BROKEN"):
            name, mark, _ = line.partition(f" {verdict}")
            if mark:
                found[name] = verdict
    assert found, run.stdout + run.stderr
    return found


@pytest.fixture
def rooms(tmp_path: Path) -> Path:
    """A copy of the rooms."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in LINTER["root_packages"]:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__", "assets"))
    return tmp_path


def test_every_contract_is_kept_and_catches_an_import_that_breaks_it(rooms: Path) -> None:
    names = [contract["name"] for contract in LINTER["contracts"]]
    assert set(names) == set(VIOLATIONS), "each contract needs a violation that proves it"
    assert verdicts(rooms) == dict.fromkeys(names, "KEPT")
    for name in names:
        place, statement = VIOLATIONS[name]
        (rooms / place).write_text(statement + "\n", "utf-8")
    assert verdicts(rooms) == dict.fromkeys(names, "BROKEN")
