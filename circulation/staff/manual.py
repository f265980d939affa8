"""The manual for staff: Markdown of ``docs/manual``, made into pages; the same files as in the repository.

Responsible for reading and for links between chapters. Not responsible for where a page sends its reader (navigation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from circulation.staff.words import LANGUAGES

FOLDER = Path(__file__).parents[2] / "docs" / "manual"
# In the order they are read.
CHAPTERS = (
    *("first-day", "desk", "patrons", "items", "reservations", "attention", "self-service", "rules", "drafts"),
    *("answers", "notices", "calendar", "house", "machines", "staff", "getting-data-in"),
)
_PICTURE = re.compile(r"\.\./pictures/((?:[a-z]{2})/[a-z0-9_-]+\.png)")
_CHAPTER = re.compile(r"([a-z0-9-]+)\.md(#.*)?")
_NO_LETTER = re.compile(r"[^\w]+")
# Names and paths only, no raw HTML: what is written there is shown, whatever it is.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter in one language.

    Attributes:
        sections: (anchor, words) of its headings of the second level.
        html: without its title.
    """

    name: str
    title: str
    sections: tuple[tuple[str, str], ...]
    html: str


def text_of(name: str, language: str) -> str:
    """The Markdown of a chapter."""
    return (FOLDER / language / f"{name}.md").read_text("utf-8")


@cache
def chapter(name: str, language: str) -> Chapter | None:
    """A chapter; None if there is none of this name."""
    if name not in CHAPTERS or language not in LANGUAGES:
        return None
    tokens = _MARKDOWN.parse(text_of(name, language))
    title, rest = tokens[1].content, tokens[3:]  # each begins with its title: opening, words, closing
    sections = tuple(_anchored(rest))
    for token in rest:
        for inner in token.children or ():
            _lead(inner)
    return Chapter(name, title, sections, _MARKDOWN.renderer.render(rest, _MARKDOWN.options, {}))


def _anchored(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Give each heading an anchor, as forges do it; those of the second level are the chapter's sections."""
    for token, words in pairwise(tokens):
        if token.type == "heading_open":
            anchor = _NO_LETTER.sub("-", words.content.lower()).strip("-")
            token.attrSet("id", anchor)
            if token.tag == "h2":
                yield anchor, words.content


def _lead(token: Token) -> None:
    """Point links between files of the manual at their pages here."""
    target = str(token.attrGet("href") or token.attrGet("src") or "")
    picture, other = _PICTURE.fullmatch(target), _CHAPTER.fullmatch(target)
    if picture is not None:
        token.attrSet("src", f"/staff/manual/pictures/{picture[1]}")
    elif other is not None:
        token.attrSet("href", f"/staff/manual/{other[1]}{other[2] or ''}")
