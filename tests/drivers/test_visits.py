"""Which tags are on the pad, folded from looks: when they come, when they leave, when they are read."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Inventory, TagUid
from drivers.devices.visits import MISSED_LOOKS, READ_TRIES, Change, Visits

A, B = (TagUid(bytes.fromhex(f"E00401015000000{number}")) for number in (1, 2))
GONE = Inventory(frozenset(), complete=True)


def _look(*uids: TagUid, complete: bool = True, unresolved: int = 0) -> Inventory:
    return Inventory(frozenset(uids), complete, unresolved)


def test_tags_come_in_order_and_once() -> None:
    visits = Visits()
    assert visits.look(_look(B, A)) == Change((A, B), (), 0)
    assert visits.look(_look(A, B)) is None
    assert A in visits


def test_a_tag_leaves_after_three_complete_looks_without_it() -> None:
    visits = Visits()
    visits.look(_look(A))
    assert [visits.look(GONE) for _ in range(MISSED_LOOKS)] == [None, None, Change((), (A,), 0)]
    assert A not in visits
    assert visits.look(_look(A)) == Change((A,), (), 0)


def test_incomplete_looks_add_tags_and_remove_none() -> None:
    visits = Visits()
    visits.look(_look(A))
    for _ in range(10):
        visits.look(_look(complete=False))
    assert A in visits
    assert visits.look(_look(B, complete=False)) == Change((B,), (), 0)


def test_only_misses_in_a_row_count_and_a_sight_in_an_incomplete_look_is_a_sight() -> None:
    visits = Visits()
    visits.look(_look(A))
    for look in (GONE, GONE, _look(A, complete=False), GONE, GONE):
        visits.look(look)
    assert A in visits


def test_tags_that_cannot_be_told_apart_are_told_at_the_second_look_and_until_a_complete_one() -> None:
    visits = Visits()
    clear, unclear = _look(A), _look(A, complete=False, unresolved=2)
    visits.look(clear)
    assert [visits.look(unclear), visits.look(unclear), visits.look(unclear)] == [None, Change((), (), 2), None]
    assert visits.look(_look(A, complete=False)) is None
    assert visits.look(clear) == Change((), (), 0)
    assert visits.look(unclear) is None


def test_a_tag_is_read_once_a_visit() -> None:
    visits = Visits()
    visits.look(_look(A))
    assert visits.unread() == A
    visits.told(A)
    assert visits.unread() is None
    for _ in range(MISSED_LOOKS):
        visits.look(GONE)
    visits.look(_look(A))
    assert visits.unread() == A


def test_a_silent_tag_is_tried_again_when_it_is_seen_again_and_not_for_ever() -> None:
    visits = Visits()
    for attempt in range(1, READ_TRIES + 1):
        visits.look(_look(A))
        assert visits.unread() == A
        assert visits.failed(A) is (attempt == READ_TRIES)
        assert visits.unread() is None


def test_a_silent_tag_still_leaves_after_three_looks_and_not_earlier() -> None:
    visits = Visits()
    visits.look(_look(A))
    visits.failed(A)
    assert [visits.look(GONE) for _ in range(MISSED_LOOKS)] == [None, None, Change((), (A,), 0)]


Look = tuple[frozenset[int], bool, int]


@given(st.lists(st.tuples(st.frozensets(st.integers(0, 3)), st.booleans(), st.integers(0, 2)), max_size=60))
def test_every_tag_comes_before_it_leaves_and_never_twice(looks: Iterable[Look]) -> None:
    visits, here = Visits(), set[TagUid]()
    for numbers, complete, unresolved in looks:
        uids = frozenset(TagUid(bytes([0xE0, 0, 0, 0, 0, 0, 0, number])) for number in numbers)
        change = visits.look(Inventory(uids, complete, 0 if complete else unresolved))
        if change is not None:
            assert not here & set(change.entered)
            assert set(change.left) <= here
            assert not set(change.left) & uids
            here = (here | set(change.entered)) - set(change.left)
        assert uids <= here
        assert all(uid in visits for uid in here)
