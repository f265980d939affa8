"""The simulator's control line: one line of text for each command, one line of JSON as answer.

Not responsible for doing (simulator). Every answer has "ok"; where it is false, "error" says what was wrong.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.faults import DEVICES, KINDS, FaultError, parse
from sim.simulator import Simulator
from sim.tags import Tag
from sim.wires.listening import Listener
from sim.wires.proxy import Proxy
from sim.wires.vpcd import DaemonFailed
from sim.world import WorldError

MOST_LINE = 64 * 1024
Answer = dict[str, Any]
MOST_PAPER = 1_000_000


class UsageError(Exception):
    """The command was given wrongly."""


@dataclass(frozen=True, slots=True)
class Order:
    """One command. ``least``, ``most``: number of its arguments, ``most`` None = any."""

    usage: str
    says: str
    least: int
    most: int | None
    run: Callable[[Simulator, Sequence[str]], Awaitable[Answer]]


def _tag(simulator: Simulator, tag: Tag) -> Answer:
    states = {simulator.scenario.armed: "armed", simulator.scenario.disarmed: "disarmed"}
    return {
        "name": tag.name,
        "uid": tag.uid.hex().upper(),
        "afi": f"{tag.afi:02X}",
        "security": states.get(tag.afi, "other"),
        "eas": tag.eas,
        "damaged": tag.damaged,
    }


def _proxy(simulator: Simulator) -> Proxy:
    if simulator.proxy is None:
        raise WorldError("there is no central service behind this simulator (start it with --central)")
    return simulator.proxy


async def _put(simulator: Simulator, words: Sequence[str]) -> Answer:
    return {"put": list(simulator.world.put(words))}


async def _take(simulator: Simulator, words: Sequence[str]) -> Answer:
    world = simulator.world
    return {"taken": list(world.take_all() if list(words) == ["all"] else world.take(words))}


async def _present(simulator: Simulator, words: Sequence[str]) -> Answer:
    await simulator.present(words[0])
    return {"card": words[0]}


async def _remove_card(simulator: Simulator, _words: Sequence[str]) -> Answer:
    await simulator.remove_card()
    return {"card": None}


async def _scan(simulator: Simulator, words: Sequence[str]) -> Answer:
    simulator.scan(" ".join(words))
    return {}


async def _fault(simulator: Simulator, words: Sequence[str]) -> Answer:
    if len(words) == 2 and words[1] in ("plug", "unplug"):
        return await (_plug if words[1] == "plug" else _unplug)(simulator, words[:1])
    fault = parse(words)
    proxy = _proxy(simulator) if fault.device == "central" else None
    simulator.faults.add(fault)
    if proxy and fault.name == "down":
        await proxy.obey()
    return {"fault": fault.line()}


async def _heal(simulator: Simulator, words: Sequence[str]) -> Answer:
    device = words[0] if words else "all"
    if device not in (*DEVICES, "all"):
        raise UsageError(f"there is no device {device!r}; there are {', '.join(DEVICES)} and all")
    return {"healed": await simulator.heal(None if device == "all" else device)}


async def _unplug(simulator: Simulator, words: Sequence[str]) -> Answer:
    await simulator.unplug(words[0])
    return {"device": words[0], "plugged": False}


async def _plug(simulator: Simulator, words: Sequence[str]) -> Answer:
    await simulator.plug(words[0])
    return {"device": words[0], "plugged": True}


async def _pcscd(simulator: Simulator, words: Sequence[str]) -> Answer:
    if words[0] not in ("restart", "start", "stop"):
        raise UsageError(f"pcscd can be restarted, started and stopped, not {words[0]!r}")
    await (simulator.stop_daemon() if words[0] == "stop" else simulator.restart_daemon())
    return {"running": words[0] != "stop"}


async def _release(simulator: Simulator, words: Sequence[str]) -> Answer:
    proxy = _proxy(simulator)
    count = words[0] if words else "all"
    if count != "all" and not count.isdecimal():
        raise UsageError(f"release wants a number or 'all', not {count!r}")
    return {"released": proxy.release(None if count == "all" else int(count))}


async def _paper(simulator: Simulator, words: Sequence[str]) -> Answer:
    if not words[0].isdecimal() or int(words[0]) > MOST_PAPER:
        raise UsageError(f"paper wants the lines left on the roll, not {words[0]!r}")
    simulator.world.paper.lines = int(words[0])
    simulator.resume_printing()
    return {"paper": simulator.world.paper.lines}


async def _printed(simulator: Simulator, _words: Sequence[str]) -> Answer:
    printed = simulator.printer.printed()
    return {"receipts": [list(lines) for lines in printed.receipts], "open": list(printed.open)}


async def _tray(simulator: Simulator, _words: Sequence[str]) -> Answer:
    count = len(simulator.printer.printed().receipts)
    simulator.printer.empty_tray()
    return {"taken": count}


async def _tags(simulator: Simulator, _words: Sequence[str]) -> Answer:
    world = simulator.world
    found = [(thing, world.tags[name]) for thing in world.things.values() for name in thing.tags]
    return {
        "tags": [
            {
                **_tag(simulator, tag),
                "thing": thing.name,
                "title": thing.title,
                "shape": thing.shape,
                "on_pad": tag.name in world.pad,
            }
            for thing, tag in found
        ]
    }


async def _memory(simulator: Simulator, words: Sequence[str]) -> Answer:
    found = [simulator.world.tags[name] for name in simulator.world.find(words[0])]
    return {
        "tags": [{**_tag(simulator, tag), "memory": tag.memory.hex(), "dsfid": f"{tag.dsfid:02X}"} for tag in found]
    }


async def _set_afi(simulator: Simulator, words: Sequence[str]) -> Answer:
    try:
        afi = int(words[1], 16)
    except ValueError:
        afi = -1
    if not 0 <= afi <= 0xFF:
        raise UsageError(f"an AFI is two hex digits, not {words[1]!r}")
    found = [simulator.world.tags[name] for name in simulator.world.find(words[0])]
    for tag in found:
        tag.afi = afi
    return {"tags": [_tag(simulator, tag) for tag in found]}


async def _damage(simulator: Simulator, words: Sequence[str]) -> Answer:
    return _made(simulator, words, damaged=True)


async def _repair(simulator: Simulator, words: Sequence[str]) -> Answer:
    return _made(simulator, words, damaged=False)


def _made(simulator: Simulator, words: Sequence[str], damaged: bool) -> Answer:
    found = [simulator.world.tags[name] for word in words for name in simulator.world.find(word)]
    for tag in found:
        tag.damage(damaged)
    return {"tags": [_tag(simulator, tag) for tag in found]}


async def _show(simulator: Simulator, _words: Sequence[str]) -> Answer:
    world, condition = simulator.world, simulator.printer.condition()
    titles = {tag: thing.title for thing in world.things.values() for tag in thing.tags}
    return {
        "pad": [{**_tag(simulator, tag), "title": titles[tag.name]} for tag in world.on_pad()],
        "card": simulator.card if simulator.slot.present else None,
        "cards": list(world.cards),
        "people": [{"name": card.name, "title": card.title, "pin": card.pin} for card in world.cards.values()],
        "printer": {
            "paper_lines": world.paper.lines,
            "paper": "out" if condition.paper_out else "low" if condition.paper_low else "ok",
            "cover_open": condition.cover_open,
            "cutter": condition.cutter,
            "receipts": len(simulator.printer.printed().receipts),
        },
        "plugged": {device: port.wire.plugged for device, port in simulator.ports.items()}
        | ({"card": simulator.daemon.running and simulator.daemon.has_reader} if simulator.daemon else {}),
        "faults": [{"line": fault.line(), "struck": fault.struck} for fault in simulator.faults.active],
        "held": simulator.proxy.held if simulator.proxy else 0,
    }


async def _log(simulator: Simulator, _words: Sequence[str]) -> Answer:
    return {
        **simulator.ledger.as_plain(),
        "requests": dict(simulator.proxy.requests) if simulator.proxy else {},
        "wrong_speed_bytes": {device: port.wrong_speed for device, port in simulator.ports.items()},
    }


async def _reset_log(simulator: Simulator, _words: Sequence[str]) -> Answer:
    simulator.ledger.reset()
    if simulator.proxy:
        simulator.proxy.requests.clear()
    return {}


async def _faults(simulator: Simulator, _words: Sequence[str]) -> Answer:
    return {
        "faults": [
            {"fault": name, "devices": sorted(kind.devices), "arguments": dict(kind.defaults), "says": kind.says}
            for name, kind in KINDS.items()
        ],
        "active": len(simulator.faults.active),
    }


async def _help(_simulator: Simulator, _words: Sequence[str]) -> Answer:
    return {"commands": {order.usage: order.says for order in ORDERS.values()}}


ORDERS: Mapping[str, Order] = {
    "help": Order("help", "this list", 0, 0, _help),
    "put": Order("put NAME...", "lay items, parts (ID/2) or stray things on the pad, in this order", 1, None, _put),
    "take": Order("take NAME...|all", "take them off the pad", 1, None, _take),
    "present": Order("present CARD", "hold a card to the reader", 1, 1, _present),
    "remove-card": Order("remove-card", "take the card away", 0, 0, _remove_card),
    "scan": Order(
        "scan TEXT|@NAME", "hold a code before the scanner; @NAME: the label of an item or card", 1, None, _scan
    ),
    "fault": Order("fault DEVICE FAULT [arguments] [on COMMAND] [next N|all]", "switch a fault on", 2, None, _fault),
    "heal": Order("heal [DEVICE|all]", "switch faults off and plug in", 0, 1, _heal),
    "unplug": Order("unplug DEVICE", "pull the plug of pad, scanner, printer or card reader", 1, 1, _unplug),
    "plug": Order("plug DEVICE", "put it back", 1, 1, _plug),
    "pcscd": Order("pcscd restart|start|stop", "the card daemon", 1, 1, _pcscd),
    "release": Order("release [N|all]", "let held requests and answers go on", 0, 1, _release),
    "paper": Order("paper LINES", "put in a roll with so many lines", 1, 1, _paper),
    "printed": Order("printed", "text of all receipts", 0, 0, _printed),
    "take-receipts": Order("take-receipts", "empty the tray", 0, 0, _tray),
    "show": Order("show", "pad, card, printer, plugs, active faults", 0, 0, _show),
    "tags": Order("tags", "every tag of the scenario with its security bit", 0, 0, _tags),
    "memory": Order("memory NAME", "the memory of a thing's tags", 1, 1, _memory),
    "set-afi": Order("set-afi NAME HEX", "change the AFI of a thing's tags, as a staff station would", 2, 2, _set_afi),
    "damage": Order("damage NAME...", "make a byte of their tags' memory wrong", 1, None, _damage),
    "repair": Order("repair NAME...", "make it right again", 1, None, _repair),
    "log": Order("log", "commands, air and line time, requests since the last reset", 0, 0, _log),
    "reset-log": Order("reset-log", "begin counting again", 0, 0, _reset_log),
    "faults": Order("faults", "every fault there is", 0, 0, _faults),
}


async def obey(simulator: Simulator, line: str) -> Answer:
    """Carry out one line. Never raises for what was typed."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        return {"ok": False, "error": f"cannot be split into words: {error}"}
    order = ORDERS.get(words[0]) if words else None
    if order is None:
        return {
            "ok": False,
            "error": f"there is no command {words[0]!r}; try help" if words else "an empty line; try help",
        }
    count = len(words) - 1
    if count < order.least or (order.most is not None and count > order.most):
        return {"ok": False, "error": f"usage: {order.usage}"}
    try:
        return {"ok": True, **await order.run(simulator, words[1:])}
    except (WorldError, FaultError, UsageError, DaemonFailed, OSError) as error:
        return {"ok": False, "error": str(error)}


class ControlServer:
    """Listens for lines on a free port of 127.0.0.1."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._listener = Listener(self._talk, MOST_LINE)
        self.start = self._listener.start
        self.stop = self._listener.stop

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._listener.port

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                line = await reader.readline()
            except ValueError:
                writer.write(b'{"ok": false, "error": "the line is too long"}\n')
                await writer.drain()
                return
            if not line:
                return
            answer = await obey(self._simulator, line.decode("utf-8", "replace"))
            writer.write(json.dumps(answer).encode("ascii") + b"\n")
            await writer.drain()
