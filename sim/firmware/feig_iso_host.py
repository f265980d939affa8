"""A FEIG OBID reader in ISO host mode, as its manual describes it: bytes in, bytes out.

Pure: it is told the time and says when its answers are ready. Plays the air commands it needs over ``sim.air``.
Source: FEIG manual H20800-16e-ID-B (CPR family), chapters 4 to 8 and annex C. Not taken from it: that the presence
check wakes each known tag with an addressed reset to ready; that a switched-off field answers "no transponder".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from sim import tags
from sim.air import CARRIER, FLAGS_ADDRESSED, FLAGS_OPTION, FLAGS_PLAIN, FLAGS_SELECTED, Air, Heard, seconds
from sim.faults import Reply
from sim.firmware.feig_frames import BROADCAST, Receiver, Request, answer_frame

OK, NO_TRANSPONDER, WRITE_ERROR, PARAMETER_RANGE = 0x00, 0x01, 0x03, 0x11
UNKNOWN_COMMAND, LENGTH, RF_ERROR, MORE_DATA, ISO_ERROR = 0x80, 0x81, 0x83, 0x94, 0x95
ISO_STANDARD = 0xB0
MODE_MORE, MODE_NOTIFY, MODE_PRESENCE, MODE_SECURITY, MODE_ADDRESS = 0x80, 0x40, 0x20, 0x08, 0x07
TR_TYPE_ISO15693 = 0x03
MOST_BYTES = 128  # per read or write
CFG5_ANTICOLLISION, CFG5_ONT, CFG5_ACOLL = 11, 0x01, 0x04
STANDARD_PAGE = (255 - 7) // 10


@dataclass(frozen=True, slots=True)
class Settings:
    """What differs between readers and sites.

    Attributes:
        address: the reader's own address.
        baud: bits per second on the line.
        line_time: whether bytes need time on the line (8E1: 11 bits each).
        pause: PSST, the least pause between an answer and the next request, seconds.
        response_time: TR-RESPONSE-TIME, seconds a command may take in the air.
        quiet_after_report: ONT of CFG5: reported tags are put to quiet.
        page: most data sets in one answer; None: as many as fit.
        minus_one: system information gives sizes as ISO does, one less than they are.
        information: answer to reader info 66 00 (here a real capture); its first 7 bytes answer 65.
    """

    address: int = 0x00
    baud: int = 38400
    line_time: bool = True
    pause: float = 0.005
    response_time: float = 1.0
    quiet_after_report: bool = True
    page: int | None = None
    minus_one: bool = False
    information: bytes = bytes.fromhex("0206000B4D000901180200")

    @property
    def receive_buffer(self) -> int:
        """RX-BUF of the reader info."""
        return int.from_bytes(self.information[7:9], "big")

    @property
    def transmit_buffer(self) -> int:
        """TX-BUF of the reader info."""
        return int.from_bytes(self.information[9:11], "big")


@dataclass(frozen=True, slots=True)
class Result:
    """Outcome of a command. ``cycles``: carrier cycles it took in the air."""

    status: int
    data: bytes = b""
    cycles: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A carried-out command, for the ledger: times in seconds."""

    command: str
    status: int
    air: float
    line: float


Handler = Callable[["FeigIsoHost", Request], Result]


