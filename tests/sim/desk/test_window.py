"""The desk, by a finger in its real window, over a real simulator: what is moved there is moved in the world."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from sim.desk.table import SHELVES, SWITCHES, Switch
from sim.desk.words import WORDS, word
from tests.sim.desk.conftest import Table, serve

pytestmark = pytest.mark.xdist_group("window")  # the process that has the screen's window has this one
ROOT = Path(__file__).parents[3]
BOOK, SET = "30000000000012", "30000000000459"
GET_VERSION = bytes.fromhex("05FF65E5CB")  # FEIG ISO host mode, standard frame: [0x65], to all addresses
CUT = b"\x1dV\x00"  # ESC/POS: GS V
SIZES = ((1200, 1000), (1000, 800), (700, 600))


def scans(table: Table) -> int:
    """How often the scanner was used; it is not in the log before the first time."""
    used = table.ask("log")["devices"].get("scanner", {}).get("scan", {"count": 0})
    return int(used["count"])


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
    table.wait(lambda: scans(table) == 1)
    table.press("Take away")
    table.wait(lambda: on_pad(table) == [])


def test_a_card_is_held_to_the_reader_and_taken_away(table: Table) -> None:
    table.carry("ben", table.view._reader)
    table.wait(lambda: table.ask("show")["card"] == "ben")
    table.wait(lambda: "Ben, PIN 2345" in table.texts())
    table.carry("ben", table.view._table)
    table.wait(lambda: table.ask("show")["card"] is None)
    table.carry("ada", table.view._scanner)
    table.wait(lambda: scans(table) == 1)


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.code)
def test_a_switch_breaks_and_mends(table: Table, switch: Switch) -> None:
    name = word(switch.code, "en")
    table.press(name)
    table.wait(lambda: broken(table, switch))
    table.wait(lambda: table.key(name).text.endswith("\u25a0 on"))
    table.press(name)
    table.wait(lambda: not broken(table, switch))
    table.wait(lambda: table.key(name).text.endswith("\u25a1 off"))


def broken(table: Table, switch: Switch) -> bool:
    """Whether the simulator itself says so."""
    show, (verb, device, *_) = table.ask("show"), switch.on.split()
    if verb == "unplug":
        return not show["plugged"][device]
    return f"fault {' '.join(line['line'] for line in show['faults'])}".startswith(switch.on)


def test_any_other_fault_is_told_and_everything_is_mended_at_once(table: Table) -> None:
    for line in ("fault pad mute on write_afi next 2", "unplug scanner", "fault pad flicker"):
        table.ask(line)
    told = "\u25a0 Also broken: scanner unplug, pad mute on write_afi next 2"
    table.wait(lambda: told in table.texts() and table.key("Tags flicker").text.endswith("\u25a0 on"))
    table.press("Tags flicker")
    table.wait(lambda: [fault["line"] for fault in table.ask("show")["faults"]] == ["pad mute on write_afi next 2"])
    table.press("Mend everything")
    table.wait(lambda: not table.ask("show")["faults"] and table.ask("show")["plugged"]["scanner"])
    table.wait(lambda: not any("Also broken" in text for text in table.texts()))


def test_what_the_simulator_refuses_is_said_until_something_is_done(table: Table) -> None:
    table.carry("phone", table.view._scanner)
    table.wait(lambda: "'phone' has no barcode in this scenario" in table.texts())
    table.carry("ada", table.view._scanner)
    table.wait(lambda: not any("barcode in this" in text for text in table.texts()))


def test_a_simulator_that_is_killed_is_said_and_asked_again(table: Table) -> None:
    table.simulator.kill()
    table.simulator.wait()
    table.wait(lambda: word("gone", "en") in table.texts())
    table.press("Onto the pad")
    with subprocess.Popen(serve(table.state), stdout=subprocess.DEVNULL) as again:
        table.wait(lambda: word("gone", "en") not in table.texts())
        again.terminate()


def test_the_antenna_is_seen_while_the_pad_is_asked(table: Table) -> None:
    def shows(code: str) -> bool:
        return any(word(code, "en") in text for text in table.texts())

    table.wait(lambda: shows("asleep"))
    table.send("pad", GET_VERSION)
    table.wait(lambda: shows("awake"))
    table.wait(lambda: shows("asleep"))


def test_the_paper_is_read_line_by_line(table: Table) -> None:
    assert word("no_paper", "en") in table.texts()
    table.send("printer", b"City Library\nMoby-Dick\n")
    table.wait(lambda: "City Library\nMoby-Dick" in table.texts())
    text = next(part for part in table.view.walk() if getattr(part, "text", "").startswith("City"))
    table.frames()
    assert text.texture_size[1] > 2 * text.font_size, "both lines are in the picture"
    table.send("printer", b"the second\n" + CUT + b"a new one")
    table.wait(lambda: "a new one" in table.texts())


def test_a_bit_is_shown_by_sign_and_word(table: Table) -> None:
    table.ask(f"put {BOOK} {SET}")
    table.ask(f"set-afi {BOOK} C2")
    table.ask(f"set-afi {SET}/2 C2")
    table.wait(lambda: {"\u25cb open", "\u25cb open: 2"} <= set(table.texts()))
    table.ask(f"set-afi {SET} 07")
    table.wait(lambda: "\u25cb open: 2" not in table.texts())


def test_a_second_finger_does_not_let_go_of_what_the_first_one_carries(table: Table) -> None:
    from kivy.base import EventLoop

    from ui.pilot import PilotTouch

    first = PilotTouch(*table.grip(BOOK))
    EventLoop.post_dispatch_input("begin", first)
    table.choose("30000000000020")
    assert table.view._held is None
    EventLoop.post_dispatch_input("end", first)
    assert table.view._held == BOOK


def test_every_thing_of_the_scenario_is_reached_by_touches(table: Table) -> None:
    wanted = {tag["thing"] for tag in table.ask("tags")["tags"]}
    seen: set[str] = set()
    for shelf in SHELVES:
        table.press(word(shelf, "en"))
        seen |= shown(table)
        for _ in range(5):  # pages of a shelf
            if table.view._table._keys.parent:
                table.press("More")
                seen |= shown(table)
    assert seen == wanted


def shown(table: Table) -> set[str]:
    return {tile.handle for tile in table.view._table._grid.children}


def test_hebrew_is_laid_out_from_the_right(table: Table) -> None:
    from kivy.core.text.text_pil import LabelPIL

    from sim.desk.looks import Caption

    words = Caption(text="\u05e1\u05d9\u05e4\u05d5\u05e8")
    words.texture_update()
    assert isinstance(words._label, LabelPIL)
    words.text = "Moby-Dick"
    words.texture_update()
    assert not isinstance(words._label, LabelPIL)


def test_it_is_used_in_a_small_window_too(make_table: Callable[..., Table]) -> None:
    table = make_table("en", (700, 600))
    table.carry(BOOK, table.view._pad)
    table.wait(lambda: on_pad(table) == [f"{BOOK}/1"])
    table.press("Tags flicker")
    table.wait(lambda: table.ask("show")["faults"])


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_words_or_tiles_lie_over_others(
    make_table: Callable[..., Table], language: str, size: tuple[int, int]
) -> None:
    table = make_table(language, size)
    table.ask(f"put {BOOK} {SET} damaged 30000000000087 30000000000145 30000000000152")
    table.ask("fault pad mute on write_afi")
    table.send("printer", b"".join(b"line %d of a long receipt\n" % number for number in range(30)) + CUT)
    table.wait(lambda: len(table.view._desk.pad) == 6 and table.view._desk.receipts and table.view._desk.others)
    table.view.say("a sentence of the simulator")
    table.frames()
    from kivy.uix.label import Label

    roll = table.view._paper._roll
    labels = [part for part in table.view.walk() if isinstance(part, Label) and part.text and part.parent is not roll]
    wrapped = [part.text for part in labels if not part.shorten and natural_width(part) > part.width + 1]
    assert wrapped == []
    boxes = [(getattr(part, "text", "paper"), *part.pos, part.right, part.top) for part in (*labels, roll)]
    for (one, left, low, right, top), (other, left2, low2, right2, top2) in combinations(boxes, 2):
        apart = right <= left2 + 1 or right2 <= left + 1 or top <= low2 + 1 or top2 <= low + 1
        assert apart, f"{one!r} and {other!r}"


def natural_width(label: Any) -> float:
    """Of its longest line, if it had all the room it wants."""
    return max(float(label._label.get_extents(line)[0]) for line in label.text.splitlines())


def test_no_rule_of_the_screen_is_for_a_part_of_the_desk() -> None:
    """Kivy finds a rule by the bare name of a class, and tests open both windows in one process."""
    styled = {
        name.split("@")[0].lstrip("-")
        for file in (ROOT / "ui").rglob("*.kv")
        for names in re.findall(r"^<(.+)>:", file.read_text("utf-8"), re.MULTILINE)
        for name in re.split(r"[,\s]+", names)
    }
    own = {
        name
        for file in (ROOT / "sim" / "desk").glob("*.py")
        for name in re.findall(r"^class (\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert styled
    assert own
    assert not styled & own


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
