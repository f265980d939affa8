"""Tags and readers for tests, made by hand."""

from __future__ import annotations

from collections.abc import Sequence

from sim.air import Air
from sim.faults import Active, Faults, PadField, parse
from sim.firmware.feig_iso_host import FeigIsoHost, Record, Settings
from sim.images import iso28560_3
from sim.tags import CHIPS, Tag
from sim.world import Paper, Thing, World

UID = bytes.fromhex("E004010046707A28")  # of a real capture


def tag(uid: bytes = UID, item: str = "30000000000014", afi: int = 0x07, chip: str = "slix", name: str = "") -> Tag:
    """A 28560-3 tag."""
    kind = CHIPS[chip]
    memory = iso28560_3.image(item, 1, 1, "DE-Mus1", memory=kind.blocks * kind.block_size)
    return Tag(name or f"{uid.hex()}", uid, bytearray(memory), kind, 0x3E, afi)


def uids(count: int, start: int = 0x28) -> list[bytes]:
    """Different UIDs; the low bits count up."""
    return [bytes.fromhex("E00401004670") + (0x7A00 + start + number).to_bytes(2, "big") for number in range(count)]


class Bench:
    """A reader over a pad, without a line."""

    def __init__(self, tags: Sequence[Tag], settings: Settings | None = None, faults: Sequence[str] = ()) -> None:
        things = [Thing(tag.name, "", (tag.name,)) for tag in tags]
        self.world = World(things, tags, [], Paper(), seed=1)
        self.world.put([tag.name for tag in tags])
        self.faults = Faults(self.world.chance)
        for line in faults:
            self.faults.add(self.fault(line))
        self.records: list[Record] = []
        self.air = Air(PadField(self.world, self.faults))
        self.reader = FeigIsoHost(
            self.air,
            settings or Settings(),
            hears=lambda command: self.faults.hears("pad", command),
            ledger=self.records.append,
        )
        self.now = 0.0

    @staticmethod
    def fault(line: str) -> Active:
        return parse(line.split())

    def ask(self, frame: bytes | str) -> bytes | None:
        """Send one frame a second after the last; the answer as it leaves the line, None without one."""
        frame = bytes.fromhex(frame) if isinstance(frame, str) else frame
        self.now += 1.0
        replies = self.reader.feed(frame, self.now)
        chunks = self.faults.deliver("pad", frame, replies)
        return b"".join(chunk.data for chunk in chunks) if chunks else None
