"""What the data models have in common: the fields a kiosk needs, and the ways a tag can fail to give them."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Unreadable


class TagDataError(ValueError):
    """The bytes are not what the data model says. The text names the place, never the content."""


@dataclass(frozen=True, slots=True)
class TagFields:
    """The item a tag names.

    Attributes:
        model: "iso28560-3" or "iso28560-2".
        item_id: primary item identifier.
        part: ordinal number of this part, from 1.
        parts: number of parts of the item.
        owner: ISIL with its hyphen, None if the tag names none.
        media_format: ISO 28560-3 media format, None if absent.
        usage: type of usage, None if absent.
    """

    model: str
    item_id: str
    part: int
    parts: int
    owner: str | None
    media_format: int | None
    usage: int | None


@dataclass(frozen=True, slots=True)
class NotAnItem:
    """The tag names no item.

    Attributes:
        detail: for staff and the log; places and models, no content.
    """

    reason: Unreadable
    detail: str


@dataclass(frozen=True, slots=True)
class NeedMore:
    """The memory has to be read up to ``size`` bytes (or to its end) before anything can be said."""

    size: int


def part_of(part: int, parts: int) -> tuple[int, int]:
    """Part and number of parts as the rest of the program wants them: from 1, part <= parts.

    0 stands for "not used". Some writers swap the two; where the part would be greater than the number of parts, they
    did.
    """
    part, parts = max(part, 1), max(parts, 1)
    return (parts, part) if part > parts else (part, parts)
