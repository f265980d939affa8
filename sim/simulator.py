"""All devices of one machine together: builds them from a scenario, puts them on their wires, starts and stops them.

Not responsible for the lines people type (control).
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sim.air import Air
from sim.card import PatronCard
from sim.clock import Clock
from sim.faults import Faults, PadField, Reply
from sim.firmware.escpos_printer import Condition, EscposPrinter
from sim.firmware.feig_iso_host import FeigIsoHost, Record
from sim.firmware.scanner import Scanner
from sim.ledger import Ledger
from sim.port import Port
from sim.scenario import Scenario
from sim.wires.proxy import Proxy
from sim.wires.vpcd import CardDaemon, CardSlot
from sim.world import WorldError

BY_ID = Path("dev/serial/by-id")
LINKS = {
    "pad": "usb-FEIG_ELECTRONIC_OBID_ISO_HOST_SIM0001-pad",
    "scanner": "usb-Simulated_Barcode_Scanner_SIM0002-scanner",
    "printer": "usb-Simulated_Receipt_Printer_SIM0003-printer",
}
LONGEST_SOCKET_PATH = 100  # sockaddr_un holds 108
PACKAGES = Path(__file__).parents[1] / ".deps"


@dataclass(frozen=True, slots=True)
class Wiring:
    """Where a simulator lives and what it is joined to.

    Attributes:
        state: folder for ports, sockets and ``sim.json``.
        central: URL of the central service, None: no proxy.
        clock: real or virtual.
        with_card: whether to start a card daemon.
    """

    state: Path
    central: str | None = None
    clock: Clock = field(default_factory=Clock)
    with_card: bool = True


class Simulator:
    """One machine's surroundings."""

    def __init__(self, scenario: Scenario, wiring: Wiring) -> None:
        self.scenario = scenario
        self.world = scenario.world
        self.faults = Faults(scenario.world.chance)
        self.ledger = Ledger()
        self.card: str | None = None
        for fault in scenario.faults:
            self.faults.add(fault)
        self._wiring = wiring
        self._spare: tempfile.TemporaryDirectory[str] | None = None
        self.scanner = Scanner(scenario.scanner)
        self.printer = EscposPrinter(scenario.printer, self.world.paper, self._condition, self._hears("printer"))
        air = Air(PadField(self.world, self.faults))
        self._reader = FeigIsoHost(air, scenario.pad, self._hears("pad"), self._note)
        self.ports = {
            "pad": self._port("pad", scenario.pad.baud, lambda data: self._reader.feed(data, time.monotonic())),
            "scanner": self._port("scanner", scenario.scanner.baud, self.scanner.feed),
            "printer": self._port("printer", scenario.printer.baud, self._print),
        }
        self.proxy = Proxy(wiring.central, self.faults) if wiring.central else None
        self.daemon = self._daemon() if wiring.with_card else None
        self.slot = CardSlot(self._disturb_card)
        self._healed = asyncio.Event()

    def _port(self, device: str, baud: int, feed: Callable[[bytes], list[Reply]]) -> Port:
        link = self._wiring.state.absolute() / BY_ID / LINKS[device]
        return Port(device, link, feed, baud, self.faults, self._wiring.clock)

    def _daemon(self) -> CardDaemon:
        folder = self._wiring.state.absolute() / "pcsc"
        path = folder / "pcscd.comm"
        if len(str(path)) > LONGEST_SOCKET_PATH:
            self._spare = tempfile.TemporaryDirectory(prefix="sim-")
            path = Path(self._spare.name) / "pcscd.comm"
        return CardDaemon(folder, path, self.scenario.card_reader.reader, PACKAGES)

    # --- life ---------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Plug everything in. Raises what the wires raise."""
        for port in self.ports.values():
            port.wire.plug()
        if self.daemon:
            await self.daemon.start()
        if self.proxy:
            await self.proxy.start()
            await self.proxy.obey()

    async def stop(self) -> None:
        """Unplug everything and end the card daemon."""
        await self.slot.remove()
        if self.proxy:
            await self.proxy.stop()
        for port in self.ports.values():
            port.wire.unplug()
        if self.daemon:
            await self.daemon.stop()
        if self._spare:
            self._spare.cleanup()
        self._ready_file.unlink(missing_ok=True)

    @property
    def _ready_file(self) -> Path:
        return self._wiring.state / "sim.json"

    def write_ready(self, control: int) -> None:
        """Write ``sim.json``: where to find everything."""
        found = {
            "control": control,
            **{device: str(port.wire.link) for device, port in self.ports.items()},
            "pcsc_socket": str(self.daemon.socket_path) if self.daemon else None,
            "card_reader": self.daemon.reader_name if self.daemon else None,
            "proxy": self.proxy.url if self.proxy else None,
        }
        new = self._ready_file.with_suffix(".new")
        new.write_text(json.dumps(found), "utf-8")
        new.replace(self._ready_file)

    # --- between devices and faults -----------------------------------------------------------------------------------

    def _hears(self, device: str) -> Callable[[str], bool]:
        return lambda command: self.faults.hears(device, command)

    def _note(self, record: Record) -> None:
        self.ledger.note("pad", record.command, record.status, record.air, record.line)

    def _print(self, data: bytes) -> list[Reply]:
        replies = self.printer.feed(data)
        self._note_printer(replies)
        return replies

    def _note_printer(self, replies: list[Reply]) -> None:
        for reply in replies:
            self.ledger.note("printer", reply.command, line=reply.delay)

    def _condition(self) -> Condition:
        names = ("paper_out", "paper_low", "cover_open", "cutter")
        return Condition(*(self.faults.holds("printer", name) for name in names))

    async def _disturb_card(self, answer: bytes) -> bytes | None:
        faults = self.faults
        self.ledger.note("card", "apdu")
        if faults.strikes("card", "mute", "apdu"):
            self._healed.clear()
            await self._healed.wait()
        if faults.strikes("card", "pull", "apdu"):
            self.card = None
            return None
        if late := faults.strikes("card", "delay", "apdu"):
            await asyncio.sleep(late.number("ms") / 1000)
        if garble := faults.strikes("card", "garble", "apdu"):
            return faults.garbled(answer, garble.number("p"))
        return answer

    # --- what people do -----------------------------------------------------------------------------------------------

    def scan(self, text: str) -> None:
        """Hold a code before the scanner; ``@NAME`` is the label of that item or card. Raises WorldError."""
        if text.startswith("@"):
            if text[1:] not in self.scenario.barcodes:
                raise WorldError(f"{text[1:]!r} has no barcode in this scenario")
            text = self.scenario.barcodes[text[1:]]
        try:
            reply = self.scanner.scan(text)
        except ValueError as error:
            raise WorldError(str(error)) from error
        if not self.faults.hears("scanner", "scan"):
            return
        self.ledger.note("scanner", "scan", line=reply.delay)
        self.ports["scanner"].emit([reply])

    async def present(self, name: str) -> None:
        """Hold a card to the reader; another one is taken away first. Raises WorldError."""
        if self.daemon is None or not self.daemon.running:
            raise WorldError("there is no card reader: the card daemon does not run")
        chip = PatronCard(self.world.card_uid(name))
        try:
            await self.slot.present_card(chip, self.daemon.port)
        except OSError as error:
            raise WorldError("there is no card reader: it is unplugged") from error
        self.card = name

    async def remove_card(self) -> None:
        """Take the card away. Raises WorldError if there is none."""
        if not self.slot.present:
            self.card = None
            raise WorldError("there is no card at the reader")
        await self.slot.remove()
        self.card = None

    async def unplug(self, device: str) -> None:
        """Pull a device's plug. The card reader's takes its reader away and leaves the daemon running."""
        if device == "card":
            await self.restart_daemon(with_reader=False)
        elif device in self.ports:
            self.ports[device].wire.unplug()
        else:
            raise WorldError(f"{device!r} has no plug; try 'fault central down'")

    async def plug(self, device: str) -> None:
        """Put a device's plug back. Nothing happens if it is in."""
        if device == "card":
            await self.restart_daemon(with_reader=True)
        elif device in self.ports:
            self.ports[device].wire.plug()
        else:
            raise WorldError(f"{device!r} has no plug")

    async def restart_daemon(self, with_reader: bool = True) -> None:
        """End the card daemon and start it again; a card that lies there lies there afterwards."""
        if self.daemon is None:
            raise WorldError("the card daemon is not part of this simulation")
        name = self.card
        await self.slot.remove()
        await self.daemon.start(with_reader)
        self.slot.forget()
        if name and with_reader:
            await self.present(name)

    async def stop_daemon(self) -> None:
        """End the card daemon: the service that readers are asked through is gone."""
        if self.daemon is None:
            raise WorldError("the card daemon is not part of this simulation")
        await self.slot.remove()
        await self.daemon.stop()

    async def heal(self, device: str | None) -> int:
        """Switch a device's faults off (None: everybody's) and plug it in. How many faults there were."""
        count = self.faults.heal(device)
        for name in [device] if device else list(self.ports):
            if name in self.ports:
                self.ports[name].wire.plug()
        if device in (None, "card"):
            self._healed.set()
            if self.daemon and not (self.daemon.running and self.daemon.has_reader):
                await self.restart_daemon()
        if device in (None, "central") and self.proxy:
            await self.proxy.obey()
            self.proxy.release()
        if device in (None, "printer"):
            self.resume_printing()
        return count

    def resume_printing(self) -> None:
        """Paper or cover changed: print what waits."""
        replies = self.printer.resume()
        self._note_printer(replies)
        self.ports["printer"].emit(replies)
