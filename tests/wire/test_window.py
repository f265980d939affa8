"""The machine's real window on an X server: typed into, clicked and attacked from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image, ImageGrab

from sim.display import ASSUMED, display_size
from sim.program import Program
from sim.side_by_side import GAP
from sim.stage import Stage
from tests.wire.conftest import SETTINGS, on_display
from tests.wire.site import Site, wait

pytestmark = [pytest.mark.slow, pytest.mark.scenario("S6")]
ROOT = Path(__file__).parents[2]
STILL = 8  # looks in which nothing moves
MANY = 50  # colours; an empty window has one
CODES = {
    "at once": [f"3{index:012d}$A/"[:16] for index in range(200)],
    # Without its text input SDL takes two Shift keys within 2 ms for one that repeats; no barcode scanner is that fast.
    "after a text field": [f"3{index:012d}-a/"[:16] for index in range(200)],
}
WAYS_OUT = ("Escape", "alt+F4", "ctrl+c", "ctrl+q", "F11", "F1", "ctrl+alt+Delete", "super", "alt+Tab")


def hand(display: str, *words: str) -> None:
    """xdotool."""
    subprocess.run(["xdotool", *words], env={**os.environ, "DISPLAY": display}, check=True, timeout=60)


def scan(display: str, *codes: str) -> None:
    """Type as a scanner: no delay, Enter after each code."""
    words = [("type", "--args", "1", "--delay", "0", code, "key", "--delay", "0", "Return") for code in codes]
    hand(display, *(word for code in words for word in code))


@contextmanager
def typed_window(display: str, folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.ui.typed_window", str(folder), *words]
    env = {**os.environ, **on_display(display)}
    with subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as window:
        try:
            assert window.stderr is not None
            assert "ready\n" in iter(window.stderr.readline, "")
            yield window
        finally:
            window.kill()


@pytest.mark.parametrize("when", CODES)
def test_two_hundred_barcodes_typed_without_delay_all_arrive(display: str, tmp_path: Path, when: str) -> None:
    codes = CODES[when]
    with typed_window(display, tmp_path, *(["field"] if "field" in when else [])) as window:
        assert window.stdout is not None
        for first in range(0, len(codes), 20):
            scan(display, *codes[first : first + 20])
        arrived = [window.stdout.readline().rstrip("\n") for _ in codes]
    assert arrived == codes


def test_a_whole_loan_by_mouse_keyboard_and_pad_at_the_program_that_runs_in_libraries(
    display: str, tmp_path: Path, library: Path
) -> None:
    with Stage(tmp_path / "site", SETTINGS, machine=None, library=library) as stage:
        site = Site(stage)
        ada = next(patron for patron in site.roles.patrons if patron["key"] == "ada")
        (book,) = site.roles.free("BOOK")
        env = {**stage.env(), **on_display(display)}
        kiosk = Program("kiosk", ("ui.main", "run", "--config", str(stage.config)), stage.folder, env)
        try:
            start = still(display)
            hand(display, "mousemove", "300", "1130", "click", "1")
            card = still(display, start)
            scan(display, ada["barcode"])
            still(display, card)
            hand(display, "type", "--args", "1", "--delay", "150", ada["pin"], "sleep", "0.2", "key", "Return")
            wait(lambda: site.query("SELECT 1 FROM patron_session"))
            site.put(book)
            wait(lambda: book in site.loans())
            wait(lambda: site.tag(book)["security"] == "disarmed")
        finally:
            kiosk.stop()
        assert kiosk.code == 0


@pytest.mark.hands("display")
def test_no_key_and_no_corner_leads_out_of_the_window(site: Site, display: str) -> None:
    for keys in WAYS_OUT:
        hand(display, "key", keys)
    for x, y in (("0", "0"), ("1079", "0"), ("0", "1919"), ("1079", "1919")):
        hand(display, "mousemove", x, y, "click", "--repeat", "5", "--delay", "30", "1", "click", "3")
    site.see("Help")  # F1 asked for it; every other key did nothing
    site.do("back")
    site.see("Start")
    site.sign_in("ada")


def test_the_display_tells_its_size(display: str) -> None:
    code = "from sim.display import display_size; print(*display_size())"
    found = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "DISPLAY": display}, capture_output=True, check=True, cwd=ROOT
    )
    assert found.stdout == b"1080 1920\n"


def test_where_there_is_no_display_a_size_is_assumed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    assert display_size() == ASSUMED


def running_in(folder: Path) -> list[str]:
    """Programs whose command line names this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(bytes(folder) in word for word in words[1:]):
            found.append(b" ".join(words).decode("utf-8", "replace"))
    return found


def listens_to_interrupts() -> None:
    """A test run in the background ignores them, and what it starts would too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_with_a_display_the_demo_opens_both_windows_and_ends_all_it_started(
    display: str, tmp_path: Path, number: int
) -> None:
    env = {**os.environ, **on_display(display), "TMPDIR": str(tmp_path)}
    tour = [sys.executable, "-m", "sim.tour"]
    with subprocess.Popen(tour, env=env, cwd=ROOT, stdout=subprocess.PIPE, preexec_fn=listens_to_interrupts) as demo:
        try:
            assert demo.stdout is not None
            assert any(b"to end." in line for line in demo.stdout)
            wait(lambda: all(colours(half) > MANY for half in halves(display)))
        finally:
            demo.send_signal(number)
        assert demo.wait(30) != 0
    end = time.monotonic() + 10
    while left := running_in(tmp_path):
        assert time.monotonic() < end, left
        time.sleep(0.1)


def still(display: str, but: bytes = b"") -> bytes:
    """What is seen once something is, other than ``but``, and nothing moves any more."""
    last, looks = b"", 0

    def settled() -> bool:
        nonlocal last, looks
        seen, before = ImageGrab.grab(xdisplay=display), last
        last = seen.tobytes()
        looks = looks + 1 if last == before and last != but and colours(seen) > MANY else 0
        return looks == STILL

    wait(settled)
    return last


def colours(picture: Image.Image) -> int:
    """How many different ones there are."""
    return len(picture.getcolors(1 << 24) or ())


def halves(display: str) -> tuple[Image.Image, Image.Image]:
    """The left third of the display, where the machine is, and the rest."""
    seen = ImageGrab.grab(xdisplay=display)
    third = seen.width // 3
    return seen.crop((0, 0, third, seen.height)), seen.crop((third + GAP, 0, seen.width, seen.height))
