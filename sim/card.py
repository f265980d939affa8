"""A contactless patron card as a PC/SC reader shows it: ATR and the pseudo-APDU for its UID. Pure.

Source: PC/SC part 3, 3.1.3 (ATR of storage cards) and 3.2.2.1 (get data).
"""

from __future__ import annotations

MIFARE_1K, MIFARE_ULTRALIGHT = 0x0001, 0x0003  # card names of the supplemental document
ISO14443A_PART_3 = 0x03
APPLICATION = bytes.fromhex("A000000306")  # RID of the PC/SC workgroup
OK, WRONG_LENGTH, NOT_SUPPORTED, UNKNOWN_CLASS = b"\x90\x00", b"\x67\x00", b"\x6a\x81", b"\x6e\x00"
GET_UID = bytes.fromhex("FFCA0000")


def storage_card_atr(standard: int, name: int) -> bytes:
    """ATR a reader makes up for a storage card."""
    body = bytes([0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C]) + APPLICATION
    body += bytes([standard]) + name.to_bytes(2, "big") + bytes(4)
    check = 0
    for byte in body:
        check ^= byte
    return b"\x3b" + body + bytes([check])


class PatronCard:
    """A card in the reader. ``uid``: 4 or 7 bytes, as the reader gives them out."""

    def __init__(self, uid: bytes) -> None:
        self._uid = uid
        self.atr = storage_card_atr(ISO14443A_PART_3, MIFARE_1K if len(uid) == 4 else MIFARE_ULTRALIGHT)

    def answer(self, apdu: bytes) -> bytes:
        """Answer one APDU: data and two status bytes."""
        if len(apdu) < 4:
            return WRONG_LENGTH
        if apdu[0] != 0xFF:
            return UNKNOWN_CLASS
        if apdu[:4] != GET_UID:
            return NOT_SUPPORTED
        if len(apdu) > 5:
            return WRONG_LENGTH
        wanted = apdu[4] if len(apdu) == 5 else 0
        if wanted == 0 or wanted == len(self._uid):
            return self._uid + OK
        if wanted > len(self._uid):
            return self._uid + bytes(wanted - len(self._uid)) + b"\x62\x82"
        return b"\x6c" + bytes([len(self._uid)])
