"""Patron cards without a reader: identifiers, presentations, and calls that never come back."""

from __future__ import annotations

import threading
from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smartcard import scard

from drivers.api import CardEvent, CardGone, CardProblem, CardRefused, CardSeen, CardUid, LinkLost, LinkTimeout
from drivers.devices.pcsc_card import PcscCard, PcscOptions, Presentations, read_uid
from drivers.links.failures import LinkAbsent, LinkForbidden, ServiceAbsent
from drivers.links.pcsc_link import PcscLink, Presence, list_readers
from drivers.links.watchdog import Watchdog
from tests.vectors import vectors
from tests.waiting import wait_for

ADA, BEN = CardUid(b"\x04\xa1\xb2\xc3"), CardUid(b"\x04\xa1\xb2\xc3\xd4\xe5\xf6")


@pytest.mark.parametrize("vector", vectors("pcsc").values(), ids=vectors("pcsc"))
def test_an_identifier_is_its_sources(vector: dict[str, str]) -> None:
    found = read_uid(bytes.fromhex(vector["answer"]))
    assert isinstance(found, CardUid)
    assert found.reveal() == vector["uid"]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("04A1B2C3 9000", ADA),
        ("04A1B2C3D4E5F6 9000", BEN),
        ("E004010866153980 9000", CardUid(bytes.fromhex("E004010866153980"))),
        ("08A1B2C3 9000", CardProblem.RANDOM_UID),
        ("08A1B2C3D4E5F6 9000", CardUid(bytes.fromhex("08A1B2C3D4E5F6"))),
        ("6300", CardProblem.UNREADABLE),
        ("04A1B2C3 6A81", CardProblem.UNREADABLE),
        ("04A1 9000", CardProblem.UNREADABLE),
        ("", CardProblem.UNREADABLE),
    ],
)
def test_an_answer_is_an_identifier_or_a_reason(answer: str, found: CardUid | CardProblem) -> None:
    assert read_uid(bytes.fromhex(answer)) == found


@given(st.binary(max_size=16))
def test_any_answer_is_an_identifier_or_a_reason(answer: bytes) -> None:
    found = read_uid(answer)
    assert isinstance(found, CardUid | CardProblem)
    if isinstance(found, CardUid):
        assert found.reveal() not in repr(found)


# --- presentations ----------------------------------------------------------------------------------------------------


def _seen(card: CardUid) -> CardEvent:
    return CardSeen("card", card)


def test_a_card_is_seen_once_however_it_flickers() -> None:
    touches = Presentations("card", 0.5)
    events = touches.touched(ADA)
    for at in (1.0, 1.3, 1.6):
        touches.lifted(at)
        events += touches.lapse(at + 0.2)
        events += touches.touched(ADA)
    assert events == [_seen(ADA)]


def test_a_card_that_stays_away_is_gone_and_may_come_again() -> None:
    touches = Presentations("card", 0.5)
    touches.touched(ADA)
    touches.lifted(1.0)
    assert touches.due == 1.5
    assert touches.lapse(1.4) == []
    assert touches.lapse(1.5) == [CardGone("card")]
    assert touches.due is None
    assert touches.touched(ADA) == [_seen(ADA)]


def test_another_card_at_once_is_a_change_of_cards() -> None:
    touches = Presentations("card", 0.5)
    touches.touched(ADA)
    touches.lifted(1.0)
    assert touches.touched(BEN) == [CardGone("card"), _seen(BEN)]


def test_a_card_that_gives_nothing_is_refused_once() -> None:
    touches = Presentations("card", 0.5)
    assert touches.touched(CardProblem.RANDOM_UID) == [CardRefused("card", CardProblem.RANDOM_UID)]
    assert touches.touched(CardProblem.RANDOM_UID) == []
    touches.lifted(0.0)
    assert touches.lapse(9.0) == [CardGone("card")]


def test_lifting_what_is_not_there_is_nothing() -> None:
    touches = Presentations("card", 0.5)
    touches.lifted(1.0)
    assert touches.lapse(9.0) == []


Step = tuple[str, int]


@given(st.lists(st.tuples(st.sampled_from(["touch", "lift", "wait"]), st.integers(0, 2)), max_size=40))
def test_a_card_is_always_gone_before_the_next_is_seen(steps: list[Step]) -> None:
    touches, now, here = Presentations("card", 0.5), 0.0, False
    for step, number in steps:
        now += number * 0.3
        events: list[CardEvent] = []
        if step == "touch":
            events = touches.touched((ADA, BEN, CardProblem.UNREADABLE)[number])
        elif step == "lift":
            touches.lifted(now)
        else:
            events = touches.lapse(now)
        for event in events:
            assert isinstance(event, CardGone) is here
            here = not here


# --- the link without a service ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_card_service")
def test_without_a_card_service_that_is_said() -> None:
    card = PcscCard("card", PcscOptions("any"))
    with pytest.raises(ServiceAbsent):
        card.open()
    card.close()
    with pytest.raises(LinkLost, match="not open"):
        card.wait(0)
    with pytest.raises(LinkLost, match="not open"):
        PcscLink("any").transmit(b"")
    with pytest.raises(ServiceAbsent):
        list_readers()


