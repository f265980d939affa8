"""Draws words: measures, breaks and turns them into textures, each piece with the font of its script.

Simple scripts are drawn at once by Kivy's own provider. Scripts whose letters change by their neighbours or that run
from right to left are shaped by Pillow (raqm), on a thread of their own; their place is known at once, the picture
follows. All textures are white (tinted where drawn) and kept in a cache of the newest. Not responsible for where a
text stands (widgets).
"""

from __future__ import annotations

import queue
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from kivy.core.text import Label as CoreLabel
from kivy.graphics.texture import Texture
from PIL import Image, ImageDraw, ImageFont

from ui.fonts import font_file
from ui.scripts import BY_NAME, Run, needs_bidi, runs, starts_rtl, wrap

log = structlog.get_logger(__name__)

KEPT_TEXTURES = 240
KEPT_BLOCKS = 1200
KEPT_WIDTHS = 4000
_ROOM_EM = 0.4  # free space above and below shaped text, so that no mark is cut

Key = tuple[str, str, int, bool, bool]  # text, font file, pixels, shaped, right to left


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text in one font on one line. Pixels; ``rise``: top of its texture above the line's base line."""

    key: Key
    width: float
    rise: float


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line: its pieces from left to right, and its width in pixels."""

    pieces: tuple[Piece, ...]
    width: float


@dataclass(frozen=True, slots=True)
class Block:
    """A text broken into lines. ``step``: distance of base lines, ``first``: the first base line below the top."""

    lines: tuple[TextLine, ...]
    width: float
    height: float
    step: float
    first: float


class TextEngine:
    """Measures and draws. One for the whole window; ``wake`` asks Kivy's thread to call ``collect``."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._labels: dict[tuple[str, int], Any] = {}
        self._pil: dict[tuple[str, int], Any] = {}
        self._textures: OrderedDict[Key, Any] = OrderedDict()
        self._blocks: OrderedDict[tuple[Any, ...], Block] = OrderedDict()
        self._widths: dict[tuple[str, str, int], float] = {}
        self._wanted: dict[Key, list[Callable[[], None]]] = {}
        self._jobs: queue.SimpleQueue[Key | None] = queue.SimpleQueue()
        self._made: queue.SimpleQueue[tuple[Key, tuple[int, int], bytes]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    # --- measuring ---------------------------------------------------------------------------------------------------

    def block(
        self, text: str, px: float, bold: bool, width: float, line: float, most: int = 0, rtl: bool = False
    ) -> Block:
        """Break a text at ``width`` pixels. ``line``: line height as a multiple of ``px``; ``most``: lines, 0 = any."""
        key = (text, px, bold, width, line, most, rtl)
        block = self._blocks.get(key)
        if block is None:
            block = self._make_block(text, int(px), bold, width, line, most, rtl)
            self._blocks[key] = block
            if len(self._blocks) > KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        return block

    def _make_block(self, text: str, px: int, bold: bool, width: float, line: float, most: int, rtl: bool) -> Block:
        rtl = rtl or starts_rtl(text)
        lines = tuple(
            self._line(words, px, bold, rtl) for words in wrap(text, width, lambda t: self._width(t, px, bold), most)
        )
        ascent, descent = self._metrics(font_file("latin", bold), px)
        step = round(px * line)
        first = round((step - ascent - descent) / 2 + ascent)
        return Block(lines, max(entry.width for entry in lines), step * len(lines), step, first)

    def _line(self, words: str, px: int, bold: bool, rtl: bool) -> TextLine:
        pieces = []
        for run in self._runs(words):
            script = BY_NAME[run.script]
            font = str(font_file(run.script, bold))
            width = self._measure(run.text, font, px, script.shaped)
            ascent, _ = self._metrics(font, px)
            rise = ascent + (_ROOM_EM * px if script.shaped else 0)
            pieces.append(Piece((run.text, font, px, script.shaped, rtl and script.shaped), width, rise))
        return TextLine(tuple(pieces), sum(piece.width for piece in pieces))

    def _runs(self, words: str) -> tuple[Run, ...]:
        """A line with right-to-left text is one run: its order is the shaping engine's work."""
        return (Run("arabic", words),) if needs_bidi(words) else runs(words)

    def _width(self, text: str, px: int, bold: bool) -> float:
        return sum(
            self._measure(run.text, str(font_file(run.script, bold)), px, BY_NAME[run.script].shaped)
            for run in self._runs(text)
        )

    def _measure(self, text: str, font: str, px: int, shaped: bool) -> float:
        """Width in pixels; asked several times while a text is broken and drawn, so it is remembered."""
        key = (text, font, px)
        width = self._widths.get(key)
        if width is None:
            if len(self._widths) >= KEPT_WIDTHS:
                self._widths.clear()
            width = self._widths[key] = self._measured(text, font, px, shaped)
        return width

    def _measured(self, text: str, font: str, px: int, shaped: bool) -> float:
        if shaped:
            return float(self._pil_font(font, px).getlength(text)) + 2
        return float(self._label(font, px).get_extents(text)[0])

    def _metrics(self, font: object, px: int) -> tuple[float, float]:
        label = self._label(str(font), px)
        return float(label.get_ascent()), float(-label.get_descent())

    def _label(self, font: str, px: int) -> Any:
        label = self._labels.get((font, px))
        if label is None:
            label = CoreLabel(text="", font_name=font, font_size=px)
            label.resolve_font_name()
            self._labels[font, px] = label
        return label

    def _pil_font(self, font: str, px: int) -> Any:
        found = self._pil.get((font, px))
        if found is None:
            found = self._pil[font, px] = ImageFont.truetype(font, px)
        return found

    # --- drawing -----------------------------------------------------------------------------------------------------

    def texture(self, key: Key, ready: Callable[[], None]) -> Any:
        """The texture of a piece; None while it is being shaped: then ``ready`` is called once it is there."""
        texture = self._textures.get(key)
        if texture is not None:
            self._textures.move_to_end(key)
            return texture
        text, font, px, shaped, _ = key
        if shaped:
            self._order(key, ready)
            return None
        label = CoreLabel(text=text, font_name=font, font_size=px, color=(1, 1, 1, 1))
        label.refresh()
        return self._keep(key, label.texture)

    @property
    def idle(self) -> bool:
        """No shaped text is on its way."""
        return not self._wanted

    def collect(self) -> None:
        """Take what the shaping thread has made. On Kivy's thread."""
        while not self._made.empty():
            key, size, pixels = self._made.get()
            texture = Texture.create(size=size, colorfmt="rgba")
            texture.blit_buffer(pixels, colorfmt="rgba", bufferfmt="ubyte")
            texture.flip_vertical()
            self._keep(key, texture)
            for ready in self._wanted.pop(key, ()):
                ready()

    def forget(self) -> None:
        """Drop every text: nothing a patron saw is kept for the next."""
        self._textures.clear()
        self._blocks.clear()
        self._widths.clear()

    def close(self) -> None:
        """End the shaping thread."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None

    def _keep(self, key: Key, texture: Any) -> Any:
        self._textures[key] = texture
        if len(self._textures) > KEPT_TEXTURES:
            self._textures.popitem(last=False)
        return texture

    def _order(self, key: Key, ready: Callable[[], None]) -> None:
        if key in self._wanted:
            self._wanted[key].append(ready)
            return
        self._wanted[key] = [ready]
        if self._thread is None:
            self._thread = threading.Thread(target=self._shape, name="text", daemon=True)
            self._thread.start()
        self._jobs.put(key)

    def _shape(self) -> None:
        """The shaping thread. A text that cannot be drawn becomes an empty picture and a log line."""
        fonts: dict[tuple[str, int], Any] = {}
        while (key := self._jobs.get()) is not None:
            try:
                made = _draw(key, fonts)
            except Exception:
                log.exception("text cannot be shaped", font=key[1], px=key[2], letters=len(key[0]))
                made = ((1, 1), bytes(4))
            self._made.put((key, *made))
            self._wake()


def _draw(key: Key, fonts: dict[tuple[str, int], Any]) -> tuple[tuple[int, int], bytes]:
    """White shaped text on transparent ground: size and RGBA bytes, first row on top."""
    text, file, px, _, rtl = key
    font = fonts.get((file, px))
    if font is None:
        font = fonts[file, px] = ImageFont.truetype(file, px)
    room = round(_ROOM_EM * px)
    ascent, descent = font.getmetrics()
    size = (int(font.getlength(text)) + 3, ascent + descent + 2 * room)
    mask = Image.new("L", size, 0)
    ImageDraw.Draw(mask).text((1, room), text, font=font, fill=255, direction="rtl" if rtl else None)
    image = Image.new("RGBA", size, (255, 255, 255, 0))
    image.putalpha(mask)
    return size, image.tobytes()
