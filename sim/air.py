"""The air between reader and tags: ISO 15693 timing and anticollision, played over the tags that really lie there.

Every time is a whole number of carrier cycles, so sums are exact. Not responsible for what tags answer (tags), nor for
what a reader makes of it (firmware).

Source: ISO/IEC 15693-3, 1 out of 4 down, high data rate and one sub-carrier up. t2 and t3 are the minimum.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from sim.tags import INVENTORY, STAY_QUIET, WRITE_ALIKE, Tag, crc_x25, framed

CARRIER = 13_560_000  # Hz
BYTE = 4096  # cycles, either direction
REQUEST_FRAME = 1024 + 512  # SOF and EOF of a request
ANSWER_FRAME = 2048 + 2048
TAG_SOF, EOF = 2048, 512
T1, T1_MAX, T2 = 4352, 4384, 4192
T3 = T1_MAX + TAG_SOF  # an empty slot at 100 % modulation
WRITE_UNIT = 4096
WRITE_LIMIT = CARRIER * 20 // 1000  # a write-alike answer comes after 20 ms at the latest
RF_RESET = CARRIER * 15 // 1000

FLAGS_INVENTORY = 0x06  # 16 slots, high data rate
FLAGS_PLAIN, FLAGS_SELECTED, FLAGS_ADDRESSED, FLAGS_OPTION = 0x02, 0x12, 0x22, 0x40
UID_BITS, SLOT_BITS = 64, 4


def request_cycles(length: int) -> int:
    """Duration of a request of ``length`` bytes, flags and checksum included."""
    return REQUEST_FRAME + BYTE * length


def answer_cycles(length: int) -> int:
    """Duration of an answer of ``length`` bytes, flags and checksum included."""
    return ANSWER_FRAME + BYTE * length


def seconds(cycles: int) -> float:
    """Carrier cycles as seconds."""
    return cycles / CARRIER


USED_SLOT = T1 + answer_cycles(12) + T2 + EOF
EMPTY_SLOT = T3 + EOF


class Fate(Enum):
    """What becomes of one write."""

    NORMAL = "normal"
    LOST_BEFORE = "lost before"  # the tag leaves the field, nothing was written
    LOST_AFTER = "lost after"  # written, then the tag leaves before it answers
    UNHEARD = "unheard"  # written, the answer is disturbed
    LIES = "lies"  # answered as done, but nothing was written


class Field(Protocol):
    """Who is in the field, and what disturbs them."""

    def begin(self) -> None:
        """A reader command begins: chance is drawn once for it."""
        ...

    def tags(self) -> Sequence[Tag]:
        """Tags that can hear the reader."""
        ...

    def jammed(self) -> Collection[str]:
        """Names of tags whose inventory answers cannot be told apart in this inventory."""
        ...

    def write_fate(self, request: bytes) -> Fate:
        """What becomes of this write."""
        ...

    def lose(self, tag: Tag) -> None:
        """The tag leaves the field."""
        ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What a reader hears after a request.

    Attributes:
        answer: flags and data without checksum, None if nothing readable came.
        disturbed: something came that could not be read (collision, bad checksum).
        cycles: duration up to the moment the reader may send again.
    """

    answer: bytes | None
    disturbed: bool
    cycles: int


@dataclass(frozen=True, slots=True)
class Found:
    """Result of an inventory.

    Attributes:
        answers: (DSFID, UID most significant byte first) in the order they were heard.
        unresolved: tags that answered and could not be told apart.
        unfinished: the time limit came first.
    """

    answers: tuple[tuple[int, bytes], ...]
    unresolved: int
    unfinished: bool
    cycles: int


class Air:
    """The field of one antenna."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._on = True

    def begin(self) -> None:
        """A reader command begins."""
        self._field.begin()

    def switch(self, on: bool) -> None:
        """Carrier on or off; off makes every tag forget its state."""
        self._on = on
        if not on:
            self._power_off()

    def reset(self) -> int:
        """RF reset: off for a moment, then on. Cycles."""
        self._power_off()
        self._on = True
        return RF_RESET

    def _power_off(self) -> None:
        for tag in self._field.tags():
            tag.power_off()

    def _tags(self) -> Sequence[Tag]:
        return self._field.tags() if self._on else ()

    def exchange(self, body: bytes) -> Heard:
        """Send a request (flags, command, parameters) that is not an inventory, and listen."""
        request = framed(body)
        command = body[1]
        sent = request_cycles(len(request))
        if command == STAY_QUIET:
            for tag in self._tags():
                tag.answer(request)
            return Heard(None, False, sent + T2)
        write = command in WRITE_ALIKE
        answers: list[bytes] = []
        units, disturbed = 0, False
        for tag in self._tags():
            answer, lost = self._ask(tag, request, write)
            disturbed |= lost
            if answer is not None:
                answers.append(answer)
                units = max(units, tag.chip.write_units)
        if not answers:
            return Heard(None, disturbed, sent + (WRITE_LIMIT if write else T3))
        longest = max(len(answer) for answer in answers)
        cycles = sent + T1 + (units * WRITE_UNIT if write else 0) + answer_cycles(longest) + T2
        if len(set(answers)) > 1:
            return Heard(None, True, cycles)
        return Heard(answers[0][:-2], disturbed, cycles)

    def _ask(self, tag: Tag, request: bytes, write: bool) -> tuple[bytes | None, bool]:
        """One tag's answer, and whether an answer of it was lost."""
        if not write:
            return tag.answer(request), False
        answer = copy.deepcopy(tag).answer(request)
        if answer is None:
            return None, False
        fate = self._field.write_fate(request)
        if fate not in (Fate.LIES, Fate.LOST_BEFORE):
            answer = tag.answer(request)
        if fate in (Fate.LOST_BEFORE, Fate.LOST_AFTER):
            self._field.lose(tag)
            return None, False
        if fate is Fate.LIES:
            return framed(b"\x00"), False
        return (None, True) if fate is Fate.UNHEARD else (answer, False)

    def inventory(self, limit: int) -> Found:
        """Rounds of 16 slots until every answer was told apart, or ``limit`` cycles have passed."""
        jammed = self._field.jammed()
        rounds = [(0, 0)]
        answers: dict[bytes, int] = {}
        cycles = unresolved = 0
        while rounds and cycles < limit:
            length, mask = rounds.pop(0)
            body = bytes([FLAGS_INVENTORY, INVENTORY, length]) + mask.to_bytes((length + 7) // 8, "little")
            request = framed(body)
            cycles += request_cycles(len(request))
            for slot, tags in enumerate(self._slots(request)):
                cycles += USED_SLOT if tags else EMPTY_SLOT
                heard = {tag.inventory_answer() for tag in tags}
                hidden = any(tag.name in jammed for tag in tags)
                if len(heard) == 1 and not hidden:
                    answer = heard.pop()
                    if crc_x25(answer[:-2]) == answer[-2:]:
                        answers[answer[2:10][::-1]] = answer[1]
                elif tags and (length + SLOT_BITS >= UID_BITS or (hidden and length)):
                    unresolved += len(tags)
                elif tags:
                    rounds.append((length + SLOT_BITS, mask | slot << length))
        return Found(tuple((dsfid, uid) for uid, dsfid in answers.items()), unresolved, bool(rounds), cycles)

    def _slots(self, request: bytes) -> list[list[Tag]]:
        slots: list[list[Tag]] = [[] for _ in range(16)]
        for tag in self._tags():
            slot = tag.inventory_slot(request)
            if slot is not None:
                slots[slot].append(tag)
        return slots
