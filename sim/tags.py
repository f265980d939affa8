"""An ISO 15693 tag: what it remembers and what it answers. Not responsible for time or for collisions (air).

Source: ISO/IEC 15693-3, and the NXP ICODE SLIX data sheet for the custom commands A2, A3, A5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar

FLAG_INVENTORY = 0x04
FLAG_SELECT, FLAG_ADDRESSED, FLAG_OPTION = 0x10, 0x20, 0x40  # without FLAG_INVENTORY
FLAG_AFI, FLAG_ONE_SLOT = 0x10, 0x20  # with FLAG_INVENTORY
INVENTORY, STAY_QUIET = 0x01, 0x02
READ_SINGLE, WRITE_SINGLE, LOCK_BLOCK, READ_MULTIPLE = 0x20, 0x21, 0x22, 0x23
SELECT, RESET_TO_READY, WRITE_AFI, LOCK_AFI, WRITE_DSFID, LOCK_DSFID = 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A
SYSTEM_INFORMATION, BLOCK_SECURITY = 0x2B, 0x2C
SET_EAS, RESET_EAS, EAS_ALARM = 0xA2, 0xA3, 0xA5
WRITE_ALIKE = frozenset({WRITE_SINGLE, LOCK_BLOCK, WRITE_AFI, LOCK_AFI, WRITE_DSFID, LOCK_DSFID, SET_EAS, RESET_EAS})
NOT_SUPPORTED, NOT_RECOGNISED, NO_SUCH_BLOCK, ALREADY_LOCKED, LOCKED = 0x01, 0x02, 0x10, 0x11, 0x12  # error codes
CUSTOM = frozenset({SET_EAS, RESET_EAS, EAS_ALARM})
NXP = 0x04
EAS_SEQUENCE = bytes.fromhex("2FB36270D5A7907FE8B18038D281497682DA9A866FAF8BB0F19CD112A57237EF")  # SLIX 9.4.3.10


def crc_x25(data: bytes) -> bytes:
    """CRC of ISO 15693 frames (reflected 0x1021, initial and final FFFF), low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def framed(data: bytes) -> bytes:
    """A request or answer with its checksum behind it."""
    return data + crc_x25(data)


@dataclass(frozen=True, slots=True)
class Chip:
    """A kind of chip.

    Attributes:
        manufacturer: UID byte 1 (ISO/IEC 7816-6).
        write_units: how many units of 4096/fc a write-alike answer comes later than t1 (ISO 15693-3 9.1).
    """

    manufacturer: int
    blocks: int
    block_size: int
    ic_reference: int
    eas: bool
    write_units: int


DAMAGED_BYTE = 10  # within the data that a checksum covers, in every data model

CHIPS: Mapping[str, Chip] = {
    "slix": Chip(NXP, 28, 4, 0x01, True, 16),
    "slix2": Chip(NXP, 80, 4, 0x01, True, 16),
    "lri2k": Chip(0x02, 64, 4, 0x20, False, 19),
    "small": Chip(NXP, 8, 4, 0x01, True, 16),  # 32 bytes: a truncated basic block
}


class State(Enum):
    """State in the field (ISO 15693-3 clause 7.2). Outside the field a tag forgets it."""

    READY = "ready"
    QUIET = "quiet"
    SELECTED = "selected"


