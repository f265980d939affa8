"""What item tags say, against memories from standards and from real tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Unreadable
from drivers.codecs.crc import crc_iso28560_3
from drivers.codecs.tags.detect import examine
from drivers.codecs.tags.fields import NeedMore, NotAnItem, TagFields
from tests.vectors import vectors

TAGS = vectors("tags")
DSFID = {"iso28560-2": 0x06, "iso28560-3": 0x3E}


def _memory(name: str) -> bytes:
    return bytes.fromhex(TAGS[name]["hex"])


@pytest.mark.parametrize("with_dsfid", [True, False])
@pytest.mark.parametrize("name", TAGS)
def test_a_tag_says_what_its_source_says(name: str, with_dsfid: bool) -> None:
    tag = TAGS[name]
    found = examine(_memory(name), DSFID[tag["model"]] if with_dsfid else None, whole=True)
    assert isinstance(found, TagFields)
    assert (found.model, found.item_id, found.part, found.parts) == (
        tag["model"],
        tag["item"],
        tag["part"],
        tag["parts"],
    )
    if "owner" in tag:
        assert found.owner == tag["owner"]
    if "media_format" in tag:
        assert found.media_format == tag["media_format"]


def test_the_checksum_of_the_standard() -> None:
    assert crc_iso28560_3(b"RFID tag data model") == 0x1AEE


@pytest.mark.parametrize("name", [name for name, tag in TAGS.items() if tag["model"] == "iso28560-3"])
def test_blocks_written_the_other_way_round_are_read_all_the_same(name: str) -> None:
    memory = _memory(name)
    memory += bytes(-len(memory) % 4)
    turned = b"".join(memory[start : start + 4][::-1] for start in range(0, len(memory), 4))
    found = examine(turned, None, whole=True)
    assert isinstance(found, TagFields)
    assert found.item_id == TAGS[name]["item"]


def test_one_wrong_bit_in_the_basic_block_is_damage_and_no_other_item() -> None:
    memory = bytearray(_memory("iso28560-3-B2"))
    for bit in range(34 * 8):
        memory[bit // 8] ^= 1 << bit % 8
        found = examine(bytes(memory), 0x3E, whole=True)
        assert isinstance(found, NotAnItem)
        assert found.reason is Unreadable.DAMAGED
        memory[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize("memory", [bytes(112), b"\xff" * 112, b"\x55" * 24 + bytes(4)])
def test_an_empty_tag_is_blank(memory: bytes) -> None:
    found = examine(memory, None, whole=True)
    assert isinstance(found, NotAnItem)
    assert found.reason is Unreadable.BLANK


@pytest.mark.parametrize("name", TAGS)
def test_a_tag_read_piece_by_piece_says_the_same_in_the_end(name: str) -> None:
    memory = _memory(name)
    size = 0
    for _ in range(20):
        found = examine(memory[:size], DSFID[TAGS[name]["model"]], whole=size >= len(memory))
        if not isinstance(found, NeedMore):
            break
        assert found.size > size
        size = found.size
    assert isinstance(found, TagFields)
    assert found.item_id == TAGS[name]["item"]


@given(st.binary(max_size=120), st.sampled_from([None, 0x00, 0x06, 0x3E, 0xFF]), st.booleans())
def test_any_memory_is_an_item_or_a_reason(memory: bytes, dsfid: int | None, whole: bool) -> None:
    found = examine(memory, dsfid, whole)
    assert isinstance(found, TagFields | NotAnItem | NeedMore)
    if whole:
        assert not isinstance(found, NeedMore)
