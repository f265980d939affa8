"""The desk, by a finger in its real window, over a real simulator: what is moved there is moved in the world."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from sim.desk.table import SWITCHES
from sim.desk.words import WORDS, word
from tests.sim.desk.conftest import Table

ROOT = Path(__file__).parents[3]
BOOK, SET = "30000000000012", "30000000000459"


def on_pad(table: Table) -> list[str]:
    return [tag["name"] for tag in table.ask("show")["pad"]]


def test_a_book_dragged_onto_the_pad_lies_there_and_dragged_away_does_not(table: Table) -> None:
    table.carry(BOOK, table.view._pad)
    table.wait(lambda: on_pad(table) == [f"{BOOK}/1"])
    table.wait(lambda: [thing.name for thing in table.view._desk.pad] == [BOOK])
    table.carry(BOOK, table.view._table)
    table.wait(lambda: on_pad(table) == [])


def test_one_disc_is_pulled_off_a_set(table: Table) -> None:
    table.press("Sets")
    table.carry(SET, table.view._pad)
    table.wait(lambda: len(table.view._desk.pad) == 1)
    table.frames()
    table.carry(f"{SET}/2", table.view._table)
    table.wait(lambda: on_pad(table) == [f"{SET}/1", f"{SET}/3"])
    table.wait(lambda: [part.number for part in table.view._desk.pad[0].parts] == [1, 3])


def test_everything_works_without_dragging(table: Table) -> None:
    table.choose(BOOK)
    table.press("Onto the pad")
    table.wait(lambda: on_pad(table) == [f"{BOOK}/1"])
    table.wait(lambda: table.view._desk.pad)
    table.press("Damage tag")
    table.wait(lambda: table.ask(f"memory {BOOK}")["tags"][0]["damaged"])
    table.wait(lambda: any("damaged" in text for text in table.texts()))
    table.press("Repair tag")
    table.wait(lambda: not table.ask(f"memory {BOOK}")["tags"][0]["damaged"])
    table.press("Scan")
    table.wait(lambda: table.ask("log")["devices"]["scanner"]["scan"]["count"] == 1)
    table.press("Take away")
    table.wait(lambda: on_pad(table) == [])


def test_a_card_is_held_to_the_reader_and_taken_away(table: Table) -> None:
    table.carry("ben", table.view._reader)
    table.wait(lambda: table.ask("show")["card"] == "ben")
    table.wait(lambda: "Ben, PIN 2345" in table.texts())
    table.carry("ben", table.view._table)
    table.wait(lambda: table.ask("show")["card"] is None)
    table.carry("ada", table.view._scanner)
    table.wait(lambda: table.ask("log")["devices"]["scanner"]["scan"]["count"] == 1)


@pytest.mark.parametrize("switch", [switch for switch in SWITCHES if switch.code != "central_down"], ids=str)
def test_a_switch_breaks_and_mends(table: Table, switch: Any) -> None:
    table.press(word(switch.code, "en"))
    table.wait(lambda: switch.code in table.view._desk.switches)
    assert table.key(word(switch.code, "en")).text.endswith(": on")
    table.press(word(switch.code, "en"))
    table.wait(lambda: switch.code not in table.view._desk.switches)


def test_what_the_simulator_refuses_is_said(table: Table) -> None:
    table.press(word("central_down", "en"))
    table.wait(lambda: "no central service" in table.view.message.text)


def test_a_simulator_that_ends_is_said_and_asked_again(table: Table) -> None:
    table.simulator.terminate()
    table.simulator.wait()
    table.wait(lambda: table.view.message.text == word("gone", "en"))
    command = [sys.executable, "-m", "sim", "serve", "--state", str(table.state), "--virtual-clock"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as again:
        table.wait(lambda: table.view.message.text == "")
        again.terminate()


def test_the_antenna_is_seen_and_the_paper_read(table: Table) -> None:
    table.view.awake(True)
    assert any(word("awake", "en") in text for text in table.texts())
    table.view.awake(False)
    assert any(word("asleep", "en") in text for text in table.texts())
    assert word("no_paper", "en") in table.texts()


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("size", [(1200, 1000), (1000, 800)], ids=str)
def test_no_words_or_tiles_lie_over_others(
    make_table: Callable[..., Table], language: str, size: tuple[int, int]
) -> None:
    table = make_table(language, size)
    table.ask(f"put {BOOK} {SET} damaged 30000000000087 30000000000145 30000000000152")
    table.wait(lambda: len(table.view._desk.pad) == 6)
    table.frames()
    from kivy.uix.label import Label

    shown = [part for part in table.view.walk() if isinstance(part, Label) and part.text]
    boxes = [(part.text, part.to_window(*part.pos), part.size, part.texture_size) for part in shown]
    cut = [text for text, _, size, ink in boxes if ink[0] > size[0] + 1]
    assert cut == []
    for (one, a, size_a, _), (other, b, size_b, _) in combinations(boxes, 2):
        apart = (
            a[0] + size_a[0] <= b[0] + 1
            or b[0] + size_b[0] <= a[0] + 1
            or a[1] + size_a[1] <= b[1] + 1
            or b[1] + size_b[1] <= a[1] + 1
        )
        assert apart, f"{one!r} and {other!r}"


def test_where_kivy_is_not_installed_the_desk_says_so(tmp_path: Path) -> None:
    (tmp_path / "kivy").mkdir()
    (tmp_path / "kivy" / "__init__.py").write_text("raise ImportError('not installed')\n", "utf-8")
    command = [sys.executable, "-m", "sim", "desk", "--state", str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, cwd=ROOT)
    assert (done.returncode, done.stderr) == (1, "the desk needs Kivy (the extra 'desk')\n")


def test_importing_the_desk_and_the_command_imports_no_kivy() -> None:
    code = (
        "import sys, sim.cli, sim.desk.app, sim.desk.remote; sys.exit(any(n.startswith('kivy') for n in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
