"""Frames of the FEIG OBID ISO host mode: finds requests in a stream of bytes, builds answers.

Not responsible for what requests mean (feig_iso_host). Source: FEIG manual H20800-16e-ID-B, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

STX = 0x02  # first byte of an advanced frame; too small to be the length of a standard one
STANDARD_LEAST, ADVANCED_LEAST = 5, 7
STANDARD_MOST = 255
BROADCAST = 0xFF
GAP = 0.012  # seconds: the longest pause inside a frame


def checksum(data: bytes) -> bytes:
    """CRC-16, polynomial 0x8408 reflected, initial 0xFFFF, no final exclusive-or, low byte first (3.4.4)."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x8408 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class Request:
    """A whole request with a good checksum. ``size``: bytes it took on the line."""

    advanced: bool
    address: int
    command: int
    data: bytes
    size: int


def answer_frame(advanced: bool, address: int, command: int, status: int, data: bytes) -> bytes:
    """An answer in the frame type of its request; over 255 bytes it becomes an advanced one."""
    length = 6 + len(data)
    long = advanced or length > STANDARD_MOST
    head = bytes([STX]) + (length + 2).to_bytes(2, "big") if long else bytes([length])
    frame = head + bytes([address, command, status]) + data
    return frame + checksum(frame)


class Receiver:
    """Collects bytes into requests. A broken frame, a bad checksum or a pause in a frame discards what was collected.

    Args:
        receive_buffer: frames longer than this are discarded.
    """

    def __init__(self, receive_buffer: int) -> None:
        self._most = receive_buffer
        self._buffer = bytearray()
        self._last = 0.0

    def feed(self, data: bytes, now: float) -> list[Request]:
        """Take bytes that arrived at ``now`` (seconds)."""
        if now - self._last > GAP:
            self._buffer.clear()
        self._last = now
        self._buffer += data
        requests: list[Request] = []
        while self._buffer:
            size = self._size()
            if size is None or size > len(self._buffer):
                break
            frame = bytes(self._buffer[:size])
            if size == 0 or checksum(frame[:-2]) != frame[-2:]:
                self._buffer.clear()
                break
            del self._buffer[:size]
            requests.append(self._request(frame))
        return requests

    def _size(self) -> int | None:
        """Length of the frame that begins the buffer; None: not known yet; 0: no frame begins like this."""
        first = self._buffer[0]
        if first != STX:
            return first if first >= STANDARD_LEAST else 0
        if len(self._buffer) < 3:
            return None
        length = int.from_bytes(self._buffer[1:3], "big")
        return length if ADVANCED_LEAST <= length <= self._most else 0

    @staticmethod
    def _request(frame: bytes) -> Request:
        advanced = frame[0] == STX
        body = frame[3:-2] if advanced else frame[1:-2]
        return Request(advanced, body[0], body[1], body[2:], len(frame))
