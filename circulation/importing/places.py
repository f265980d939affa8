"""Where in a MARC record something stands: "001", "245$a$b", "100$a|110$a", "008/33", "leader/06".

Responsible for this notation only. Not responsible for records (sources.marc).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LEADER = "leader"
TAG = re.compile(r"[0-9A-Za-z]{3}")
_PLACE = re.compile(r"(leader|[0-9A-Za-z]{3})(?:/([0-9]{1,4})(?:-([0-9]{1,4}))?|((?:\$[0-9a-z])+))?")


@dataclass(frozen=True, slots=True)
class Place:
    """One place.

    Attributes:
        codes: subfields, joined by a space in this order; empty = the whole field.
        span: first sign and the one behind the last, of a field without subfields; None = all.
    """

    text: str
    tag: str
    codes: tuple[str, ...] = ()
    span: tuple[int, int] | None = None


def places(text: str) -> tuple[Place, ...]:
    """Alternatives of which the first that says something is taken.

    Raises:
        ValueError: this is not the notation.
    """
    return tuple(_place(one.strip()) for one in text.split("|"))


def _place(text: str) -> Place:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    tag, first, last, codes = found.groups()
    if tag == LEADER and codes:
        raise ValueError(text)
    if first is None:
        return Place(text, tag, tuple((codes or "").split("$")[1:]))
    end = int(last) if last is not None else int(first)
    if end < int(first):
        raise ValueError(text)
    return Place(text, tag, span=(int(first), end + 1))
