"""Makes the sounds of ``ui/assets/sounds`` from the notes in ``tokens.json``. Run by hand when those change.

``python -m ui.assets.make_sounds``; standard library only. Every sound is the project's own: sine tones with two soft
overtones and a gentle start and end, 16 bit mono, 22,050 samples a second. Not responsible for
playing them (ui.sounds).
"""

from __future__ import annotations

import json
import math
import struct
import sys
import wave
from pathlib import Path

HERE = Path(__file__).parent
RATE = 22_050
OVERTONES = ((1, 1.0), (2, 0.22), (3, 0.08))  # multiple of the note, strength
FADE_SECONDS = 0.008


def tone(hertz: float, seconds: float, level: float) -> list[float]:
    """Samples of one note, -1..1, already faded in and out."""
    count = int(seconds * RATE)
    fade = max(1, min(int(FADE_SECONDS * RATE), count // 3))
    total = sum(strength for _, strength in OVERTONES)
    samples = []
    for index in range(count):
        wave_value = sum(s * math.sin(2 * math.pi * hertz * m * index / RATE) for m, s in OVERTONES) / total
        edge = min(1.0, index / fade, (count - index) / fade)
        samples.append(level * edge * wave_value * math.exp(-2.2 * index / count))
    return samples


def sound(notes: list[float], milliseconds: int, decibel: float) -> bytes:
    """Frames of one sound: its notes one after the other in the given whole length."""
    level = 10 ** (decibel / 20)
    samples = [s for hertz in notes for s in tone(hertz, milliseconds / 1000 / len(notes), level)]
    return b"".join(struct.pack("<h", round(32_767 * s)) for s in samples)


def main() -> None:
    """Write one WAV file a sound."""
    tokens = json.loads((HERE.parent / "tokens.json").read_text(encoding="utf-8"))["sound"]
    for name, made_of in tokens.items():
        if name == "rules":
            continue
        with wave.open(str(HERE / "sounds" / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(sound(made_of["notes_hz"], made_of["ms"], made_of["db"]))
    sys.stdout.write("sounds made\n")


if __name__ == "__main__":
    main()
