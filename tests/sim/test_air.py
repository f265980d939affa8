"""The air's timing against the formulas of ISO 15693-3, to the microsecond."""

from __future__ import annotations

import random

import pytest

from sim import air, tags
from sim.air import CARRIER, seconds
from tests.sim.building import UID, Bench, tag, uids

MICROSECOND = 1e-6
ADDRESSED = UID[::-1]
NO_LIMIT = CARRIER * 60


def near(microseconds: float) -> object:
    return pytest.approx(microseconds * MICROSECOND, abs=0.06 * MICROSECOND)


def test_the_parts_of_a_frame_take_the_time_the_standard_says() -> None:
    assert seconds(air.BYTE) == near(302.06)
    assert seconds(air.request_cycles(5)) == near(1623.6)
    assert seconds(air.request_cycles(6)) == near(1925.66)
    assert seconds(air.USED_SLOT) == near(4594.7)
    assert seconds(air.EMPTY_SLOT) == near(512.1)


@pytest.mark.parametrize(
    ("body", "milliseconds"),
    [
        (b"\x22\x23" + ADDRESSED + b"\x00\x07", 15.8466),
        (b"\x22\x20" + ADDRESSED + b"\x00", 7.0867),
        (b"\x22\x2b" + ADDRESSED, 9.8053),
        (b"\x22\x02" + ADDRESSED, 4.0472),
        (b"\x22\x27" + ADDRESSED + b"\xc2", 10.7115),  # answered 16 units late: NXP needs about 5 ms
        (b"\x22\xa2\x04" + ADDRESSED, 10.7115),
    ],
)
def test_a_command_takes_its_time_to_the_microsecond(body: bytes, milliseconds: float) -> None:
    bench = Bench([tag()])
    assert seconds(bench.air.exchange(body).cycles) == pytest.approx(milliseconds / 1000, abs=MICROSECOND)


def test_a_write_that_no_tag_answers_takes_the_twenty_milliseconds_a_reader_must_wait() -> None:
    bench = Bench([])
    body = b"\x22\x27" + ADDRESSED + b"\xc2"
    assert seconds(bench.air.exchange(body).cycles) == pytest.approx(
        seconds(air.request_cycles(13)) + 0.020, abs=MICROSECOND
    )


def test_an_inventory_of_one_tag_is_one_used_and_fifteen_empty_slots() -> None:
    found = Bench([tag()]).air.inventory(NO_LIMIT)
    assert found.answers == ((0x3E, UID),)
    assert seconds(found.cycles) == pytest.approx(13.900e-3, abs=MICROSECOND)


def test_two_tags_in_one_slot_are_told_apart_in_a_second_round() -> None:
    first, second = uids(1)[0], uids(1)[0][:-1] + b"\x38"  # same low four bits
    found = Bench([tag(first), tag(second)]).air.inventory(NO_LIMIT)
    assert {uid for _, uid in found.answers} == {first, second}
    round_1 = air.request_cycles(5) + air.USED_SLOT + 15 * air.EMPTY_SLOT
    round_2 = air.request_cycles(6) + 2 * air.USED_SLOT + 14 * air.EMPTY_SLOT
    assert found.cycles == round_1 + round_2


@pytest.mark.parametrize(("count", "milliseconds"), [(1, 13.9), (5, 39.3), (10, 80.9), (20, 183.8), (30, 285.1)])
def test_the_mean_inventory_of_random_tags_is_the_expected_one(count: int, milliseconds: float) -> None:
    chance = random.Random(3)
    cycles = []
    for _ in range(300):
        bench = Bench([tag(b"\xe0\x04\x01" + chance.randbytes(5)) for _ in range(count)])
        found = bench.air.inventory(NO_LIMIT)
        assert len(found.answers) == count
        cycles.append(found.cycles)
    assert seconds(sum(cycles)) / len(cycles) == pytest.approx(milliseconds / 1000, rel=0.05)


def test_two_tags_with_one_uid_but_different_answers_stay_unresolved() -> None:
    first, second = tag(name="first"), tag(name="second")
    second.dsfid = 0x06
    found = Bench([first, second]).air.inventory(NO_LIMIT)
    assert found.answers == ()
    assert found.unresolved == 2
    assert not found.unfinished


def test_an_inventory_that_runs_out_of_time_says_so() -> None:
    found = Bench([tag(uid) for uid in (uids(1)[0], uids(1)[0][:-1] + b"\x38")]).air.inventory(1)
    assert found.unfinished


def test_without_the_carrier_nobody_answers() -> None:
    bench = Bench([tag()])
    bench.air.switch(on=False)
    assert bench.air.inventory(NO_LIMIT).answers == ()
    assert bench.air.exchange(bytes([0x22, tags.SYSTEM_INFORMATION]) + ADDRESSED).answer is None
    bench.air.reset()
    assert len(bench.air.inventory(NO_LIMIT).answers) == 1
