"""The card reader's driver against a real pcscd: what no card can do to it is block it for good."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any

import pytest
from smartcard import scard

from drivers import api as d
from drivers.devices.pcsc_card import GET_UID, PcscCard, PcscOptions
from drivers.devices.probe import list_devices, probe
from drivers.links.failures import LinkAbsent, ServiceAbsent
from drivers.links.pcsc_link import PcscLink, Presence, list_readers
from drivers.worker import Rhythm, make_worker
from tests.drivers.peer import Peer
from tests.waiting import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("drivers")]
ADA = "04A1B2C3"


@pytest.fixture
def peer(card_peer: Peer) -> Peer:
    return card_peer


@pytest.fixture
def link(peer: Peer) -> Iterator[PcscLink]:
    made = PcscLink(peer.wires["card_reader"], 1.0)
    made.open()
    yield made
    made.close()


def _present(link: PcscLink) -> Presence:
    return wait_for(lambda: (found := link.wait(0.2)) and found.present and found, 10)  # type: ignore[return-value]  # never false


def test_a_reader_is_found_by_a_part_of_its_name(peer: Peer, link: PcscLink) -> None:
    assert peer.wires["card_reader"] in link.reader
    assert link.reader in list_readers()
    assert ("card reader", link.reader, "") in list_devices()
    assert probe("card", "pcsc", {"reader": peer.wires["card_reader"]}, monotonic() + 5) == (None, link.reader)


def test_a_reader_that_is_not_there_is_absent_and_the_others_are_named(peer: Peer) -> None:
    with pytest.raises(LinkAbsent, match=peer.wires["card_reader"]):
        PcscLink("no such reader").open()


def test_the_counter_tells_a_new_card_from_the_same_one(peer: Peer, link: PcscLink) -> None:
    peer.say("present ada")
    first = _present(link)
    assert link.transmit(GET_UID) == bytes.fromhex(f"{ADA}9000")
    assert link.wait(0.2) in (None, first)
    peer.say("remove-card")
    wait_for(lambda: (found := link.wait(0.2)) and not found.present, 10)
    peer.say("present ada")
    assert _present(link).count != first.count


def test_a_card_held_by_another_program_is_busy(peer: Peer, link: PcscLink) -> None:
    peer.say("present ada")
    _present(link)
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_USER)
    result, card, _ = scard.SCardConnect(
        context, link.reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
    )
    assert result == scard.SCARD_S_SUCCESS
    with pytest.raises(d.LinkBusy):
        link.transmit(GET_UID)
    scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    scard.SCardReleaseContext(context)
    link.open()
    assert link.transmit(GET_UID) == bytes.fromhex(f"{ADA}9000")


def test_no_card_is_no_card(link: PcscLink) -> None:
    with pytest.raises(d.TagLost):
        link.transmit(GET_UID)


def test_a_service_that_dies_is_noticed_and_can_be_found_again(peer: Peer, link: PcscLink) -> None:
    link.wait(0.1)
    peer.say("pcscd stop")

    def lost() -> bool:
        try:
            link.wait(0.2)
        except d.LinkLost:
            return True
        return False

    wait_for(lost, 10)
    with pytest.raises(ServiceAbsent):
        link.open()
    peer.say("pcscd start")
    link.open()
    peer.say("present ada")
    _present(link)


def test_a_mute_card_holds_nobody_longer_than_its_deadline(peer: Peer) -> None:
    card = PcscCard("card", PcscOptions(peer.wires["card_reader"], answer_seconds=0.5))
    card.open()
    peer.say("fault card mute")
    peer.say("present ada")
    events: list[object] = []

    def refused() -> bool:
        start = monotonic()
        events.append(card.wait(0.2))
        assert monotonic() - start < 3
        return events[-1] == d.CardRefused("card", d.CardProblem.UNREADABLE)

    wait_for(refused, 10)
    with pytest.raises(d.LinkLost):
        card.wait(0.2)
    peer.say("heal card")
    peer.say("remove-card")
    card.close()


def test_a_worker_with_a_mute_card_stops_at_once_and_with_a_healed_one_goes_on(peer: Peer) -> None:
    told: list[Any] = []
    options = {"reader": peer.wires["card_reader"], "answer_seconds": 0.5}
    worker = make_worker("card", "pcsc", options, told.append, Rhythm(wait=0.05))
    worker.start()
    peer.say("fault card mute")
    peer.say("present ada")
    wait_for(lambda: any(isinstance(event, d.CardRefused) for event in told), 10)
    wait_for(lambda: any(isinstance(event, d.DeviceDown) for event in told), 10)
    peer.say("heal card")
    peer.say("remove-card")
    wait_for(lambda: sum(isinstance(event, d.DeviceUp) for event in told) == 2, 15)
    peer.say("present ada")
    wait_for(lambda: isinstance(told[-1], d.CardSeen), 10)
    assert told[-1].card.reveal() == ADA
    assert ADA not in repr(told)
    start = monotonic()
    worker.stop()
    assert monotonic() - start < 2
