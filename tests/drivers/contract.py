"""One suite for every reader of item tags: what the machine's core relies on, whatever the make.

To add a reader, give a ``Stand``: the opened driver, and hands that lay tags on its pad. ``test_contract`` runs the
suite on a scripted reader and on the simulator.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from time import monotonic

from drivers import api as d
from tests.waiting import wait_for


class Stand(ABC):
    """A reader and what lies on it. ``first`` and ``second`` are items that belong to the house."""

    reader: d.RfidReader
    first: str
    second: str

    @abstractmethod
    def put(self, item: str) -> d.TagUid:
        """Lay an item on the pad; its tag."""

    @abstractmethod
    def take(self) -> None:
        """Clear the pad."""

    @abstractmethod
    def security(self, item: str) -> str:
        """The item's bit as it really is."""

    @abstractmethod
    def unplug(self) -> None:
        """Pull the cable."""

    @abstractmethod
    def plug(self) -> None:
        """Put it in again."""


def soon(seconds: float = 10.0) -> float:
    """A deadline."""
    return monotonic() + seconds


class RfidReaderContract:
    """The suite; a subclass gives the fixture ``stand``, opened and with nothing on the pad."""

    def test_an_empty_pad_is_proven_empty(self, stand: Stand) -> None:
        assert stand.reader.inventory(soon()) == d.Inventory(frozenset(), complete=True)

    def test_every_tag_is_named_at_every_look(self, stand: Stand) -> None:
        uids = {stand.put(stand.first), stand.put(stand.second)}
        for _ in range(3):
            assert stand.reader.inventory(soon()) == d.Inventory(frozenset(uids), complete=True)

    def test_a_tag_says_its_item_and_its_bit(self, stand: Stand) -> None:
        uid = stand.put(stand.first)
        item = stand.reader.read_item(uid, soon())
        assert isinstance(item, d.ItemTag)
        assert (item.uid, item.item_id, item.security) == (uid, stand.first, stand.security(stand.first))

    def test_a_tag_that_is_not_there_is_a_problem_and_no_error(self, stand: Stand) -> None:
        uid = stand.put(stand.first)
        stand.take()
        found = stand.reader.read_item(uid, soon())
        assert isinstance(found, d.TagProblem)
        assert found.reason is d.Unreadable.LOST

    def test_a_bit_is_set_to_a_state_and_not_toggled(self, stand: Stand) -> None:
        uid = stand.put(stand.first)
        for to in (d.Security.DISARMED, d.Security.DISARMED, d.Security.ARMED, d.Security.ARMED):
            assert stand.reader.set_security(uid, to, soon()) is to
            assert stand.security(stand.first) == to.value

    def test_only_the_tag_that_is_meant_is_written(self, stand: Stand) -> None:
        meant, other = stand.put(stand.first), stand.put(stand.second)
        for uid in (meant, other):
            stand.reader.set_security(uid, d.Security.ARMED, soon())
        stand.reader.set_security(meant, d.Security.DISARMED, soon())
        assert [stand.security(item) for item in (stand.first, stand.second)] == ["disarmed", "armed"]

    def test_a_tag_that_has_left_is_lost_and_nothing_is_believed(self, stand: Stand) -> None:
        uid = stand.put(stand.first)
        stand.take()
        try:
            answer: object = stand.reader.set_security(uid, d.Security.ARMED, soon())
        except d.TagLost as lost:
            answer = lost
        assert isinstance(answer, d.TagLost)

    def test_it_can_be_closed_twice_and_opened_again(self, stand: Stand) -> None:
        stand.reader.close()
        stand.reader.close()
        assert stand.reader.open().model
        assert stand.reader.inventory(soon()).complete

    def test_unplugged_it_is_lost_and_plugged_in_again_it_goes_on(self, stand: Stand) -> None:
        uid = stand.put(stand.first)
        stand.unplug()
        assert isinstance(self._error(stand), d.LinkLost)
        stand.reader.close()
        stand.plug()
        assert wait_for(lambda: self._opens(stand), 5)
        assert stand.reader.inventory(soon()).uids == {uid}

    @staticmethod
    def _error(stand: Stand) -> d.DeviceError | None:
        try:
            stand.reader.inventory(soon())
        except d.DeviceError as error:
            return error
        return None

    @staticmethod
    def _opens(stand: Stand) -> bool:
        try:
            stand.reader.open()
        except d.DeviceError:
            return False
        return True

    def test_nothing_is_begun_when_no_time_is_left(self, stand: Stand) -> None:
        try:
            stand.reader.inventory(monotonic() - 1)
        except d.LinkTimeout:
            return
        raise AssertionError("a look without time is no look")
