"""What no machine can beat: the air and the serial line of the commands one checkout needs.

Formulas of ISO 15693-3 at 13.56 MHz, 1-of-4 down, high rate, one sub-carrier up; written apart from the simulator, so
that a mistake in one shows against the other. All times in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

FC = 13.56e6
BYTE = 4096 / FC
READER_SOF = 1024 / FC
READER_EOF = 512 / FC
TAG_SOF_EOF = 2 * 2048 / FC
T1 = 4352 / FC
T2 = 4192 / FC
EMPTY_SLOT = 6432 / FC + READER_EOF
UART_BITS = 11  # 8E1: start, 8 data, parity, stop
PAUSE = 0.005  # between two frames of the host line (PSST)


def request(length: int) -> float:
    """A reader's request of ``length`` bytes, flags and CRC included."""
    return READER_SOF + BYTE * length + READER_EOF


def response(length: int) -> float:
    """A tag's answer of ``length`` bytes, flags and CRC included."""
    return TAG_SOF_EOF + BYTE * length


def inventory(tags: int) -> float:
    """Fewest possible 16-slot rounds in which every slot that answers holds exactly one tag."""
    rounds = max(1, ceil(tags / 16))
    used = tags * (T1 + response(12) + T2 + READER_EOF)
    return rounds * request(5) + used - rounds * READER_EOF


def read_blocks(count: int, size: int = 4) -> float:
    """READ MULTIPLE BLOCKS, addressed."""
    return request(14) + T1 + response(3 + count * size) + T2


def write_afi(answer_after: int = 0) -> float:
    """WRITE AFI, addressed; ``answer_after`` counts the byte times until the write-alike answer."""
    return request(13) + T1 + answer_after * BYTE + response(3) + T2


def system_information() -> float:
    """GET SYSTEM INFORMATION, addressed, with every field."""
    return request(12) + T1 + response(17) + T2


def line(length: int, baud: int) -> float:
    """``length`` bytes on the host line."""
    return length * UART_BITS / baud


@dataclass(frozen=True, slots=True)
class Bound:
    """Least time for one stack, apart by where it is spent."""

    air: float
    line: float

    @property
    def total(self) -> float:
        """Air and line: they cannot overlap, the reader answers after it has listened."""
        return self.air + self.line


def checkout(tags: int, blocks: int = 9, baud: int = 38400) -> Bound:
    """Least time to see, read, disarm and read back ``tags`` single-tag items over FEIG ISO host mode.

    Frames (standard): RF reset 5+6, inventory 7+(7+10 each), system information 15+21 twice, read 17+(8+5 each block),
    write AFI 16+6 bytes; the manual's pause between frames is counted once a command.
    """
    air = inventory(tags) + tags * (read_blocks(blocks) + 2 * system_information() + write_afi())
    frames = 5 + 6 + 7 + 7 + 10 * tags
    frames += tags * (2 * (15 + 21) + 17 + 8 + 5 * blocks + 16 + 6)
    commands = 2 + 4 * tags
    return Bound(air, line(frames, baud) + commands * PAUSE)
