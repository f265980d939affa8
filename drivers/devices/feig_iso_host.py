"""FEIG OBID readers in ISO host mode on a serial line, as a pad.

Responsible for one conversation at a time: deadlines, repeating what may be repeated, resynchronising, and the
security bit by AFI with read-back. Not responsible for bytes (codecs), for who comes and goes (worker) or for what an
item may do.

Support: standard and advanced frames; MR101, MR200, LR and CPR by manual, MR102 with frames = "advanced". Conforms to
the manual and to captures; not tested on hardware. USB versions with FEIG's own USB protocol are out of reach.

How it stays in step, since answers carry no number and no sub-command: what the line holds is dropped before each
command, an answer must have the shape (and where it names one, the tag) that was asked for, a frame equal to the one
just sent is an echo, and after a lost or spoilt answer nothing is asked before the reader has answered Baud Rate
Detection.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Generic, TypeVar

from drivers.api import (
    DeviceError,
    DeviceInfo,
    DeviceRefused,
    Inventory,
    ItemTag,
    LinkTimeout,
    RemoteProtocolError,
    Security,
    TagLost,
    TagProblem,
    TagUid,
    Unreadable,
)
from drivers.codecs import feig_iso_commands as commands
from drivers.codecs.feig_iso_commands import Request, Status, SystemInformation, meaning
from drivers.codecs.feig_iso_host import BROADCAST, Answer, Decoder, Garbage, Message, encode
from drivers.codecs.tags.detect import examine
from drivers.codecs.tags.fields import NeedMore, NotAnItem
from drivers.devices.options import BAUD_RATES, OptionsError, byte, one_of, option, seconds, text, whole
from drivers.devices.refusals import NotReadable
from drivers.links.serial_link import SerialLink, SerialSettings
from drivers.links.trace import Trace

T = TypeVar("T")

TRIES = 3
WRITE_TRIES = 5
WRITE_PAUSE = 0.05
PAGES = 64
MORE_BLOCKS = 4  # least blocks to ask for once the first read was not enough: a command costs more than a block
FRAME_PAUSE = 0.005  # PSST: least pause between frames
FRAME_GAP = 0.03  # longest pause inside a frame: 12 ms, and what adapters add
SPOILT_AFTER = 0.3  # silence after bytes that made no answer
SYNC_SECONDS = 0.3
_SHOWN_OF_BLOCKS = 8
_SHOWN_OF_JUNK = 3

_AIR_TROUBLE = frozenset(
    {
        Status.DATA_FALSE,
        Status.RF_COMMUNICATION_ERROR,
        Status.RF_WARNING,
        Status.NO_VALID_DATA,
        Status.DATA_BUFFER_OVERFLOW,
    }
)
_TAG_SILENT = frozenset({Status.NO_TRANSPONDER, *_AIR_TROUBLE})
_TAG_REFUSES = frozenset(
    {
        Status.WRITE_ERROR,
        Status.ADDRESS_ERROR,
        Status.WRONG_TRANSPONDER_TYPE,
        Status.AUTHENTICATION_ERROR,
        Status.GENERAL_ERROR,
        Status.ISO15693_ERROR,
    }
)


@dataclass(frozen=True, slots=True)
class FeigOptions:
    """Options of driver "feig_iso_host".

    Attributes:
        port: serial port.
        baud: as set in the reader's CFG1.
        frames: "standard" or "advanced".
        address: the reader's address, 255 for any.
        security: what carries the security bit: "afi".
        afi_armed: AFI of an item in stock.
        afi_disarmed: AFI of an item on loan.
        answer_seconds: longest wait for an answer; more than the reader's TR-RESPONSE-TIME (1 s).
    """

    port: str = option(text)
    baud: int = option(one_of(*BAUD_RATES), 38400)
    frames: str = option(one_of("standard", "advanced"), "standard")
    address: int = option(whole(0, 255), BROADCAST)
    security: str = option(one_of("afi"), "afi")
    afi_armed: int = option(byte, 0x07)
    afi_disarmed: int = option(byte, 0xC2)
    answer_seconds: float = option(seconds(0.1, 60), 1.2)

    def __post_init__(self) -> None:
        if self.afi_armed == self.afi_disarmed:
            raise OptionsError([("afi_disarmed", "must differ from afi_armed")])


@dataclass(frozen=True, slots=True)
class _Reply(Generic[T]):
    """A reader's answer: its status, and what it says if the status is good (or comes with data)."""

    status: int
    name: str
    value: T


