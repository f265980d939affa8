"""What lies where on the desk, and which control line a movement of the hand means. Pure.

Read from the simulator's own answers (``tags``, ``show``, ``printed``, ``log``). Not responsible for asking (remote) or
drawing (window).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Answer = Mapping[str, Any]
SHELVES = ("books", "discs", "sets", "strays")


@dataclass(frozen=True, slots=True)
class Part:
    """One tag. ``security``: "armed", "disarmed" or "other"."""

    name: str
    number: int
    security: str
    damaged: bool


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing, or those of its parts that lie in one place.

    Attributes:
        name: what control lines call it.
        shelf: one of SHELVES.
        shape: "book", "disc", "tape" or "box".
        parts: those that lie here.
        whole: how many parts the thing has altogether.
    """

    name: str
    title: str
    shelf: str
    shape: str
    parts: tuple[Part, ...]
    whole: int

    @property
    def handle(self) -> str:
        """What control lines call the parts that lie here."""
        return self.name if len(self.parts) == self.whole else " ".join(part.name for part in self.parts)


@dataclass(frozen=True, slots=True)
class Person:
    """A patron card: what control lines call it, whose it is, and what they know ("" for a PIN nobody knows)."""

    name: str
    title: str
    pin: str


@dataclass(frozen=True, slots=True)
class Switch:
    """Something to break. ``code``: of its label; ``on``, ``off``: control lines."""

    code: str
    on: str
    off: str


SWITCHES = (
    Switch("pad_unplugged", "unplug pad", "plug pad"),
    Switch("card_unplugged", "unplug card", "plug card"),
    Switch("central_down", "fault central down", "heal central"),
    Switch("paper_out", "fault printer paper_out", "heal printer"),
    Switch("flicker", "fault pad flicker", "heal pad"),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything on the desk at one moment.

    Attributes:
        table, pad: things and parts of sets that lie there; the pad in the order they were laid down.
        people: all cards.
        card: the one at the reader.
        receipts: lines of each printed receipt, the last may still be printing.
        switches: codes of the SWITCHES that are on.
    """

    table: tuple[Thing, ...] = ()
    pad: tuple[Thing, ...] = ()
    people: tuple[Person, ...] = ()
    card: str | None = None
    receipts: tuple[tuple[str, ...], ...] = ()
    switches: frozenset[str] = frozenset()

    def person(self, handle: str) -> Person | None:
        """Whose card it is, None where it is no card."""
        return next((person for person in self.people if person.name == handle), None)


def read(tags: Answer, show: Answer, printed: Answer) -> Desk:
    """The desk as the simulator describes it."""
    on_pad = [tag["name"] for tag in show["pad"]]
    things: dict[str, list[Answer]] = {}
    for tag in tags["tags"]:
        things.setdefault(tag["thing"], []).append(tag)
    here = [_thing(name, found, [tag for tag in found if tag["name"] not in on_pad]) for name, found in things.items()]
    there = [_thing(name, found, [tag for tag in found if tag["name"] in on_pad]) for name, found in things.items()]
    lying = sorted((thing for thing in there if thing.parts), key=lambda thing: on_pad.index(thing.parts[0].name))
    receipts = [*printed["receipts"], *([printed["open"]] if printed["open"] else [])]
    return Desk(
        tuple(thing for thing in here if thing.parts),
        tuple(lying),
        tuple(Person(card["name"], card["title"], card["pin"]) for card in show["people"]),
        show["card"],
        tuple(tuple(lines) for lines in receipts),
        frozenset(switch.code for switch in SWITCHES if _is_on(switch, show)),
    )


def _thing(name: str, found: Sequence[Answer], here: Sequence[Answer]) -> Thing:
    parts = tuple(
        Part(tag["name"], int(tag["name"].rsplit("/", 1)[1]), tag["security"], tag["damaged"]) for tag in here
    )
    return Thing(name, found[0]["title"] or name, _shelf(name, found), found[0]["shape"], parts, len(found))


def _shelf(name: str, found: Sequence[Answer]) -> str:
    if not name.isdecimal():
        return "strays"
    if len(found) > 1:
        return "sets"
    return "books" if found[0]["shape"] == "book" else "discs"


def _is_on(switch: Switch, show: Answer) -> bool:
    verb, device, *fault = switch.on.split()
    if verb == "unplug":
        return not show["plugged"].get(device, True)
    wanted = " ".join([device, *fault])
    return any(active["line"].startswith(wanted) for active in show["faults"])


def switched(desk: Desk, switch: Switch) -> str:
    """The control line for touching a switch."""
    return switch.off if switch.code in desk.switches else switch.on


def dropped(desk: Desk, what: str, where: str) -> tuple[str, ...]:
    """The control lines for letting go of something somewhere.

    Args:
        desk: as it is now.
        what: a card's name, a thing's or the names of parts.
        where: "pad", "card", "scanner" or "table".

    Returns:
        No line where that means nothing: a book at the card reader, a part at the place it lies.
    """
    if desk.person(what) is not None:
        return _card_dropped(desk, what, where)
    lying = {part.name for thing in desk.pad for part in thing.parts} | {thing.name for thing in desk.pad}
    there = set(what.split()) & lying
    if where == "pad":
        return (f"put {what}",) if not there else ()
    if where == "table":
        return (f"take {what}",) if there else ()
    return (f"scan @{what.split()[0].split('/')[0]}",) if where == "scanner" else ()


def _card_dropped(desk: Desk, card: str, where: str) -> tuple[str, ...]:
    if where == "card":
        return (f"present {card}",)
    if where == "scanner":
        return (f"scan @{card}",)
    return ("remove-card",) if desk.card == card and where == "table" else ()
