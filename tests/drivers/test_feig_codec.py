"""FEIG ISO host mode: frames against vectors, and a decoder that no line can confuse for long."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import LocalProtocolError, RemoteProtocolError, TagUid
from drivers.codecs import feig_iso_commands as c
from drivers.codecs.feig_iso_host import MAX_FRAME, Answer, Decoder, Garbage, encode
from tests.generated import examples
from tests.vectors import vectors

VECTORS = vectors("feig_iso_host")
UID = TagUid(bytes.fromhex("E004010046707A28"))
REQUESTS: dict[str, c.Request[object]] = {
    "feig-built-baud": c.BaudRateDetection(),
    "feig-built-swver": c.GetSoftwareVersion(),
    "feig-built-rfreset": c.RfReset(),
    "feig-built-inv": c.Inventory(),
    "feig-built-invmore": c.Inventory(more=True),
    "feig-built-read8": c.ReadMultipleBlocks(UID, 0, 8),
    "feig-built-afiC2": c.WriteAfi(UID, 0xC2),
    "feig-built-afi07": c.WriteAfi(UID, 0x07),
    "feig-built-sysinfo": c.GetSystemInformation(UID),
}
ANSWERS = [name for name in VECTORS if "rsp" in name or "read-3x4" in name]


def _frame(name: str) -> bytes:
    return bytes.fromhex(VECTORS[name]["hex"])


def _answer(name: str) -> Answer:
    (answer,) = Decoder().feed(_frame(name))
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_the_frame_of_the_source(name: str) -> None:
    assert encode(REQUESTS[name].body()) == _frame(name)


@pytest.mark.parametrize(
    ("name", "request_"), [("feig-adv-baud", c.BaudRateDetection()), ("feig-adv-swver", c.GetSoftwareVersion())]
)
def test_an_advanced_request_is_the_captured_frame(name: str, request_: c.Request[object]) -> None:
    assert encode(request_.body(), advanced=True) == _frame(name)


def test_every_vector_names_its_source() -> None:
    assert all(vector["source"] for vector in VECTORS.values())


def test_an_inventory_answer_gives_its_tags() -> None:
    assert [tag.uid for tag in c.Inventory().read(_answer("feig-built-rsp-inv1")).tags] == [UID]


@pytest.mark.parametrize("status", [c.Status.OK, c.Status.RF_COMMUNICATION_ERROR, c.Status.MORE_DATA])
def test_tags_that_come_with_a_bad_status_are_used(status: int) -> None:
    data = bytes([3]) + b"".join(bytes([3, 0]) + UID.value[:7] + bytes([n]) for n in range(3))
    assert len(c.Inventory().read(Answer(0, 0xB0, status, data, b"")).tags) == 3


def test_blocks_are_turned_round_as_the_manual_shows() -> None:
    blocks = c.ReadMultipleBlocks(UID, 0, 3).read(_answer("feig-read-3x4"))
    assert blocks.data.hex().upper() == "010203041112131421222324"


@pytest.mark.parametrize("name", ANSWERS)
def test_a_frame_is_found_whatever_pieces_it_comes_in(name: str) -> None:
    frame = _frame(name)
    for cut in range(1, len(frame)):
        decoder = Decoder()
        found = [*decoder.feed(frame[:cut]), *decoder.feed(frame[cut:])]
        assert [type(message) for message in found] == [Answer], cut
    decoder = Decoder()
    found = [message for byte in frame for message in decoder.feed(bytes([byte]))]
    assert [type(message) for message in found] == [Answer]


@settings(max_examples=examples(200))
@given(st.binary(max_size=20), st.sampled_from(ANSWERS), st.binary(max_size=20))
def test_a_good_frame_behind_noise_is_found_once_the_line_pauses(before: bytes, name: str, after: bytes) -> None:
    decoder = Decoder()
    found = decoder.feed(before + _frame(name))
    found += decoder.gap()
    wanted = _answer(name)
    if wanted not in found:  # the noise looked like a longer frame that is still coming: a new command clears it
        decoder.reset()
        found = decoder.feed(_frame(name))
    assert wanted in found
    decoder.feed(after)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_any_bytes_are_answers_or_garbage_and_the_buffer_stays_bounded(pieces: list[bytes]) -> None:
    decoder = Decoder()
    for piece in pieces:
        for message in decoder.feed(piece):
            assert isinstance(message, Answer | Garbage)
        decoder.gap()
        assert decoder.pending <= MAX_FRAME


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
@given(status=st.integers(0, 255), data=st.binary(max_size=80))
def test_any_answer_is_read_or_an_error_of_ours(request_: c.Request[object], status: int, data: bytes) -> None:
    answer = Answer(0, request_.command, status, data, b"")
    try:
        request_.read(answer)
    except RemoteProtocolError:
        return


def test_what_does_not_fit_a_frame_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError):
        encode(b"\xb0" + bytes(300))
    with pytest.raises(LocalProtocolError):
        encode(b"\x65", address=256)