class FeigIsoHost:
    """One reader on one port. Blocking; used by one thread. Implements ``drivers.api.RfidReader``."""

    def __init__(self, options: FeigOptions) -> None:
        self._options = options
        self._trace = Trace()
        self._link = SerialLink(SerialSettings(options.port, options.baud, "E"), self._trace)
        self._decoder = Decoder()
        self._afi = {Security.ARMED: options.afi_armed, Security.DISARMED: options.afi_disarmed}

    def open(self) -> DeviceInfo:
        """Open the line, find the reader, ask who it is. Raises DeviceError and leaves the port closed then."""
        self._link.open()
        try:
            return self._identify(monotonic() + 4 * self._options.answer_seconds + TRIES * SYNC_SECONDS)
        except DeviceError:
            self.close()
            raise

    def close(self) -> None:
        """Idempotent."""
        self._link.close()

    def _identify(self, deadline: float) -> DeviceInfo:
        self._link.drain(FRAME_GAP)
        if not self._in_step(deadline):
            raise self._trace.explain(LinkTimeout("no reader answers at this port with this baud rate"))
        version = self._ask(commands.GetSoftwareVersion(), deadline)
        if version.status != Status.OK:
            raise self._refused(version)
        info = self._ask(commands.GetReaderInfo(), deadline)
        who = info.value if info.status == Status.OK else version.value
        return DeviceInfo(who.model, who.software)

    # --- what is on the pad ---------------------------------------------------------------------------------------

    def inventory(self, deadline: float) -> Inventory:
        """Reset the field and ask for all tags. Raises DeviceError.

        A lost answer is not asked for again: the tags in it have been put to quiet. The look starts anew instead.
        """
        for _ in range(TRIES - 1):
            try:
                return self._look(deadline)
            except (LinkTimeout, RemoteProtocolError):
                if not self._in_step(deadline):
                    raise
        return self._look(deadline)

    def _look(self, deadline: float) -> Inventory:
        reset = self._once(commands.RfReset(), deadline)
        if reset.status != Status.OK:
            raise self._refused(reset)
        found: set[TagUid] = set()
        missed = 1
        for _ in range(TRIES):
            missed = self._pages(found, deadline)
            if not missed:
                break
        return Inventory(frozenset(found), complete=not missed, unresolved=missed)

    def _pages(self, found: set[TagUid], deadline: float) -> int:
        """Ask until there are no more; return how many more tags must be there."""
        others = 0
        for page in range(PAGES):
            reply = self._once(commands.Inventory(more=page > 0), deadline)
            found.update(tag.uid for tag in reply.value.tags)
            others += reply.value.others
            if reply.status == Status.MORE_DATA:
                continue
            if reply.status in (Status.OK, Status.NO_TRANSPONDER):
                return others
            if reply.status in _AIR_TROUBLE:
                return others or 1
            raise self._refused(reply)
        return others or 1

    # --- what a tag says ------------------------------------------------------------------------------------------

    def read_item(self, uid: TagUid, deadline: float) -> ItemTag | TagProblem:
        """Read a tag's bit and as much of its memory as its data need. Raises DeviceError for the line only."""
        why = ""
        for _ in range(TRIES):
            try:
                return self._read_item(uid, deadline)
            except TagLost as lost:
                why = str(lost)
        return TagProblem(uid, Unreadable.LOST, None, why)

    def _read_item(self, uid: TagUid, deadline: float) -> ItemTag | TagProblem:
        try:
            system = self._system(uid, deadline)
        except NotReadable:
            system = None
        security = self._security_of(system.afi) if system else None
        memory, blocks = b"", 0
        total = system.blocks if system else 0x100
        size = system.block_size if system else 4
        refused = ""
        while True:
            whole = bool(refused) or blocks >= total
            found = examine(memory, system.dsfid if system else None, whole)
            if not isinstance(found, NeedMore):
                break
            wanted = max(-(-(found.size - len(memory)) // size), MORE_BLOCKS if blocks else 1)
            count = min(wanted, total - blocks, commands.MAX_DATA // size)
            try:
                read = self._of_tag(commands.ReadMultipleBlocks(uid, blocks, count), deadline)
            except DeviceRefused as error:
                if error.status not in _TAG_REFUSES:
                    raise
                refused = f"blocks {blocks} to {blocks + count - 1}: {error.meaning}"
                continue
            memory += read.data
            blocks += count
            size = read.size
        if refused and (isinstance(found, NotAnItem) or not memory):
            return TagProblem(uid, Unreadable.DAMAGED, security, refused)
        if isinstance(found, NotAnItem):
            return TagProblem(uid, found.reason, security, found.detail)
        return ItemTag(
            uid=uid,
            item_id=found.item_id,
            part=found.part,
            parts=found.parts,
            owner=found.owner,
            security=security,
            media_format=found.media_format,
            model=found.model,
            usage=found.usage,
        )

    def _system(self, uid: TagUid, deadline: float) -> SystemInformation:
        """System information. Raises NotReadable if the tag knows no such command, TagLost if it is silent."""
        try:
            system = self._of_tag(commands.GetSystemInformation(uid), deadline)
        except DeviceRefused as error:
            if error.status in _TAG_REFUSES:
                raise NotReadable(error.status, error.meaning) from None
            raise
        if system is None or not system.block_size or not system.blocks:
            raise NotReadable(Status.NO_VALID_DATA, "system information without memory")
        return system

    def _security_of(self, afi: int) -> Security | None:
        return next((state for state, value in self._afi.items() if value == afi), None)

    # --- the security bit -----------------------------------------------------------------------------------------

    def set_security(self, uid: TagUid, to: Security, deadline: float) -> Security:
        """Write the AFI until it reads back as wanted, at most 5 times; return what was read back last.

        Raises:
            TagLost: the tag was silent after the last write; the bit is in doubt.
            NotReadable: the tag will not say its AFI.
            DeviceRefused: it reads back as neither of the two values.
            DeviceError: the line.
        """
        last: SystemInformation | None = None
        for attempt in range(WRITE_TRIES):
            if attempt:
                self._link.drain(WRITE_PAUSE)
            if attempt and monotonic() >= deadline:
                break
            self._write_afi(uid, to, deadline)
            try:
                last = self._system(uid, deadline)
            except TagLost:
                last = None
                continue
            if last.afi == self._afi[to]:
                return to
        if last is None:
            raise self._trace.explain(TagLost("the tag does not answer"))
        state = self._security_of(last.afi)
        if state is None:
            raise DeviceRefused(Status.WRITE_ERROR, f"the AFI reads back as 0x{last.afi:02X}")
        return state

    def _write_afi(self, uid: TagUid, to: Security, deadline: float) -> None:
        """Write once. What the answer says, or that none came, proves nothing: the caller reads."""
        try:
            reply = self._once(commands.WriteAfi(uid, self._afi[to]), deadline)
        except (LinkTimeout, RemoteProtocolError):
            if not self._in_step(deadline):
                raise
            return
        if reply.status not in (Status.OK, *_TAG_SILENT, *_TAG_REFUSES):
            raise self._refused(reply)

    # --- one command ----------------------------------------------------------------------------------------------

    def _of_tag(self, request: Request[T], deadline: float) -> T:
        """Ask one tag. Raises TagLost if it is silent, DeviceRefused for any other bad status."""
        reply = self._ask(request, deadline)
        if reply.status in _TAG_SILENT:
            raise TagLost(f"the tag does not answer ({reply.name})")
        if reply.status != Status.OK:
            raise self._refused(reply)
        return reply.value

    def _ask(self, request: Request[T], deadline: float) -> _Reply[T]:
        """Ask something that may be asked again: up to 3 times."""
        for _ in range(TRIES - 1):
            try:
                return self._once(request, deadline)
            except (LinkTimeout, RemoteProtocolError):
                if not self._in_step(deadline):
                    raise
        return self._once(request, deadline)

    def _in_step(self, deadline: float) -> bool:
        """Wait for the reader to answer Baud Rate Detection, so that no earlier answer is on its way any more."""
        for _ in range(TRIES):
            self._link.drain(FRAME_GAP, SYNC_SECONDS)
            try:
                self._once(commands.BaudRateDetection(), min(deadline, monotonic() + SYNC_SECONDS))
            except (LinkTimeout, RemoteProtocolError):
                continue
            return True
        return False

    def _once(self, request: Request[T], deadline: float) -> _Reply[T]:
        """Send one command, wait for its answer.

        Raises:
            LinkTimeout: none came.
            RemoteProtocolError: bytes came, but no answer to this command.
            LinkLost: the port has gone.
        """
        if monotonic() >= deadline:
            raise self._trace.explain(LinkTimeout("no time is left to ask"))
        dropped = self._link.drain(FRAME_PAUSE, SYNC_SECONDS)
        if dropped:
            self._trace.received(dropped, shown=_SHOWN_OF_JUNK)
        self._decoder.reset()
        frame = encode(request.body(), self._options.address, self._options.frames == "advanced")
        self._trace.sent(frame)
        self._link.write(frame)
        end = min(deadline, monotonic() + self._options.answer_seconds)
        junk: float | None = None  # when bytes came last that are no frame
        while (now := monotonic()) < end and (junk is None or now - junk < SPOILT_AFTER):
            data = self._link.read(end - now if junk is None else min(end - now, FRAME_GAP))
            messages = self._decoder.feed(data) if data else self._decoder.gap()
            for message in messages:
                reply = self._matching(message, request, frame)
                if reply is not None:
                    return reply
            if data and (self._decoder.pending or any(isinstance(message, Garbage) for message in messages)):
                junk = monotonic()
        if junk is None:
            raise self._trace.explain(LinkTimeout("the reader does not answer"))
        raise self._trace.explain(RemoteProtocolError("bytes came, but no answer to the command"))

    def _matching(self, message: Message, request: Request[T], sent: bytes) -> _Reply[T] | None:
        if not isinstance(message, Answer):
            self._trace.received(message.data, shown=_SHOWN_OF_JUNK)
            return None
        hidden = isinstance(request, commands.ReadMultipleBlocks)  # may be a patron card's memory
        self._trace.received(message.frame, shown=_SHOWN_OF_BLOCKS if hidden else None)
        if message.command != request.command or self._is_echo(message, sent):
            return None
        if self._options.address not in (BROADCAST, message.address):
            return None
        try:
            value = request.read(message)
        except RemoteProtocolError:
            return None
        return _Reply(message.status, meaning(message.status, message.data), value)

    def _is_echo(self, message: Answer, sent: bytes) -> bool:
        """Our own frame. Only Baud Rate Detection to a fixed address has a genuine answer that looks the same."""
        return message.frame == sent and (message.command != 0x52 or self._options.address == BROADCAST)

    def _refused(self, reply: _Reply[T]) -> DeviceRefused:
        return self._trace.explain(DeviceRefused(reply.status, reply.name))
