"""Packed text, ISILs, lengths and checksums, against the examples of standards and of real tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Unreadable
from drivers.codecs.crc import crc_iso28560_3
from drivers.codecs.tags import iso28560_2, iso28560_3
from drivers.codecs.tags.compaction import Scheme, unpack, unpack_isil
from drivers.codecs.tags.detect import examine
from drivers.codecs.tags.fields import NeedMore, NotAnItem, TagDataError, TagFields, part_of
from tests.vectors import vectors

PACKED = vectors("compaction")
BASIC = bytes.fromhex(vectors("tags")["iso28560-3-B1"]["hex"])


def _sealed(block: bytes) -> bytes:
    """A basic block with a fitting checksum."""
    block = block.ljust(34, b"\0")
    return block[:19] + crc_iso28560_3(block[:19] + block[21:]).to_bytes(2, "little") + block[21:]


def _field(item: bytes, head: bytes = b"\x11\x01\x01", owner: bytes = b"DK718500") -> bytes:
    return _sealed(head + item.ljust(16, b"\0") + b"\0\0" + owner)


def _item(memory: bytes, dsfid: int | None = None) -> TagFields:
    found = examine(memory, dsfid, whole=True)
    assert isinstance(found, TagFields), found
    return found


@pytest.mark.parametrize("name", [name for name, vector in PACKED.items() if vector["scheme"].isdigit()])
def test_packed_text_reads_as_its_source_says(name: str) -> None:
    vector = PACKED[name]
    assert unpack(Scheme(int(vector["scheme"], 2)), bytes.fromhex(vector["hex"])) == vector["text"]


@pytest.mark.parametrize("name", [name for name, vector in PACKED.items() if vector["scheme"] == "isil"])
def test_an_isil_in_its_own_code_reads_as_its_source_says(name: str) -> None:
    assert unpack_isil(bytes.fromhex(PACKED[name]["hex"])) == PACKED[name]["text"]


@pytest.mark.parametrize("name", [name for name, vector in PACKED.items() if vector["scheme"] == "length"])
def test_a_length_reads_as_its_source_says(name: str) -> None:
    """Seen from outside: the chain goes on where the length says, or is refused where no tag is so big."""
    length = int(PACKED[name]["text"])
    memory = b"\x61" + bytes.fromhex(PACKED[name]["hex"]) + b"x" * length + b"\0"
    if length > 2048:
        with pytest.raises(TagDataError, match=f"{length} bytes"):
            iso28560_2.walk(memory, whole=True)
        return
    chain = iso28560_2.walk(memory, whole=True)
    assert isinstance(chain, iso28560_2.Chain)
    assert len(chain.elements[0].data) == length
    assert chain.end == len(memory)


@pytest.mark.parametrize("vector", vectors("crc").values(), ids=vectors("crc"))
def test_a_checksum_is_its_sources(vector: dict[str, str]) -> None:
    assert crc_iso28560_3(vector["input"].encode()) == int(vector["crc"], 16)


@pytest.mark.parametrize(
    ("scheme", "data"),
    [
        (Scheme.INTEGER, "05"),  # less than 10
        (Scheme.INTEGER, "000A"),  # leading zero byte
        (Scheme.INTEGER, "FFFFFFFFFFFFFFFFFF"),
        (Scheme.NUMERIC, "4A"),
        (Scheme.NUMERIC, "FF"),
        (Scheme.FIVE_BIT, "0007C0"),
        (Scheme.UTF8, "C3"),
        (Scheme.APPLICATION_DEFINED, "00"),
    ],
)
def test_bytes_that_are_not_of_their_scheme_are_refused(scheme: Scheme, data: str) -> None:
    with pytest.raises(TagDataError):
        unpack(scheme, bytes.fromhex(data))


@given(st.sampled_from(Scheme), st.binary(max_size=40))
def test_any_object_is_text_or_refused(scheme: Scheme, data: bytes) -> None:
    assert isinstance(unpack_isil(data), str)
    try:
        assert isinstance(unpack(scheme, data), str)
    except TagDataError:
        return


# --- the basic block --------------------------------------------------------------------------------------------------


def test_a_hyphen_is_put_behind_the_country_and_nowhere_else() -> None:
    assert _item(_field(b"1")).owner == "DK-718500"
    assert _item(_field(b"1", owner=b"FIMamk-M")).owner == "FI-Mamk-M"
    assert _item(_field(b"1", owner=b"DK-718500")).owner == "DK-718500"
    assert _item(_field(b"1", owner=b"\0\0" + b"718500")).owner == "718500"
    assert _item(_field(b"1", owner=b"")).owner is None


@pytest.mark.parametrize(
    ("head", "part", "parts"),
    [("110101", 1, 1), ("110302", 2, 3), ("110203", 2, 3), ("110000", 1, 1), ("110300", 1, 3)],
)
def test_a_part_is_never_greater_than_the_number_of_parts(head: str, part: int, parts: int) -> None:
    found = _item(_field(b"1", bytes.fromhex(head)))
    assert (found.part, found.parts) == (part, parts)


@given(st.integers(0, 255), st.integers(0, 255))
def test_parts_are_counted_from_one(part: int, parts: int) -> None:
    found, of = part_of(part, parts)
    assert 1 <= found <= of


@pytest.mark.parametrize("first", [0x18, 0x81])
def test_a_patron_card_is_known_with_its_nibbles_either_way(first: int) -> None:
    found = examine(_field(b"2000000", bytes((first, 1, 1))), None, whole=True)
    assert isinstance(found, NotAnItem)
    assert found.reason is Unreadable.PATRON_CARD
    assert "2000000" not in repr(found)


def test_equipment_with_swapped_nibbles_is_equipment() -> None:
    assert _item(_field(b"1", b"\x91\x01\x01")).usage == 9


@pytest.mark.parametrize("item", [b"", b"\x07bell"])
def test_a_good_checksum_over_no_identifier_is_damage(item: bytes) -> None:
    found = examine(_field(item, owner=b"DK718500"), 0x3E, whole=True)
    assert isinstance(found, NotAnItem)
    assert found.reason is Unreadable.DAMAGED


def test_an_identifier_beyond_ascii_is_read() -> None:
    assert _item(_field("Ä1".encode())).item_id == "Ä1"
    assert _item(_field(b"\xc41")).item_id == "Ä1"


def _block(identifier: int, data: bytes) -> bytes:
    block = bytearray((len(data) + 4, identifier & 0xFF, identifier >> 8, 0)) + data
    for byte in bytes(block):
        block[3] ^= byte
    return bytes(block)


def test_the_library_block_is_found_behind_others_and_unknown_ones_are_kept() -> None:
    memory = _field(b"1") + _block(101, b"ta") + _block(1, b"\x02") + b"\0"
    assert _item(memory).media_format == 2
    assert [(block.identifier, block.data) for block in iso28560_3.extension_blocks(memory)] == [
        (101, b"ta"),
        (1, b"\x02"),
    ]


def test_an_extension_block_with_a_wrong_check_byte_says_nothing() -> None:
    block = bytearray(_block(1, b"\x02"))
    block[4] ^= 1
    assert _item(_field(b"1") + bytes(block) + b"\0").media_format is None


def test_only_as_much_is_asked_for_as_the_chain_goes_on() -> None:
    memory = _field(b"1") + _block(2, b"abc") + _block(1, b"\x01") + b"\0" * 30
    sizes = []
    size = 0
    while isinstance(found := examine(memory[:size], None, whole=False), NeedMore):
        sizes.append(size := found.size)
    assert sizes == [34, 35, 41, 42, 46]
    assert found == _item(memory)


# --- the chain --------------------------------------------------------------------------------------------------------


def _set(oid: int, scheme: int, data: bytes) -> bytes:
    head = bytes((scheme << 4 | min(oid, 15),)) + (bytes((oid - 15,)) if oid >= 15 else b"")
    return head + bytes((len(data),)) + data


ITEM = _set(1, 6, b"B1")


@pytest.mark.parametrize(
    ("digits", "part", "parts"),
    [(b"21", 1, 2), (b"1203", 3, 12), (b"203", 3, 2), (b"012003", 3, 12), (b"", 1, 1)],
)
def test_set_information_is_two_halves(digits: bytes, part: int, parts: int) -> None:
    found = _item(ITEM + _set(4, 6, digits) + b"\0", 0x06)
    assert (found.part, found.parts) == part_of(part, parts)


@pytest.mark.parametrize(
    ("scheme", "data", "usage"),
    [
        (0, b"\x10", 0x10),
        (6, b"\x10", 0x10),
        (2, b"\x10", 0x10),
        (1, b"\x0a", 0x10),
        (6, b"2", 0x02),
        (6, b"9z", None),
        (6, b"", None),
    ],
)
def test_a_type_of_usage_is_read_in_every_way_real_tags_write_it(scheme: int, data: bytes, usage: int | None) -> None:
    assert _item(ITEM + _set(5, scheme, data) + b"\0", 0x06).usage == usage


def test_a_patron_card_in_a_chain_is_a_patron_card() -> None:
    found = examine(_set(1, 6, b"P2000000") + _set(5, 0, b"\x80") + b"\0", 0x06, whole=True)
    assert isinstance(found, NotAnItem)
    assert found.reason is Unreadable.PATRON_CARD
    assert "2000000" not in repr(found)


def test_elements_the_kiosk_does_not_need_are_kept_as_they_are() -> None:
    memory = ITEM + _set(26, 6, b"local") + b"\x80" + _set(17, 7, "Größe".encode()) + b"\0"
    chain = iso28560_2.walk(memory, whole=True)
    assert isinstance(chain, iso28560_2.Chain)
    assert [(element.oid, element.scheme, element.data) for element in chain.elements] == [
        (1, Scheme.OCTETS, b"B1"),
        (26, Scheme.OCTETS, b"local"),
        (17, Scheme.UTF8, "Größe".encode()),
    ]


@pytest.mark.parametrize(
    "memory",
    [
        ITEM + ITEM + b"\0",  # twice
        ITEM + b"\x60\x01x\0",  # number 0
        ITEM + b"\x63\xff\xff\xff\x01",  # length without end
        ITEM + b"\x63\xff\x7fx",  # length beyond any tag
        ITEM + b"\x63\x09x",  # ends behind the memory
        _set(3, 6, b"DK-1") + b"\0",  # no item
        ITEM + _set(4, 6, b"12345678") + b"\0",
        ITEM + _set(4, 6, b"1a") + b"\0",
        _set(1, 6, b"\x01\x02") + b"\0",
        _set(1, 0, b"B1") + b"\0",
    ],
)
def test_a_broken_chain_is_damage_if_the_tag_claims_the_model_and_else_unknown(memory: bytes) -> None:
    claimed, unclaimed = (examine(memory, dsfid, whole=True) for dsfid in (0x06, 0x00))
    assert isinstance(claimed, NotAnItem)
    assert isinstance(unclaimed, NotAnItem)
    assert (claimed.reason, unclaimed.reason) == (Unreadable.DAMAGED, Unreadable.UNKNOWN_MODEL)


def test_a_memory_filled_to_its_end_needs_no_terminator() -> None:
    assert _item(ITEM, 0x06).item_id == "B1"


def test_a_checksum_outweighs_a_wrong_dsfid() -> None:
    assert _item(BASIC, 0x06).model == "iso28560-3"


@pytest.mark.parametrize("name", vectors("other_tags"))
def test_an_older_model_is_named_and_not_read(name: str) -> None:
    found = examine(bytes.fromhex(vectors("other_tags")[name]["hex"]), 0x00, whole=True)
    assert isinstance(found, NotAnItem)
    assert found.reason is Unreadable.UNKNOWN_MODEL
    assert found.detail.split(":")[0].replace(" ", "-") == vectors("other_tags")[name]["model"]
