"""Every screen class can be drawn, in every layout: nothing outside the window, nothing over something else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest
from PIL import Image, ImageChops, ImageStat
from pytest_mock import MockerFixture

from kiosk import screens
from tests.ui.conftest import LANDSCAPE, PORTRAIT, Machine
from ui import gallery
from ui.look import Choices
from ui.scripts import runs

if TYPE_CHECKING:
    from ui.text import Block
    from ui.widgets.words import Words

ALL = (*gallery.EXAMPLES, *gallery.MORE)
Box = tuple[float, float, float, float]  # left, bottom, right, top
DIFFERENT = 1.0  # mean difference of two pictures in levels of 255 from which they are not nearly equal


def texts_in_front(machine: Machine) -> Iterator[tuple[Words, Block]]:
    """Words in front, and their letters as they are drawn."""
    from ui.pilot import walk
    from ui.widgets.words import Words

    for part in walk(machine.app.shell.front):
        if isinstance(part, Words) and part.text and part.width > 0:
            yield part, part._block(part.width)


def boxes(machine: Machine) -> Iterator[tuple[str, Box]]:
    """Text blocks in front: words and the rectangle they are drawn in, as small as the letters' lines."""
    for part, block in texts_in_front(machine):
        x = part._start(block.width)
        top = part.to_window(part.x, part.top)[1] - (
            max(0, (part.height - block.height) // 2) if part.valign == "middle" else 0
        )
        yield part.text, (x, top - block.height, x + block.width, top)


def broken_words(machine: Machine) -> Iterator[str]:
    """Words that a line break cuts in two."""
    for part, block in texts_in_front(machine):
        lines = ["".join(piece.key[0] for piece in line.pieces) for line in block.lines]
        breakable = "…" in lines[-1] or any(run.script == "cjk" for run in runs(part.text))
        if not breakable and " ".join(lines).split() != part.text.split():
            yield part.text


def overlap(one: Box, other: Box, by: float) -> bool:
    """More than ``by`` pixels in both directions."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    return wide > by and min(one[3], other[3]) - max(one[1], other[1]) > by


def within(one: Box, other: Box) -> bool:
    """All of one inside the other, to a pixel."""
    return one[0] >= other[0] - 1 and one[1] >= other[1] - 1 and one[2] <= other[2] + 1 and one[3] <= other[3] + 1


def complaints(machine: Machine) -> list[str]:
    """What stands outside the window or over something else, is cut in two or too small to touch."""
    from ui.focus import tappables

    look = machine.app.look
    window = (0, 0, look.width, look.height)
    texts = list(boxes(machine))
    controls = [(part.name, (part.x, part.y, part.right, part.top)) for part in tappables(machine.app.shell.front)]
    least = 90 * look.scale
    found = [f"a word is cut in two: {text!r}" for text in broken_words(machine)]
    found += [f"outside the window: {name!r} {box}" for name, box in (*texts, *controls) if not within(box, window)]
    for kind in (texts, controls):
        found += [
            f"over each other: {a!r} and {b!r}" for (a, one), (b, two) in combinations(kind, 2) if overlap(one, two, 3)
        ]
    found += [f"too small: {name} {box}" for name, box in controls if min(box[2] - box[0], box[3] - box[1]) < least]
    for name, control in controls:
        found += [
            f"over the edge of {name}: {text!r}"
            for text, box in texts
            if overlap(box, control, 2) and not within(box, control)
        ]
    return found


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize("text", ["M", "XL"])
def test_no_words_or_controls_lie_outside_the_window_or_over_others(
    make_machine: Callable[..., Machine], size: tuple[int, int], language: str, text: str
) -> None:
    machine = make_machine(size)
    machine.show("Start", language)
    machine.app.choose(Choices(size=text, less_motion=True))
    found = {}
    for name in ALL:
        machine.show(name, language)
        assert machine.app.crashed is None, name
        if problems := complaints(machine):
            found[name] = problems
    assert not found


@pytest.mark.parametrize(
    "choices", [Choices(low=True), Choices(size="S"), Choices(size="L"), Choices(low=True, size="L")], ids=str
)
def test_other_text_sizes_and_the_low_layout_fit_too(machine: Machine, choices: Choices) -> None:
    machine.show("Start")
    machine.app.choose(choices)
    found = {}
    for name in ALL:
        machine.show(name)
        if problems := complaints(machine):
            found[name] = problems
    assert not found


def test_in_the_low_layout_every_control_is_in_the_lower_half(machine: Machine) -> None:
    from ui.focus import tappables

    machine.show("Start")
    machine.app.choose(Choices(low=True, less_motion=True))
    high = {}
    for name in ALL:
        machine.show(name)
        above = [part.name for part in tappables(machine.app.shell.front) if part.top > 1920 - 940]
        if above:
            high[name] = above
    assert not high


@pytest.mark.parametrize("local", ["display", "language", "parts"])
@pytest.mark.parametrize("size", [PORTRAIT, LANDSCAPE], ids=["portrait", "landscape"])
@pytest.mark.parametrize("text", ["M", "XL"])
def test_the_screens_of_the_uis_own_fit(
    make_machine: Callable[..., Machine], size: tuple[int, int], local: str, text: str
) -> None:
    machine = make_machine(size)
    machine.show("Borrow", "de")
    machine.app.choose(Choices(size=text))
    machine.app.shell.open_local(local, "hound" if local == "parts" else "")
    machine.pilot.settle()
    assert not complaints(machine)


def test_a_small_window_is_the_same_screen_smaller(make_machine: Callable[..., Machine]) -> None:
    machine = make_machine((720, 1280))
    for name in ALL:
        machine.show(name)
        assert not complaints(machine), name


def test_there_is_an_example_for_every_screen_class_and_no_other() -> None:
    assert set(gallery.EXAMPLES) == {each.__name__ for each in get_args(screens.Screen)}


def test_every_screen_class_has_a_widget_class_with_a_kv_file_beside_it(kivy_ready: None) -> None:
    from ui import theme
    from ui.screens.table import LOCAL, PAGES, SHEETS

    assert theme.BLOCKS
    assert {*PAGES, *SHEETS} == set(get_args(screens.Screen))
    for shown in (*PAGES.values(), *SHEETS.values(), *LOCAL.values()):
        assert Path(inspect.getfile(shown)).with_suffix(".kv").is_file()


@pytest.mark.parametrize("language", ["en", "de"])
def test_no_two_screens_look_nearly_equal(machine: Machine, tmp_path: Path, language: str) -> None:
    machine.show("Start", language)
    machine.app.choose(Choices(less_motion=True))
    small = {}
    for name in gallery.EXAMPLES:
        machine.show(name, language)
        machine.pilot.picture(tmp_path / f"{name}.png")
        small[name] = Image.open(tmp_path / f"{name}.png").convert("RGB").reduce(4)
        assert len(small[name].getcolors(1 << 22) or ()) > 20, f"{name} is nearly empty"
    for one, other in combinations(small, 2):
        difference = ImageStat.Stat(ImageChops.difference(small[one], small[other])).mean
        assert max(difference) > DIFFERENT, (one, other)


def test_a_right_to_left_language_is_mirrored_and_its_names_are_drawn(machine: Machine, mocker: MockerFixture) -> None:
    """There is no Arabic catalogue yet: the sentences are English, the library's and the kinds' names Arabic."""
    machine.show("Borrow", "en")
    row = machine.pilot.find("row:hound")
    left_in_english = row._symbol.x
    mocker.patch.object(machine.app, "speaker", return_value=machine.app.speaker("en"))
    machine.show("Borrow", "ar")
    machine.pilot.settle()
    assert machine.app.crashed is None
    assert any("\u0600" <= letter <= "\u06ff" for text in machine.pilot.texts() for letter in text)
    row = machine.pilot.find("row:hound")
    assert row._symbol.center_x > machine.app.look.width / 2 > left_in_english
    assert machine.pilot.find("finish").center_x < machine.app.look.width / 2
    assert machine.app.text.idle
    assert not complaints(machine)
