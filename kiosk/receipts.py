"""Receipts as bytes for an ESC/POS printer. Not responsible for what they say (session) or for sending (drivers).

A line the printer's own letters cannot write is printed as a picture, in a font that can; nothing is transliterated.
No name and no card number is on a receipt.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

from escpos.printer import Dummy
from PIL import Image, ImageDraw, ImageFont

from kiosk.effects import Receipt, ReceiptLine
from kiosk.messages import Now
from kiosk.screens import Sentence
from wording import say

CODE_PAGE = "CP1252"
DOTS_A_COLUMN = 12
PICTURE_HEIGHT = 34
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf",
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
        self._line(paper, self._say(receipt, receipt.headline, now), bold=True)
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
        paper.set(bold=bold)
        for part in wrap(text, self._columns - len(indent)) or [""]:
            if _writes(part):
                paper.textln(indent + part)
            else:
                self._picture(paper, part)
        paper.set(bold=False)

    def _picture(self, paper: Dummy, text: str) -> None:
        for font in self._loaded():
            if _covers(font, text):
                picture = Image.new("1", (self._columns * DOTS_A_COLUMN, PICTURE_HEIGHT), 1)
                ImageDraw.Draw(picture).text((0, 2), text, font=font, fill=0)
                paper.image(picture, center=False)
                return
        paper.textln("".join(sign if _writes(sign) else "?" for sign in text))

    def _loaded(self) -> Iterator[ImageFont.FreeTypeFont]:
        for file in self._fonts:
            yield ImageFont.truetype(file, PICTURE_HEIGHT - 10)


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
