"""What physically lies where: tags, the pad, patron cards, paper. Deterministic by its seed.

Responsible for what is true of things. Not responsible for lines, time or faults.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sim.tags import Tag

RANDOM_UID = 0x08  # first byte of a random 4-byte UID (ISO/IEC 14443-3, 6.5.4)


class WorldError(Exception):
    """Somebody asked for what cannot be; the text says what."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something with one or more tags: an item with its parts, or a stray thing.

    Attributes:
        name: item id, or the name of a stray thing.
        title: for people only.
        tags: names of its tags in the order of its parts: ``name/1``, ``name/2``, ...
        shape: "book", "disc", "tape" or "box", for whoever draws it.
    """

    name: str
    title: str
    tags: tuple[str, ...]
    shape: str = "box"


@dataclass(frozen=True, slots=True)
class Card:
    """A patron card, or a phone.

    Attributes:
        uid: 4 or 7 bytes; None: a phone, which shows another one each time.
        title, pin: whose it is and what they know, for people at the desk; no device is told.
    """

    name: str
    uid: bytes | None = field(repr=False)
    title: str = ""
    pin: str = field(default="", repr=False)


@dataclass(slots=True)
class Paper:
    """The printer's roll. ``lines``: left on it. ``low_below``: where the near-end sensor reports."""

    lines: int = 2000
    low_below: int = 100


class World:
    """All things, and where they are."""

    def __init__(self, things: Iterable[Thing], tags: Iterable[Tag], cards: Iterable[Card], paper: Paper, seed: int):
        self.things: Mapping[str, Thing] = {thing.name: thing for thing in things}
        self.tags: Mapping[str, Tag] = {tag.name: tag for tag in tags}
        self.cards: Mapping[str, Card] = {card.name: card for card in cards}
        self.paper = paper
        self.chance = random.Random(seed)
        self.pad: list[str] = []
        self._by_uid = {tag.uid.hex().upper(): tag.name for tag in self.tags.values()}

    def find(self, name: str) -> tuple[str, ...]:
        """Names of the tags meant by an item id, ``item/part``, the name of a thing, or a UID in hex."""
        if name in self.things:
            return self.things[name].tags
        if name in self.tags:
            return (name,)
        if name.upper() in self._by_uid:
            return (self._by_uid[name.upper()],)
        raise WorldError(f"there is no {name!r}: no item id, item/part, thing or UID of this scenario")

    def put(self, names: Iterable[str]) -> tuple[str, ...]:
        """Lay things on the pad, in this order. All or nothing. Returns the names of the tags."""
        found = tuple(dict.fromkeys(tag for name in names for tag in self.find(name)))
        lying = [tag for tag in found if tag in self.pad]
        if lying:
            raise WorldError(f"already on the pad: {', '.join(lying)}")
        self.pad.extend(found)
        return found

    def take(self, names: Iterable[str]) -> tuple[str, ...]:
        """Take things off the pad. All or nothing. Returns the names of the tags."""
        found = tuple(dict.fromkeys(tag for name in names for tag in self.find(name) if tag in self.pad))
        missing = [name for name in names if not any(tag in self.pad for tag in self.find(name))]
        if missing:
            raise WorldError(f"not on the pad: {', '.join(missing)}")
        for tag in found:
            self._leave(tag)
        return found

    def take_all(self) -> tuple[str, ...]:
        """Clear the pad."""
        found = tuple(self.pad)
        for tag in found:
            self._leave(tag)
        return found

    def _leave(self, tag: str) -> None:
        self.pad.remove(tag)
        self.tags[tag].power_off()

    def on_pad(self) -> list[Tag]:
        """Tags on the pad in the order they were laid down."""
        return [self.tags[name] for name in self.pad]

    def card_uid(self, name: str) -> bytes:
        """The UID a card shows when it is presented now."""
        if name not in self.cards:
            raise WorldError(f"there is no card {name!r} in this scenario")
        uid = self.cards[name].uid
        return bytes([RANDOM_UID]) + self.chance.randbytes(3) if uid is None else uid
