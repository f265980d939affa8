"""What lies where on the desk, and which control line a movement of the hand means. Pure.

Read from the simulator's own answers (``tags``, ``show``, ``printed``). Not responsible for asking (remote) or
drawing (window).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Answer = Mapping[str, Any]
SHELVES = ("books", "discs", "sets", "strays")
LOUD_FIRST = ("damaged", "disarmed", "other", "armed")  # states of a tag, the most telling first
NEW_ROLL = 2000  # lines


@dataclass(frozen=True, slots=True)
class Part:
    """One tag. ``security``: "armed", "disarmed" or "other"."""

    name: str
    number: int
    security: str
    damaged: bool

    @property
    def state(self) -> str:
        """One of LOUD_FIRST: damage comes before the security bit."""
        return "damaged" if self.damaged else self.security


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

    @property
    def states(self) -> tuple[tuple[str, str], ...]:
        """States of its parts with their numbers; no numbers where all are alike, no "armed" where they are not."""
        numbers = {
            state: ", ".join(str(part.number) for part in self.parts if part.state == state) for state in LOUD_FIRST
        }
        found = [(state, which) for state, which in numbers.items() if which]
        if len(found) == 1:
            return ((found[0][0], ""),)
        return tuple((state, which) for state, which in found if state != "armed")


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
        faults: those that are on, as they would be typed after ``fault``.
        unplugged: devices without their plug.
        roll_empty: no paper is left, whatever the faults say.
    """

    table: tuple[Thing, ...] = ()
    pad: tuple[Thing, ...] = ()
    people: tuple[Person, ...] = ()
    card: str | None = None
    receipts: tuple[tuple[str, ...], ...] = ()
    faults: tuple[str, ...] = ()
    unplugged: frozenset[str] = frozenset()
    roll_empty: bool = False

    @property
    def switches(self) -> frozenset[str]:
        """Codes of the SWITCHES that are on."""
        return frozenset(switch.code for switch in SWITCHES if _is_on(self, switch))

    @property
    def others(self) -> tuple[str, ...]:
        """What is broken and has no switch here, as it would be typed after ``fault``."""
        unplugged = [f"{device} unplug" for device in sorted(self.unplugged)]
        return tuple(
            line for line in (*unplugged, *self.faults) if not any(_names(switch.on, line) for switch in SWITCHES)
        )

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
        tuple(fault["line"] for fault in show["faults"]),
        frozenset(device for device, plugged in show["plugged"].items() if not plugged),
        show["printer"]["paper_lines"] <= 0,
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


def _names(on: str, fault: str) -> bool:
    """Whether the line that switches something on names this fault: "fault pad flicker", "unplug pad"."""
    verb, device, *name = on.split()
    return fault.split()[:2] == [device, *(name or [verb])]


def _is_on(desk: Desk, switch: Switch) -> bool:
    verb, device, *_ = switch.on.split()
    if verb == "unplug":
        return device in desk.unplugged
    by_itself = switch.code == "paper_out" and desk.roll_empty
    return by_itself or any(_names(switch.on, fault) for fault in desk.faults)


def switched(desk: Desk, switch: Switch) -> tuple[str, ...]:
    """The control lines for touching a switch.

    ``heal`` mends everything about a device and plugs it in, but a switch is for one thing: what else was broken is
    broken again afterwards.
    """
    if switch.code not in desk.switches:
        return (switch.on,)
    verb, device = switch.off.split()
    if verb == "plug":
        return (switch.off,)
    lines = [switch.off]
    lines += [f"fault {fault}" for fault in desk.faults if fault.split()[0] == device and not _names(switch.on, fault)]
    lines += [f"unplug {device}"] if device in desk.unplugged else []
    lines += [f"paper {NEW_ROLL}"] if switch.code == "paper_out" and desk.roll_empty else []
    return tuple(lines)


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
    if where == "scanner":
        return (f"scan @{what.split()[0].split('/')[0]}",)
    verb, things = {"pad": ("put", desk.table), "table": ("take", desk.pad)}.get(where, ("", ()))
    moved = " ".join(_meant(things, what.split()))
    return (f"{verb} {moved}",) if moved else ()


def _meant(things: Sequence[Thing], names: Sequence[str]) -> Iterator[str]:
    """Those of the named things and parts that lie among these."""
    for thing in things:
        if thing.name in names:
            yield thing.handle
        else:
            yield from (part.name for part in thing.parts if part.name in names)


def _card_dropped(desk: Desk, card: str, where: str) -> tuple[str, ...]:
    if where == "card":
        return (f"present {card}",)
    if where == "scanner":
        return (f"scan @{card}",)
    return ("remove-card",) if desk.card == card and where == "table" else ()
