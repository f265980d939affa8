"""Which script a piece of text is in, how it is cut into runs, and where a line may break.

Pure; not responsible for fonts on disk (fonts) or for pixels (text).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

COMMON = "common"
_OTHER_SCRIPT = re.compile("[^\u0000-\u058f\u2010-\u2027]")  # besides these: dashes, quotation marks, ellipsis
_WORD = re.compile("[^ ]* +|[^ ]+")
_OPENING = "\u300c\u300e\uff08("  # no line ends with an opening bracket


@dataclass(frozen=True, slots=True)
class Script:
    """A writing system as far as the screen cares.

    Attributes:
        name: used by ``ui.fonts`` to find its files.
        shaped: letters change by their neighbours or run from right to left; needs a shaping engine.
        rtl: runs from right to left.
        ranges: Unicode ranges, both ends included.
    """

    name: str
    shaped: bool
    rtl: bool
    ranges: tuple[tuple[int, int], ...]


SCRIPTS = (
    Script("arabic", True, True, ((0x0590, 0x08FF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF))),  # with Hebrew, Syriac, Thaana
    Script("devanagari", True, False, ((0x0900, 0x097F), (0xA8E0, 0xA8FF))),
    Script("thai", True, False, ((0x0E00, 0x0E7F),)),
    Script("cjk", False, False, ((0x1100, 0x11FF), (0x2E80, 0x9FFF), (0xA960, 0xA97F), (0xAC00, 0xD7FF),
                                 (0xF900, 0xFAFF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF), (0x1F200, 0x1F2FF),
                                 (0x20000, 0x3FFFF))),
    Script("symbols", False, False, ((0x2190, 0x2BFF),)),
    Script("latin", False, False, ()),
)  # fmt: skip
BY_NAME = {script.name: script for script in SCRIPTS}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring characters of one script."""

    script: str
    text: str


@lru_cache(maxsize=4096)
def script_of(character: str) -> str:
    """Name of the script of one character; "common" for spaces, digits and punctuation that suit any script."""
    point = ord(character)
    for script in SCRIPTS:
        if any(first <= point <= last for first, last in script.ranges):
            return script.name
    if point < 0x250 and not character.isalpha():
        return COMMON
    if unicodedata.category(character) in {"Mn", "Me", "Cf"} or 0x2000 <= point <= 0x206F:
        return COMMON
    return "latin"


def runs(text: str) -> tuple[Run, ...]:
    """Cut a text into runs by script. Common characters belong to the run before them (at the start: to the next)."""
    if _all_latin(text):
        return (Run("latin", text),) if text else ()
    found: list[list[str]] = []
    for character in text:
        name = script_of(character)
        if found and (name in {COMMON, found[-1][0]} or found[-1][0] == COMMON):
            found[-1][1] += character
            if found[-1][0] == COMMON:
                found[-1][0] = name
        else:
            found.append([name, character])
    return tuple(Run("latin" if name == COMMON else name, piece) for name, piece in found)


def needs_bidi(text: str) -> bool:
    """True if a part of the text runs from right to left, so that a whole line must be laid out at once."""
    return not _all_latin(text) and any(BY_NAME[run.script].rtl for run in runs(text))


def _all_latin(text: str) -> bool:
    """Most texts are, and they are measured while a picture is made: told without a look at each letter."""
    return _OTHER_SCRIPT.search(text) is None


def starts_rtl(text: str) -> bool:
    """True if the first character with a direction of its own runs from right to left."""
    for character in text:
        direction = unicodedata.bidirectional(character)
        if direction in {"R", "AL"}:
            return True
        if direction == "L":
            return False
    return False


def wrap(text: str, width: float, measure: Callable[[str], float], most: int = 0) -> tuple[str, ...]:
    """Break a text into lines no wider than ``width``.

    Args:
        text: may hold line breaks of its own.
        width: in the unit of ``measure``.
        measure: width of a piece of text.
        most: greatest number of lines; what does not fit is cut and ends in an ellipsis. 0 = any.
    """
    text = text.replace(" …", "\u00a0…")  # an ellipsis never stands alone on a line
    lines = [line for paragraph in text.split("\n") for line in _fill(paragraph, width, measure)]
    if most and len(lines) > most:
        lines = [*lines[: most - 1], _cut(" ".join(lines[most - 1 :]), width, measure)]
    return tuple(lines) or ("",)


def _fill(paragraph: str, width: float, measure: Callable[[str], float]) -> Iterator[str]:
    if measure(paragraph.rstrip()) <= width:
        yield paragraph.rstrip()
        return
    line = ""
    for atom in _atoms(paragraph):
        if not line or measure((line + atom).rstrip()) <= width:
            line += atom
        else:
            yield line.rstrip()
            line = atom.lstrip()
        while measure(line.rstrip()) > width and len(line) > 1:
            fits = _fitting(line, width, measure)
            yield line[:fits]
            line = line[fits:]
    yield line.rstrip()


def _atoms(paragraph: str) -> Iterator[str]:
    """Pieces that are not broken: words with the space after them, single East Asian characters."""
    if _all_latin(paragraph):
        yield from _WORD.findall(paragraph)
        return
    atom = ""
    for character in paragraph:
        if (
            atom
            and (
                (atom[-1] in " \u200b" and character != " ")
                or (script_of(character) == "cjk" and atom[-1] not in _OPENING)
            )
        ) or (atom and script_of(atom[-1]) == "cjk" and script_of(character) not in {"cjk", COMMON}):
            yield atom
            atom = character
        else:
            atom += character
    if atom:
        yield atom


def _fitting(text: str, width: float, measure: Callable[[str], float]) -> int:
    """How many characters of an unbreakable text fit, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if measure(text[:middle]) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(text: str, width: float, measure: Callable[[str], float]) -> str:
    if measure(text) <= width:
        return text
    return text[: _fitting(text, width - measure("…"), measure)].rstrip(" .,;:") + "…"
