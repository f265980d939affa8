"""Many pictures on one, with their names: to look at a whole tour at once.

Not responsible for taking them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

COLUMNS, GAP, LABEL = 6, 24, 40  # pixels
WIDTH = 320
GROUND, INK = (90, 92, 96), (255, 255, 255)


def contact_sheet(pictures: Sequence[Path], target: Path) -> None:
    """Put the pictures on one sheet, in their order, each under its name; raises OSError."""
    small = [_small(picture) for picture in pictures]
    high = max(image.height for image in small) + LABEL + GAP
    lines = -(-len(small) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (WIDTH + GAP) + GAP, lines * high + GAP), GROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(24)
    for index, (picture, image) in enumerate(zip(pictures, small, strict=True)):
        x, y = GAP + index % COLUMNS * (WIDTH + GAP), GAP + index // COLUMNS * high
        draw.text((x, y), picture.stem, INK, font)
        sheet.paste(image, (x, y + LABEL))
    sheet.save(target)


def _small(picture: Path) -> Image.Image:
    with Image.open(picture) as image:
        size = (WIDTH, WIDTH * image.height // image.width)
        small: Image.Image = image.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    return small
