"""The FEIG driver against a scripted reader on a pseudo-terminal: answers the manual allows, and some it does not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from drivers import api as d
from drivers.codecs.crc import crc_iso28560_3
from drivers.devices.feig_iso_host import FeigIsoHost, FeigOptions
from drivers.devices.refusals import NotReadable
from drivers.links.trace import describe
from tests.drivers.feig_peer import FeigPeer, Tag
from tests.vectors import vectors

A, B, C = "E004010150000001", "E004010150000002", "E004010150000003"
BASIC = bytes.fromhex(vectors("tags")["iso28560-3-B1"]["hex"])
EXTENDED = bytes.fromhex(vectors("tags")["iso28560-3-B2"]["hex"])
CHAIN = bytes.fromhex(vectors("tags")["iso28560-2-D3"]["hex"])


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[FeigPeer]:
    with FeigPeer(tmp_path) as made:
        yield made


def _reader(peer: FeigPeer, **options: object) -> FeigIsoHost:
    return FeigIsoHost(FeigOptions(**{"port": str(peer.wire.port), "answer_seconds": 0.3, **options}))  # type: ignore[arg-type]  # options of several types


@pytest.fixture
def reader(peer: FeigPeer) -> Iterator[FeigIsoHost]:
    made = _reader(peer)
    made.open()
    peer.asked.clear()
    yield made
    made.close()


def _soon(seconds: float = 10.0) -> float:
    return monotonic() + seconds


def _uid(text: str) -> d.TagUid:
    return d.TagUid.from_hex(text)


def _set(*uids: str) -> bytes:
    return bytes((len(uids),)) + b"".join(b"\x03\x3e" + bytes.fromhex(uid) for uid in uids)


# --- opening ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", ["standard", "advanced"])
def test_a_reader_identifies_itself_in_the_frames_it_is_asked_in(peer: FeigPeer, frames: str) -> None:
    reader = _reader(peer, frames=frames)
    assert reader.open() == d.DeviceInfo("FEIG ID ISC.MR101-A", "2.6")
    reader.close()
    reader.close()
    assert peer.subs() == ["52", "65", "66"]
    assert peer.in_advanced is (frames == "advanced")


def test_a_reader_that_does_not_know_reader_info_is_known_by_its_version(peer: FeigPeer) -> None:
    peer.plan("66", lambda _: peer.frame(0x66, 0x80))
    reader = _reader(peer)
    assert reader.open().firmware == "2.6"
    reader.close()


def test_a_type_the_manual_does_not_name_is_shown_by_its_number(peer: FeigPeer) -> None:
    peer.plan("66", lambda _: peer.frame(0x66, 0, bytes.fromhex("0206000B4D000901180200")))
    reader = _reader(peer)
    assert reader.open().model == "FEIG reader type 77"
    reader.close()


def test_a_mute_reader_is_silent_and_leaves_the_port_free(peer: FeigPeer) -> None:
    peer.plan("52", *[b""] * 9)
    reader = _reader(peer)
    with pytest.raises(d.LinkTimeout, match="no reader answers"):
        reader.open()
    peer.script.clear()
    again = _reader(peer)
    again.open()
    again.close()


def test_a_reader_that_refuses_its_version_is_refused(peer: FeigPeer) -> None:
    peer.plan("65", lambda _: peer.frame(0x65, 0x17))
    with pytest.raises(d.DeviceRefused, match="firmware activation required"):
        _reader(peer).open()


def test_a_reader_at_another_address_is_not_ours(peer: FeigPeer) -> None:
    with pytest.raises(d.LinkTimeout):
        _reader(peer, address=7).open()


# --- looking ----------------------------------------------------------------------------------------------------------


def test_a_look_resets_the_field_and_names_every_tag(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.put(Tag(B, BASIC))
    assert reader.inventory(_soon()) == d.Inventory(frozenset({_uid(A), _uid(B)}), complete=True)
    assert peer.subs() == ["69", "B001"]


def test_an_empty_pad_is_proven_empty(peer: FeigPeer, reader: FeigIsoHost) -> None:
    assert reader.inventory(_soon()) == d.Inventory(frozenset(), complete=True)


def test_more_data_is_asked_for_until_there_is_none(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.plan(
        "B001",
        lambda _: peer.frame(0xB0, 0x94, _set(A)),
        lambda _: peer.frame(0xB0, 0x94, _set(B)),
        lambda _: peer.frame(0xB0, 0x00, _set(C)),
    )
    assert reader.inventory(_soon()) == d.Inventory(frozenset({_uid(A), _uid(B), _uid(C)}), complete=True)
    assert [body.hex() for body in peer.asked] == ["69", "b00100", "b00180", "b00180"]


def test_tags_that_come_with_an_rf_error_are_used_and_the_rest_is_asked_for(
    peer: FeigPeer, reader: FeigIsoHost
) -> None:
    peer.plan("B001", lambda _: peer.frame(0xB0, 0x83, _set(A)), lambda _: peer.frame(0xB0, 0x00, _set(B)))
    assert reader.inventory(_soon()) == d.Inventory(frozenset({_uid(A), _uid(B)}), complete=True)
    assert [body.hex() for body in peer.asked] == ["69", "b00100", "b00100"]


def test_an_rf_error_that_stays_proves_no_absence(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.plan("B001", *[lambda _: peer.frame(0xB0, 0x83, _set(A))] * 3)
    assert reader.inventory(_soon()) == d.Inventory(frozenset({_uid(A)}), complete=False, unresolved=1)


def test_a_tag_of_another_kind_is_counted_and_not_named(peer: FeigPeer, reader: FeigIsoHost) -> None:
    strange = b"\x02" + _set(A)[1:] + b"\x04\x00\x00" + bytes(7)
    peer.plan("B001", *[lambda _: peer.frame(0xB0, 0x00, strange)] * 3)
    assert reader.inventory(_soon()) == d.Inventory(frozenset({_uid(A)}), complete=False, unresolved=1)


def test_a_lost_answer_begins_the_look_anew_because_its_tags_are_quiet(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B001", b"")
    assert reader.inventory(_soon()).complete
    assert peer.subs() == ["69", "B001", "52", "69", "B001"]


def test_a_reader_that_falls_silent_is_noticed_by_its_line(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.plan("69", b"")
    peer.plan("52", b"", b"", b"")
    with pytest.raises(d.LinkTimeout) as caught:
        reader.inventory(_soon())
    assert "last frames" in describe(caught.value)
    assert peer.subs() == ["69", "52", "52", "52"]


@pytest.mark.parametrize("code", ["69", "B001"])
def test_a_reader_that_refuses_to_look_is_refused(peer: FeigPeer, reader: FeigIsoHost, code: str) -> None:
    command = bytes.fromhex(code)[0]
    peer.plan(code, lambda _: peer.frame(command, 0x82))
    with pytest.raises(d.DeviceRefused, match="command not available"):
        reader.inventory(_soon())


def test_no_question_is_put_when_no_time_is_left(peer: FeigPeer, reader: FeigIsoHost) -> None:
    with pytest.raises(d.LinkTimeout):
        reader.inventory(monotonic() - 1)
    assert "69" not in peer.subs()


# --- staying in step --------------------------------------------------------------------------------------------------


def test_an_echo_is_no_answer(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B001", lambda frame: frame + peer.frame(0xB0, 0x00, _set(A)))
    assert reader.inventory(_soon()).uids == {_uid(A)}


def test_an_echo_alone_is_no_empty_pad(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B001", lambda frame: frame)
    assert reader.inventory(_soon()).uids == {_uid(A)}


def test_system_information_of_another_tag_is_not_taken(peer: FeigPeer, reader: FeigIsoHost) -> None:
    mine, other = Tag(A, BASIC, afi=0x07), Tag(B, BASIC, afi=0xC2)
    peer.put(mine)
    peer.plan("B02B", lambda _: peer.frame(0xB0, 0, other.system) + peer.frame(0xB0, 0, mine.system))
    item = reader.read_item(_uid(A), _soon())
    assert item.security is d.Security.ARMED


@pytest.mark.parametrize("noise", [b"\xf0", b"\x02\x0f\xff", b"\x06\x00\xb0\x00\x00\x00", b"\xff" * 40])
def test_after_noise_the_next_good_answer_is_taken_within_a_second(
    peer: FeigPeer, reader: FeigIsoHost, noise: bytes
) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B001", lambda _: noise + peer.frame(0xB0, 0, _set(A)))
    start = monotonic()
    assert reader.inventory(_soon()).uids == {_uid(A)}
    assert monotonic() - start < 1


def test_an_answer_longer_than_a_standard_frame_may_come_advanced(peer: FeigPeer, reader: FeigIsoHost) -> None:
    uids = [f"E0040101500000{number:02X}" for number in range(30)]

    def answer(_: bytes) -> bytes:
        peer.in_advanced = True
        return peer.frame(0xB0, 0, _set(*uids))

    peer.plan("B001", answer)
    assert len(reader.inventory(_soon()).uids) == 30


def test_with_a_fixed_address_an_answer_like_the_question_is_genuine(peer: FeigPeer) -> None:
    reader = _reader(peer, address=0)
    reader.open()
    peer.put(Tag(A, BASIC))
    assert reader.inventory(_soon()).uids == {_uid(A)}
    reader.close()


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_short_tag_is_read_with_two_questions(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    item = reader.read_item(_uid(A), _soon())
    assert item == d.ItemTag(_uid(A), "1000000056", 1, 1, "DK-718500", d.Security.ARMED, None, "iso28560-3", 1)
    assert peer.subs() == ["B02B", "B023"]


@pytest.mark.parametrize("raw", [False, True])
def test_an_extension_block_is_read_to_its_end_only(peer: FeigPeer, reader: FeigIsoHost, raw: bool) -> None:
    tag = Tag(A, EXTENDED)
    tag.raw_size = raw
    peer.put(tag)
    item = reader.read_item(_uid(A), _soon())
    assert isinstance(item, d.ItemTag)
    assert item.media_format == 1
    assert [tuple(body[11:]) for body in peer.asked[1:]] == [(0, 9), (9, 4)]


def test_a_chain_is_read_as_far_as_it_goes(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, CHAIN + bytes(76), dsfid=0x06, afi=0xC2))
    item = reader.read_item(_uid(A), _soon())
    assert isinstance(item, d.ItemTag)
    assert (item.item_id, item.part, item.parts, item.owner) == ("123456789012", 3, 12, "US-InU-Mu")
    assert item.security is d.Security.DISARMED


def test_blocks_of_eight_bytes_are_read_as_well(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, EXTENDED, block=8))
    item = reader.read_item(_uid(A), _soon())
    assert isinstance(item, d.ItemTag)
    assert item.item_id == "1000000136"


def test_a_tag_without_system_information_is_read_without_its_bit(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC + bytes(8)))
    peer.plan("B02B", lambda _: peer.frame(0xB0, 0x95, b"\x01"))
    item = reader.read_item(_uid(A), _soon())
    assert isinstance(item, d.ItemTag)
    assert item.security is None


def test_an_afi_of_neither_value_is_no_state(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC, afi=0x00))
    assert reader.read_item(_uid(A), _soon()).security is None


def test_a_tag_that_has_left_is_lost_after_three_tries(peer: FeigPeer, reader: FeigIsoHost) -> None:
    found = reader.read_item(_uid(A), _soon())
    assert isinstance(found, d.TagProblem)
    assert (found.reason, found.security) == (d.Unreadable.LOST, None)
    assert peer.subs() == ["B02B"] * 3


def test_a_tag_that_flickers_is_read_all_the_same(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B023", lambda _: peer.frame(0xB0, 0x83))
    assert isinstance(reader.read_item(_uid(A), _soon()), d.ItemTag)


def test_a_block_that_cannot_be_read_is_damage(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B023", lambda _: peer.frame(0xB0, 0x95, b"\x10"))
    found = reader.read_item(_uid(A), _soon())
    assert isinstance(found, d.TagProblem)
    assert found.reason is d.Unreadable.DAMAGED
    assert "block not available" in found.detail


def test_memory_that_ends_before_its_size_says_so_is_read_to_its_end(peer: FeigPeer, reader: FeigIsoHost) -> None:
    """Whether readers send raw sizes is not confirmed: a wrong guess must not cost the tag."""
    tag = Tag(A, EXTENDED[:36])
    system = bytearray(tag.system)
    system[11] = 20
    peer.put(tag)
    peer.plan("B02B", lambda _: peer.frame(0xB0, 0, bytes(system)))
    item = reader.read_item(_uid(A), _soon())
    assert isinstance(item, d.ItemTag)
    assert item.item_id == "1000000136"


def test_a_reader_that_knows_no_reading_is_no_matter_of_the_tag(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B023", lambda _: peer.frame(0xB0, 0x80))
    with pytest.raises(d.DeviceRefused, match="unknown command"):
        reader.read_item(_uid(A), _soon())


def test_a_patron_card_on_the_pad_shows_none_of_its_memory(peer: FeigPeer, reader: FeigIsoHost) -> None:
    card = bytes.fromhex("1801015365637265742d4e756d62657200000000")
    block = bytearray(card[:19].ljust(19, b"\0") + bytes(15))
    block[19:21] = crc_iso28560_3(bytes(block[:19] + block[21:])).to_bytes(2, "little")
    peer.put(Tag(A, bytes(block)))
    found = reader.read_item(_uid(A), _soon())
    assert isinstance(found, d.TagProblem)
    assert found.reason is d.Unreadable.PATRON_CARD
    peer.wire.unplug()
    with pytest.raises(d.LinkLost) as caught:
        reader.inventory(_soon())
    told = describe(caught.value) + repr(found)
    assert b"Secret".hex(" ").upper() not in told
    assert b"terceS"[2:].hex(" ").upper() not in told  # blocks come last byte first
    assert "Secret" not in told


# --- the security bit -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", d.Security)
def test_a_bit_is_written_and_read_back(peer: FeigPeer, reader: FeigIsoHost, to: d.Security) -> None:
    tag = Tag(A, BASIC, afi=0x00)
    peer.put(tag)
    assert reader.set_security(_uid(A), to, _soon()) is to
    assert peer.subs() == ["B027", "B02B"]
    assert tag.afi == {"armed": 0x07, "disarmed": 0xC2}[to.value]


def test_a_site_may_use_other_values(peer: FeigPeer) -> None:
    tag = Tag(A, BASIC)
    peer.put(tag)
    reader = _reader(peer, afi_armed=0xDA, afi_disarmed=0xD7)
    reader.open()
    assert reader.set_security(_uid(A), d.Security.ARMED, _soon()) is d.Security.ARMED
    assert tag.afi == 0xDA
    reader.close()


def test_a_write_whose_answer_is_lost_is_followed_by_a_read_and_not_by_another_write(
    peer: FeigPeer, reader: FeigIsoHost
) -> None:
    tag = Tag(A, BASIC)
    peer.put(tag)

    def written_but_silent(_: bytes) -> bytes:
        tag.afi = 0xC2
        return b""

    peer.plan("B027", written_but_silent)
    assert reader.set_security(_uid(A), d.Security.DISARMED, _soon()) is d.Security.DISARMED
    assert peer.subs() == ["B027", "52", "B02B"]


def test_a_reader_that_only_says_it_has_written_is_found_out_after_five_tries(
    peer: FeigPeer, reader: FeigIsoHost
) -> None:
    peer.put(Tag(A, BASIC, afi=0x07))
    peer.plan("B027", *[lambda _: peer.frame(0xB0, 0)] * 9)
    start = monotonic()
    assert reader.set_security(_uid(A), d.Security.DISARMED, _soon()) is d.Security.ARMED
    assert peer.subs() == ["B027", "B02B"] * 5
    assert monotonic() - start > 4 * 0.05


def test_a_locked_afi_reads_back_as_it_was(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC, afi=0x07))
    peer.plan("B027", *[lambda _: peer.frame(0xB0, 0x95, b"\x12")] * 5)
    assert reader.set_security(_uid(A), d.Security.DISARMED, _soon()) is d.Security.ARMED


def test_an_afi_that_reads_back_as_neither_value_is_refused(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC, afi=0x55))
    peer.plan("B027", *[lambda _: peer.frame(0xB0, 0)] * 5)
    with pytest.raises(d.DeviceRefused, match="0x55"):
        reader.set_security(_uid(A), d.Security.DISARMED, _soon())


def test_a_tag_lifted_before_the_write_is_lost(peer: FeigPeer, reader: FeigIsoHost) -> None:
    with pytest.raises(d.TagLost):
        reader.set_security(_uid(A), d.Security.DISARMED, _soon())
    assert peer.subs() == ["B027", "B02B"] * 5


def test_what_was_read_before_the_last_write_proves_nothing(peer: FeigPeer, reader: FeigIsoHost) -> None:
    """Read back armed after the first write, silent after the later ones: the bit is in doubt, not armed."""
    peer.put(Tag(A, BASIC, afi=0x07))
    peer.plan("B027", *[lambda _: peer.frame(0xB0, 0)] * 5)
    armed = Tag(A, BASIC, afi=0x07).system
    peer.plan("B02B", lambda _: peer.frame(0xB0, 0, armed), *[lambda _: peer.frame(0xB0, 1)] * 4)
    with pytest.raises(d.TagLost):
        reader.set_security(_uid(A), d.Security.DISARMED, _soon())


def test_a_tag_that_will_not_say_its_bit_is_not_readable(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B02B", lambda _: peer.frame(0xB0, 0x95, b"\x01"))
    with pytest.raises(NotReadable):
        reader.set_security(_uid(A), d.Security.ARMED, _soon())


def test_a_reader_that_falls_silent_during_a_write_is_a_matter_of_the_line(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B027", b"")
    peer.plan("52", b"", b"", b"")
    with pytest.raises(d.LinkTimeout):
        reader.set_security(_uid(A), d.Security.ARMED, _soon())


def test_a_reader_that_knows_no_writing_is_refused(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC))
    peer.plan("B027", lambda _: peer.frame(0xB0, 0x80))
    with pytest.raises(d.DeviceRefused, match="unknown command"):
        reader.set_security(_uid(A), d.Security.ARMED, _soon())


def test_no_further_try_is_begun_behind_the_deadline(peer: FeigPeer, reader: FeigIsoHost) -> None:
    peer.put(Tag(A, BASIC, afi=0x07))
    peer.plan("B027", *[lambda _: peer.frame(0xB0, 0)] * 9)
    assert reader.set_security(_uid(A), d.Security.DISARMED, _soon(0.1)) is d.Security.ARMED
    assert peer.subs().count("B027") < 5