class Service:
    """What the raw functions of pyscard answer; each may be replaced by an error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.states = [scard.SCARD_STATE_EMPTY]
        self.readers: list[str] = ["ACS ACR1252 00 00"]
        self.result = scard.SCARD_S_SUCCESS
        self.error: Exception | None = None
        self.contexts = 0
        for name in ("EstablishContext", "ReleaseContext", "ListReaders", "GetStatusChange"):
            monkeypatch.setattr(scard, f"SCard{name}", getattr(self, name))

    def EstablishContext(self, _: int) -> tuple[int, int]:  # noqa: N802 - the service's name
        self.contexts += 1
        return scard.SCARD_S_SUCCESS, self.contexts

    def ReleaseContext(self, _: int) -> int:  # noqa: N802
        raise SystemError("<built-in function SCardReleaseContext> returned NULL")

    def ListReaders(self, *_: object) -> tuple[int, list[str]]:  # noqa: N802
        if self.error is not None:
            raise self.error
        return (self.result, self.readers)

    def GetStatusChange(self, _: int, __: int, states: list[tuple[str, int]]) -> tuple[int, list[tuple[str, int]]]:  # noqa: N802
        if self.error is not None:
            raise self.error
        return self.result, [(states[0][0], self.states[-1])]


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Service:
    return Service(monkeypatch)


DYING = SystemError("<built-in function SCardListReaders> returned NULL")


def test_a_dying_service_is_a_lost_link_and_the_context_is_made_anew(service: Service) -> None:
    link = PcscLink("ACR")
    link.open()
    service.error = DYING
    with pytest.raises(LinkLost, match="card service has gone"):
        link.wait(0.01)
    with pytest.raises(LinkLost, match="not open"):
        link.wait(0.01)
    with pytest.raises(LinkLost):
        link.open()
    with pytest.raises(LinkLost):
        list_readers()
    service.error = None
    assert link.open() == service.readers[0]
    assert link.wait(0.01) == Presence(present=False, count=0)
    assert service.contexts == 4
    link.close()


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (scard.SCARD_E_NO_SERVICE, ServiceAbsent),
        (scard.SCARD_E_SERVICE_STOPPED, ServiceAbsent),
        (scard.SCARD_E_UNKNOWN_READER, LinkAbsent),
        (scard.SCARD_F_COMM_ERROR, LinkLost),
        (scard.SCARD_E_NO_ACCESS, LinkForbidden),
    ],
)
def test_every_answer_of_the_service_is_an_error_of_ours(service: Service, result: int, error: type[Exception]) -> None:
    link = PcscLink("ACR")
    link.open()
    service.result = result
    with pytest.raises(error, match="0x8010"):
        link.wait(0.01)
    with pytest.raises(error):
        link.open()
    link.close()


def test_no_readers_at_all_is_an_absent_reader(service: Service) -> None:
    service.result = scard.SCARD_E_NO_READERS_AVAILABLE
    with pytest.raises(LinkAbsent, match="there are: none"):
        PcscLink("ACR").open()


@pytest.mark.parametrize("state", [scard.SCARD_STATE_UNKNOWN, scard.SCARD_STATE_UNAVAILABLE])
def test_a_reader_that_is_pulled_is_lost(service: Service, state: int) -> None:
    link = PcscLink("ACR")
    link.open()
    service.states.append(state)
    with pytest.raises(LinkLost, match="ACR1252"):
        link.wait(0.01)
    link.close()


# --- calls that never come back ---------------------------------------------------------------------------------------


def test_a_call_gives_its_result_or_its_error() -> None:
    watchdog = Watchdog("test")
    assert watchdog.call(lambda: 7, 5) == 7
    with pytest.raises(ZeroDivisionError):
        watchdog.call(lambda: 1 // 0, 5)
    assert watchdog.call(lambda: 8, 5) == 8
    watchdog.close()
    watchdog.close()


def test_a_call_that_hangs_is_given_up_and_no_second_thread_hangs_beside_it() -> None:
    watchdog = Watchdog("test")
    come_back, done = threading.Event(), threading.Event()
    start = monotonic()
    with pytest.raises(LinkTimeout, match="no answer"):
        watchdog.call(come_back.wait, 0.05)
    assert monotonic() - start < 3
    watchdog.later(done.set)
    watchdog.close()
    threads = threading.active_count()
    for _ in range(3):
        with pytest.raises(LinkTimeout, match="still hangs"):
            watchdog.call(lambda: 1, 1)
    assert threading.active_count() == threads
    come_back.set()
    assert wait_for(done.is_set)
    wait_for(lambda: threading.active_count() < threads)
    assert watchdog.call(lambda: 2, 5) == 2
    watchdog.close()


def test_what_is_left_for_later_may_fail_unheard() -> None:
    watchdog = Watchdog("test")
    watchdog.later(lambda: 1 // 0)
    assert watchdog.call(lambda: 1, 5) == 1
    watchdog.later(lambda: 1 // 0)
    assert watchdog.call(lambda: 2, 5) == 2
    watchdog.close()
