"""Loads ``theme.kv`` once, after every building block it names is known to Kivy. Imported before any screen is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from kivy.lang import Builder

from ui import widgets

BLOCKS = tuple(import_module(f"{widgets.__name__}.{found.name}") for found in iter_modules(widgets.__path__))
"""Modules whose classes the ``.kv`` files name; importing them registers the classes, so they come before the file."""

Builder.load_file(str(Path(__file__).with_suffix(".kv")))
