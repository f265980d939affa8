"""Plays the project's short sounds. A machine without loudspeaker, or with a broken one, is silent and works.

Never the only carrier of a meaning. Not responsible for when a sound is due (bridge.CuePlayer).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog
from kivy.core.audio import SoundLoader

log = structlog.get_logger(__name__)

FOLDER = Path(__file__).parent / "assets" / "sounds"


class Sounds:
    """Loads a sound at its first use. After the first failure no further try is made."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}
        self._broken = False

    def play(self, name: str) -> None:
        """Play one sound by its name; a name without a file is silent."""
        path = FOLDER / f"{name}.wav"
        if self._broken or not path.is_file():
            return
        try:
            sound = self._loaded.get(name) or SoundLoader.load(str(path))
            if sound is None or sound.length <= 0:  # Kivy gives a sound that cannot be played where there is no device
                raise OSError("no audio device")
            self._loaded[name] = sound
            sound.stop()
            sound.play()
        except Exception as error:  # noqa: BLE001  # whatever an audio driver raises, the screen goes on
            self._broken = True
            log.warning("no sound", reason=str(error))
