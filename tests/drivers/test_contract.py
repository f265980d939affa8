"""The suite for readers of item tags, on every reader there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers import api as d
from drivers.devices.feig_iso_host import FeigIsoHost, FeigOptions
from tests.drivers.contract import RfidReaderContract, Stand
from tests.drivers.feig_peer import FeigPeer, Tag
from tests.drivers.peer import Peer
from tests.vectors import vectors

FRAMES = ["standard", "advanced"]


class Scripted(Stand):
    """The FEIG driver on the scripted reader."""

    first, second = "1000000056", "1000000136"

    def __init__(self, peer: FeigPeer, frames: str) -> None:
        tags = vectors("tags")
        self._peer = peer
        self._tags = {
            self.first: Tag("E004010150000001", bytes.fromhex(tags["iso28560-3-B1"]["hex"])),
            self.second: Tag("E004010150000002", bytes.fromhex(tags["iso28560-3-B2"]["hex"])),
        }
        self.reader = FeigIsoHost(FeigOptions(str(peer.wire.port), frames=frames))

    def put(self, item: str) -> d.TagUid:
        self._peer.put(self._tags[item])
        return d.TagUid(self._tags[item].uid)

    def take(self) -> None:
        self._peer.tags = {}

    def security(self, item: str) -> str:
        return {0x07: "armed", 0xC2: "disarmed"}[self._tags[item].afi]

    def unplug(self) -> None:
        self._peer.wire.unplug()

    def plug(self) -> None:
        self._peer.wire.plug()


class TestScripted(RfidReaderContract):
    """On the scripted reader."""

    @pytest.fixture(params=FRAMES)
    def stand(self, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stand]:
        peer = FeigPeer(tmp_path)
        made = Scripted(peer, request.param)
        made.reader.open()
        yield made
        made.reader.close()
        peer.stop()


class Simulated(Stand):
    """The FEIG driver on the simulator, with its air and its line."""

    first, second = "30000000000012", "30000000000020"

    def __init__(self, peer: Peer, frames: str) -> None:
        self._peer = peer
        self.reader = FeigIsoHost(FeigOptions(peer.wires["pad"], frames=frames))

    def put(self, item: str) -> d.TagUid:
        self._peer.say(f"put {item}")
        (tag,) = [tag for tag in self._peer.say("tags")["tags"] if tag["name"] == f"{item}/1"]
        return d.TagUid.from_hex(tag["uid"])

    def take(self) -> None:
        self._peer.say("take all")

    def security(self, item: str) -> str:
        return self._peer.security(item)

    def unplug(self) -> None:
        self._peer.say("unplug pad")

    def plug(self) -> None:
        self._peer.say("plug pad")


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    made = Peer(tmp_path_factory.mktemp("contract"))
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.xdist_group("drivers")
class TestSimulated(RfidReaderContract):
    """On the simulator."""

    @pytest.fixture(params=FRAMES)
    def stand(self, simulator: Peer, request: pytest.FixtureRequest) -> Iterator[Stand]:
        made = Simulated(simulator, request.param)
        made.reader.open()
        yield made
        made.reader.close()
        simulator.say("take all")
