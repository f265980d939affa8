"""Memory images against the standards' own examples and real tags."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.images import iso28560_2, iso28560_3
from sim.images.iso28560_2 import Element
from tests.sim.vectors import VECTORS, hexed


def test_the_checksum_of_the_reference_string() -> None:
    data = VECTORS["ddm-crc-ref"]["input_ascii"].encode("ascii")
    assert iso28560_3.crc16_ccitt_false(data) == int(VECTORS["ddm-crc-ref"]["crc"], 16)
    assert iso28560_3.crc16_ccitt_false(bytes(32)).to_bytes(2, "little") == hexed("ddm-crc-zero-34", "stored")


def test_example_b1_of_the_standard_comes_out_byte_for_byte() -> None:
    assert iso28560_3.image("1000000056", 1, 1, "DK-718500", memory=32) == hexed("iso28560-3-B1")


def test_example_b2_of_the_standard_comes_out_byte_for_byte() -> None:
    data = iso28560_3.basic_block("1000000136", 1, 1, "DK-718500") + iso28560_3.extension_block(1, b"\x01")
    data += iso28560_3.extension_block(2, b"Bogvognen\x001234567890\x00\x00a789656c") + b"\x00"
    assert data == hexed("iso28560-3-B2")


def test_a_real_norwegian_tag_with_sixteen_characters_comes_out_byte_for_byte() -> None:
    assert iso28560_3.image("1003011860976002", 1, 1, "NO-02030000", memory=32) == hexed("ddm-deichman-real")


def test_example_d3_of_the_standard_comes_out_byte_for_byte() -> None:
    compact = iso28560_2.compact
    data = iso28560_2.encode([
        Element(1, *compact("123456789012"), aligned=True),
        Element(2, 0, iso28560_2.content_parameter([3, 4, 6])),
        Element(4, *compact("1203")),
        Element(6, *compact("QA268.L55")),
        Element(3, 0, iso28560_2.isil_code("US-InU-Mu"), aligned=True),
    ])  # fmt: skip
    assert data == hexed("iso28560-2-D3")


@pytest.mark.parametrize("name", [name for name in VECTORS if name.startswith(("isil-", "dp2-isil-"))])
def test_isil_codes_of_standard_and_real_tags_come_out(name: str) -> None:
    assert iso28560_2.isil_code(VECTORS[name]["says"]) == hexed(name)


@pytest.mark.parametrize("name", [name for name in VECTORS if name.startswith(("compact-", "dp2-compact-"))])
def test_compactions_of_standard_and_real_tags_come_out(name: str) -> None:
    assert iso28560_2.compact(VECTORS[name]["says"])[1] == hexed(name)


def test_a_set_says_how_many_parts_it_has_and_which_one_this_is() -> None:
    block = iso28560_3.image("30000000000459", 2, 3, "DE-Mus1", memory=112)
    assert (block[1], block[2]) == (3, 2)
    memory = iso28560_2.image("30000000000475", 2, 3, "DE-Mus1", memory=112)
    assert bytes.fromhex("140120") in memory  # OID 4, integer, 32: three parts, this is part 2


@given(st.text(max_size=40), st.integers(0, 300), st.integers(0, 300), st.text(max_size=20))
def test_an_image_fits_or_says_why_not(item: Any, part: Any, parts: Any, isil: Any) -> None:
    for build in (iso28560_3.image, iso28560_2.image):
        with contextlib.suppress(ValueError):
            assert len(build(item, part, parts, isil, memory=112)) == 112
