"""Every driver answers every line of the checklist: done and where, exempt and why, or still to do and why."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from drivers.devices.registry import DRIVERS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "drivers" / "quality"
BRONZE = (
    "identifies_itself",
    "commands_have_deadlines",
    "vectors_with_sources",
    "firmware_in_simulator",
    "contract_suite",
    "how_to_connect",
)
SILVER = (
    "recovers_from_unplugging",
    "one_line_a_loss",
    "rhythm_stated",
    "no_blind_repeats",
    "errors_from_the_tree",
    "coverage_95",
)
GOLD = ("last_frames_in_errors", "noise_split_late_tests", "limitations_written", "run_on_hardware")


def _file(driver: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{driver}.toml").read_text("utf-8"))


def test_every_driver_has_a_file_and_every_file_a_driver() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == set(DRIVERS)
    assert all(_file(driver)["driver"] == driver for driver in DRIVERS)


@pytest.mark.parametrize("driver", DRIVERS)
def test_every_line_is_answered_in_order(driver: str) -> None:
    assert tuple(_file(driver)["rules"]) == (*BRONZE, *SILVER, *GOLD)


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_is_done_is_shown_and_what_is_not_has_a_reason(driver: str) -> None:
    for rule, answer in _file(driver)["rules"].items():
        if answer["state"] == "done":
            assert (ROOT / answer["where"]).is_file(), rule
        else:
            assert answer["state"] in ("exempt", "todo"), rule
            assert answer["why"], rule


@pytest.mark.parametrize("driver", DRIVERS)
def test_no_driver_ships_with_bronze_or_silver_to_do(driver: str) -> None:
    rules = _file(driver)["rules"]
    assert not [rule for rule in (*BRONZE, *SILVER) if rules[rule]["state"] == "todo"]
