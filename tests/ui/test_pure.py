"""What needs no window: tokens, scripts, sentences, bridge, and that ``ui.main`` imports no Kivy."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

import wording
from kiosk.screens import Cue, Param, Row, RowState, Sentence
from ui import tokens
from ui.bridge import CuePlayer
from ui.guard import DoubleTouch
from ui.look import Choices, Look
from ui.rowwords import row_words
from ui.scripts import needs_bidi, runs, wrap
from ui.sentences import Speaker

TODAY = date(2026, 11, 21)
LATER = date(2026, 12, 19)
PARAMS: dict[str, Param] = {
    **{"date": LATER, "from": TODAY, "to": LATER, "time": "14:00", "amount": "3.40"},
    **{"n": 3, "k": 2, "m": 1, "c": 4, "i": 1, "s": 9, "have": 1, "max": 2, "left": 1, "age": 12},
    **{"part": "disc 2", "parts": "x", "kind": "Games", "name": "Mira", "bin": "1", "colour": "blue", "code": "X"},
    **{"branch": "West. End", "library": "St. Mary. Library", "shelf": "M 12"},
}


def speaker(language: str = "en") -> Speaker:
    return Speaker(language, TODAY)


def test_importing_the_commands_imports_no_kivy() -> None:
    code = "import sys, ui.main, ui.bridge, ui.gallery; print(any(m.split('.')[0] == 'kivy' for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_every_contrast_that_the_design_states_is_true() -> None:
    stated = json.loads(tokens.FILE.read_text(encoding="utf-8"))["contrast"]
    for theme, pairs in stated.items():
        for pair, ratio in pairs.items():
            front, back = (tokens.load().colours[theme][name] for name in pair.split(" on "))
            assert tokens.contrast(front, back) == pytest.approx(ratio, abs=0.11), (theme, pair)


@pytest.mark.parametrize("theme", tokens.THEMES)
def test_text_has_seven_to_one_frames_three_and_not_now_five(theme: str) -> None:
    colour = tokens.load().colours[theme]
    text = [("ink", "paper"), ("ink", "surface"), ("ink", "sunken"), ("ink2", "sunken"), ("on_primary", "primary")]
    text += [(family, f"{family}_soft") for family in ("ok", "wait", "act", "stop", "staff")]
    text += [("ink", f"{family}_soft") for family in ("ok", "wait", "act", "stop", "staff")]
    for front, back in text:
        assert tokens.contrast(colour[front], colour[back]) >= 6.95, (front, back)
    for back in ("paper", "surface", "sunken"):
        assert tokens.contrast(colour["edge"], colour[back]) >= 3
        assert tokens.contrast(colour["focus"], colour[back]) >= 3
    assert tokens.contrast(colour["disabled"], colour["disabled_soft"]) >= 5


def test_every_state_of_a_row_has_a_look() -> None:
    for state in RowState:
        assert Look(1080, 1920).state(state).icon


def test_other_windows_scale_by_the_smaller_ratio() -> None:
    assert Look(540, 1920).scale == 0.5
    assert Look(3840, 1080).scale == 1.0
    with pytest.raises(ValueError, match="theme"):
        Choices(theme="pink")


# --- scripts ----------------------------------------------------------------------------------------------------------


def test_a_title_is_cut_into_runs_by_script() -> None:
    assert [(run.script, run.text) for run in runs("The 吾輩は猫 (2)")] == [("latin", "The "), ("cjk", "吾輩は猫 (2)")]
    assert needs_bidi("كتاب abc")
    assert needs_bidi("עברית")
    assert not needs_bidi("गोदान")


def test_lines_of_words_break_alike_whatever_scripts_stand_beside_them() -> None:
    words = " Die „kleine“ Hexe —  und der Räuber… "
    beside = wrap(f"{words}\n字", 12, len)
    assert wrap(words, 12, len) == beside[: len(wrap(words, 12, len))]
    assert len(wrap(words, 12, len)) > 2


@given(st.text(max_size=80), st.integers(1, 30))
def test_cutting_and_breaking_lose_no_letter_and_make_no_line_too_wide(text: str, width: int) -> None:
    assert "".join(run.text for run in runs(text)) == text
    lines = wrap(text, width, len)
    assert all(len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.replace(" …", "…").split())


@given(st.text(max_size=200), st.integers(4, 30), st.integers(1, 3))
def test_a_cut_text_has_no_more_lines_than_allowed(text: str, width: int, most: int) -> None:
    lines = wrap(text, width, len, most)
    assert len(lines) <= most
    assert all(len(line) <= width for line in lines)


# --- sentences --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("code", sorted(wording.codes()))
def test_every_sentence_can_be_cut_and_put_together_again(code: str, language: str) -> None:
    sentence = Sentence(code, PARAMS)
    whole = speaker(language).text(sentence)
    assert " ".join(speaker(language).cut(sentence).sentences).split() == whole.split()


@pytest.mark.parametrize(
    ("language", "label", "day"),
    [("en", "Yours until", "Sat 19 December"), ("de", "Ausgeliehen bis", "Sa., 19. Dezember")],
)
def test_a_due_date_gets_a_block_of_its_own(language: str, label: str, day: str) -> None:
    row = Row("k", "Emma", "Jane Austen", "book", RowState.LENT, Sentence("row.lent", {"date": LATER}), LATER)
    words = row_words(row, speaker(language))
    assert (words.due_label, words.due, words.line, words.step) == (label, day, "Jane Austen", "")


def test_a_refused_renewal_shows_its_date_in_the_block_and_the_reason_beside_it() -> None:
    row = Row("k", "Emma", "", "book", RowState.REFUSED, Sentence("no.renew_waiting", {"date": LATER}), LATER)
    words = row_words(row, speaker())
    assert (words.due_label, words.step, words.reason) == ("Return by", "", "Someone is waiting for it.")


def test_a_german_date_with_full_stops_cuts_no_sentence() -> None:
    row = Row(
        "k", "Emma", "", "book", RowState.REFUSED, Sentence("no.renew_early", {"from": TODAY, "date": LATER}), LATER
    )
    words = row_words(row, speaker("de"))
    assert words.step == "Ab Sa., 21. November wieder versuchen."
    assert words.reason == "Heute bringt es keine Zeit."


def test_the_count_is_a_number_and_a_word() -> None:
    assert speaker().count(8, 9) == ("8 of 9", "recognised")
    assert speaker("de").count(8, 9) == ("8 von 9", "erkannt")
    assert speaker().count(4, None) == ("4", "items recognised")


# --- bridge -----------------------------------------------------------------------------------------------------------


def test_cues_wait_for_each_other_and_none_is_played_twice() -> None:
    played: list[str] = []
    waiting: list[object] = []
    player = CuePlayer(played.append, lambda seconds, then: waiting.append(then), 0.4)
    cues = (Cue(1, "seen"), Cue(2, "done"), Cue(3, "done"))
    player.hear(cues)
    player.hear(cues)
    assert played == ["seen"]
    while waiting:
        waiting.pop()()  # type: ignore[operator]  # a list of callbacks
    assert played == ["seen", "done"]


def test_a_second_touch_counts_elsewhere_or_later_only() -> None:
    guard = DoubleTouch()
    guard.touched(100, 100, 1.0)
    assert not guard.allows(110, 100, 1.3)
    assert guard.allows(400, 100, 1.3)
    assert guard.allows(100, 100, 1.7)
