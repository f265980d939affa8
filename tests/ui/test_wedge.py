"""The keyboard wedge: no key is lost, whatever was focused before; a person's keys are told from a scanner's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.conftest import Machine
from ui.keys import GAP_SECONDS, KeySplitter, Stroke, name_of, text_of

SHIFT = 304
CODES = [f"3{index:012d}$A/"[:15] for index in range(200)]


def scan(machine: Machine, code: str) -> None:
    """Type a code as a scanner does: Shift held for capitals and signs, Enter at the end, no delay."""
    for character in code:
        plain = {"$": "4"}.get(character, character.lower())
        modifiers = ["shift"] if plain != character else []
        if modifiers:
            machine.pilot.press(SHIFT, "\u0130", "shift")
        machine.pilot.press(ord(plain), plain, *modifiers)
    machine.pilot.press(13, None)


@pytest.mark.parametrize("focused_before", [False, True])
def test_two_hundred_barcodes_without_delay_lose_no_key(machine: Machine, focused_before: bool) -> None:
    from kivy.core.window import Window
    from kivy.uix.textinput import TextInput

    machine.show("Card")
    if focused_before:
        field = TextInput()
        Window.add_widget(field)
        field.focus = True
        machine.pilot.frames(2)
        field.focus = False
        Window.remove_widget(field)
        machine.pilot.frames(2)
    for code in CODES:
        scan(machine, code)
    machine.pilot.frames(10)
    assert "".join(text for text, _ in machine.typed).split("\n") == [*CODES, ""]
    assert [now for _, now in machine.typed] == sorted(now for _, now in machine.typed)
    assert machine.intents == []


def test_shift_applies_to_letters_and_signs_and_types_nothing_itself() -> None:
    assert text_of(ord("a"), "a", True) == "A"
    assert text_of(ord("4"), "4", True) == "$"
    assert text_of(ord("a"), "a", False, caps=True) == "A"
    assert text_of(SHIFT, "\u0130", True) == ""
    assert text_of(13, None, False) == "\n"
    assert text_of(256 + 7, None, False) == "7"
    assert text_of(27, None, False) == ""


def test_keys_have_names() -> None:
    assert [name_of(9, True), name_of(9, False), name_of(273, False), name_of(13, False), name_of(27, False)] == [
        "previous", "next", "previous", "ok", "back",
    ]  # fmt: skip


def test_a_single_key_is_a_persons_once_no_other_followed() -> None:
    splitter = KeySplitter()
    assert splitter.feed(Stroke("4", ""), 1.0) == ()
    assert splitter.waiting
    assert splitter.due(1.0 + GAP_SECONDS / 2) == ()
    assert splitter.due(1.0 + GAP_SECONDS) == (Stroke("4", ""),)


@given(st.lists(st.floats(0, 0.05), min_size=4, max_size=40))
def test_keys_of_a_scan_never_reach_the_screen(gaps: list[float]) -> None:
    splitter = KeySplitter()
    now = 10.0
    out: list[Stroke] = []
    for gap in gaps:
        now += gap
        out += splitter.feed(Stroke("1", ""), now)
    out += splitter.feed(Stroke("\n", "ok"), now + 0.01)
    out += splitter.due(now + 10)
    assert out == []


@given(st.lists(st.floats(0.08, 2.0), max_size=20))
def test_keys_of_a_person_all_arrive_in_order(gaps: list[float]) -> None:
    splitter = KeySplitter()
    now = 10.0
    out: list[Stroke] = []
    for index, gap in enumerate(gaps):
        now += gap
        out += splitter.due(now)
        out += splitter.feed(Stroke(str(index % 10), ""), now)
    out += splitter.due(now + 1)
    assert [stroke.text for stroke in out] == [str(index % 10) for index in range(len(gaps))]
