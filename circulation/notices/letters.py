"""Letters as PDF pages: A4 with the address where the window of an envelope is (DIN 5008, form B).

Responsible for that making a page reads nothing: no file, no network. Not responsible for what a letter says
(composing) or for printing it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

# What lays out and joins pages takes long to load: that is done with the first letter, not by every command.


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a letter has besides its page (composing).

    Attributes:
        sender: lines of the sender's address, the name first; ``to``: of whom it goes to.
        day: of the letter.
        contact: one line, "" = none.
    """

    sender: tuple[str, ...]
    to: tuple[str, ...]
    day: str
    contact: str


def pdf(marked: str) -> bytes:
    """The pages of a letter.

    Args:
        marked: HTML for ``layouts/letter.css``.
    """
    from weasyprint import HTML

    styles, fonts, nothing = _look()
    made = HTML(string=marked, url_fetcher=nothing).write_pdf(stylesheets=[styles], font_config=fonts)
    return bytes(made)


def joined(letters: Iterable[bytes]) -> bytes:
    """Several letters as one file for printing, in their order; on both sides of the paper, each on a sheet of its own.

    A letter with an odd number of pages is followed by an empty one.
    """
    from pypdf import PdfWriter

    writer = PdfWriter()
    for letter in letters:
        writer.append(io.BytesIO(letter), import_outline=False)
        if len(writer.pages) % 2:
            writer.add_blank_page()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@cache
def _look() -> tuple[Any, Any, Any]:
    """The style sheet, the fonts, and what a letter may fetch: nothing. Made once."""
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    fonts, nothing = FontConfiguration(), URLFetcher(allowed_protocols=())
    text = (resources.files("circulation.notices") / "layouts" / "letter.css").read_text("utf-8")
    return CSS(string=text, font_config=fonts, url_fetcher=nothing), fonts, nothing
