"""Which data model does this memory follow, and what item does it name?

Responsible for the order in which models are tried. A DSFID alone is never trusted: 0 is common on tags of ISO
28560-3. Not responsible for reading the memory (devices) or for writing. Source: the order argued for in the
project's reference, each test from the model's own standard.
"""

from __future__ import annotations

from drivers.api import Unreadable
from drivers.codecs.tags import iso28560_2, iso28560_3
from drivers.codecs.tags.fields import NeedMore, NotAnItem, TagDataError, TagFields

DSFID_28560_2 = 0x06
DSFID_28560_3 = 0x3E
FIRST_READ = 34
"""Bytes that are needed before anything can be said: the basic block of ISO 28560-3."""

_OTHER_LEAST = 20  # bytes in which the older models have told what they are
_BLANK_3M = b"\x55" * 24


def examine(memory: bytes, dsfid: int | None, whole: bool) -> TagFields | NotAnItem | NeedMore:
    """Say what a tag is.

    Args:
        memory: its user memory from byte 0, as far as it was read.
        dsfid: its data storage format identifier, None if it could not be read.
        whole: this is all of the memory, or all of it that can be read.

    Returns:
        The item, or why there is none, or how much more has to be read.
    """
    if len(memory) < FIRST_READ and not whole:
        return NeedMore(FIRST_READ)
    if not any(memory) or memory.count(0xFF) == len(memory) or memory.startswith(_BLANK_3M):
        return NotAnItem(Unreadable.BLANK, "nothing was ever written")
    oriented = iso28560_3.orient(memory)
    if oriented is not None:
        return _read_3(oriented, whole)
    if dsfid == DSFID_28560_3:
        return NotAnItem(Unreadable.DAMAGED, f"{iso28560_3.MODEL}: the checksum is wrong")
    return _read_2(memory, dsfid, whole)


def _read_3(memory: bytes, whole: bool) -> TagFields | NotAnItem | NeedMore:
    try:
        found = iso28560_3.decode(memory, whole)
    except TagDataError as error:
        return NotAnItem(Unreadable.DAMAGED, f"{iso28560_3.MODEL}: {error}")
    if isinstance(found, TagFields) and found.usage == iso28560_3.PATRON_CARD:
        return NotAnItem(Unreadable.PATRON_CARD, f"{iso28560_3.MODEL}: type of usage 8")
    return found


def _read_2(memory: bytes, dsfid: int | None, whole: bool) -> TagFields | NotAnItem | NeedMore:
    other = _other_model(memory) if dsfid != DSFID_28560_2 else None
    if other is not None:
        return NotAnItem(Unreadable.UNKNOWN_MODEL, f"{other}: cannot be read by this program")
    try:
        chain = iso28560_2.walk(memory, whole)
        if isinstance(chain, NeedMore):
            return chain
        found = iso28560_2.decode(chain.elements)
    except TagDataError as error:
        if dsfid == DSFID_28560_2:
            return NotAnItem(Unreadable.DAMAGED, f"{iso28560_2.MODEL}: {error}")
        named = "not read" if dsfid is None else f"{dsfid:02X}"
        return NotAnItem(Unreadable.UNKNOWN_MODEL, f"no data model fits (DSFID {named})")
    if iso28560_2.is_patron_card(found):
        return NotAnItem(Unreadable.PATRON_CARD, f"{iso28560_2.MODEL}: type of usage 8x")
    return found


def _other_model(memory: bytes) -> str | None:
    """Older models that are recognised and not read."""
    if len(memory) < _OTHER_LEAST:
        return None
    if memory[0] == 0x0B and memory[1] & 0x3F == 1:
        return "bibliotheca DM11"
    identifier = memory[4:20].rstrip(b"\0")
    if memory[0] == 0x04 and memory[2] == 0 and identifier and all(0x20 <= byte < 0x7F for byte in identifier):
        return "3M RFID501"
    return None
