"""Takes one picture of every example screen: to look at after a change.

``python -m ui.pictures FOLDER --size 1080x1920 --language en``. Not responsible for the demo's tour, which uses the
real core.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from ui.bridge import Bridge
from ui.environment import WindowSettings, prepare
from ui.look import Choices


def pictures(
    folder: Annotated[Path, typer.Argument(help="Where the pictures go, one PNG a screen.")],
    size: Annotated[str, typer.Option(help="Window, width x height in pixels.")] = "1080x1920",
    language: Annotated[str, typer.Option(help="Language of the words.")] = "en",
    theme: Annotated[str, typer.Option(help="light, dark or contrast.")] = "light",
    text: Annotated[str, typer.Option(help="Text size: S, M, L or XL.")] = "M",
    low: Annotated[bool, typer.Option(help="Controls in the lower half.")] = False,
) -> None:
    """Save a picture of every example screen in ``ui.gallery``."""
    try:
        width, height = map(int, size.split("x"))
        choices = Choices(theme, text, low)
    except ValueError as error:
        typer.echo(f"wrong use: {error}", err=True)
        raise typer.Exit(2) from error
    os.environ.setdefault("SDL_VIDEODRIVER", "offscreen")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        prepare(WindowSettings(Path(home), width, height))
        take(folder, language, choices)


def take(folder: Path, language: str, choices: Choices) -> None:
    """Save the pictures; Kivy must be prepared."""
    from ui import gallery
    from ui.app import KioskApp
    from ui.pilot import Pilot

    bridge = Bridge(lambda intent: None)
    pilot = Pilot(KioskApp(bridge, lambda text, now: None, lambda: gallery.NOW))
    pilot.start()
    for name in (*gallery.EXAMPLES, *gallery.MORE):
        for shown in filter(None, (gallery.UNDER.get(name), name)):
            bridge.show(gallery.example(shown, language))
            pilot.frames(2)
        if pilot.app.look.choices != choices:
            pilot.app.choose(choices)
        pilot.picture(folder / f"{name}.png")
    pilot.stop()


if __name__ == "__main__":
    typer.run(pictures)
