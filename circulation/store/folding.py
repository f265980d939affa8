"""Text as it is searched: the one place that says which spellings of a word are the same.

Not responsible for statements (searching) nor for when a row's searched text is renewed (tables, people).
"""

from __future__ import annotations

import unicodedata

# Letters that are no other letter with a mark to Unicode, but are written so on a keyboard without them.
PLAIN_LETTERS = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\N{LATIN SMALL LETTER DOTLESS I}": "i"}
)
# What stands between words: dashes, brackets, quotation marks, spaces, line ends and what nobody can type.
BETWEEN = frozenset({"Pd", "Ps", "Pe", "Pi", "Pf", "Zs", "Zl", "Zp", "Cc", "Cs", "Co", "Cn"})
ALSO_BETWEEN = frozenset("'\",.:;!?/·…")
NOTHING = frozenset({"Mn", "Me", "Cf"})  # marks, and signs without a width such as a soft hyphen
# A page of PostgreSQL's indexes takes about 2700 bytes of one row, and a character up to four.
PART_LENGTH = 250


def fold(text: str) -> str:
    """A text as it is searched: small letters without marks, words with one space between them.

    Signs such as ``%``, ``+`` or ``#`` stay: two titles may differ in nothing else. Folding again changes nothing.
    """
    plain = unicodedata.normalize("NFKD", text).casefold().translate(PLAIN_LETTERS)
    return " ".join("".join(_kept(sign) for sign in unicodedata.normalize("NFKD", plain)).split())


def _kept(sign: str) -> str:
    kind = unicodedata.category(sign)
    if kind in NOTHING:
        return ""
    return " " if kind in BETWEEN or sign in ALSO_BETWEEN else sign


def sought(*parts: str) -> str:
    """What is searched of a row: its names or title and author, of each as much as an index takes."""
    return " ".join(filter(None, (fold(part)[:PART_LENGTH].rstrip() for part in parts)))
