"""Loads ``theme.kv`` once, after every building block it names is known to Kivy. Imported before any screen is."""

from __future__ import annotations

from pathlib import Path

from kivy.lang import Builder

from ui.widgets import (
    button,
    frame,
    icon,
    itemrow,
    keypad,
    page,
    part,
    parts,
    plate,
    progress,
    ring,
    rowlist,
    setting,
    sheet,
    words,
)

BLOCKS = (
    button,
    frame,
    icon,
    itemrow,
    keypad,
    page,
    part,
    parts,
    plate,
    progress,
    ring,
    rowlist,
    setting,
    sheet,
    words,
)
"""Modules whose classes the ``.kv`` files name; importing them registers the classes."""

Builder.load_file(str(Path(__file__).with_suffix(".kv")))
