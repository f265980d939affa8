"""The demo with a display: machine and desk side by side, the staff console in any browser, and things to try.

Not responsible for the programs (stage) or for what the desk shows (desk).
"""

from __future__ import annotations

import time
from pathlib import Path

from rich.console import Console

from sim.desk.app import MOST_NARROW
from sim.display import display_size
from sim.program import Program
from sim.stage import Stage, StageError

BAR = 90  # pixels a desktop keeps for itself, above and below
GAP = 16
LOOK_SECONDS = 0.3
SUGGESTIONS = (
    "Touch [bold]Borrow[/bold], drag [bold]Ben[/bold]'s card to the card reader, type 2345, drag books onto the pad.",
    "Drag a [bold]set[/bold] onto the pad and pull one disc away by its number: the machine says which is missing.",
    "Switch [bold]Pad unplugged[/bold] or [bold]Central service down[/bold] on in the middle, and read what it says.",
)

# Of a library that is invented, on this computer only, for as long as the demo runs.
STAFF, PASSWORD = "demo", "lindenau-lindenau"


def play(folder: Path, console: Console) -> None:
    """Open both windows and wait until one of them is gone. Raises StageError."""
    width, height = display_size()
    room = height - BAR
    wide = min(round(room * 1080 / 1920), width - GAP - MOST_NARROW[0])
    tall = round(wide * 1920 / 1080)
    place = (f"width = {wide}", f"height = {tall}", "left = 0", f"top = {BAR // 3}", "fullscreen = false")
    with Stage(folder, {"screen": place}, machine=None) as stage:
        stage.said = console.print
        _let_staff_in(stage, folder)
        desk = ("--left", wide + GAP, "--top", BAR // 3, "--width", width - wide - GAP, "--height", room)
        machine = Program("kiosk", ("ui.main", "run", "--config", str(stage.config)), folder, stage.env())
        table = Program("desk", ("sim", "desk", *map(str, desk)), folder, stage.env())
        console.print("\nTwo windows are open: the machine, and the desk with everything around it. Things to try:")
        for number, suggestion in enumerate(SUGGESTIONS, 1):
            console.print(f"  {number}. {suggestion}")
        console.print(
            f"\nThe staff console: open {stage.central_url}/staff in a browser, name {STAFF}, password {PASSWORD}"
        )
        console.print("\nClose the desk, or press Ctrl-C here, to end.")
        try:
            _watch(machine, table)
        finally:
            table.stop()
            machine.stop()


def _let_staff_in(stage: Stage, folder: Path) -> None:
    """Make the one who may sign in to the console."""
    file = folder / "password"
    file.write_text(PASSWORD, "utf-8")
    stage.run("circulation", "admin", "create", STAFF, "--password-file", str(file))
    file.unlink()


def _watch(machine: Program, desk: Program) -> None:
    while desk.code is None and machine.code is None:
        time.sleep(LOOK_SECONDS)
    for program in (machine, desk):
        if program.code:
            raise StageError(f"{program.name} ended with {program.code}:\n{program.tail()}")
