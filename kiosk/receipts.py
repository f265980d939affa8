"""Receipts as bytes for an ESC/POS printer. Not responsible for what they say (session) or for sending (drivers).

A line the printer's own letters cannot write is printed as a picture, in a font that can; nothing is transliterated.
No name and no card number is on a receipt.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from textwrap import wrap
from unicodedata import bidirectional, category, combining

from escpos.printer import Dummy
from PIL import Image, ImageDraw, ImageFont

from kiosk.effects import Receipt, ReceiptLine
from kiosk.messages import Now
from kiosk.screens import Sentence
from wording import say

CODE_PAGE = "CP1252"
DOTS_A_COLUMN = 12
PICTURE_HEIGHT = 34
NOTO = "/usr/share/fonts/truetype/noto"
SCRIPTS = ("Thai", "Devanagari", "Bengali", "Tamil", "Gujarati", "Gurmukhi", "Ethiopic", "Khmer", "Sinhala")
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    f"{NOTO}/NotoSans-Regular.ttf",
    *(f"{NOTO}/NotoSans{script}-Regular.ttf" for script in SCRIPTS),
)


class ReceiptWriter:
    """Makes a receipt's bytes.

    Args:
        library: name on top.
        columns: letters a line.
        fonts: files tried for lines that need a picture, in this order.
    """

    def __init__(self, library: str, columns: int, fonts: tuple[str, ...] = FONTS) -> None:
        self._library = library
        self._columns = columns
        self._fonts = tuple(font for font in fonts if Path(font).exists())

    def render(self, receipt: Receipt, now: Now) -> bytes:
        """The whole receipt, cut at the end."""
        paper = self._paper()
        paper.hw("INIT")
        paper.charcode(CODE_PAGE)
        self._line(paper, self._library, bold=True)
        self._line(
            paper, self._say(receipt, Sentence("receipt.printed_at", {"time": now.wall, "date": now.wall.date()}), now)
        )
        paper.ln()
        for summary in filter(None, (receipt.headline, receipt.also)):
            self._line(paper, self._say(receipt, summary, now), bold=True)
        self._items(paper, receipt, receipt.lines, now)
        if receipt.staff:
            paper.ln()
            self._line(paper, self._say(receipt, Sentence("receipt.staff_heading"), now), bold=True)
            self._items(paper, receipt, receipt.staff, now)
        paper.ln()
        self._line(paper, self._say(receipt, Sentence("receipt.thanks"), now))
        paper.cut()
        return bytes(paper.output)

    def _paper(self) -> Dummy:
        """Empty paper of this width; without a width the library prints a remark on standard output."""
        paper = Dummy()
        plain = paper.profile.profile_data
        media = {**plain["media"], "width": {"pixels": self._columns * DOTS_A_COLUMN}}
        paper.profile.profile_data = {**plain, "media": media}
        return paper

    def _items(self, paper: Dummy, receipt: Receipt, lines: tuple[ReceiptLine, ...], now: Now) -> None:
        for line in lines:
            paper.ln()
            self._line(paper, line.title)
            self._line(paper, self._say(receipt, line.says, now), indent="  ")

    def _say(self, receipt: Receipt, sentence: Sentence, now: Now) -> str:
        return say(sentence.code, sentence.params, receipt.language, sentence.site_text, now.wall.date())

    def _line(self, paper: Dummy, text: str, bold: bool = False, indent: str = "") -> None:
        text = _printable(text)
        font = None if _writes(text) else self._font_for(text)
        if font is not None:
            self._pictures(paper, text, font, len(indent) * DOTS_A_COLUMN)
            return
        known = "".join(sign if _writes(sign) else "?" for sign in text)
        paper.set(bold=bold)
        for part in wrap(known, self._columns - len(indent)) or [""]:
            paper.textln(indent + part)
        paper.set(bold=False)

    def _font_for(self, text: str) -> ImageFont.FreeTypeFont | None:
        return next((font for font in map(_loaded, self._fonts) if _covers(font, text)), None)

    def _pictures(self, paper: Dummy, text: str, font: ImageFont.FreeTypeFont, left: int) -> None:
        """One picture a line. What is written from right to left begins at the right edge."""
        width = self._columns * DOTS_A_COLUMN
        from_right = _from_right(text)
        for part in _fitting(font, text, width - left):
            picture = Image.new("1", (width, PICTURE_HEIGHT), 1)
            place = width - left - int(font.getlength(part)) if from_right else left
            ImageDraw.Draw(picture).text((place, 2), part, font=font, fill=0)
            paper.image(picture, center=False)


def _printable(text: str) -> str:
    """Without control signs, which a printer would obey, and without halves of letters."""
    return "".join(" " if category(sign) in ("Cc", "Cs") else sign for sign in text)


@lru_cache(maxsize=len(FONTS))
def _loaded(file: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(file, PICTURE_HEIGHT - 10)


def _from_right(text: str) -> bool:
    """Whether the first letter with a direction is of a script written from right to left."""
    strong = (bidirectional(sign) for sign in text if bidirectional(sign) in ("L", "R", "AL"))
    return next(strong, "L") != "L"


def _fitting(font: ImageFont.FreeTypeFont, text: str, width: int) -> list[str]:
    """Lines no wider than ``width`` dots, broken between words, within a word only where it is wider than a line."""
    lines = [""]
    for word in re.findall(r"\S+\s*", text):
        if font.getlength(lines[-1] + word.rstrip()) <= width:
            lines[-1] += word
            continue
        lines.append("")
        for sign in word:
            if not combining(sign) and font.getlength(lines[-1] + sign) > width:
                lines.append("")
            lines[-1] += sign
    return [line.rstrip() for line in lines if line.strip()]


def _writes(text: str) -> bool:
    try:
        text.encode(CODE_PAGE)
    except UnicodeEncodeError:
        return False
    return True


def _covers(font: ImageFont.FreeTypeFont, text: str) -> bool:
    """Whether the font has every letter; the shape drawn for a letter nobody has shows which are missing."""
    missing = _shape(font, "\U0010fffe")
    return all(sign.isspace() or _shape(font, sign) != missing for sign in text)


def _shape(font: ImageFont.FreeTypeFont, sign: str) -> bytes:
    picture = Image.new("1", (PICTURE_HEIGHT * 2, PICTURE_HEIGHT), 1)
    ImageDraw.Draw(picture).text((0, 0), sign, font=font, fill=0)
    return picture.tobytes()
