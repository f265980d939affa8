"""Touches as lines: what a parent process can do, and what it is told."""

from __future__ import annotations

import json
import queue
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pytest_mock import MockerFixture

from kiosk import messages
from tests.ui.conftest import Machine
from ui import gallery
from ui.bridge import Bridge


def say(machine: Machine, **line: Any) -> dict[str, str]:
    from ui.demo import obey

    return obey(machine.pilot, json.dumps(line))


def test_a_touch_a_scan_keys_and_a_picture(machine: Machine, tmp_path: Path) -> None:
    machine.show("Start")
    assert say(machine, touch="borrow") == {"done": "touch"}
    assert machine.intents == [messages.Borrow()]
    assert say(machine, scan="20000000000014") == {"done": "scan"}
    assert "".join(text for text, _ in machine.typed) == "20000000000014\n"
    machine.show("Pin")
    assert say(machine, keys="1234") == {"done": "keys"}
    assert say(machine, key="ok") == {"done": "key"}
    assert messages.Pin("1234") in machine.intents
    assert say(machine, picture=str(tmp_path / "pin.png")) == {"done": "picture"}
    with Image.open(tmp_path / "pin.png") as picture:
        assert picture.size == (1080, 1920)
    assert say(machine, sees="PIN") == {"done": "sees"}


def test_what_is_not_there_is_named_with_what_is(machine: Machine, mocker: MockerFixture, tmp_path: Path) -> None:
    mocker.patch("ui.demo.PATIENCE", 0.1)
    machine.show("Start")
    assert "'nothing'" in say(machine, touch="nothing")["error"]
    assert "'nowhere'" in say(machine, sees="nowhere")["error"]
    assert "f11" in say(machine, key="any")["error"]
    assert "No such file" in say(machine, picture=str(tmp_path / "no" / "folder.png"))["error"]
    assert machine.intents == []


@pytest.mark.parametrize(
    "line", ["", "nonsense", "[]", "{}", '{"touch": 5}', '{"fly": "x"}', '{"a": "b", "c": "d"}', "[" * 9000]
)
def test_any_other_line_is_answered_with_what_lines_there_are(machine: Machine, line: str) -> None:
    from ui.demo import obey

    assert "touch" in obey(machine.pilot, line)["error"]


def test_lines_are_obeyed_in_order_until_the_parent_has_gone(kivy_ready: None) -> None:
    from ui.app import KioskApp
    from ui.demo import drive

    intents: list[messages.Intent] = []
    bridge = Bridge(intents.append)
    bridge.show(gallery.example("Start", "en"))
    orders: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    answers: list[str] = []
    for line in ('{"touch": "tool-language"}', '{"touch": "language:de"}', None, '{"touch": "never"}'):
        orders.put(line)
    drive(KioskApp(bridge, lambda text, now: None, lambda: gallery.NOW), orders, answers.append)
    assert [json.loads(line) for line in answers] == [{"done": "touch"}, {"done": "touch"}]
    assert intents == [messages.ChooseLanguage("de")]
