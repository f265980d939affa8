"""Faults: the table of them, which are active, and what they do to a line's bytes and to tags.

Grammar, the same in scenarios and as live commands::

    DEVICE FAULT [arguments] [on COMMAND] [next N | all]

``on`` limits a fault to commands of that name (pad, printer, card) or to paths with that beginning (central).
Responsible for disturbing; not for what is disturbed.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sim.air import Fate
from sim.tags import WRITE_SINGLE, Tag
from sim.world import World

DEVICES = ("pad", "card", "scanner", "printer", "central")
LINES = frozenset({"pad", "scanner", "printer"})
ASKED = frozenset({"pad", "printer"})
PAD, PRINTER, CARD, CENTRAL = frozenset({"pad"}), frozenset({"printer"}), frozenset({"card"}), frozenset({"central"})


class FaultError(Exception):
    """A fault line that cannot be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault. ``defaults``: names and default values of its arguments, whose types they give."""

    devices: frozenset[str]
    says: str
    defaults: Mapping[str, float | int | str] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "mute": Kind(LINES | CARD, "hears nothing, does nothing, says nothing"),
    "answer_lost": Kind(ASKED, "does what it was told, the answer is lost"),
    "delay": Kind(LINES | CARD, "answers later by ms", {"ms": 200}),
    "garble": Kind(LINES | CARD, "each byte is wrong with probability p, one at least", {"p": 0.2}),
    "split": Kind(LINES, "comes in pieces of n bytes, ms apart", {"n": 1, "ms": 2}),
    "truncate": Kind(LINES, "only the first n bytes come; 0: half of them", {"n": 0}),
    "bad_crc": Kind(PAD, "the checksum is wrong"),
    "echo": Kind(ASKED, "the request comes back before the answer"),
    "noise": Kind(LINES, "n random bytes before the answer", {"n": 3}),
    "late_reply": Kind(ASKED, "the answer comes after the next request, before its answer"),
    "reply_twice": Kind(LINES, "everything comes twice"),
    "unplug_during": Kind(ASKED, "unplugged after it did what it was told, before it answers"),
    "flicker": Kind(PAD, "each tag is not heard with probability p, drawn for each command", {"p": 0.3}),
    "collision": Kind(PAD, "the first n tags on the pad cannot be told apart", {"n": 2}),
    "tag_lost": Kind(PAD, "the tag leaves the pad during a write, before or after it wrote", {"when": "before"}),
    "half_write": Kind(PAD, "the tag leaves the pad after n blocks of a write", {"n": 1}),
    "write_unheard": Kind(PAD, "the tag wrote, the reader could not read its answer"),
    "write_lies": Kind(PAD, "the write is reported as done, nothing was written"),
    "paper_out": Kind(PRINTER, "the roll is empty"),
    "paper_low": Kind(PRINTER, "the near-end sensor reports"),
    "cover_open": Kind(PRINTER, "the cover is open"),
    "cutter": Kind(PRINTER, "the cutter is stuck"),
    "pull": Kind(CARD, "the card is pulled away while a command runs"),
    "down": Kind(CENTRAL, "connections are refused, open ones are cut"),
    "cut": Kind(CENTRAL, "connections are accepted and closed"),
    "slow": Kind(CENTRAL, "requests are passed on s seconds later", {"s": 1.0}),
    "swallow": Kind(CENTRAL, "the service does its work, the answer is dropped and the connection closed"),
    "half": Kind(CENTRAL, "half of the answer's body, then the connection is closed"),
    "lines": Kind(CENTRAL, "n whole lines of the answer and half of the next, then closed", {"n": 1}),
    "error": Kind(CENTRAL, "the proxy answers with this status, the service is not asked", {"status": 503}),
    "hold": Kind(CENTRAL, "requests wait before the service until released"),
    "hold_answer": Kind(CENTRAL, "answers wait after the service did its work, until released"),
}


@dataclass(slots=True)
class Active:
    """A fault that is on. ``left``: how many more times it strikes, None = always."""

    device: str
    name: str
    arguments: Mapping[str, float | int | str]
    on: str | None
    left: int | None
    struck: int = 0

    def matches(self, command: str) -> bool:
        """Whether it concerns a command."""
        if self.on is None:
            return True
        return command.startswith(self.on) if self.device == "central" else command == self.on

    def number(self, name: str) -> float:
        """A numeric argument."""
        return float(self.arguments[name])

    def line(self) -> str:
        """As it would be typed."""
        words = [self.device, self.name, *map(str, self.arguments.values())]
        words += ["on", self.on] if self.on else []
        return " ".join([*words, *(["all"] if self.left is None else ["next", str(self.left)])])


def _tail(words: list[str]) -> tuple[list[str], str | None, int | None]:
    left, on = None, None
    if words[-1:] == ["all"]:
        words = words[:-1]
    elif words[-2:-1] == ["next"]:
        if not words[-1].isdecimal() or not 0 < int(words[-1]) < 1_000_000:
            raise FaultError(f"'next' wants a whole number from 1, not {words[-1]!r}")
        words, left = words[:-2], int(words[-1])
    if words[-2:-1] == ["on"]:
        words, on = words[:-2], words[-1]
    return words, on, left


def _argument(name: str, text: str, default: float | int | str) -> float | int | str:
    try:
        value = type(default)(text)
    except ValueError as error:
        raise FaultError(f"{name} wants a number, not {text!r}") from error
    if isinstance(value, str):
        if value not in ("before", "after"):
            raise FaultError(f"{name} is 'before' or 'after', not {text!r}")
    elif not 0 <= value <= (1 if name == "p" else 1_000_000):
        raise FaultError(f"{name} is out of range: {text}")
    return value


def parse(words: Sequence[str]) -> Active:
    """Read a fault line, already split into words. Raises FaultError."""
    if len(words) < 2:
        raise FaultError("wanted: DEVICE FAULT [arguments] [on COMMAND] [next N | all]")
    device, name = words[0], words[1]
    if device not in DEVICES:
        raise FaultError(f"there is no device {device!r}; there are {', '.join(DEVICES)}")
    kind = KINDS.get(name)
    if kind is None or device not in kind.devices:
        known = ", ".join(known for known, kind in KINDS.items() if device in kind.devices)
        raise FaultError(f"{device} has no fault {name!r}; it has {known}")
    given, on, left = _tail(list(words[2:]))
    if len(given) > len(kind.defaults):
        raise FaultError(f"{name} takes {len(kind.defaults)} argument(s), not {len(given)}: {' '.join(given)}")
    arguments = dict(kind.defaults)
    for (key, default), text in zip(kind.defaults.items(), given, strict=False):
        arguments[key] = _argument(key, text, default)
    return Active(device, name, arguments, on, left)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a device puts on its line.

    Attributes:
        delay: physical seconds after the request.
        data: bytes, all at once.
        command: name of the command it answers.
    """

    delay: float
    data: bytes
    command: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes to be sent: after ``physics`` seconds (which a virtual clock skips) and ``wait`` more (always real)."""

    physics: float
    wait: float
    data: bytes


class Faults:
    """The active faults."""

    def __init__(self, chance: random.Random) -> None:
        self.active: list[Active] = []
        self._chance = chance
        self._held: dict[str, bytes] = {}

    def add(self, fault: Active) -> None:
        """Switch a fault on. The same fault with the same limit replaces the one before it."""
        self.active = [
            old for old in self.active if (old.device, old.name, old.on) != (fault.device, fault.name, fault.on)
        ]
        self.active.append(fault)

    def heal(self, device: str | None) -> int:
        """Switch off a device's faults (None: everybody's). How many there were."""
        before = len(self.active)
        self.active = [fault for fault in self.active if device is not None and fault.device != device]
        for name in [device] if device else list(self._held):
            self._held.pop(name, None)
        return before - len(self.active)

    def holds(self, device: str, name: str) -> bool:
        """Whether a fault is on, without letting it strike."""
        return any((fault.device, fault.name) == (device, name) for fault in self.active)

    def strikes(self, device: str, name: str, command: str = "") -> Active | None:
        """The fault if it strikes now; counts one strike."""
        for fault in self.active:
            if (fault.device, fault.name) == (device, name) and fault.matches(command):
                fault.struck += 1
                if fault.left is not None:
                    fault.left -= 1
                    if fault.left == 0:
                        self.active.remove(fault)
                return fault
        return None

    def hears(self, device: str, command: str) -> bool:
        """Whether the device takes notice of a command."""
        return self.strikes(device, "mute", command) is None

    def deliver(self, device: str, request: bytes, replies: Iterable[Reply]) -> list[Chunk]:
        """What really comes out of the line for some replies."""
        chunks: list[Chunk] = []
        for reply in replies:
            held = self._held.pop(device, None)
            if held is not None:
                chunks.append(Chunk(0.0, 0.0, held))
            chunks += self._disturb(device, request, reply)
        return chunks

    def _disturb(self, device: str, request: bytes, reply: Reply) -> list[Chunk]:
        command = reply.command
        if self.strikes(device, "answer_lost", command):
            return []
        data = self._damage(device, command, reply.data)
        if self.strikes(device, "late_reply", command):
            self._held[device] = data
            return []
        if noise := self.strikes(device, "noise", command):
            data = self._chance.randbytes(int(noise.number("n"))) + data
        if self.strikes(device, "echo", command):
            data = request + data
        if self.strikes(device, "reply_twice", command):
            data += data
        late = self.strikes(device, "delay", command)
        wait = late.number("ms") / 1000 if late else 0.0
        split = self.strikes(device, "split", command)
        if not split:
            return [Chunk(reply.delay, wait, data)] if data else []
        size, pause = max(1, int(split.number("n"))), split.number("ms") / 1000
        pieces = [data[start : start + size] for start in range(0, len(data), size)]
        return [Chunk(reply.delay, wait + number * pause, piece) for number, piece in enumerate(pieces)]

    def _damage(self, device: str, command: str, data: bytes) -> bytes:
        if self.strikes(device, "bad_crc", command):
            data = data[:-1] + bytes([data[-1] ^ 0xFF])
        if garble := self.strikes(device, "garble", command):
            data = self.garbled(data, garble.number("p"))
        if short := self.strikes(device, "truncate", command):
            data = data[: int(short.number("n")) or len(data) // 2]
        return data

    def garbled(self, data: bytes, p: float) -> bytes:
        """The bytes with single bits turned, in one byte at least."""
        if not data:
            return data
        hit = {number for number in range(len(data)) if self._chance.random() < p}
        hit = hit or {self._chance.randrange(len(data))}
        return bytes(
            byte ^ (1 << self._chance.randrange(8)) if number in hit else byte for number, byte in enumerate(data)
        )


class PadField:
    """The pad's tags as the reader meets them, faults included (``sim.air.Field``)."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults
        self._absent: frozenset[str] = frozenset()
        self._written = 0

    def begin(self) -> None:
        """Draw which tags are not heard during the next command."""
        self._absent, self._written = frozenset(), 0
        if flicker := self._faults.strikes("pad", "flicker"):
            p, chance = flicker.number("p"), self._world.chance
            self._absent = frozenset(name for name in self._world.pad if chance.random() < p)
            for name in self._absent:
                self._world.tags[name].power_off()

    def tags(self) -> Sequence[Tag]:
        """Tags on the pad that can be heard."""
        return [tag for tag in self._world.on_pad() if tag.name not in self._absent]

    def jammed(self) -> Collection[str]:
        """The first n tags, while a collision is on."""
        fault = self._faults.strikes("pad", "collision")
        return frozenset(self._world.pad[: int(fault.number("n"))]) if fault else frozenset()

    def write_fate(self, request: bytes) -> Fate:
        """What the active faults do to this write."""
        faults = self._faults
        if request[1] == WRITE_SINGLE:
            self._written += 1
            half = next((fault for fault in faults.active if fault.name == "half_write"), None)
            if half and self._written > half.number("n"):
                faults.strikes("pad", "half_write")
                return Fate.LOST_BEFORE
        if lost := faults.strikes("pad", "tag_lost"):
            return Fate.LOST_BEFORE if lost.arguments["when"] == "before" else Fate.LOST_AFTER
        if faults.strikes("pad", "write_unheard"):
            return Fate.UNHEARD
        return Fate.LIES if faults.strikes("pad", "write_lies") else Fate.NORMAL

    def lose(self, tag: Tag) -> None:
        """The tag is no longer on the pad."""
        self._world.take([tag.name])
