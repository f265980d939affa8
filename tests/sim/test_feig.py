"""The FEIG reader against its manual's frames and real captures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.faults import Reply
from sim.firmware.feig_frames import GAP, checksum
from sim.firmware.feig_iso_host import Settings
from sim.tags import Tag
from tests.sim.building import UID, Bench, tag, uids
from tests.sim.vectors import hexed


def standard(body: bytes) -> bytes:
    frame = bytes([len(body) + 3]) + body
    return frame + checksum(frame)


def advanced(body: bytes) -> bytes:
    frame = b"\x02" + (len(body) + 5).to_bytes(2, "big") + body
    return frame + checksum(frame)


def asked(bench: Bench, frame: bytes) -> bytes:
    """The answer, which must be there."""
    answer = bench.ask(frame)
    assert answer is not None
    return answer


def plain(item: str = "30000000000014") -> Tag:
    """A tag with DSFID 00, as the captured ones are."""
    one = tag(item=item)
    one.dsfid = 0x00
    return one


@pytest.mark.parametrize("name", [
    "feig-built-baud", "feig-built-swver", "feig-built-rinfo", "feig-built-rfreset", "feig-built-inv",
    "feig-built-read8", "feig-built-afiC2", "feig-built-sysinfo", "feig-built-quiet", "feig-adv-baud", "feig-adv-swver",
])  # fmt: skip
def test_each_known_request_is_answered_in_its_own_frame_type_with_status_ok(name: str) -> None:
    request = hexed(name)
    answer = Bench([plain()]).ask(request)
    assert answer is not None
    assert checksum(answer[:-2]) == answer[-2:]
    start = 3 if request[0] == 0x02 else 1
    assert answer[start : start + 3] == bytes([0x00, request[start + 1], 0x00])
    assert (answer[0] == 0x02) == (request[0] == 0x02)


def test_an_inventory_of_one_tag_is_the_frame_of_the_manual() -> None:
    assert Bench([plain()]).ask(hexed("feig-built-inv")) == hexed("feig-built-rsp-inv1")


def test_an_inventory_of_nothing_is_the_frame_of_the_manual() -> None:
    assert Bench([]).ask(hexed("feig-built-inv")) == hexed("feig-built-rsp-notag")


def test_the_reader_info_is_the_captured_one() -> None:
    assert Bench([]).ask(advanced(b"\xff\x66\x00")) == hexed("feig-adv-readerinfo-rsp")


def test_writing_the_afi_is_the_exchange_of_the_manual() -> None:
    one = plain()
    bench = Bench([one])
    assert bench.ask(hexed("feig-built-afiC2")) == hexed("feig-built-rsp-ok")
    assert one.afi == 0xC2
    one.afi_locked = True
    assert bench.ask(hexed("feig-built-afi07")) == hexed("feig-built-rsp-isoerr12")


def test_blocks_travel_byte_reversed_as_in_the_manual() -> None:
    one = tag(bytes.fromhex("E00700000147677E"), chip="slix")
    bench = Bench([one])
    assert bench.ask(hexed("feig-write-3x4")) == hexed("feig-built-rsp-ok")
    assert one.memory[:12] == bytes.fromhex("010203041112131421222324")
    read = standard(b"\xff\xb0\x23\x01" + one.uid + b"\x00\x03")
    assert bench.ask(read) == hexed("feig-read-3x4")


def test_a_reported_tag_is_quiet_until_it_leaves_or_the_field_is_reset() -> None:
    bench = Bench([plain()])
    inventory = hexed("feig-built-inv")
    assert bench.ask(inventory) == hexed("feig-built-rsp-inv1")
    assert bench.ask(inventory) == hexed("feig-built-rsp-notag")
    bench.ask(hexed("feig-built-rfreset"))
    assert bench.ask(inventory) == hexed("feig-built-rsp-inv1")
    name = bench.world.pad[0]
    bench.world.take([name])
    bench.world.put([name])
    assert bench.ask(inventory) == hexed("feig-built-rsp-inv1")


def test_a_presence_check_reports_quiet_tags_again_without_a_reset() -> None:
    bench = Bench([plain()])
    presence = standard(b"\xff\xb0\x01\x20")
    assert bench.ask(presence) == hexed("feig-built-rsp-inv1")
    assert bench.ask(presence) == hexed("feig-built-rsp-inv1")


def test_without_ont_every_inventory_reports_everything() -> None:
    bench = Bench([plain()], Settings(quiet_after_report=False))
    for _ in range(2):
        assert bench.ask(hexed("feig-built-inv")) == hexed("feig-built-rsp-inv1")


@pytest.mark.parametrize(("count", "page"), [(7, 3), (25, None), (60, None)])
def test_more_tags_than_fit_come_in_pages_with_status_more_data(count: int, page: Any) -> None:
    bench = Bench([tag(uid) for uid in uids(count)], Settings(page=page))
    found, statuses = [], []
    request = hexed("feig-built-inv")
    while True:
        answer = bench.ask(request)
        assert answer is not None
        statuses.append(answer[3])
        sets = answer[5:-2]
        found += [sets[start + 2 : start + 10] for start in range(0, len(sets), 10)]
        if answer[3] != 0x94:
            break
        request = hexed("feig-built-invmore")
    assert sorted(found) == sorted(uids(count))
    assert statuses == [0x94] * (len(statuses) - 1) + [0x00]


def test_a_long_answer_to_a_standard_request_comes_in_an_advanced_frame() -> None:
    bench = Bench([tag(uid) for uid in uids(40)], Settings(page=50))
    answer = bench.ask(hexed("feig-built-inv"))
    assert answer is not None
    assert answer[0] == 0x02
    assert int.from_bytes(answer[1:3], "big") == len(answer) > 255


def test_an_air_time_limit_ends_an_inventory_with_more_data_and_it_goes_on_from_there() -> None:
    bench = Bench([tag(uid) for uid in uids(30)], Settings(response_time=0.15))
    first = bench.ask(hexed("feig-built-inv"))
    assert first is not None
    assert first[3] == 0x94
    found = first[4]
    for _ in range(10):
        answer = bench.ask(hexed("feig-built-invmore"))
        assert answer is not None
        found += answer[4] if len(answer) > 6 else 0
        if answer[3] != 0x94:
            break
    assert found == 30


def test_a_collision_that_cannot_be_resolved_gives_the_other_tags_and_a_radio_error() -> None:
    bench = Bench([tag(uid) for uid in uids(3)], faults=["pad collision 2 next 1"])
    answer = bench.ask(hexed("feig-built-inv"))
    assert answer is not None
    assert (answer[3], answer[4]) == (0x83, 1)


@pytest.mark.parametrize("minus_one", [False, True])
def test_system_information_gives_sizes_as_the_manual_or_less_one(minus_one: bool) -> None:
    answer = Bench([plain()], Settings(minus_one=minus_one)).ask(hexed("feig-built-sysinfo"))
    sizes = b"\x03\x1b" if minus_one else b"\x04\x1c"
    assert answer == standard(b"\x00\xb0\x00\x00" + UID + b"\x07" + sizes + b"\x01")


@pytest.mark.parametrize("frame", [
    "06FF52000F6F", "06FF5200", "0601520017F3", "04FF5265", "00", "0200", "020003FF52", "FFFF", "",
])  # fmt: skip
def test_a_broken_frame_or_another_address_gets_no_answer(frame: Any) -> None:
    assert Bench([]).ask(frame) is None


def test_a_pause_inside_a_frame_discards_it() -> None:
    bench = Bench([])
    frame = hexed("feig-built-baud")
    assert bench.reader.feed(frame[:3], 1.0) == []
    assert bench.reader.feed(frame[3:], 1.0 + GAP / 2) != []
    assert bench.reader.feed(frame[:3], 2.0) == []
    assert bench.reader.feed(frame[3:], 2.0 + GAP * 2) == []
    assert bench.reader.feed(frame, 3.0) != []


@pytest.mark.parametrize(("body", "status"), [
    (b"\xff\xb0", 0x80), (b"\xff\xb0\x99\x00", 0x80), (b"\xff\x77", 0x80), (b"\xff\xb0\x01", 0x81),
    (b"\xff\xb0\x23\x01\xe0", 0x81), (b"\xff\xb0\x27\x07" + UID + b"\x07", 0x11), (b"\xff\x66\x07", 0x11),
    (b"\xff\xb0\x23\x01" + UID + b"\x00\x00", 0x11), (b"\xff\xb0\x23\x01" + UID + b"\x1b\x02", 0x95),
    (b"\xff\xb0\x27\x01" + bytes(8) + b"\x07", 0x01),
    (b"\xff\x6a\x02", 0x11), (b"\xff\xb0\x24\x01" + UID + b"\x00\x21\x04" + bytes(132), 0x11), (b"\xff\x52", 0x81),
])  # fmt: skip
def test_a_request_that_makes_no_sense_gets_its_status(body: bytes, status: Any) -> None:
    answer = Bench([plain()]).ask(standard(body))
    assert answer is not None
    assert answer[3] == status


def test_air_and_line_time_of_a_command_are_those_of_the_formulas() -> None:
    bench = Bench([plain()])
    read = hexed("feig-built-read8")
    replies = bench.reader.feed(read, 1.0)
    line = (17 + 48) * 11 / 38400  # request and answer, 11 bits each
    assert [reply.delay for reply in replies] == [pytest.approx(15.8466e-3 + line, abs=1e-6)]
    assert bench.records[-1].air == pytest.approx(15.8466e-3, abs=1e-6)
    assert bench.records[-1].line == pytest.approx(18.62e-3, abs=1e-5)
    afi = hexed("feig-built-afiC2")
    delay = bench.reader.feed(afi, 2.0)[0].delay
    assert delay == pytest.approx(10.7115e-3 + 22 * 11 / 38400, abs=1e-6)


def test_a_request_that_comes_too_early_waits_for_the_pause_between_frames() -> None:
    bench = Bench([])
    frame = hexed("feig-built-baud")
    first = bench.reader.feed(frame, 1.0)[0]
    second = bench.reader.feed(frame, 1.0 + first.delay)[0]
    assert second.delay == pytest.approx(0.005 + first.delay, abs=1e-6)


def test_selecting_a_tag_lets_it_be_written_without_its_uid() -> None:
    one = plain()
    bench = Bench([one])
    assert asked(bench, standard(b"\xff\xb0\x25\x01" + UID))[3] == 0x00
    assert asked(bench, standard(b"\xff\xb0\x27\x02\xc2"))[3] == 0x00
    assert one.afi == 0xC2
    assert asked(bench, standard(b"\xff\xb0\x26\x01" + UID))[3] == 0x00
    assert asked(bench, standard(b"\xff\xb0\x29\x01" + UID + b"\x06"))[3] == 0x00
    assert one.dsfid == 0x06


def test_two_tags_asked_without_an_address_disturb_each_other() -> None:
    bench = Bench([tag(uid) for uid in uids(2)])
    assert asked(bench, standard(b"\xff\xb0\x2b\x00"))[3] == 0x83


def test_security_of_blocks_is_told() -> None:
    one = plain()
    one.locked_blocks.add(1)
    bench = Bench([one])
    assert asked(bench, standard(b"\xff\xb0\x2c\x01" + UID + b"\x00\x03"))[4:-2] == b"\x03\x00\x01\x00"
    answer = asked(bench, standard(b"\xff\xb0\x23\x09" + UID + b"\x00\x02"))
    assert answer[4:6] == b"\x02\x04"
    assert (answer[6], answer[11]) == (0, 1)


@given(
    st.lists(
        st.one_of(st.binary(max_size=300), st.binary(max_size=40).map(standard), st.binary(max_size=300).map(advanced))
    )
)
def test_any_bytes_are_answered_by_whole_frames_or_by_silence(pieces: Any) -> None:
    bench = Bench([plain()])
    for number, piece in enumerate(pieces):
        for reply in bench.reader.feed(piece, number * 0.001):
            assert isinstance(reply, Reply)
            assert checksum(reply.data[:-2]) == reply.data[-2:]


@given(
    st.sampled_from([1, 2, 0x23, 0x24, 0x25, 0x26, 0x27, 0x29, 0x2B, 0x2C]),
    st.integers(0, 255),
    st.binary(max_size=150),
)
def test_any_parameters_of_a_known_command_are_answered(sub: Any, mode: Any, parameters: Any) -> None:
    bench = Bench([plain()])
    assert asked(bench, standard(bytes([0xFF, 0xB0, sub, mode]) + parameters)) is not None
    assert asked(bench, standard(bytes([0xFF, 0xB0, sub, mode]) + UID + parameters)) is not None
