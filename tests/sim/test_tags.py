"""The tag's state machine."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sim.tags import State, crc_x25, framed
from tests.sim.building import UID, tag
from tests.sim.vectors import hexed

ADDRESSED = UID[::-1]


def test_the_checksum_agrees_with_the_standard_and_with_a_sniffed_frame() -> None:
    for name in ("iso15693-crc-01020304", "iso15693-crc-36010000"):
        assert crc_x25(hexed(name, "input")) == hexed(name, "crc_bytes")


def test_a_tag_answers_an_inventory_in_the_slot_of_its_uid() -> None:
    one = tag()
    assert one.inventory_slot(framed(b"\x06\x01\x00")) == 0x8
    assert one.inventory_slot(framed(b"\x06\x01\x04\x08")) == 0x2
    assert one.inventory_slot(framed(b"\x06\x01\x04\x07")) is None
    assert one.inventory_answer()[:10] == b"\x00\x3e" + ADDRESSED


def test_a_gate_asking_for_armed_items_hears_only_armed_ones() -> None:
    gate = framed(b"\x16\x01\x07\x00")
    assert tag(afi=0x07).inventory_slot(gate) is not None
    assert tag(afi=0xC2).inventory_slot(gate) is None


def test_a_quiet_tag_answers_when_addressed_but_not_to_an_inventory() -> None:
    one = tag()
    assert one.answer(framed(b"\x22\x02" + ADDRESSED)) is None
    assert one.inventory_slot(framed(b"\x06\x01\x00")) is None
    assert one.answer(framed(b"\x22\x20" + ADDRESSED + b"\x00")) is not None
    assert one.answer(framed(b"\x02\x20\x00")) is None
    one.power_off()
    assert one.state is State.READY


def test_writing_an_afi_changes_it_and_a_locked_one_refuses() -> None:
    one = tag()
    assert one.answer(framed(b"\x22\x27" + ADDRESSED + b"\xc2")) == framed(b"\x00")
    assert one.afi == 0xC2
    one.afi_locked = True
    assert one.answer(framed(b"\x22\x27" + ADDRESSED + b"\x07")) == framed(b"\x01\x12")
    assert one.afi == 0xC2


def test_system_information_gives_sizes_less_one() -> None:
    answer = tag().answer(framed(b"\x22\x2b" + ADDRESSED))
    assert answer == framed(b"\x00\x0f" + ADDRESSED + b"\x3e\x07\x1b\x03\x01")


def test_a_block_that_is_written_is_read_back_and_a_locked_one_refuses() -> None:
    one = tag()
    assert one.answer(framed(b"\x22\x21" + ADDRESSED + b"\x05\x01\x02\x03\x04")) == framed(b"\x00")
    assert one.answer(framed(b"\x22\x20" + ADDRESSED + b"\x05")) == framed(b"\x00\x01\x02\x03\x04")
    one.answer(framed(b"\x22\x22" + ADDRESSED + b"\x05"))
    assert one.answer(framed(b"\x22\x21" + ADDRESSED + b"\x05\x00\x00\x00\x00")) == framed(b"\x01\x12")
    assert one.answer(framed(b"\x22\x23" + ADDRESSED + b"\x1b\x01")) == framed(b"\x01\x10")


def test_an_eas_alarm_is_heard_only_while_eas_is_set() -> None:
    one = tag()
    assert one.answer(framed(b"\x02\xa5\x04")) is None
    one.answer(framed(b"\x22\xa2\x04" + ADDRESSED))
    assert one.answer(framed(b"\x02\xa5\x04")) == framed(b"\x00" + hexed("icode-eas-sequence"))
    one.answer(framed(b"\x22\xa3\x04" + ADDRESSED))
    assert one.answer(framed(b"\x02\xa5\x04")) is None


def test_a_selected_tag_answers_selected_requests_until_another_is_selected() -> None:
    one = tag()
    assert one.answer(framed(b"\x22\x25" + ADDRESSED)) == framed(b"\x00")
    assert one.answer(framed(b"\x12\x27\xc2")) == framed(b"\x00")
    assert one.answer(framed(b"\x22\x25" + bytes(8))) is None
    assert one.answer(framed(b"\x12\x27\x07")) is None


@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_are_answered_by_a_frame_or_by_silence(data: bytes, with_checksum: Any) -> None:
    one = tag()
    request = framed(data) if with_checksum else data
    answer = one.answer(request)
    assert answer is None or crc_x25(answer[:-2]) == answer[-2:]
    slot = one.inventory_slot(request)
    assert slot is None or 0 <= slot < 16
