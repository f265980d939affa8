"""What goes wrong on the screen ends in an out-of-order screen and a log line; nothing leaves the window."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_mock import MockerFixture
from structlog.testing import capture_logs

from kiosk.screens import Row, RowState, Screen, Sentence
from tests.ui.conftest import Machine
from ui import fonts, gallery


def out_of_order(machine: Machine) -> bool:
    """The screen of last resort is in front, and the loop still turns."""
    machine.pilot.frames(2)
    return machine.app.crashed is not None


def test_an_exception_in_a_screen_becomes_out_of_order_and_a_log_line(machine: Machine, mocker: MockerFixture) -> None:
    from ui.screens.borrow import BorrowPage

    machine.show("Start")
    mocker.patch.object(BorrowPage, "fill", side_effect=ValueError("broken"))
    with capture_logs() as logs:
        machine.show("Borrow")
        assert out_of_order(machine)
    assert [entry for entry in logs if entry["event"] == "screen failed" and entry["error"] == "ValueError"]


def test_what_an_error_says_is_not_logged_for_it_may_hold_a_name(machine: Machine, mocker: MockerFixture) -> None:
    from ui.screens.borrow import BorrowPage

    inner = KeyError("Erika Mustermann")
    outer = ValueError("20000000000014")
    outer.__cause__ = inner
    mocker.patch.object(BorrowPage, "fill", side_effect=outer)
    with capture_logs() as logs:
        machine.show("Borrow")
        assert out_of_order(machine)
    (entry,) = [entry for entry in logs if entry["event"] == "screen failed"]
    assert "Mustermann" not in str(entry)
    assert "20000000000014" not in str(entry)
    assert "KeyError" in entry["trace"]
    assert "show" in entry["trace"]


def test_the_screen_comes_back_with_the_next_value_that_can_be_shown(machine: Machine, mocker: MockerFixture) -> None:
    from ui.screens.borrow import BorrowPage

    broken = mocker.patch.object(BorrowPage, "fill", side_effect=ValueError("broken"))
    machine.show("Borrow")
    assert out_of_order(machine)
    mocker.stop(broken)
    machine.show("Start")
    assert machine.app.crashed is None
    machine.pilot.tap("borrow")
    assert len(machine.intents) == 1


def test_an_exception_in_a_touch_becomes_out_of_order(machine: Machine, mocker: MockerFixture) -> None:
    machine.show("Start")
    mocker.patch.object(machine.app, "post", side_effect=RuntimeError("broken"))
    machine.pilot.tap("borrow")
    assert out_of_order(machine)


def test_a_missing_picture_becomes_out_of_order_and_a_log_line(
    machine: Machine, mocker: MockerFixture, tmp_path: Path
) -> None:
    from ui.widgets import icon

    icon.load.cache_clear()
    icon.symbol.cache_clear()
    icon.illustration.cache_clear()
    mocker.patch.object(icon, "ASSETS", tmp_path)
    with capture_logs() as logs:
        machine.show("Start")
        assert out_of_order(machine)
    assert any("is missing" in entry.get("trace", "") for entry in logs)


def test_a_missing_font_becomes_out_of_order_and_a_log_line(
    machine: Machine, mocker: MockerFixture, tmp_path: Path
) -> None:
    mocker.patch.object(fonts, "FOLDERS", (tmp_path,))
    fonts.look_again()
    try:
        with capture_logs() as logs:
            machine.show("Start")
            assert out_of_order(machine)
        assert any("is not installed" in entry.get("trace", "") for entry in logs)
    finally:
        mocker.stopall()
        fonts.look_again()


def test_a_missing_font_of_another_script_costs_only_that_script(machine: Machine, mocker: MockerFixture) -> None:
    mocker.patch.dict(fonts.FILES, {"cjk": ("Nothing.ttc", "Nothing.ttc")})
    fonts.look_again()
    try:
        machine.show("Borrow")
        assert not out_of_order(machine)
    finally:
        mocker.stopall()
        fonts.look_again()


@pytest.mark.parametrize("key", ["back", "f4", "f11", "help"])
@pytest.mark.parametrize("modifier", [(), ("alt",), ("ctrl",), ("meta",)])
def test_no_key_reaches_kivy_or_ends_the_program(machine: Machine, key: str, modifier: tuple[str, ...]) -> None:
    from kivy.base import EventLoop
    from kivy.core.window import Window

    reached: list[object] = []
    Window.bind(on_keyboard=lambda *args: reached.append(args))
    machine.show("Start")
    machine.pilot.key(key, *modifier)
    assert reached == []
    assert Window.dispatch("on_request_close") is True
    assert not EventLoop.quit


def test_no_audio_device_is_no_error(machine: Machine, mocker: MockerFixture) -> None:
    from ui import sounds

    mocker.patch("ui.sounds.SoundLoader.load", return_value=None)
    machine.app.sounds = sounds.Sounds()
    with capture_logs() as logs:
        for _ in range(3):
            machine.app.sounds.play("done")
    assert [entry["event"] for entry in logs] == ["no sound"]


def test_any_title_can_be_shown(machine: Machine) -> None:
    titles = (
        "",
        "x" * 400,
        "吾輩は猫である " * 20,
        "كتاب (3) abc",
        "עברית abc",
        "गोदान",
        "\u202e\u0000\ue000",
        "a\nb",
        "[b]x[/b]",
        "😀",
    )
    rows = tuple(Row(str(i), t, t, "book", RowState.LENT, Sentence("row.label")) for i, t in enumerate(titles))
    machine.shown(replace(gallery.borrow("en"), rows=rows))
    machine.pilot.settle()
    assert machine.app.crashed is None


def test_values_from_another_thread_are_drawn_once_and_the_newest_wins(machine: Machine) -> None:
    machine.show("Start")
    views: list[Screen] = [gallery.borrow("en"), gallery.give_back("en"), gallery.card("en")]

    def show_all() -> None:
        for view in views * 50:
            machine.bridge.show(view)

    thread = threading.Thread(target=show_all)
    thread.start()
    thread.join()
    machine.pilot.wait(lambda: machine.app.shell.view == views[-1])


def test_rows_are_changed_in_place(machine: Machine) -> None:
    machine.show("Borrow")
    before = machine.pilot.find("row:moby")
    view = gallery.borrow("en")
    rows = tuple(
        replace(r, state=RowState.CHECKING, says=Sentence("row.checking")) if r.key == "moby" else r for r in view.rows
    )
    machine.shown(replace(view, rows=rows))
    assert machine.pilot.find("row:moby") is before
    assert "Being checked" in before.label


def test_the_frame_rate_falls_on_the_start_screen_and_rises_at_the_first_touch(machine: Machine) -> None:
    from kivy.clock import Clock

    from ui import rate

    machine.show("Start")
    machine.app.rate.look(machine.app.rate._last + rate.QUIET_SECONDS + 1)
    assert Clock._max_fps == rate.IDLE
    machine.pilot.tap_at(540, 1500)
    assert Clock._max_fps == rate.FULL
    machine.show("Borrow")
    machine.app.rate.look(machine.app.rate._last + rate.QUIET_SECONDS + 1)
    assert Clock._max_fps == rate.FULL


def test_nothing_is_drawn_while_nothing_changes(machine: Machine) -> None:
    from kivy.core.window import Window

    machine.show("Borrow")
    machine.pilot.settle()
    drawn: list[object] = []
    Window.bind(on_draw=lambda *_: drawn.append(1))
    machine.pilot.frames(30)
    assert not drawn


def test_nothing_typed_or_named_is_logged(machine: Machine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as logs:
        machine.show("Pin")
        for digit in "9731":
            machine.pilot.tap(f"key-{digit}")
        machine.pilot.tap("key-ok")
        machine.show("Borrow")
    told = str(logs) + caplog.text
    assert "9731" not in told
    assert "Mira" not in told


def test_the_last_visits_words_are_forgotten_at_the_next(machine: Machine) -> None:
    machine.show("Borrow")
    assert any("Mira" in key[0] for key in machine.app.text._textures)
    start = gallery.start("en")
    machine.shown(replace(start, frame=replace(start.frame, session=2)))
    assert not any("Mira" in key[0] or "Moby" in key[0] for key in machine.app.text._textures)
