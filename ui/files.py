"""Files the screen cannot be drawn without."""

from __future__ import annotations


class FileOfOursMissing(Exception):
    """A font or picture is not there; the text names it and holds nothing else, so it may be logged."""
