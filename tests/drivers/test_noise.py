"""Random bytes on each wire end no thread, and the next good answer or code is taken within a second."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from drivers import api as d
from drivers.worker import Rhythm, Worker, make_worker
from tests.drivers.feig_peer import FeigPeer, Tag
from tests.drivers.test_printing import Printer
from tests.drivers.wires import Wire
from tests.vectors import vectors
from tests.waiting import wait_for

FAST = Rhythm(pad=0.02, wait=0.02, printer=0.05)
NOISE = random.Random(7)  # the same noise at every run


@contextmanager
def _after_noise(wire: Wire, section: str, driver: str) -> Iterator[tuple[Worker[Any], list[Any]]]:
    """A worker that was up before there was noise on its wire, and what it tells."""
    told: list[Any] = []
    worker = make_worker(section, driver, {"port": str(wire.port)}, told.append, FAST)
    worker.start()
    try:
        wait_for(lambda: told and isinstance(told[0], d.DeviceUp))
        for _ in range(15):
            wire.send(NOISE.randbytes(NOISE.randint(1, 300)))
        yield worker, told
    finally:
        worker.stop()


def test_the_pad_lives_through_noise(tmp_path: Path) -> None:
    with FeigPeer(tmp_path) as peer, _after_noise(peer.wire, "pad", "feig_iso_host") as (_, told):
        quiet = monotonic()
        peer.put(Tag("E004010150000001", bytes.fromhex(vectors("tags")["iso28560-3-B1"]["hex"])))
        wait_for(lambda: isinstance(told[-1], d.ItemRead), 1.0)
        assert monotonic() - quiet < 1.0
        assert told[-1].item.item_id == "1000000056"
        assert not [event for event in told if isinstance(event, d.DeviceDown)]


def test_the_scanner_lives_through_noise(wire: Wire) -> None:
    with _after_noise(wire, "scanner", "serial_scanner") as (_, told):
        wire.send(b"\r20000000000014\r")
        wait_for(lambda: isinstance(told[-1], d.CodeScanned) and told[-1].code.text == "20000000000014", 1.0)


def test_the_printer_lives_through_noise(tmp_path: Path) -> None:
    with Printer(tmp_path) as printer, _after_noise(printer.wire, "printer", "escpos_serial") as (worker, told):
        wait_for(lambda: isinstance(told[-1], d.PrinterChanged) and told[-1].status.paper is d.Paper.OK, 5.0)
        worker.send(d.PrintDocument(1, b"receipt"))
        wait_for(lambda: any(isinstance(event, d.Printed) for event in told), 1.0)
        (answer,) = [event for event in told if isinstance(event, d.Printed)]
        assert answer.problem is None
