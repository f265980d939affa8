"""Random bytes on each wire end no thread, and the next good answer or code is taken within a second."""

from __future__ import annotations

import random
from pathlib import Path
from time import monotonic
from typing import Any

from drivers import api as d
from drivers.worker import Rhythm, make_worker
from tests.drivers.feig_peer import FeigPeer, Tag
from tests.drivers.test_printing import Printer
from tests.drivers.wires import Wire
from tests.vectors import vectors
from tests.waiting import wait_for

FAST = Rhythm(pad=0.02, wait=0.02, printer=0.05)
NOISE = random.Random(7)  # the same noise at every run


def _noise() -> bytes:
    return NOISE.randbytes(NOISE.randint(1, 300))


def test_the_pad_lives_through_noise(tmp_path: Path) -> None:
    peer, told = FeigPeer(tmp_path), list[Any]()
    worker = make_worker("pad", "feig_iso_host", {"port": str(peer.wire.port)}, told.append, FAST)
    worker.start()
    try:
        wait_for(lambda: told and isinstance(told[0], d.DeviceUp))
        for _ in range(15):
            peer.wire.send(_noise())
        quiet = monotonic()
        peer.put(Tag("E004010150000001", bytes.fromhex(vectors("tags")["iso28560-3-B1"]["hex"])))
        wait_for(lambda: isinstance(told[-1], d.ItemRead), 1.0)
        assert monotonic() - quiet < 1.0
        assert told[-1].item.item_id == "1000000056"
        assert not [event for event in told if isinstance(event, d.DeviceDown)]
    finally:
        worker.stop()
        peer.stop()


def test_the_scanner_lives_through_noise(tmp_path: Path) -> None:
    wire, told = Wire(tmp_path), list[Any]()
    worker = make_worker("scanner", "serial_scanner", {"port": str(wire.port)}, told.append, FAST)
    worker.start()
    try:
        wait_for(lambda: told)
        for _ in range(15):
            wire.send(_noise())
        wire.send(b"\r20000000000014\r")
        wait_for(lambda: isinstance(told[-1], d.CodeScanned) and told[-1].code.text == "20000000000014", 1.0)
    finally:
        worker.stop()
        wire.unplug()


def test_the_printer_lives_through_noise(tmp_path: Path) -> None:
    printer, told = Printer(tmp_path), list[Any]()
    worker = make_worker("printer", "escpos_serial", {"port": str(printer.wire.port)}, told.append, FAST)
    worker.start()
    try:
        wait_for(lambda: told and isinstance(told[0], d.DeviceUp))
        for _ in range(15):
            printer.wire.send(_noise())
        wait_for(lambda: isinstance(told[-1], d.PrinterChanged) and told[-1].status.paper is d.Paper.OK, 5.0)
        worker.send(d.PrintDocument(1, b"receipt"))
        wait_for(lambda: any(isinstance(event, d.Printed) for event in told), 1.0)
        (answer,) = [event for event in told if isinstance(event, d.Printed)]
        assert answer.problem is None
    finally:
        worker.stop()
        printer.stop()