class FeigIsoHost:
    """One reader.

    Args:
        air: its antenna's field.
        settings: see there.
        hears: asked with a command's name before it is carried out; False: the reader did not notice it.
        ledger: told of each command.
    """

    def __init__(
        self,
        air: Air,
        settings: Settings,
        hears: Callable[[str], bool] = lambda _: True,
        ledger: Callable[[Record], None] = lambda _: None,
    ) -> None:
        self._air = air
        self._settings = settings
        self._hears = hears
        self._ledger = ledger
        self._receiver = Receiver(settings.receive_buffer)
        self._waiting: list[tuple[int, bytes]] = []  # found, not yet sent
        self._unfinished = False
        self._unresolved = 0
        self._known: list[bytes] = []  # reported since the last RF reset
        self._free_at = 0.0

    def feed(self, data: bytes, now: float) -> list[Reply]:
        """Take bytes that arrived at ``now`` (seconds) and say what is answered when."""
        replies = []
        for request in self._receiver.feed(data, now):
            if request.address not in (self._settings.address, BROADCAST):
                continue
            name = self._name(request)
            if self._hears(name):
                replies.append(self._carry_out(name, request, now))
        return replies

    def _carry_out(self, name: str, request: Request, now: float) -> Reply:
        self._air.begin()
        entry = self._entry(request)
        result = entry[1](self, request) if entry else Result(UNKNOWN_COMMAND)
        frame = answer_frame(request.advanced, self._settings.address, request.command, result.status, result.data)
        line = self._line_time(request.size + len(frame))
        started = max(now, self._free_at)
        ready = started + seconds(result.cycles) + line
        self._free_at = ready + self._settings.pause
        self._ledger(Record(name, result.status, seconds(result.cycles), line))
        return Reply(ready - now, frame, name)

    def _line_time(self, count: int) -> float:
        return count * 11 / self._settings.baud if self._settings.line_time else 0.0

    def _entry(self, request: Request) -> tuple[str, Handler] | None:
        if request.command != ISO_STANDARD:
            return self.COMMANDS.get(request.command)
        return self.ISO_COMMANDS.get(request.data[0]) if request.data else None

    def _name(self, request: Request) -> str:
        entry = self._entry(request)
        return entry[0] if entry else f"unknown_{request.command:02X}"

    # --- commands of the reader itself --------------------------------------------------------------------------------

    def _baud_detection(self, request: Request) -> Result:
        return Result(OK) if request.data == b"\x00" else Result(LENGTH)

    def _cpu_reset(self, request: Request) -> Result:
        if request.data:
            return Result(LENGTH)
        self._forget()
        self._air.reset()
        return Result(OK)

    def _software_version(self, request: Request) -> Result:
        return Result(LENGTH) if request.data else Result(OK, self._settings.information[:7])

    def _reader_info(self, request: Request) -> Result:
        if len(request.data) != 1:
            return Result(LENGTH)
        return Result(PARAMETER_RANGE) if request.data[0] else Result(OK, self._settings.information)

    def _rf_reset(self, request: Request) -> Result:
        if request.data:
            return Result(LENGTH)
        self._forget()
        return Result(OK, cycles=self._air.reset())

    def _rf_switch(self, request: Request) -> Result:
        if len(request.data) != 1:
            return Result(LENGTH)
        if request.data[0] > 1:
            return Result(PARAMETER_RANGE)
        self._forget()
        self._air.switch(bool(request.data[0]))
        return Result(OK)

    def _read_configuration(self, request: Request) -> Result:
        if len(request.data) != 1:
            return Result(LENGTH)
        block = bytearray(14)
        if request.data[0] & 0x3F == 5:
            block[CFG5_ANTICOLLISION] = CFG5_ACOLL | (CFG5_ONT if self._settings.quiet_after_report else 0)
        return Result(OK, bytes(block))

    def _forget(self) -> None:
        self._waiting.clear()
        self._known.clear()
        self._unfinished = False
        self._unresolved = 0

    # --- ISO standard commands ----------------------------------------------------------------------------------------

    def _inventory(self, request: Request) -> Result:
        if len(request.data) != 2:
            return Result(LENGTH)
        mode = request.data[1]
        if mode & MODE_NOTIFY:
            return Result(PARAMETER_RANGE)
        cycles = 0
        if not (mode & MODE_MORE and self._waiting):
            cycles = self._prepare(mode)
            limit = round(self._settings.response_time * CARRIER)
            found = self._air.inventory(limit)
            cycles += found.cycles + self._quiet([uid for _, uid in found.answers])
            self._waiting = list(found.answers)
            self._unfinished = found.unfinished
            self._unresolved = found.unresolved
        return self._page(request.advanced, cycles)

    def _prepare(self, mode: int) -> int:
        """What happens before the inventory itself: nothing, an RF reset, or waking the known tags. Cycles."""
        settings = self._settings
        if not settings.quiet_after_report and not mode & MODE_MORE:
            self._forget()
            return self._air.reset()
        cycles = 0
        if mode & MODE_PRESENCE:
            for uid in self._known:
                cycles += self._air.exchange(bytes([FLAGS_ADDRESSED, tags.RESET_TO_READY]) + uid[::-1]).cycles
            self._known.clear()
        return cycles

    def _quiet(self, uids: list[bytes]) -> int:
        self._known += uids
        if not self._settings.quiet_after_report:
            return 0
        return sum(self._air.exchange(bytes([FLAGS_ADDRESSED, tags.STAY_QUIET]) + uid[::-1]).cycles for uid in uids)

    def _page(self, advanced: bool, cycles: int) -> Result:
        fitting = (self._settings.transmit_buffer - 9) // 10 if advanced else STANDARD_PAGE
        page = min(self._settings.page or fitting, (self._settings.transmit_buffer - 9) // 10)
        sent, self._waiting = self._waiting[:page], self._waiting[page:]
        sets = b"".join(bytes([TR_TYPE_ISO15693, dsfid]) + uid for dsfid, uid in sent)
        data = bytes([len(sent)]) + sets if sent else b""
        if self._waiting or self._unfinished:
            return Result(MORE_DATA, data or b"\x00", cycles)
        if self._unresolved:
            return Result(RF_ERROR, data, cycles)
        return Result(OK if sent else NO_TRANSPONDER, data, cycles)

    def _target(self, request: Request, rest: int | None) -> tuple[int, bytes, bytes] | Result:
        """(flags, UID as the air wants it, parameters) of a B0 command, or the error. ``rest``: their exact length."""
        if len(request.data) < 2:
            return Result(LENGTH)
        mode, data = request.data[1] & MODE_ADDRESS, request.data[2:]
        flags = {0: FLAGS_PLAIN, 1: FLAGS_ADDRESSED, 2: FLAGS_SELECTED}.get(mode)
        if flags is None:
            return Result(PARAMETER_RANGE)
        size = 8 if mode == 1 else 0
        uid, parameters = data[:size][::-1], data[size:]
        if len(uid) != size or (rest is not None and len(parameters) != rest):
            return Result(LENGTH)
        return flags, uid, parameters

    @staticmethod
    def _heard(heard: Heard, cycles: int, block: bytes = b"") -> bytes | Result:
        """What the tag answered after its flags, or the result of an exchange that failed."""
        if heard.answer is None:
            return Result(RF_ERROR if heard.disturbed else NO_TRANSPONDER, cycles=cycles)
        if heard.answer[0] & 0x01:
            return Result(ISO_ERROR, heard.answer[1:2] + block, cycles)
        return heard.answer[1:]

    def _plain(self, request: Request, command: int, rest: int) -> Result:
        """A command whose parameters go to the tag as they are and whose answer has no data."""
        target = self._target(request, rest)
        if isinstance(target, Result):
            return target
        flags, uid, parameters = target
        heard = self._air.exchange(bytes([flags, command]) + uid + parameters)
        answer = self._heard(heard, heard.cycles)
        return answer if isinstance(answer, Result) else Result(OK, cycles=heard.cycles)

    def _stay_quiet(self, request: Request) -> Result:
        target = self._target(request, 0)
        if isinstance(target, Result):
            return target
        if not target[1]:
            return Result(PARAMETER_RANGE)
        return Result(OK, cycles=self._air.exchange(bytes([target[0], tags.STAY_QUIET]) + target[1]).cycles)

    def _select(self, request: Request) -> Result:
        return self._plain(request, tags.SELECT, 0)

    def _reset_to_ready(self, request: Request) -> Result:
        return self._plain(request, tags.RESET_TO_READY, 0)

    def _write_afi(self, request: Request) -> Result:
        return self._plain(request, tags.WRITE_AFI, 1)

    def _write_dsfid(self, request: Request) -> Result:
        return self._plain(request, tags.WRITE_DSFID, 1)

    def _read_blocks(self, request: Request) -> Result:
        target = self._target(request, 2)
        if isinstance(target, Result):
            return target
        flags, uid, (first, count) = target
        if not count:
            return Result(PARAMETER_RANGE)
        security = bool(request.data[1] & MODE_SECURITY)
        code, end = (tags.READ_SINGLE, b"") if count == 1 else (tags.READ_MULTIPLE, bytes([count - 1]))
        flags |= FLAGS_OPTION if security else 0
        heard = self._air.exchange(bytes([flags, code]) + uid + bytes([first]) + end)
        data = self._heard(heard, heard.cycles)
        if isinstance(data, Result):
            return data
        step = len(data) // count
        if step * count > MOST_BYTES + count * security:
            return Result(PARAMETER_RANGE, cycles=heard.cycles)
        pieces = [data[start : start + step] for start in range(0, len(data), step)]
        sets = b"".join((piece if security else b"\x00" + piece)[:1] + piece[security:][::-1] for piece in pieces)
        return Result(OK, bytes([count, step - security]) + sets, heard.cycles)

    def _write_blocks(self, request: Request) -> Result:
        target = self._target(request, None)
        if isinstance(target, Result):
            return target
        flags, uid, parameters = target
        if len(parameters) < 3:
            return Result(LENGTH)
        first, count, size = parameters[:3]
        blocks = parameters[3:]
        if len(blocks) != count * size:
            return Result(LENGTH)
        if not blocks or len(blocks) > MOST_BYTES or first + count > 0x100:
            return Result(PARAMETER_RANGE)
        cycles = 0
        for number in range(count):
            data = blocks[number * size : (number + 1) * size][::-1]
            where = bytes([first + number])
            heard = self._air.exchange(bytes([flags, tags.WRITE_SINGLE]) + uid + where + data)
            cycles += heard.cycles
            failure = self._heard(heard, cycles, where)
            if not isinstance(failure, Result):
                continue
            if failure.status == ISO_ERROR or not number:
                return failure
            return Result(WRITE_ERROR, where, cycles)
        return Result(OK, cycles=cycles)

    def _system_information(self, request: Request) -> Result:
        target = self._target(request, 0)
        if isinstance(target, Result):
            return target
        heard = self._air.exchange(bytes([target[0], tags.SYSTEM_INFORMATION]) + target[1])
        data = self._heard(heard, heard.cycles)
        if isinstance(data, Result):
            return data
        uid, (dsfid, afi, blocks, size, reference) = data[1:9][::-1], data[9:14]
        more = 0 if self._settings.minus_one else 1
        memory = bytes([size + more, (blocks + more) & 0xFF])
        return Result(OK, bytes([dsfid]) + uid + bytes([afi]) + memory + bytes([reference]), heard.cycles)

    def _block_security(self, request: Request) -> Result:
        target = self._target(request, 2)
        if isinstance(target, Result):
            return target
        flags, uid, (first, count) = target
        if not count:
            return Result(PARAMETER_RANGE)
        heard = self._air.exchange(bytes([flags, tags.BLOCK_SECURITY]) + uid + bytes([first, count - 1]))
        data = self._heard(heard, heard.cycles)
        return data if isinstance(data, Result) else Result(OK, bytes([count]) + data, heard.cycles)

    COMMANDS: ClassVar[Mapping[int, tuple[str, Handler]]] = {
        0x52: ("baud_detection", _baud_detection),
        0x63: ("cpu_reset", _cpu_reset),
        0x65: ("software_version", _software_version),
        0x66: ("reader_info", _reader_info),
        0x69: ("rf_reset", _rf_reset),
        0x6A: ("rf_switch", _rf_switch),
        0x80: ("read_configuration", _read_configuration),
    }
    ISO_COMMANDS: ClassVar[Mapping[int, tuple[str, Handler]]] = {
        0x01: ("inventory", _inventory),
        0x02: ("stay_quiet", _stay_quiet),
        0x23: ("read_blocks", _read_blocks),
        0x24: ("write_blocks", _write_blocks),
        0x25: ("select", _select),
        0x26: ("reset_to_ready", _reset_to_ready),
        0x27: ("write_afi", _write_afi),
        0x29: ("write_dsfid", _write_dsfid),
        0x2B: ("system_information", _system_information),
        0x2C: ("block_security", _block_security),
    }