@dataclass(slots=True)
class Tag:
    """One tag. ``uid``: 8 bytes, most significant first (E0 ...). ``memory``: all blocks one after the other."""

    name: str
    uid: bytes
    memory: bytearray
    chip: Chip
    dsfid: int
    afi: int
    eas: bool = False
    locked_blocks: set[int] = field(default_factory=set)
    afi_locked: bool = False
    dsfid_locked: bool = False
    state: State = State.READY
    damaged: bool = False

    def __post_init__(self) -> None:
        if len(self.uid) != 8 or self.uid[0] != 0xE0:
            raise ValueError(f"{self.name}: the UID of an ISO 15693 tag has 8 bytes and begins with E0")
        if len(self.memory) != self.chip.blocks * self.chip.block_size:
            raise ValueError(f"{self.name}: {len(self.memory)} bytes do not fill the chip's memory")

    def damage(self, damaged: bool = True) -> None:
        """Make one byte of the memory wrong, or right again."""
        if damaged != self.damaged:
            self.memory[DAMAGED_BYTE] ^= 0xFF
            self.damaged = damaged

    def power_off(self) -> None:
        """The field is gone: quiet and selected are forgotten."""
        self.state = State.READY

    def inventory_slot(self, request: bytes) -> int | None:
        """The slot (0..15) in which the tag answers an inventory request with checksum; None: it keeps silent."""
        body = _body(request)
        if body is None or len(body) < 3 or not body[0] & FLAG_INVENTORY or body[1] != INVENTORY:
            return None
        if self.state is State.QUIET:
            return None
        rest = body[2:]
        if body[0] & FLAG_AFI:
            if rest[0] not in (0, self.afi):
                return None
            rest = rest[1:]
        if not rest or rest[0] > 64 or len(rest) != 1 + (rest[0] + 7) // 8:
            return None
        length, mask = rest[0], int.from_bytes(rest[1:], "little")
        uid = int.from_bytes(self.uid, "big")
        if uid & ((1 << length) - 1) != mask & ((1 << length) - 1):
            return None
        return 0 if body[0] & FLAG_ONE_SLOT else uid >> length & 0xF

    def inventory_answer(self) -> bytes:
        """What the tag sends in its slot: flags, DSFID, UID low byte first, checksum."""
        return framed(bytes([0, self.dsfid]) + self.uid[::-1])

    def answer(self, request: bytes) -> bytes | None:
        """Carry out any request but inventory, given with its checksum. None: the tag keeps silent."""
        body = _body(request)
        if body is None or len(body) < 2 or body[0] & FLAG_INVENTORY:
            return None
        flags, command, rest = body[0], body[1], body[2:]
        if command in CUSTOM:
            if not rest or rest[0] != self.chip.manufacturer or not self.chip.eas:
                return None
            rest = rest[1:]
        mine = True
        if flags & FLAG_ADDRESSED:
            mine, rest = rest[:8] == self.uid[::-1], rest[8:]
        if command == SELECT:
            return self._select(bool(flags & FLAG_ADDRESSED) and mine)
        if not mine or not self._listens(flags):
            return None
        handler = self._HANDLERS.get(command)
        if handler is None:
            return _error(NOT_SUPPORTED)
        return handler(self, flags, rest)

    def _listens(self, flags: int) -> bool:
        if flags & FLAG_SELECT:
            return self.state is State.SELECTED
        return bool(flags & FLAG_ADDRESSED) or self.state is not State.QUIET

    def _select(self, mine: bool) -> bytes | None:
        if mine:
            self.state = State.SELECTED
            return _done()
        if self.state is State.SELECTED:
            self.state = State.READY
        return None

    def _quiet(self, flags: int, rest: bytes) -> bytes | None:
        if flags & FLAG_ADDRESSED and not rest:
            self.state = State.QUIET
        return None

    def _reset_to_ready(self, _flags: int, _rest: bytes) -> bytes:
        self.state = State.READY
        return _done()

    def block(self, number: int) -> bytes:
        """The bytes of one block."""
        size = self.chip.block_size
        return bytes(self.memory[number * size : (number + 1) * size])

    def _read(self, flags: int, first: int, count: int) -> bytes:
        if first + count > self.chip.blocks:
            return _error(NO_SUCH_BLOCK)
        data = b""
        for number in range(first, first + count):
            security = bytes([number in self.locked_blocks]) if flags & FLAG_OPTION else b""
            data += security + self.block(number)
        return _done(data)

    def _read_single(self, flags: int, rest: bytes) -> bytes:
        return self._read(flags, rest[0], 1) if len(rest) == 1 else _error(NOT_RECOGNISED)

    def _read_multiple(self, flags: int, rest: bytes) -> bytes:
        return self._read(flags, rest[0], rest[1] + 1) if len(rest) == 2 else _error(NOT_RECOGNISED)

    def _write_single(self, _flags: int, rest: bytes) -> bytes:
        size = self.chip.block_size
        if len(rest) != 1 + size:
            return _error(NOT_RECOGNISED)
        if rest[0] >= self.chip.blocks:
            return _error(NO_SUCH_BLOCK)
        if rest[0] in self.locked_blocks:
            return _error(LOCKED)
        self.memory[rest[0] * size : (rest[0] + 1) * size] = rest[1:]
        return _done()

    def _lock_block(self, _flags: int, rest: bytes) -> bytes:
        if len(rest) != 1:
            return _error(NOT_RECOGNISED)
        if rest[0] >= self.chip.blocks:
            return _error(NO_SUCH_BLOCK)
        if rest[0] in self.locked_blocks:
            return _error(ALREADY_LOCKED)
        self.locked_blocks.add(rest[0])
        return _done()

    def _write_afi(self, _flags: int, rest: bytes) -> bytes:
        if len(rest) != 1:
            return _error(NOT_RECOGNISED)
        if self.afi_locked:
            return _error(LOCKED)
        self.afi = rest[0]
        return _done()

    def _lock_afi(self, _flags: int, _rest: bytes) -> bytes:
        self.afi_locked, before = True, self.afi_locked
        return _error(ALREADY_LOCKED) if before else _done()

    def _write_dsfid(self, _flags: int, rest: bytes) -> bytes:
        if len(rest) != 1:
            return _error(NOT_RECOGNISED)
        if self.dsfid_locked:
            return _error(LOCKED)
        self.dsfid = rest[0]
        return _done()

    def _lock_dsfid(self, _flags: int, _rest: bytes) -> bytes:
        self.dsfid_locked, before = True, self.dsfid_locked
        return _error(ALREADY_LOCKED) if before else _done()

    def _system_information(self, _flags: int, _rest: bytes) -> bytes:
        chip = self.chip
        sizes = [self.dsfid, self.afi, chip.blocks - 1, chip.block_size - 1, chip.ic_reference]
        return _done(b"\x0f" + self.uid[::-1] + bytes(sizes))

    def _block_security(self, _flags: int, rest: bytes) -> bytes:
        if len(rest) != 2:
            return _error(NOT_RECOGNISED)
        first, count = rest[0], rest[1] + 1
        if first + count > self.chip.blocks:
            return _error(NO_SUCH_BLOCK)
        return _done(bytes(number in self.locked_blocks for number in range(first, first + count)))

    def _set_eas(self, _flags: int, _rest: bytes) -> bytes:
        self.eas = True
        return _done()

    def _reset_eas(self, _flags: int, _rest: bytes) -> bytes:
        self.eas = False
        return _done()

    def _eas_alarm(self, _flags: int, _rest: bytes) -> bytes | None:
        return _done(EAS_SEQUENCE) if self.eas else None

    _HANDLERS: ClassVar[Mapping[int, Callable[[Tag, int, bytes], bytes | None]]] = {
        STAY_QUIET: _quiet,
        READ_SINGLE: _read_single,
        WRITE_SINGLE: _write_single,
        LOCK_BLOCK: _lock_block,
        READ_MULTIPLE: _read_multiple,
        RESET_TO_READY: _reset_to_ready,
        WRITE_AFI: _write_afi,
        LOCK_AFI: _lock_afi,
        WRITE_DSFID: _write_dsfid,
        LOCK_DSFID: _lock_dsfid,
        SYSTEM_INFORMATION: _system_information,
        BLOCK_SECURITY: _block_security,
        SET_EAS: _set_eas,
        RESET_EAS: _reset_eas,
        EAS_ALARM: _eas_alarm,
    }


def _body(request: bytes) -> bytes | None:
    return request[:-2] if len(request) > 2 and crc_x25(request[:-2]) == request[-2:] else None


def _done(data: bytes = b"") -> bytes:
    return framed(b"\x00" + data)


def _error(code: int) -> bytes:
    return framed(bytes([0x01, code]))
