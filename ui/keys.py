"""Tells a person's keys from a scanner that types: both come through the same keyboard.

A scanner (keyboard wedge) types a whole code within a few milliseconds a key. Every printable key goes to the wedge at
once; for the person's sake one is held back until it is clear that no other follows it too fast. Pure: time is a
parameter. Not responsible for what a scanned code means.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

GAP_SECONDS = 0.06  # no person types two keys in less; a scanner needs 1 to 30 ms
_SHIFTED = str.maketrans("`1234567890-=[]\\;',./", '~!@#$%^&*()_+{}|:"<>?')
_NAMES = {8: "erase", 9: "next", 13: "ok", 27: "back", 271: "ok", 273: "previous", 274: "next", 276: "previous",
          275: "next", 282: "help", 127: "erase"}  # fmt: skip  # Kivy's key numbers
_ENTER = frozenset({13, 271})
_NOT_TEXT = frozenset(range(272, 330)) | {8, 9, 27, 127}


def text_of(key: int, codepoint: str | None, shift: bool, caps: bool = False) -> str:
    """What a key types, "" for none. Enter types a line end.

    Args:
        key: Kivy's key number.
        codepoint: Kivy's character for it, without Shift; Shift itself comes as U+0130 and types nothing.
        shift: Shift is held.
        caps: Caps Lock is on.
    """
    if key in _ENTER:
        return "\n"
    keypad = _keypad(key)
    if keypad:
        return keypad
    if (
        not codepoint
        or len(codepoint) != 1
        or key in _NOT_TEXT
        or key >= 300
        or not codepoint.isprintable()
        or codepoint == "\u0130"
    ):
        return ""
    if codepoint.isalpha():
        return codepoint.upper() if shift != caps else codepoint.lower()
    return codepoint.translate(_SHIFTED) if shift else codepoint


def _keypad(key: int) -> str:
    """Digits of the numeric block."""
    return str(key - 256) if 256 <= key <= 265 else ""


def name_of(key: int, shift: bool) -> str:
    """What a key does on the screen ("next", "previous", "ok", "back", "help", "erase"), "" for nothing."""
    if key == 9 and shift:
        return "previous"
    return _NAMES.get(key, "")


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key as it was pressed.

    Attributes:
        text: what it types by the table of an American keyboard; the system may know better.
        name: what it does on the screen, "" for nothing.
        at: when, monotonic seconds.
    """

    text: str
    name: str
    at: float

    @property
    def certain(self) -> bool:
        """It types nothing that a keyboard's layout decides."""
        return self.text in ("", "\n")


def pressed(key: int, codepoint: str | None, modifiers: Collection[str], now: float) -> Pressed | None:
    """What a key event of Kivy's window means, None for nothing."""
    shift = "shift" in modifiers
    found = Pressed(text_of(key, codepoint, shift, "capslock" in modifiers), name_of(key, shift), now)
    return found if found.text or found.name else None


@dataclass(frozen=True, slots=True)
class Stroke:
    """A person's key: ``text`` for a character, ``name`` for what it does."""

    text: str
    name: str


class KeySplitter:
    """Feeds on keys, gives back the strokes of a person."""

    def __init__(self) -> None:
        self._held: Stroke | None = None
        self._last = float("-inf")
        self._scanning = False

    @property
    def waiting(self) -> bool:
        """A key is held back; ask ``due`` again after GAP_SECONDS."""
        return self._held is not None

    def feed(self, stroke: Stroke, now: float) -> tuple[Stroke, ...]:
        """A key came at ``now`` (monotonic seconds). What is certainly a person's is returned."""
        fast = now - self._last < GAP_SECONDS
        out = () if fast else self._release()
        if not stroke.text:
            self._scanning = False
            return (*out, *self._release(), stroke)
        self._last = now
        if fast and (self._held is not None or self._scanning):
            self._held = None
            self._scanning = True
            return ()
        self._scanning = False
        self._held = stroke
        return out

    def due(self, now: float) -> tuple[Stroke, ...]:
        """The held key, if no other followed it in time."""
        return self._release() if now - self._last >= GAP_SECONDS else ()

    def _release(self) -> tuple[Stroke, ...]:
        held, self._held = self._held, None
        return () if held is None else (held,)
