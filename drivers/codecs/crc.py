"""The two checksums of this package.

Responsible for arithmetic only; where a checksum stands is the codec's business.
"""

from __future__ import annotations


def _table_msb(polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & 0x8000 else value << 1) & 0xFFFF
        table.append(value)
    return tuple(table)


def _table_lsb(polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
        table.append(value)
    return tuple(table)


_CCITT = _table_msb(0x1021)
_FEIG = _table_lsb(0x8408)


def crc_iso28560_3(data: bytes) -> int:
    """CRC of the basic block: CRC-16/CCITT-FALSE, polynomial 0x1021, initial value FFFF, most significant bit first.

    Source: ISO 28560-3 (GOST R ISO 28560-3-2016), Annex A; check value of the Danish model: "RFID tag data model" =
    1AEE.
    """
    value = 0xFFFF
    for byte in data:
        value = (value << 8 & 0xFFFF) ^ _CCITT[value >> 8 ^ byte]
    return value


def crc_feig(data: bytes) -> int:
    """CRC of FEIG frames: polynomial 0x8408 reflected, initial value FFFF, no final xor; sent low byte first.

    Source: FEIG manual H20800-16e-ID-B, chapter "Protocol frames".
    """
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _FEIG[(value ^ byte) & 0xFF]
    return value
