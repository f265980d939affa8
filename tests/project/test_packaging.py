"""What an installation holds and needs, and what the repository must not say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ROOMS = ("rules", "wording", "drivers", "circulation", "kiosk", "ui", "sim")
# Not part of an installation: what the pictures were made from, and prose.
NOT_SHIPPED = re.compile(r"__pycache__|/source/|\.md$")


def shipped_files() -> set[str]:
    """Every file of the rooms that are there."""
    found = (path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file())
    return {name for name in found if not NOT_SHIPPED.search(name)}


def test_an_installation_holds_every_file_of_the_rooms(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    copy.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for name in shipped_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    built = subprocess.run([*command, "-w", str(tmp_path), str(copy)], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert shipped_files() - names == set()
    assert not [name for name in names if name.startswith(("tests/", "tools/", "benchmarks/"))]


def test_nothing_is_needed_until_a_part_is_chosen() -> None:
    assert PROJECT["project"]["dependencies"] == []


@pytest.mark.parametrize(
    ("extra", "without"),
    [
        ("sim", {"kivy", "fastapi", "sqlalchemy", "pyserial", "pyscard"}),
        ("kiosk", {"fastapi", "sqlalchemy", "kivy"}),
        ("circulation", {"pyserial", "pyscard", "kivy"}),
        ("ui", {"fastapi", "sqlalchemy"}),
    ],
)
def test_a_part_does_not_bring_what_another_needs(extra: str, without: set[str]) -> None:
    wanted = PROJECT["project"]["optional-dependencies"][extra]
    names = {re.split(r"[<>=\[ ]", line)[0].lower() for line in wanted}
    assert not names & without


@pytest.mark.parametrize("name", ["build", "run", "dev"])
def test_every_requirement_is_pinned_and_hashed_without_an_address(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*-", re.sub(r"^\s+--hash=", "", text, flags=re.MULTILINE), re.MULTILINE), "an option"
    entries = re.split(r"\n(?=\S)", text.strip())
    wrong = [
        entry for entry in entries if not re.match(r"[\w.\[\]-]+==\S+ (; .+)?\\\n\s+--hash=sha256:[0-9a-f]{64}", entry)
    ]
    assert wrong == []


def test_what_runs_is_what_was_tested() -> None:
    pins = {name: _pins(name) for name in ("run", "dev")}
    assert pins["run"].items() <= pins["dev"].items()


def _pins(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8")
    return dict(re.findall(r"^([\w.\[\]-]+)==(\S+)", text, re.MULTILINE))


def test_every_package_asked_for_is_pinned() -> None:
    pinned = {re.sub(r"\[.*", "", name).lower() for name in _pins("dev")}
    wanted = {
        re.split(r"[<>=\[; ]", line)[0].lower()
        for lines in PROJECT["project"]["optional-dependencies"].values()
        for line in lines
        if not line.startswith(PROJECT["project"]["name"])
    }
    assert wanted <= pinned, "run: make lock"
